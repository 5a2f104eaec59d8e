"""One commitment, as an agent declares it (`gait.voice.commitment_intent`).

Generated from `schemas/v1/voice/commitment_intent.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "CommitmentContext",
    "VoiceCommitmentIntent",
]


class CommitmentContext(TypedDict):
    """On whose behalf a commitment is made, where and at what risk."""

    identity: str
    workspace: str
    risk_class: str
    session_id: NotRequired[str]
    request_id: NotRequired[str]
    environment_fingerprint: NotRequired[str]


class VoiceCommitmentIntent(TypedDict):
    """One commitment, as an agent declares it (`gait.voice.commitment_intent`)."""

    schema_id: Literal["gait.voice.commitment_intent"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    call_id: str
    turn_index: int
    call_seq: int
    commitment_class: Literal["account_change", "cancel", "eligibility", "quote", "refund", "schedule"]
    utterance_digest: NotRequired[str]
    context: CommitmentContext
    currency: NotRequired[str]
    quote_min_cents: NotRequired[int]
    quote_max_cents: NotRequired[int]
    refund_ceiling_cents: NotRequired[int]
    approval_required: NotRequired[bool]
    approval_artifact_refs: NotRequired[list[str]]
    evidence_reference_digests: NotRequired[list[str]]
