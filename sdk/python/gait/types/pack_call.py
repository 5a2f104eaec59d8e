"""The payload of a call pack (`gait.pack.call`): what was recorded of the call, in numbers.

Generated from `schemas/v1/pack/call.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "PackCallPayload",
]


class PackCallPayload(TypedDict):
    """The payload of a call pack (`gait.pack.call`): what was recorded of the call, in numbers."""

    schema_id: Literal["gait.pack.call"]
    schema_version: Literal["1.0.0"]
    created_at: str
    call_id: str
    run_id: NotRequired[str]
    privacy_mode: Literal["dispute_encrypted", "hash_only"]
    event_count: int
    commitment_count: int
    decision_count: int
    speak_receipt_count: int
    reference_digest_count: int
    environment_fingerprint: NotRequired[str]
