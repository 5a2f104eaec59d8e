"""What a pack of a call holds, in numbers (`gait.voice.callpack_manifest`).

Generated from `schemas/v1/voice/callpack_manifest.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "VoiceCallpackManifest",
]


class VoiceCallpackManifest(TypedDict):
    """What a pack of a call holds, in numbers (`gait.voice.callpack_manifest`)."""

    schema_id: Literal["gait.voice.callpack_manifest"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    call_id: str
    privacy_mode: Literal["dispute_encrypted", "hash_only"]
    event_count: int
    commitment_count: int
    decision_count: int
    speak_receipt_count: int
    reference_digest_count: int
    environment_fingerprint: NotRequired[str]
