"""One end of a command (`gait.scout.operational_event`), a line of the operational log.

Generated from `schemas/v1/scout/operational_event.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import TypedDict

__all__ = [
    "OperationalEvent",
    "Phase",
    "Platform",
]


Phase: TypeAlias = Literal["start", "end"]


class Platform(TypedDict):
    """The kind of machine a command ran on."""

    os: str
    arch: str


class OperationalEvent(TypedDict):
    """One end of a command (`gait.scout.operational_event`), a line of the operational log."""

    schema_id: Literal["gait.scout.operational_event"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    correlation_id: str
    command: str
    phase: Phase
    exit_code: int
    error_category: Literal["none", "invalid_input", "verification_failed", "policy_blocked", "approval_required", "dependency_missing", "io_failure", "state_contention", "network_transient", "network_permanent", "internal_failure"]
    retryable: bool
    elapsed_ms: int
    environment: Platform
