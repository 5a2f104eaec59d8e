"""One approver's consent to one intent under one policy (`gait.gate.approval_token`), as it stands in a file.

Generated from `schemas/v1/gate/approval_token.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ApprovalToken",
    "Signature",
]


class Signature(TypedDict):
    """Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)."""

    alg: str
    key_id: str
    sig: str
    signed_digest: NotRequired[str]


class ApprovalToken(TypedDict):
    """One approver's consent to one intent under one policy (`gait.gate.approval_token`), as it stands in a file."""

    schema_id: Literal["gait.gate.approval_token"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    token_id: str
    approver_identity: str
    reason_code: str
    intent_digest: str
    policy_digest: str
    delegation_binding_digest: NotRequired[str]
    scope: list[str]
    max_targets: NotRequired[int]
    max_ops: NotRequired[int]
    expires_at: str
    signature: NotRequired[Signature]
