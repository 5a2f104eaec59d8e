//! From what a caller tells of a decision to the event that the journal keeps.

use gait_artifact::{
    Timestamp, Verdict,
    relationship::{AgentLink, Edge, NodeRef, PolicyRef, Relationship},
    session::{EVENT_SCHEMA_ID, SCHEMA_VERSION, SessionEvent},
    text,
};

/// A decision to be remembered. Texts may be empty where nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    /// The tool.
    pub tool_name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Id of the intent that was decided.
    pub intent_id: String,
    /// Digest of the intent.
    pub intent_digest: String,
    /// Digest of the policy that decided.
    pub policy_digest: String,
    /// Schema id of the policy.
    pub policy_id: String,
    /// Schema version of the policy.
    pub policy_version: String,
    /// The rules that matched.
    pub matched_rule_ids: Vec<String>,
    /// Id of the trace of the decision.
    pub trace_id: String,
    /// Where the trace was written.
    pub trace_path: String,
    /// Why.
    pub reason_codes: Vec<String>,
    /// What was violated.
    pub violations: Vec<String>,
    /// The agent that made the call; when empty, one of the chain counts as that.
    pub actor: String,
    /// The agents that took part.
    pub agent_chain: Vec<AgentLink>,
    /// Version of the safety invariants that held.
    pub safety_invariant_version: String,
    /// Digest of the safety invariants that held.
    pub safety_invariant_hash: String,
}

/// What an event has from its session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) session_id: &'a str,
    pub(super) run_id: &'a str,
    pub(super) producer_version: &'a str,
    pub(super) sequence: i64,
    pub(super) now: Timestamp,
}

impl EventDraft {
    /// The decision `verdict` about a call of `tool_name`, of which nothing else is known yet.
    #[must_use]
    pub fn new(tool_name: impl Into<String>, verdict: Verdict) -> Self {
        Self {
            tool_name: tool_name.into(),
            verdict,
            intent_id: String::new(),
            intent_digest: String::new(),
            policy_digest: String::new(),
            policy_id: String::new(),
            policy_version: String::new(),
            matched_rule_ids: Vec::new(),
            trace_id: String::new(),
            trace_path: String::new(),
            reason_codes: Vec::new(),
            violations: Vec::new(),
            actor: String::new(),
            agent_chain: Vec::new(),
            safety_invariant_version: String::new(),
            safety_invariant_hash: String::new(),
        }
    }

    /// The same with texts trimmed, digests in lower case, and lists sorted and free of blanks and duplicates.
    pub(super) fn normalized(mut self) -> Self {
        for field in [
            &mut self.tool_name,
            &mut self.intent_id,
            &mut self.policy_id,
            &mut self.policy_version,
            &mut self.trace_id,
            &mut self.trace_path,
            &mut self.actor,
            &mut self.safety_invariant_version,
        ] {
            text::trim_in_place(field);
        }
        for digest in [
            &mut self.intent_digest,
            &mut self.policy_digest,
            &mut self.safety_invariant_hash,
        ] {
            text::trim_lower_in_place(digest);
        }
        for list in [
            &mut self.matched_rule_ids,
            &mut self.reason_codes,
            &mut self.violations,
        ] {
            text::list_in_place(list);
        }
        self
    }

    /// The event at its place in a session. The draft must be normalised.
    pub(super) fn event(self, place: &Place<'_>) -> SessionEvent {
        SessionEvent {
            schema_id: EVENT_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: place.now.to_utc(),
            producer_version: place.producer_version.to_owned(),
            session_id: place.session_id.to_owned(),
            run_id: place.run_id.to_owned(),
            sequence: place.sequence,
            relationship: self.relationship(place),
            intent_id: self.intent_id,
            tool_name: self.tool_name,
            intent_digest: self.intent_digest,
            policy_digest: self.policy_digest,
            policy_id: self.policy_id,
            policy_version: self.policy_version,
            matched_rule_ids: self.matched_rule_ids,
            trace_id: self.trace_id,
            trace_path: self.trace_path,
            verdict: self.verdict.to_string(),
            reason_codes: self.reason_codes,
            violations: self.violations,
            safety_invariant_version: self.safety_invariant_version,
            safety_invariant_hash: self.safety_invariant_hash,
        }
    }

