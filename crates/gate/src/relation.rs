//! Relationship envelopes of the records that the gate writes: which agents, tool and policy a decision concerns.

use std::collections::BTreeSet;

use gait_artifact::{
    delegation::DelegationAuditEntry,
    intent::Intent,
    relationship::{AgentLink, Edge, NodeRef, PolicyRef, Relationship},
    trace::TraceRecord,
};

use crate::audit::AuditSubject;

/// Nodes, agents and edges, each of them once.
#[derive(Default)]
struct Links {
    nodes: BTreeSet<NodeRef>,
    /// Role and identity: the order in which agents are listed.
    agents: BTreeSet<(&'static str, String)>,
    edges: BTreeSet<Edge>,
}

impl Links {
    fn node(&mut self, kind: &str, id: &str) {
        if !id.is_empty() {
            self.nodes.insert(NodeRef::new(kind, id));
        }
    }

    fn agent(&mut self, role: &'static str, identity: &str) {
        if !identity.is_empty() {
            self.agents.insert((role, identity.to_owned()));
        }
    }

    fn edge(&mut self, kind: &str, from: (&str, &str), to: (&str, &str)) {
        if !from.1.is_empty() && !to.1.is_empty() {
            let (from, to) = (NodeRef::new(from.0, from.1), NodeRef::new(to.0, to.1));
            self.edges.insert(Edge {
                kind: kind.to_owned(),
                from,
                to,
            });
        }
    }

    /// One hand-over between two agents.
    fn hand_over(&mut self, delegator: &str, delegate: &str) {
        self.agent("delegator", delegator);
        self.agent("delegate", delegate);
        self.edge("delegates_to", ("agent", delegator), ("agent", delegate));
    }

    fn relationship(self) -> Relationship {
        let ids: BTreeSet<_> = self.nodes.iter().map(|node| node.id.clone()).collect();
        Relationship {
            entity_refs: self.nodes.into_iter().collect(),
            agent_chain: self
                .agents
                .into_iter()
                .map(|(role, identity)| AgentLink {
                    identity,
                    role: role.to_owned(),
                })
                .collect(),
            edges: self.edges.into_iter().collect(),
            related_entity_ids: ids.into_iter().collect(),
            ..Relationship::default()
        }
    }
}

/// The links of a trace: who called which tool under which policy, and on whose behalf.
///
/// The trace must have its ids, digests and matched rules.
pub(crate) fn trace_relationship(trace: &TraceRecord, intent: &Intent) -> Relationship {
    let context = intent.context();
    let identity = context.identity.as_str();
    let mut links = Links::default();
    links.node("trace", &trace.trace_id);
    links.node("tool", &trace.tool_name);
    links.node("agent", identity);
    links.node("policy", &trace.policy_digest);
    links.edge("calls", ("agent", identity), ("tool", &trace.tool_name));
    links.edge(
        "governed_by",
        ("tool", &trace.tool_name),
        ("policy", &trace.policy_digest),
    );
    match intent.delegation() {
        None => links.agent("requester", identity),
        Some(delegation) => {
            links.agent("requester", &delegation.requester_identity);
            for link in &delegation.chain {
                links.hand_over(&link.delegator_identity, &link.delegate_identity);
            }
        }
    }
    Relationship {
        parent_ref: (!context.session_id.is_empty()).then(|| NodeRef::new("session", &*context.session_id)),
        policy_ref: Some(PolicyRef {
            policy_id: trace.policy_id.clone(),
            policy_version: trace.policy_version.clone(),
            policy_digest: trace.policy_digest.clone(),
            matched_rule_ids: trace.matched_rule_ids.clone(),
        }),
        ..links.relationship()
    }
}

/// The links of an approval audit record: who approved.
pub(crate) fn approval_relationship(subject: &AuditSubject<'_>, approvers: &[String]) -> Relationship {
    let mut links = Links::default();
    for approver in approvers {
        links.node("agent", approver);
    }
    audit_relationship(subject, links)
}

/// The links of a delegation audit record: who handed over to whom, or claims it.
pub(crate) fn delegation_relationship(
    subject: &AuditSubject<'_>,
    entries: &[DelegationAuditEntry],
) -> Relationship {
    let mut links = Links::default();
    for entry in entries {
        links.node("agent", &entry.delegator_identity);
        links.node("agent", &entry.delegate_identity);
        links.hand_over(&entry.delegator_identity, &entry.delegate_identity);
    }
    audit_relationship(subject, links)
}

fn audit_relationship(subject: &AuditSubject<'_>, mut links: Links) -> Relationship {
    let policy = subject.policy_digest.to_string();
    links.node("trace", subject.trace_id);
    links.node("tool", subject.tool_name);
    links.node("policy", &policy);
    links.edge("governed_by", ("tool", subject.tool_name), ("policy", &policy));
    Relationship {
        parent_ref: Some(NodeRef::new("trace", subject.trace_id)),
        parent_record_id: subject.trace_id.to_owned(),
        policy_ref: Some(PolicyRef {
            policy_digest: policy,
            ..PolicyRef::default()
        }),
        ..links.relationship()
    }
}

#[cfg(test)]
mod tests {
    use gait_artifact::Timestamp;
    use gait_canon::{Digest, json};

    use super::*;

    fn subject() -> AuditSubject<'static> {
        AuditSubject {
            created_at: Timestamp::EPOCH_1980,
            producer_version: "0.1.0",
            trace_id: "t1",
            tool_name: "tool.write",
            intent_digest: Digest::of(b"intent"),
            policy_digest: Digest::of(b"policy"),
        }
    }

    #[test]
    fn approvers_are_agents_without_a_part() {
        let approvers = ["b", "a", "b"].map(String::from);
        let relationship = approval_relationship(&subject(), &approvers);
        let kinds: Vec<_> = relationship
            .entity_refs
            .iter()
            .map(|node| (&*node.kind, &*node.id))
            .collect();
        let policy = Digest::of(b"policy").to_string();
        assert_eq!(
            kinds,
            [
                ("agent", "a"),
                ("agent", "b"),
                ("policy", &policy),
                ("tool", "tool.write"),
                ("trace", "t1")
            ]
        );
        assert!(relationship.agent_chain.is_empty());
        assert_eq!(relationship.edges.len(), 1);
        assert_eq!(relationship.parent_record_id, "t1");
        assert!(relationship.related_entity_ids.is_sorted());
    }

    #[test]
    fn hand_overs_are_listed_once_by_role() {
        let entry = |delegator: &str, delegate: &str| DelegationAuditEntry {
            delegator_identity: delegator.to_owned(),
            delegate_identity: delegate.to_owned(),
            ..DelegationAuditEntry::default()
        };
        let entries = [
            entry("lead", "worker"),
            entry("lead", "worker"),
            entry("", "worker"),
        ];
        let relationship = delegation_relationship(&subject(), &entries);
        let text = json::compact(&json::to_value(&relationship.agent_chain).unwrap());
        assert_eq!(
            text,
            r#"[{"identity":"worker","role":"delegate"},{"identity":"lead","role":"delegator"}]"#
        );
        let kinds: Vec<_> = relationship.edges.iter().map(|edge| edge.kind.as_str()).collect();
        assert_eq!(kinds, ["delegates_to", "governed_by"]);
    }
}
