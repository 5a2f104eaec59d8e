"""An incident on one page (`gait.incident.triage`).

Generated from `schemas/v1/incident/triage.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "Answer",
    "Automation",
    "Call",
    "Comparison",
    "Decision",
    "DoctorCheck",
    "Examined",
    "Finding",
    "FindingCode",
    "Gap",
    "GapKind",
    "Holding",
    "IncidentTriage",
    "Made",
    "PolicyUse",
    "Recorded",
    "RuleChange",
    "Rules",
    "SourceKind",
    "Status",
    "Subject",
    "Unanswered",
    "Verdict",
]


Status: TypeAlias = Literal["complete", "partial", "changed", "contradicted"]


SourceKind: TypeAlias = Literal["runpack", "pack", "trace", "session_journal", "session_chain", "unknown"]


class Subject(TypedDict):
    """What the incident is about."""

    kind: SourceKind
    path: str
    run_id: NotRequired[str]
    session_id: NotRequired[str]
    at: str


class Call(TypedDict):
    """A call that was made or wanted."""

    index: int
    intent_id: NotRequired[str]
    tool_name: str
    created_at: str
    status: NotRequired[str]
    verdict: NotRequired[str]
    reasons: NotRequired[list[str]]


class Recorded(TypedDict):
    """A decision as it was recorded."""

    path: NotRequired[str]
    trace_id: NotRequired[str]
    tool_name: str
    decided_at: str
    verdict: str
    reason_codes: NotRequired[list[str]]
    violations: NotRequired[list[str]]
    policy_digest: NotRequired[str]
    intent_digest: NotRequired[str]


Verdict: TypeAlias = Literal["allow", "dry_run", "require_approval", "block"]


Unanswered: TypeAlias = Literal["no_policy", "no_intent", "other_context"]


class Answer(TypedDict):
    """What a policy says when it is asked again."""

    verdict: NotRequired[Verdict]
    reason_codes: NotRequired[list[str]]
    violations: NotRequired[list[str]]
    matched_rule: NotRequired[str]
    unanswered: NotRequired[Unanswered]


Comparison: TypeAlias = Literal["same", "laxer", "stricter", "unknown"]


class Decision(TypedDict):
    """A recorded decision, and how it would be made again."""

    recorded: Recorded
    intent_path: NotRequired[str]
    then: Answer
    now: Answer
    comparison: Comparison
    beyond_policy: bool


class PolicyUse(TypedDict):
    """A policy, and what it is to the incident."""

    digest: str
    path: NotRequired[str]
    decided: bool
    in_force: bool


Rules: TypeAlias = Literal["added", "removed", "changed"]


class RuleChange(TypedDict):
    """A rule or a setting that is not what it was."""

    subject: str
    change: Rules
    then: NotRequired[Verdict]
    now: NotRequired[Verdict]


Holding: TypeAlias = Literal["verified", "intact", "broken", "unreadable"]


FindingCode: TypeAlias = Literal["signature_missing", "signature_invalid", "undeclared_entry", "repeated_declaration", "unsafe_entry_name", "unusual_entry", "trailing_bytes", "uncovered_member", "run_id_mismatch", "sequence_gap", "foreign_session", "foreign_run", "repeated_member", "unreadable_content", "unknown_value", "digest_mismatch", "count_mismatch", "proof_mismatch", "id_mismatch", "inconsistent"]


class Finding(TypedDict):
    """Something about an artifact that its reader should know."""

    code: FindingCode
    subject: NotRequired[str]
    message: str


class Examined(TypedDict):
    """An artifact that was examined."""

    kind: str
    path: str
    holding: Holding
    details: NotRequired[list[str]]
    findings: NotRequired[list[Finding]]


GapKind: TypeAlias = Literal["run", "decision", "policy_then", "policy_now", "intent", "fixture", "pack"]


class Gap(TypedDict):
    """Evidence that is missing."""

    kind: GapKind
    message: str
    fix: NotRequired[str]


class DoctorCheck(TypedDict):
    """What the doctor says."""

    name: str
    status: str
    message: str
    fix_command: NotRequired[str]


class Made(TypedDict):
    """What was made of the evidence."""

    directory: str
    fixture: NotRequired[str]
    fixture_status: NotRequired[str]
    pack: NotRequired[str]
    pack_id: NotRequired[str]


class Automation(TypedDict):
    """What to paste."""

    commands: list[str]
    workflow_path: str
    workflow: str
    policy_checks: NotRequired[list[str]]


class IncidentTriage(TypedDict):
    """An incident on one page (`gait.incident.triage`)."""

    schema_id: Literal["gait.incident.triage"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    triage_id: str
    status: Status
    summary: str
    subject: Subject
    calls_total: int
    calls: NotRequired[list[Call]]
    decisions_total: int
    decisions: NotRequired[list[Decision]]
    policies: NotRequired[list[PolicyUse]]
    policy_changes: NotRequired[list[RuleChange]]
    evidence: NotRequired[list[Examined]]
    gaps: NotRequired[list[Gap]]
    doctor: NotRequired[list[DoctorCheck]]
    made: Made
    automation: NotRequired[Automation]
    decided_otherwise: NotRequired[int]
