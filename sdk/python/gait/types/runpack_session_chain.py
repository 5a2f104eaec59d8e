"""All checkpoints of a session.

Generated from `schemas/v1/runpack/session_chain.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "AgentLineage",
    "AgentLink",
    "Edge",
    "NodeRef",
    "PolicyRef",
    "Relationship",
    "RunpackSessionChain",
    "SessionCheckpoint",
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


class SessionCheckpoint(TypedDict):
    """A runpack over a range of events, linked to the checkpoint before it."""

    schema_id: Literal["gait.runpack.session_checkpoint"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    session_id: str
    run_id: str
    checkpoint_index: int
    sequence_start: int
    sequence_end: int
    runpack_path: str
    manifest_digest: str
    prev_checkpoint_digest: NotRequired[str]
    checkpoint_digest: str
    relationship: NotRequired[Relationship]
    safety_invariant_version: NotRequired[str]
    safety_invariant_hash: NotRequired[str]


class RunpackSessionChain(TypedDict):
    """All checkpoints of a session."""

    schema_id: Literal["gait.runpack.session_chain"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    session_id: str
    run_id: str
    checkpoints: list[SessionCheckpoint]
