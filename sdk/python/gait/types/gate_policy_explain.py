"""Why a decision came out as it did (`gait.gate.policy_explain`).

Generated from `schemas/v1/gate/policy_explain.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "CredentialPosture",
    "Enforcement",
    "FreezeDecision",
    "KillSwitchDecision",
    "MatchedRule",
    "PolicyExplanation",
    "ProofRefs",
    "SandboxDecision",
    "Verdict",
]


Verdict: TypeAlias = Literal["allow", "dry_run", "require_approval", "block"]


class MatchedRule(TypedDict):
    """A rule that matched, as the policy has it."""

    name: str
    priority: int
    effect: Verdict


class CredentialPosture(TypedDict):
    """What an intent claims of its credential."""

    present: bool
    source: NotRequired[str]
    access_type: NotRequired[str]
    issuer: NotRequired[str]
    ttl_seconds: NotRequired[int]
    credential_ref: NotRequired[str]


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


class ProofRefs(TypedDict):
    """Where the proof of a decision is."""

    trace_id: NotRequired[str]
    trace_path: NotRequired[str]
    approval_audit_path: NotRequired[str]
    delegation_audit_path: NotRequired[str]
    credential_evidence_path: NotRequired[str]


class Enforcement(TypedDict):
    """What limits, tokens, brokers and simulation made of the policy's verdict."""

    final_verdict: Verdict
    final_reason_codes: NotRequired[list[str]]
    final_violations: NotRequired[list[str]]
    simulated: NotRequired[bool]


class PolicyExplanation(TypedDict):
    """Why a decision came out as it did (`gait.gate.policy_explain`)."""

    ok: bool
    schema_id: Literal["gait.gate.policy_explain"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    verdict: Verdict
    matched_rule: NotRequired[str]
    matched_rules: NotRequired[list[MatchedRule]]
    reason_codes: NotRequired[list[str]]
    violations: NotRequired[list[str]]
    missing_fields: NotRequired[list[str]]
    fail_closed_reason_codes: NotRequired[list[str]]
    approval_required: NotRequired[bool]
    required_approvals: NotRequired[int]
    valid_approvals: NotRequired[int]
    require_broker_credential: NotRequired[bool]
    broker_reference: NotRequired[str]
    broker_scopes: NotRequired[list[str]]
    require_delegation: NotRequired[bool]
    required_delegation_scopes: NotRequired[list[str]]
    credential_posture: NotRequired[CredentialPosture]
    context_evidence_status: NotRequired[Literal["missing", "not_required", "present", "verified"]]
    freeze_window: NotRequired[FreezeDecision]
    kill_switch: NotRequired[KillSwitchDecision]
    sandbox: NotRequired[SandboxDecision]
    proof_refs: NotRequired[ProofRefs]
    enforcement: NotRequired[Enforcement]
