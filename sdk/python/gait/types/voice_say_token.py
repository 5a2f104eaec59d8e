"""The permission to speak one commitment (`gait.voice.say_token`), as it stands in a file.

Generated from `schemas/v1/voice/say_token.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "Signature",
    "VoiceSayToken",
]


class Signature(TypedDict):
    """Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)."""

    alg: str
    key_id: str
    sig: str
    signed_digest: NotRequired[str]


class VoiceSayToken(TypedDict):
    """The permission to speak one commitment (`gait.voice.say_token`), as it stands in a file."""

    schema_id: Literal["gait.voice.say_token"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    token_id: str
    commitment_class: Literal["account_change", "cancel", "eligibility", "quote", "refund", "schedule"]
    intent_digest: str
    policy_digest: str
    call_id: str
    turn_index: int
    call_seq: int
    currency: NotRequired[str]
    quote_min_cents: NotRequired[int]
    quote_max_cents: NotRequired[int]
    refund_ceiling_cents: NotRequired[int]
    expires_at: str
    signature: NotRequired[Signature]
