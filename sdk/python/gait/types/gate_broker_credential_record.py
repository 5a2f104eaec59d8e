"""Evidence that a credential was issued for a call (`gait.gate.broker_credential_record`).

Generated from `schemas/v1/gate/broker_credential_record.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "BrokerCredentialRecord",
]


class BrokerCredentialRecord(TypedDict):
    """Evidence that a credential was issued for a call (`gait.gate.broker_credential_record`)."""

    schema_id: Literal["gait.gate.broker_credential_record"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    trace_id: str
    tool_name: str
    identity: str
    broker: str
    reference: NotRequired[str]
    credential_source: NotRequired[str]
    credential_access_type: NotRequired[str]
    credential_issuer: NotRequired[str]
    credential_subject: NotRequired[str]
    credential_owner: NotRequired[str]
    scope: NotRequired[list[str]]
    credential_ref: str
    target_binding: NotRequired[str]
    run_binding: NotRequired[str]
    job_binding: NotRequired[str]
    request_digest: NotRequired[str]
    issued_at: NotRequired[str]
    expires_at: NotRequired[str]
    ttl_seconds: NotRequired[int]
