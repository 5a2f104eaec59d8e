"""Which runs went wrong in the same way (`gait.scout.signal_report`).

Generated from `schemas/v1/scout/signal_report.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "Driver",
    "FixSuggestion",
    "RunFingerprint",
    "SeverityLevel",
    "SignalFamily",
    "SignalIssue",
    "SignalReport",
]


class RunFingerprint(TypedDict):
    """What makes a run like another (`gait.scout.run_fingerprint`)."""

    schema_id: Literal["gait.scout.run_fingerprint"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    run_id: str
    fingerprint: str
    action_sequence: list[str]
    tool_classes: list[str]
    target_systems: list[str]
    reason_code_vector: list[str]
    ref_receipt_digests: list[str]
    source_runpack: NotRequired[str]
    trace_count: NotRequired[int]
    regress_evidence_seen: NotRequired[bool]


Driver: TypeAlias = Literal["configuration_change", "policy_change", "reference_set_change", "tool_result_shape_change"]


SeverityLevel: TypeAlias = Literal["low", "medium", "high", "critical"]


class FixSuggestion(TypedDict):
    """A step that would keep the runs of a family from going wrong again."""

    kind: str
    summary: str
    likely_scope: str


class SignalFamily(TypedDict):
    """Runs with the same fingerprint."""

    family_id: str
    fingerprint: str
    count: int
    run_ids: list[str]
    canonical_run_id: str
    top_failure_reason: NotRequired[str]
    drivers: NotRequired[list[Driver]]
    severity_score: int
    severity_level: SeverityLevel
    artifact_pointers: NotRequired[list[str]]
    suggestions: NotRequired[list[FixSuggestion]]


class SignalIssue(TypedDict):
    """A family among those to look at first."""

    rank: int
    family_id: str
    fingerprint: str
    count: int
    canonical_run_id: str
    top_failure_reason: NotRequired[str]
    drivers: NotRequired[list[Driver]]
    severity_score: int
    severity_level: SeverityLevel
    suggestions: NotRequired[list[FixSuggestion]]


class SignalReport(TypedDict):
    """Which runs went wrong in the same way (`gait.scout.signal_report`)."""

    schema_id: Literal["gait.scout.signal_report"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    run_count: int
    family_count: int
    fingerprints: list[RunFingerprint]
    families: list[SignalFamily]
    top_issues: list[SignalIssue]
