"""One decision with links to its evidence (`gait.gate.authorization_bundle`).

Generated from `schemas/v1/gate/authorization_bundle.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "AuthorizationBundle",
    "FreezeDecision",
    "KillSwitchDecision",
    "SandboxDecision",
    "Verdict",
]


Verdict: TypeAlias = Literal["allow", "dry_run", "require_approval", "block"]


class FreezeDecision(TypedDict):
    """Whether a freeze window stood in the way of a call."""

    status: NotRequired[Literal["active", "inactive", "invalid"]]
    effect: NotRequired[Literal["block", "require_approval"]]
    timezone: NotRequired[str]
    evaluated_at: NotRequired[str]
    window_name: NotRequired[str]
    window_start: NotRequired[str]
    window_end: NotRequired[str]
    reason: NotRequired[str]
    reason_code: NotRequired[str]


class KillSwitchDecision(TypedDict):
    """Whether a kill switch stops a call."""

    status: NotRequired[Literal["active", "inactive", "unavailable"]]
    reason_code: NotRequired[str]
    reason_codes: NotRequired[list[str]]
    matched_entry_ids: NotRequired[list[str]]
    evaluated_at: NotRequired[str]


class SandboxDecision(TypedDict):
    """Whether the attested sandbox satisfies a rule."""

    status: NotRequired[Literal["disallowed", "invalid", "missing", "valid"]]
    network_mode: NotRequired[Literal["disabled", "egress_allowlist", "full"]]
    env_exposure_mode: NotRequired[Literal["allowlist", "full", "none"]]
    timeout_seconds: NotRequired[int]
    filesystem_isolation: NotRequired[Literal["container", "none", "workspace"]]
    user_mode: NotRequired[Literal["default", "root", "unprivileged"]]
    evidence_ref: NotRequired[str]
    evidence_digest: NotRequired[str]
    reason_codes: NotRequired[list[str]]


class AuthorizationBundle(TypedDict):
    """One decision with links to its evidence (`gait.gate.authorization_bundle`)."""

    schema_id: Literal["gait.gate.authorization_bundle"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    trace_id: str
    policy_digest: str
    intent_digest: str
    trace_path: NotRequired[str]
    trace_digest: NotRequired[str]
    approval_audit_path: NotRequired[str]
    approval_audit_digest: NotRequired[str]
    credential_evidence_path: NotRequired[str]
    credential_evidence_digest: NotRequired[str]
    delegation_audit_path: NotRequired[str]
    delegation_audit_digest: NotRequired[str]
    context_evidence_path: NotRequired[str]
    context_evidence_digest: NotRequired[str]
    outcome_path: NotRequired[str]
    outcome_digest: NotRequired[str]
    outcome_status: NotRequired[Verdict]
    freeze_window: NotRequired[FreezeDecision]
    kill_switch: NotRequired[KillSwitchDecision]
    sandbox: NotRequired[SandboxDecision]
