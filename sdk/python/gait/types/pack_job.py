"""The payload of a job pack (`gait.pack.job`): where the job stands.

Generated from `schemas/v1/pack/job.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "PackJobPayload",
]


class PackJobPayload(TypedDict):
    """The payload of a job pack (`gait.pack.job`): where the job stands."""

    schema_id: Literal["gait.pack.job"]
    schema_version: Literal["1.0.0"]
    created_at: str
    job_id: str
    status: Literal["blocked", "cancelled", "completed", "decision_needed", "emergency_stopped", "paused", "running"]
    stop_reason: str
    status_reason_code: str
    environment_fingerprint: str
    safety_invariant_version: NotRequired[str]
    safety_invariant_hash: NotRequired[str]
    checkpoint_count: int
    approval_count: int
