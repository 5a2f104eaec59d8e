"""One decision, as it is signed and kept (`gait.gate.trace`).

Generated from `schemas/v1/gate/trace_record.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "AgentIdentity",
    "AgentLineage",
    "AgentLink",
    "DelegationRef",
    "Edge",
    "FreezeDecision",
    "KillSwitchDecision",
    "McpTrustDecision",
    "NodeRef",
    "PolicyRef",
    "Relationship",
    "SandboxDecision",
    "Signature",
    "SkillProvenance",
    "StepVerdict",
    "TraceRecord",
    "Verdict",
]


class AgentIdentity(TypedDict):
    """What is known of the calling agent."""

    lifecycle_states: NotRequired[list[str]]
    owner: NotRequired[str]
    manifest_digest: NotRequired[str]
    publisher: NotRequired[str]
    source: NotRequired[str]
    issued_at: NotRequired[str]
    approved_at: NotRequired[str]
    expires_at: NotRequired[str]
    revoked: NotRequired[bool]


Verdict: TypeAlias = Literal["allow", "dry_run", "require_approval", "block"]


class StepVerdict(TypedDict):
    """The verdict of one step of a script."""

    index: int
    tool_name: str
    verdict: Verdict
    reason_codes: NotRequired[list[str]]
    violations: NotRequired[list[str]]
    matched_rule: NotRequired[str]


class DelegationRef(TypedDict):
    """The delegation that an intent claimed and how tokens backed it."""

    delegation_token_ref: NotRequired[str]
    requester_identity: NotRequired[str]
    delegation_depth: NotRequired[int]
    scope_class: NotRequired[str]
    chain_digest: NotRequired[str]
    reason_codes: NotRequired[list[str]]


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


class KillSwitchDecision(TypedDict):
    """Whether a kill switch stops a call."""

    status: NotRequired[Literal["active", "inactive", "unavailable"]]
    reason_code: NotRequired[str]
    reason_codes: NotRequired[list[str]]
    matched_entry_ids: NotRequired[list[str]]
    evaluated_at: NotRequired[str]


class McpTrustDecision(TypedDict):
    """How far the MCP server behind a call is trusted."""

    server_id: NotRequired[str]
    server_name: NotRequired[str]
    publisher: NotRequired[str]
    source: NotRequired[str]
    status: NotRequired[Literal["trusted", "missing", "unknown", "untrusted", "invalid", "stale", "below_threshold"]]
    decision_source: NotRequired[str]
    score: NotRequired[float]
    threshold: NotRequired[float]
    updated_at: NotRequired[str]
    max_age_seconds: NotRequired[int]
    required: NotRequired[bool]
    enforced: NotRequired[bool]
    registry_verified: NotRequired[bool]
    publisher_allowed: NotRequired[bool]
    reason_codes: NotRequired[list[str]]


class NodeRef(TypedDict):
    """A node of the graph: its kind and its id."""

    kind: str
    id: str


class PolicyRef(TypedDict):
    """A policy, and the rules of it that matched."""

    policy_id: NotRequired[str]
    policy_version: NotRequired[str]
    policy_digest: NotRequired[str]
    matched_rule_ids: NotRequired[list[str]]


class AgentLink(TypedDict):
    """An agent and the part it played."""

    identity: str
    role: Literal["delegate", "delegator", "requester"]


Edge = TypedDict("Edge", {"kind": Literal["calls", "delegates_to", "derived_from", "emits_evidence", "governed_by", "targets"], "from": NodeRef, "to": NodeRef})


class AgentLineage(TypedDict):
    """How one agent came to act."""

    agent_id: str
    delegated_by: NotRequired[str]
    delegation_record_id: NotRequired[str]


class Relationship(TypedDict):
    """Links of one artifact to others."""

    parent_ref: NotRequired[NodeRef]
    entity_refs: NotRequired[list[NodeRef]]
    policy_ref: NotRequired[PolicyRef]
    agent_chain: NotRequired[list[AgentLink]]
    edges: NotRequired[list[Edge]]
    parent_record_id: NotRequired[str]
    related_record_ids: NotRequired[list[str]]
    related_entity_ids: NotRequired[list[str]]
    agent_lineage: NotRequired[list[AgentLineage]]


class SkillProvenance(TypedDict):
    """The skill (a packaged set of instructions) that issued a call."""

    skill_name: str
    skill_version: NotRequired[str]
    source: str
    publisher: str
    digest: NotRequired[str]
    signature_key_id: NotRequired[str]


class Signature(TypedDict):
    """Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)."""

    alg: str
    key_id: str
    sig: str
    signed_digest: NotRequired[str]


class TraceRecord(TypedDict):
    """One decision, as it is signed and kept (`gait.gate.trace`)."""

    schema_id: Literal["gait.gate.trace"]
    schema_version: Literal["1.0.0"]
    created_at: str
    observed_at: NotRequired[str]
    producer_version: str
    trace_id: str
    event_id: NotRequired[str]
    correlation_id: NotRequired[str]
    tool_name: str
    args_digest: str
    intent_digest: str
    policy_digest: str
    agent_id: NotRequired[str]
    agent_identity: NotRequired[AgentIdentity]
    run_id: NotRequired[str]
    workflow_id: NotRequired[str]
    repo: NotRequired[str]
    environment: NotRequired[str]
    credential_ref: NotRequired[str]
    credential_source: NotRequired[str]
    credential_access_type: NotRequired[str]
    credential_issuer: NotRequired[str]
    credential_subject: NotRequired[str]
    credential_owner: NotRequired[str]
    credential_target_binding: NotRequired[str]
    credential_run_binding: NotRequired[str]
    credential_job_binding: NotRequired[str]
    credential_ttl_seconds: NotRequired[int]
    broker_credential_ref: NotRequired[str]
    broker_credential_source: NotRequired[str]
    broker_credential_access_type: NotRequired[str]
    broker_credential_issuer: NotRequired[str]
    broker_request_digest: NotRequired[str]
    broker_target_binding: NotRequired[str]
    broker_run_binding: NotRequired[str]
    broker_job_binding: NotRequired[str]
    approval_ref: NotRequired[str]
    wrkr_inventory_ref: NotRequired[str]
    agent_action_bom_ref: NotRequired[str]
    policy_id: NotRequired[str]
    policy_version: NotRequired[str]
    matched_rule_ids: NotRequired[list[str]]
    verdict: Verdict
    context_set_digest: NotRequired[str]
    context_evidence_mode: NotRequired[Literal["best_effort", "required"]]
    context_ref_count: NotRequired[int]
    context_source: NotRequired[str]
    script: NotRequired[bool]
    step_count: NotRequired[int]
    script_hash: NotRequired[str]
    composite_risk_class: NotRequired[str]
    step_verdicts: NotRequired[list[StepVerdict]]
    pre_approved: NotRequired[bool]
    pattern_id: NotRequired[str]
    registry_reason: NotRequired[str]
    violations: NotRequired[list[str]]
    latency_ms: NotRequired[float]
    approval_token_ref: NotRequired[str]
    delegation_ref: NotRequired[DelegationRef]
    freeze_window: NotRequired[FreezeDecision]
    sandbox: NotRequired[SandboxDecision]
    kill_switch: NotRequired[KillSwitchDecision]
    mcp_trust: NotRequired[McpTrustDecision]
    relationship: NotRequired[Relationship]
    skill_provenance: NotRequired[SkillProvenance]
    signature: NotRequired[Signature]
