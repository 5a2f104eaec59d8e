"""What the approval stage of one decision found (`gait.gate.approval_audit_record`).

Generated from `schemas/v1/gate/approval_audit_record.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "AgentLineage",
    "AgentLink",
    "ApprovalAuditEntry",
    "ApprovalAuditRecord",
    "Edge",
    "NodeRef",
    "PolicyRef",
    "Relationship",
]


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


class ApprovalAuditEntry(TypedDict):
    """One token that the approval stage looked at."""

    token_id: NotRequired[str]
    approver_identity: NotRequired[str]
    reason_code: NotRequired[str]
    scope: NotRequired[list[str]]
    expires_at: NotRequired[str]
    valid: bool
    error_code: NotRequired[str]


class ApprovalAuditRecord(TypedDict):
    """What the approval stage of one decision found (`gait.gate.approval_audit_record`)."""

    schema_id: Literal["gait.gate.approval_audit_record"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    trace_id: str
    tool_name: str
    intent_digest: str
    policy_digest: str
    required_approvals: int
    valid_approvals: int
    approved: bool
    approvers: NotRequired[list[str]]
    relationship: NotRequired[Relationship]
    entries: list[ApprovalAuditEntry]
