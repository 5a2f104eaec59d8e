"""One hand-over from a delegator to a delegate (`gait.gate.delegation_token`), as it stands in a file.

Generated from `schemas/v1/gate/delegation_token.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "DelegationToken",
    "Signature",
]


class Signature(TypedDict):
    """Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)."""

    alg: str
    key_id: str
    sig: str
    signed_digest: NotRequired[str]


class DelegationToken(TypedDict):
    """One hand-over from a delegator to a delegate (`gait.gate.delegation_token`), as it stands in a file."""

    schema_id: Literal["gait.gate.delegation_token"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    token_id: str
    delegator_identity: str
    delegate_identity: str
    scope: list[str]
    scope_class: NotRequired[str]
    intent_digest: NotRequired[str]
    policy_digest: NotRequired[str]
    expires_at: str
    signature: NotRequired[Signature]
