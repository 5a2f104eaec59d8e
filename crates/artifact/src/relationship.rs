//! The relationship envelope: optional links between artifacts, agents, tools and policies.

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::{
    text,
    vocabulary::{AGENT_ROLES, EDGE_KINDS, ENTITY_KINDS, PARENT_KINDS},
};

/// Links of one artifact to others. Never decides anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_node))]
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
        Self {
            kind: kind.to_owned(),
            id: id.into(),
        }
    }
}

/// A policy, and the rules of it that matched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_policy))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_agent))]
#[serde(default, deny_unknown_fields)]
pub struct AgentLink {
    /// The agent's identity.
    pub identity: String,
    /// `requester`, `delegator` or `delegate`.
    pub role: String,
}

/// A directed link.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_edge))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_lineage))]
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

impl Relationship {
    /// The envelope in normal form, or nothing when nothing of it is left.
    ///
    /// Never fails: text is trimmed, kinds, roles and the policy digest are lower-cased, and entries that are incomplete or of
    /// an unknown kind are dropped. Lists are sorted and free of duplicates. Without `related_entity_ids` the ids of
    /// `entity_refs` take their place.
    #[must_use]
    pub fn normalized(self) -> Option<Self> {
        let entity_refs = kept(self.entity_refs, |node| node.normalized(Some(ENTITY_KINDS)));
        let mut related_entity_ids = text::list(self.related_entity_ids);
        if related_entity_ids.is_empty() {
            related_entity_ids = text::list(entity_refs.iter().map(|node| node.id.as_str()));
        }
        let normal = Self {
            parent_ref: self
                .parent_ref
                .and_then(|node| node.normalized(Some(PARENT_KINDS))),
            entity_refs,
            policy_ref: self.policy_ref.and_then(PolicyRef::normalized),
            agent_chain: sorted_chain(kept(self.agent_chain, AgentLink::normalized)),
            edges: kept(self.edges, Edge::normalized),
            parent_record_id: text::trim(&self.parent_record_id).to_owned(),
            related_record_ids: text::list(self.related_record_ids),
            related_entity_ids,
            agent_lineage: kept(self.agent_lineage, AgentLineage::normalized),
        };
        (normal != Self::default()).then_some(normal)
    }
}

/// The items that survive normalisation, sorted and without duplicates.
fn kept<T: Ord>(items: Vec<T>, normalized: impl Fn(T) -> Option<T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().filter_map(normalized).collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// Chains are sorted by role before identity, so that the requester of each artifact stands in the same place.
fn sorted_chain(mut chain: Vec<AgentLink>) -> Vec<AgentLink> {
    chain.sort_unstable_by(|a, b| (&a.role, &a.identity).cmp(&(&b.role, &b.identity)));
    chain
}

impl NodeRef {
    /// Dropped without kind or id, or when its kind is not among `known`.
    fn normalized(mut self, known: Option<&[&str]>) -> Option<Self> {
        text::trim_lower_in_place(&mut self.kind);
        text::trim_in_place(&mut self.id);
        let is_known = known.is_none_or(|known| known.contains(&self.kind.as_str()));
        (is_known && !self.kind.is_empty() && !self.id.is_empty()).then_some(self)
    }
}

impl PolicyRef {
    fn normalized(mut self) -> Option<Self> {
        text::trim_in_place(&mut self.policy_id);
        text::trim_in_place(&mut self.policy_version);
        text::trim_lower_in_place(&mut self.policy_digest);
        text::list_in_place(&mut self.matched_rule_ids);
        (self != Self::default()).then_some(self)
    }
}

impl AgentLink {
    fn normalized(mut self) -> Option<Self> {
        text::trim_in_place(&mut self.identity);
        text::trim_lower_in_place(&mut self.role);
        (!self.identity.is_empty() && AGENT_ROLES.contains(&self.role.as_str())).then_some(self)
    }
}

impl Edge {
    fn normalized(mut self) -> Option<Self> {
        text::trim_lower_in_place(&mut self.kind);
        if !EDGE_KINDS.contains(&self.kind.as_str()) {
            return None;
        }
        Some(Self {
            kind: self.kind,
            from: self.from.normalized(None)?,
            to: self.to.normalized(None)?,
        })
    }
}

impl AgentLineage {
    fn normalized(mut self) -> Option<Self> {
        text::trim_in_place(&mut self.agent_id);
        text::trim_in_place(&mut self.delegated_by);
        text::trim_in_place(&mut self.delegation_record_id);
        (!self.agent_id.is_empty()).then_some(self)
    }
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    Members::of(schema)
        .with_inner("parent_ref", "kind", "enum", PARENT_KINDS)
        .with_inner("entity_refs", "kind", "enum", ENTITY_KINDS)
        .filled(&["parent_record_id", "related_record_ids", "related_entity_ids"])
        .unique(&["entity_refs", "edges", "related_record_ids", "related_entity_ids"]);
}

#[cfg(feature = "schema")]
fn published_node(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["kind", "id"]);
}

