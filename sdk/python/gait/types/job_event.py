"""One thing that happened to a job (`gait.job.event`): a line of `events.jsonl`.

Generated from `schemas/v1/job/event.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "JobEvent",
]


class JobEvent(TypedDict):
    """One thing that happened to a job (`gait.job.event`): a line of `events.jsonl`."""

    schema_id: Literal["gait.job.event"]
    schema_version: Literal["1.0.0"]
    created_at: str
    job_id: str
    revision: int
    type: Literal["submitted", "checkpoint_added", "paused", "approved", "resumed", "cancelled", "emergency_stop_acknowledged", "dispatch_blocked"]
    actor: NotRequired[str]
    reason_code: NotRequired[str]
    payload: NotRequired[dict[str, Any]]
