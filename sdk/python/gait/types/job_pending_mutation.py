"""A change on its way to the disk (`gait.job.pending_mutation`): what a crash leaves behind.

Generated from `schemas/v1/job/pending_mutation.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "JobApproval",
    "JobCheckpoint",
    "JobEvent",
    "JobState",
    "PendingJobMutation",
]


class JobCheckpoint(TypedDict):
    """A mark that a job leaves on its way."""

    checkpoint_id: str
    created_at: str
    type: Literal["plan", "progress", "decision-needed", "blocked", "completed"]
    summary: str
    required_action: NotRequired[str]
    reason_code: str
    actor: NotRequired[str]


class JobApproval(TypedDict):
    """Somebody's consent to what a job asked for."""

    created_at: str
    actor: str
    reason: str
    checkpoint_id: NotRequired[str]


class JobState(TypedDict):
    """A job as it stands (`gait.job.runtime`): the content of `state.json`."""

    schema_id: Literal["gait.job.runtime"]
    schema_version: Literal["1.0.0"]
    created_at: str
    updated_at: str
    producer_version: str
    job_id: str
    status: Literal["running", "paused", "decision_needed", "blocked", "completed", "cancelled", "emergency_stopped"]
    stop_reason: Literal["none", "paused_by_user", "decision_needed", "blocked", "completed", "cancelled_by_user", "emergency_stopped", "env_fingerprint_mismatch"]
    status_reason_code: Literal["submitted", "paused", "decision_needed", "blocked", "completed", "approval_recorded", "resumed", "resumed_with_policy_transition", "resumed_with_env_override", "resumed_with_env_override_policy_transition", "emergency_stop_preempted", "cancelled"]
    environment_fingerprint: str
    safety_invariant_version: NotRequired[str]
    safety_invariant_hash: NotRequired[str]
    safety_invariants: NotRequired[list[str]]
    policy_digest: NotRequired[str]
    policy_ref: NotRequired[str]
    identity: NotRequired[str]
    revision: int
    checkpoints: list[JobCheckpoint]
    approvals: NotRequired[list[JobApproval]]


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


class PendingJobMutation(TypedDict):
    """A change on its way to the disk (`gait.job.pending_mutation`): what a crash leaves behind."""

    schema_id: Literal["gait.job.pending_mutation"]
    schema_version: Literal["1.0.0"]
    created_at: str
    job_id: str
    previous_state: NotRequired[JobState]
    updated_state: JobState
    event: JobEvent