    fn relationship(&self, place: &Place<'_>) -> Option<Relationship> {
        let tool = NodeRef::new("tool", &*self.tool_name);
        let policy = NodeRef::new("policy", &*self.policy_digest);
        Relationship {
            parent_ref: Some(NodeRef::new("session", place.session_id)),
            parent_record_id: place.session_id.to_owned(),
            entity_refs: vec![
                NodeRef::new("run", place.run_id),
                tool.clone(),
                NodeRef::new("trace", &*self.trace_id),
                policy.clone(),
            ],
            policy_ref: Some(PolicyRef {
                policy_id: self.policy_id.clone(),
                policy_version: self.policy_version.clone(),
                policy_digest: self.policy_digest.clone(),
                matched_rule_ids: self.matched_rule_ids.clone(),
            }),
            agent_chain: self.agent_chain.clone(),
            edges: vec![
                edge("governed_by", tool.clone(), policy),
                edge("calls", NodeRef::new("agent", self.acting_agent()), tool),
            ],
            ..Relationship::default()
        }
        .normalized()
    }

    /// Who made the call: the actor, else whoever is nearest to the tool in the chain.
    fn acting_agent(&self) -> &str {
        if !self.actor.is_empty() {
            return &self.actor;
        }
        ["delegate", "requester", "delegator"]
            .into_iter()
            .find_map(|role| {
                let mut agents = self.agent_chain.iter();
                agents.find(|agent| text::trim_lower(&agent.role) == role && !text::is_blank(&agent.identity))
            })
            .map_or("", |agent| agent.identity.as_str())
    }
}

/// A directed link. Normalisation drops it when one of its ends is blank.
pub(super) fn edge(kind: &str, from: NodeRef, to: NodeRef) -> Edge {
    Edge {
        kind: kind.to_owned(),
        from,
        to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        Place {
            session_id: "s",
            run_id: "r",
            producer_version: "0.1.0",
            sequence: 3,
            now: Timestamp::EPOCH_1980,
        }
    }

    #[test]
    fn an_event_is_in_normal_form() {
        let draft = EventDraft {
            intent_digest: " AB ".into(),
            policy_digest: "CD".into(),
            reason_codes: vec!["b".into(), " a ".into(), String::new(), "b".into()],
            trace_id: " t ".into(),
            ..EventDraft::new(" tool.read ", Verdict::DryRun)
        };
        let event = draft.normalized().event(&place());
        assert_eq!(event.tool_name, "tool.read");
        assert_eq!(event.verdict, "dry_run");
        assert_eq!(
            (event.intent_digest.as_str(), event.policy_digest.as_str()),
            ("ab", "cd")
        );
        assert_eq!(event.reason_codes, ["a", "b"]);
        let links = event.relationship.unwrap();
        assert_eq!(links.parent_ref, Some(NodeRef::new("session", "s")));
        assert_eq!(
            links.entity_refs,
            [
                ("policy", "cd"),
                ("run", "r"),
                ("tool", "tool.read"),
                ("trace", "t")
            ]
            .map(|(kind, id)| NodeRef::new(kind, id))
        );
        assert_eq!(
            links.edges,
            [edge(
                "governed_by",
                NodeRef::new("tool", "tool.read"),
                NodeRef::new("policy", "cd")
            )]
        );
    }

    #[test]
    fn the_acting_agent_calls_the_tool() {
        let link = |identity: &str, role: &str| AgentLink {
            identity: identity.into(),
            role: role.into(),
        };
        let chain = [
            link("ann", "delegator"),
            link("rob", "requester"),
            link("bot", "Delegate"),
        ];
        for (actor, agents, expected) in [
            ("me", &chain[..], Some("me")),
            ("", &chain[..], Some("bot")),
            ("", &chain[..2], Some("rob")),
            ("", &chain[..1], Some("ann")),
            ("", &[], None),
        ] {
            let draft = EventDraft {
                actor: actor.into(),
                agent_chain: agents.to_vec(),
                ..EventDraft::new("t", Verdict::Allow)
            };
            let links = draft.event(&place()).relationship.unwrap();
            let callers: Vec<_> = links.edges.iter().map(|edge| edge.from.id.as_str()).collect();
            assert_eq!(
                callers,
                expected.into_iter().collect::<Vec<_>>(),
                "{actor} {agents:?}"
            );
        }
    }
}
