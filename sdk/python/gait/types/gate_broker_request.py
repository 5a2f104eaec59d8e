"""The published form of a broker request: the members of a `CredentialRequest`, spelt as in all other…

Generated from `schemas/v1/gate/broker_request.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "BrokerRequest",
]


class BrokerRequest(TypedDict):
    """The published form of a broker request: the members of a `CredentialRequest`, spelt as in all other…"""

    tool_name: str
    identity: str
    workspace: NotRequired[str]
    session_id: NotRequired[str]
    request_id: NotRequired[str]
    run_id: NotRequired[str]
    job_id: NotRequired[str]
    reference: NotRequired[str]
    scope: NotRequired[list[str]]
    target_binding: NotRequired[str]
