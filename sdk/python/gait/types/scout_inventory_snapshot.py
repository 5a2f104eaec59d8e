"""Everything that agents may call from some directories (`gait.scout.inventory_snapshot`).

Generated from `schemas/v1/scout/inventory_snapshot.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "AgentLineage",
    "AgentLink",
    "Edge",
    "InventoryItem",
    "InventorySnapshot",
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


class InventoryItem(TypedDict):
    """A tool or a server of tools."""

    id: str
    kind: str
    name: str
    locator: str
    risk_level: NotRequired[Literal["critical", "high", "low", "medium"]]
    tags: NotRequired[list[str]]
    last_seen_run: NotRequired[str]
    relationship: NotRequired[Relationship]


class InventorySnapshot(TypedDict):
    """Everything that agents may call from some directories (`gait.scout.inventory_snapshot`)."""

    schema_id: Literal["gait.scout.inventory_snapshot"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    snapshot_id: str
    workspace: NotRequired[str]
    items: list[InventoryItem]