#[cfg(feature = "schema")]
fn published_policy(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&["policy_id", "policy_version", "matched_rule_ids"])
        .with("policy_digest", "pattern", "^(sha256:)?[a-f0-9]{64}$")
        .unique(&["matched_rule_ids"]);
}

#[cfg(feature = "schema")]
fn published_agent(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&["identity"])
        .words("role", AGENT_ROLES);
}

#[cfg(feature = "schema")]
fn published_edge(schema: &mut schemars::Schema) {
    Members::of(schema).words("kind", EDGE_KINDS);
}

#[cfg(feature = "schema")]
fn published_lineage(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["agent_id", "delegated_by", "delegation_record_id"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_complete_and_known() {
        let link = |identity: &str, role: &str| AgentLink {
            identity: identity.into(),
            role: role.into(),
        };
        let node = NodeRef::new;
        let given = Relationship {
            parent_ref: Some(node("tool", "t")),
            entity_refs: vec![
                node(" Tool ", " b "),
                node("agent", "a"),
                node("tool", "b"),
                node("nobody", "x"),
            ],
            policy_ref: Some(PolicyRef {
                policy_digest: " AB ".into(),
                ..PolicyRef::default()
            }),
            agent_chain: vec![
                link("a", "requester"),
                link("z", "DELEGATE"),
                link("", "requester"),
                link("a", "boss"),
            ],
            edges: vec![
                Edge {
                    kind: "Calls".into(),
                    from: node("any", "a"),
                    to: node("tool", "b"),
                },
                Edge {
                    kind: "calls".into(),
                    from: node("", "a"),
                    to: node("tool", "b"),
                },
            ],
            agent_lineage: vec![AgentLineage::default()],
            ..Relationship::default()
        };
        let normal = given.normalized().unwrap();
        assert_eq!(normal.parent_ref, None);
        assert_eq!(normal.entity_refs, [node("agent", "a"), node("tool", "b")]);
        assert_eq!(normal.related_entity_ids, ["a", "b"]);
        assert_eq!(
            normal
                .policy_ref
                .as_ref()
                .map(|policy| policy.policy_digest.as_str()),
            Some("ab")
        );
        assert_eq!(
            normal.agent_chain,
            [link("z", "delegate"), link("a", "requester")]
        );
        assert_eq!(normal.edges.len(), 1);
        assert_eq!(normal.agent_lineage, []);
        assert_eq!(normal.clone().normalized(), Some(normal));
    }

    #[test]
    fn an_empty_envelope_vanishes() {
        let blank = Relationship {
            parent_record_id: "  ".into(),
            policy_ref: Some(PolicyRef::default()),
            entity_refs: vec![NodeRef::new("agent", " ")],
            ..Relationship::default()
        };
        assert_eq!(blank.normalized(), None);
    }
}
