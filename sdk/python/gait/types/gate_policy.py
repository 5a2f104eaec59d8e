"""The rules that decide what an agent's tool call may do.

Generated from `schemas/v1/gate/policy.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "CallLimit",
    "Dataflow",
    "Endpoint",
    "FailClosed",
    "FreezeRange",
    "FreezeWindow",
    "Match",
    "McpTrust",
    "Policy",
    "Rule",
    "SandboxConstraint",
    "ScriptLimits",
    "ToolAnnotations",
    "Verdict",
]


Verdict: TypeAlias = Literal["allow", "dry_run", "require_approval", "block"]


class ScriptLimits(TypedDict):
    """Limits for scripts."""

    max_steps: NotRequired[int]
    require_approval_above: NotRequired[int]
    block_mixed_risk: NotRequired[bool]


class FailClosed(TypedDict):
    """What intents of given risk classes must carry."""

    enabled: NotRequired[bool]
    risk_classes: NotRequired[list[str]]
    required_fields: NotRequired[list[Literal["arg_provenance", "context_evidence", "delegation", "endpoint_class", "targets"]]]
    required_high_risk_fields: NotRequired[list[Literal["agent_action_bom_ref", "agent_id", "agent_identity", "approval_ref", "credential_access_type", "credential_issuer", "credential_ref", "credential_source", "credential_ttl_seconds", "environment", "repo", "run_id", "workflow_id", "wrkr_inventory_ref"]]]


class McpTrust(TypedDict):
    """Trust in MCP servers."""

    snapshot: NotRequired[str]
    action: NotRequired[Literal["require_approval", "block"]]
    required_risk_classes: NotRequired[list[str]]
    min_score: NotRequired[float]
    max_age: NotRequired[str]
    publisher_allowlist: NotRequired[list[str]]
    require_registry: NotRequired[bool]
    enabled: NotRequired[bool]


class ToolAnnotations(TypedDict):
    """Hints that some target must carry, each on its own."""

    readOnlyHint: NotRequired[bool]
    destructiveHint: NotRequired[bool]
    idempotentHint: NotRequired[bool]
    openWorldHint: NotRequired[bool]


class Match(TypedDict):
    """The conditions of a rule."""

    tool_names: NotRequired[list[str]]
    risk_classes: NotRequired[list[str]]
    target_kinds: NotRequired[list[str]]
    target_values: NotRequired[list[str]]
    endpoint_classes: NotRequired[list[str]]
    discovery_method: NotRequired[list[str]]
    tool_annotations: NotRequired[ToolAnnotations]
    skill_publishers: NotRequired[list[str]]
    skill_sources: NotRequired[list[str]]
    data_classes: NotRequired[list[str]]
    destination_kinds: NotRequired[list[str]]
    destination_values: NotRequired[list[str]]
    destination_operations: NotRequired[list[str]]
    provenance_sources: NotRequired[list[str]]
    identities: NotRequired[list[str]]
    workspace_prefixes: NotRequired[list[str]]
    context_tool_names: NotRequired[list[str]]
    context_data_classes: NotRequired[list[str]]
    context_endpoint_classes: NotRequired[list[str]]
    context_autonomy_levels: NotRequired[list[str]]
    require_delegation: NotRequired[bool]
    allowed_delegator_identities: NotRequired[list[str]]
    allowed_delegate_identities: NotRequired[list[str]]
    delegation_scopes: NotRequired[list[str]]
    max_delegation_depth: NotRequired[int]
    tool_name: NotRequired[str]
    endpoint_class: NotRequired[list[str]]


class Endpoint(TypedDict):
    """Constraints on the endpoints of a call."""

    path_allowlist: NotRequired[list[str]]
    path_denylist: NotRequired[list[str]]
    domain_allowlist: NotRequired[list[str]]
    domain_denylist: NotRequired[list[str]]
    egress_classes: NotRequired[list[str]]
    action: NotRequired[Literal["require_approval", "block"]]
    destructive_action: NotRequired[Literal["require_approval", "block"]]
    reason_code: NotRequired[str]
    violation: NotRequired[str]
    enabled: NotRequired[bool]


class Dataflow(TypedDict):
    """Constraints on where data from tainted sources may flow."""

    tainted_sources: NotRequired[list[str]]
    destination_kinds: NotRequired[list[str]]
    destination_values: NotRequired[list[str]]
    destination_operations: NotRequired[list[str]]
    action: NotRequired[Literal["require_approval", "block"]]
    reason_code: NotRequired[str]
    violation: NotRequired[str]
    enabled: NotRequired[bool]


class FreezeRange(TypedDict):
    """One freeze window: wall-clock times as written."""

    name: NotRequired[str]
    start: str
    end: str


class FreezeWindow(TypedDict):
    """Times at which calls are held back."""

    timezone: NotRequired[str]
    effect: NotRequired[Literal["require_approval", "block"]]
    reason: NotRequired[str]
    environments: NotRequired[list[str]]
    risk_classes: NotRequired[list[str]]
    windows: NotRequired[list[FreezeRange]]
    enabled: NotRequired[bool]


class SandboxConstraint(TypedDict):
    """The sandbox a call must run in."""

    allowed_network_modes: NotRequired[list[Literal["disabled", "egress_allowlist", "full"]]]
    allowed_writable_path_prefixes: NotRequired[list[str]]
    required_read_only_roots: NotRequired[list[str]]
    allowed_env_exposure_modes: NotRequired[list[Literal["allowlist", "full", "none"]]]
    max_timeout_seconds: NotRequired[int]
    allowed_filesystem_isolations: NotRequired[list[Literal["container", "none", "workspace"]]]
    allowed_user_modes: NotRequired[list[Literal["default", "root", "unprivileged"]]]
    enabled: NotRequired[bool]


class CallLimit(TypedDict):
    """How many calls may pass in a window of time."""

    requests: NotRequired[int]
    window: NotRequired[Literal["minute", "hour"]]
    scope: NotRequired[Literal["identity", "tool", "tool_identity"]]


class Rule(TypedDict):
    """One rule: which calls it concerns and what it demands of them."""

    name: str
    priority: NotRequired[int]
    effect: NotRequired[Verdict]
    match: NotRequired[Match]
    reason_codes: NotRequired[list[str]]
    violations: NotRequired[list[str]]
    endpoint: NotRequired[Endpoint]
    dataflow: NotRequired[Dataflow]
    freeze_window: NotRequired[FreezeWindow]
    sandbox: NotRequired[SandboxConstraint]
    rate_limit: NotRequired[CallLimit]
    destructive_budget: NotRequired[CallLimit]
    require_declared_agent: NotRequired[bool]
    allowed_agent_ids: NotRequired[list[str]]
    denied_agent_ids: NotRequired[list[str]]
    required_agent_manifest_digest: NotRequired[str]
    allowed_agent_manifest_publishers: NotRequired[list[str]]
    allowed_agent_manifest_sources: NotRequired[list[str]]
    required_agent_lifecycle_states: NotRequired[list[str]]
    require_agent_owner: NotRequired[bool]
    require_unexpired_agent: NotRequired[bool]
    block_standing_credentials: NotRequired[bool]
    allowed_credential_sources: NotRequired[list[str]]
    allowed_credential_issuers: NotRequired[list[str]]
    allowed_credential_access_types: NotRequired[list[str]]
    max_credential_ttl_seconds: NotRequired[int]
    require_jit_credential: NotRequired[bool]
    min_approvals: NotRequired[int]
    require_distinct_approvers: NotRequired[bool]
    require_context_evidence: NotRequired[bool]
    required_context_evidence_mode: NotRequired[Literal["required"]]
    max_context_age_seconds: NotRequired[int]
    require_broker_credential: NotRequired[bool]
    broker_reference: NotRequired[str]
    broker_scopes: NotRequired[list[str]]
    action: NotRequired[Literal["allow", "dry_run", "require_approval", "block"]]


class Policy(TypedDict):
    """The rules that decide what an agent's tool call may do."""

    default_verdict: NotRequired[Verdict]
    scripts: NotRequired[ScriptLimits]
    fail_closed: NotRequired[FailClosed]
    mcp_trust: NotRequired[McpTrust]
    rules: NotRequired[list[Rule]]
    schema_id: NotRequired[Literal["gait.gate.policy"]]
    schema_version: NotRequired[Literal["1.0.0"]]
    default_action: NotRequired[Literal["allow", "dry_run", "require_approval", "block"]]
