"""One tool call, as its caller describes it before it runs (`gait.gate.intent_request`).

Generated from `schemas/v1/gate/intent_request.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "AgentIdentity",
    "AgentLineage",
    "AgentLink",
    "ArgProvenance",
    "Context",
    "Delegation",
    "DelegationLink",
    "Edge",
    "IntentRequest",
    "NodeRef",
    "PolicyRef",
    "Relationship",
    "Sandbox",
    "Script",
    "ScriptStep",
    "SkillProvenance",
    "Target",
]


class Target(TypedDict):
    """One thing a call acts on: a path, a URL, a table."""

    kind: Literal["bucket", "host", "other", "path", "queue", "repo", "table", "topic", "url"]
    value: str
    operation: NotRequired[str]
    sensitivity: NotRequired[str]
    endpoint_class: NotRequired[Literal["fs.delete", "fs.read", "fs.write", "net.dns", "net.http", "other", "proc.exec", "ui.click", "ui.navigate", "ui.type"]]
    endpoint_domain: NotRequired[str]
    destructive: NotRequired[bool]
    discovery_method: NotRequired[Literal["a2a", "dynamic_mcp", "manual", "mcp", "static_mcp", "unknown", "webmcp"]]
    read_only_hint: NotRequired[bool]
    destructive_hint: NotRequired[bool]
    idempotent_hint: NotRequired[bool]
    open_world_hint: NotRequired[bool]


class ArgProvenance(TypedDict):
    """Where one argument came from."""

    arg_path: str
    source: Literal["external", "system", "tool_output", "user"]
    source_ref: NotRequired[str]
    integrity_digest: NotRequired[str]


class ScriptStep(TypedDict):
    """One call of a script."""

    tool_name: str
    args: dict[str, Any]
    targets: NotRequired[list[Target]]
    arg_provenance: NotRequired[list[ArgProvenance]]


class Script(TypedDict):
    """The steps of a scripted intent, in the order in which they would run."""

    steps: list[ScriptStep]


class SkillProvenance(TypedDict):
    """The skill (a packaged set of instructions) that issued a call."""

    skill_name: str
    skill_version: NotRequired[str]
    source: str
    publisher: str
    digest: NotRequired[str]
    signature_key_id: NotRequired[str]


class DelegationLink(TypedDict):
    """One hand-over of a delegation."""

    delegator_identity: str
    delegate_identity: str
    scope_class: NotRequired[str]
    token_ref: NotRequired[str]
    issued_at: NotRequired[str]
    expires_at: NotRequired[str]


class Delegation(TypedDict):
    """The caller's claim on whose behalf it acts."""

    requester_identity: str
    scope_class: NotRequired[str]
    token_refs: NotRequired[list[str]]
    chain: NotRequired[list[DelegationLink]]
    issued_at: NotRequired[str]
    expires_at: NotRequired[str]


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


class Sandbox(TypedDict):
    """How a call would be sandboxed, as its caller attests."""

    network_mode: NotRequired[Literal["disabled", "egress_allowlist", "full"]]
    writable_paths: NotRequired[list[str]]
    read_only_roots: NotRequired[list[str]]
    env_exposure_mode: NotRequired[Literal["allowlist", "full", "none"]]
    timeout_seconds: NotRequired[int]
    filesystem_isolation: NotRequired[Literal["container", "none", "workspace"]]
    user_mode: NotRequired[Literal["default", "root", "unprivileged"]]
    evidence_ref: NotRequired[str]
    evidence_digest: NotRequired[str]


class Context(TypedDict):
    """Who calls, from where, with which credentials and how risky it is."""

    identity: str
    workspace: str
    risk_class: str
    phase: NotRequired[Literal["apply", "plan"]]
    agent_id: NotRequired[str]
    agent_identity: NotRequired[AgentIdentity]
    run_id: NotRequired[str]
    workflow_id: NotRequired[str]
    repo: NotRequired[str]
    environment: NotRequired[str]
    job_id: NotRequired[str]
    session_id: NotRequired[str]
    request_id: NotRequired[str]
    credential_ref: NotRequired[str]
    credential_source: NotRequired[str]
    credential_access_type: NotRequired[str]
    credential_issuer: NotRequired[str]
    credential_subject: NotRequired[str]
    credential_owner: NotRequired[str]
    credential_scopes: NotRequired[list[str]]
    credential_target_binding: NotRequired[str]
    credential_run_binding: NotRequired[str]
    credential_job_binding: NotRequired[str]
    credential_ttl_seconds: NotRequired[int]
    approval_ref: NotRequired[str]
    wrkr_inventory_ref: NotRequired[str]
    agent_action_bom_ref: NotRequired[str]
    environment_fingerprint: NotRequired[str]
    auth_context: NotRequired[dict[str, Any]]
    context_set_digest: NotRequired[str]
    context_evidence_mode: NotRequired[Literal["best_effort", "required"]]
    context_refs: NotRequired[list[str]]
    sandbox: NotRequired[Sandbox]


class IntentRequest(TypedDict):
    """One tool call, as its caller describes it before it runs (`gait.gate.intent_request`)."""

    schema_id: Literal["gait.gate.intent_request"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    tool_name: str
    args: dict[str, Any]
    args_digest: NotRequired[str]
    intent_digest: NotRequired[str]
    script_hash: NotRequired[str]
    script: NotRequired[Script]
    targets: list[Target]
    arg_provenance: NotRequired[list[ArgProvenance]]
    skill_provenance: NotRequired[SkillProvenance]
    delegation: NotRequired[Delegation]
    relationship: NotRequired[Relationship]
    context: Context
