"""One script that an approver let pass under one policy (`gait.gate.approved_script_entry`).

Generated from `schemas/v1/gate/approved_script_entry.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ApprovedScriptEntry",
    "Signature",
]


class Signature(TypedDict):
    """Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)."""

    alg: str
    key_id: str
    sig: str
    signed_digest: NotRequired[str]


class ApprovedScriptEntry(TypedDict):
    """One script that an approver let pass under one policy (`gait.gate.approved_script_entry`)."""

    schema_id: Literal["gait.gate.approved_script_entry"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    pattern_id: str
    policy_digest: str
    script_hash: str
    tool_sequence: list[str]
    scope: NotRequired[list[str]]
    approver_identity: str
    expires_at: str
    signature: NotRequired[Signature]
