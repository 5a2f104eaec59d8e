"""Something that happened in a call (`gait.voice.call_event`).

Generated from `schemas/v1/voice/call_event.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "VoiceCallEvent",
]


class VoiceCallEvent(TypedDict):
    """Something that happened in a call (`gait.voice.call_event`)."""

    schema_id: Literal["gait.voice.call_event"]
    schema_version: Literal["1.0.0"]
    created_at: str
    call_id: str
    call_seq: int
    turn_index: int
    event_type: Literal["asr.final", "commitment.declared", "gate.decision", "tts.request", "tts.emitted", "tool.intent", "tool.result", "approval.granted"]
    commitment_class: NotRequired[Literal["account_change", "cancel", "eligibility", "quote", "refund", "schedule"]]
    intent_digest: NotRequired[str]
    policy_digest: NotRequired[str]
    say_token_id: NotRequired[str]
    payload_digest: NotRequired[str]
    attributes: NotRequired[dict[str, Any]]
