//! The relationship envelope: optional links between artifacts, agents, tools and policies.

use serde::{Deserialize, Serialize};

/// Links of one artifact to others. Never decides anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Relationship {
    /// What this artifact belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_ref: Option<NodeRef>,
    /// What this artifact speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entity_refs: Vec<NodeRef>,
    /// The policy that governed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_ref: Option<PolicyRef>,
    /// The agents that took part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agent_chain: Vec<AgentLink>,
    /// Directed links between nodes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
    /// The record this one continues.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parent_record_id: String,
    /// Other records of the same event.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_record_ids: Vec<String>,
    /// Ids of the entities.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_entity_ids: Vec<String>,
    /// How each agent came to act.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agent_lineage: Vec<AgentLineage>,
}

/// A node of the graph: its kind and its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NodeRef {
    /// The kind, e.g. `trace`.
    pub kind: String,
    /// The id.
    pub id: String,
}

impl NodeRef {
    /// The node `id` of `kind`.
    #[must_use]
    pub fn new(kind: &str, id: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), id: id.into() }
    }
}

/// A policy, and the rules of it that matched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PolicyRef {
    /// Schema id of the policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_id: String,
    /// Schema version of the policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_version: String,
    /// Digest of the policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_digest: String,
    /// Names of the rules that matched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matched_rule_ids: Vec<String>,
}

/// An agent and the part it played.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AgentLink {
    /// The agent's identity.
    pub identity: String,
    /// `requester`, `delegator` or `delegate`.
    pub role: String,
}

/// A directed link.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Edge {
    /// What the link says, e.g. `calls`.
    pub kind: String,
    /// Where it starts.
    pub from: NodeRef,
    /// Where it ends.
    pub to: NodeRef,
}

/// How one agent came to act.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AgentLineage {
    /// The agent.
    pub agent_id: String,
    /// Who delegated to it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegated_by: String,
    /// The record of that delegation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegation_record_id: String,
}
