//! Decisions, made again.

use std::collections::BTreeMap;

use gait_artifact::context::VerifiedEnvelope;
use gait_artifact::intent::Intent;
use gait_artifact::inventory::Inventory;
use gait_artifact::session::SessionEvent;
use gait_artifact::trace::TraceRecord;
use gait_artifact::{Timestamp, Verdict};
use gait_canon::Digest;
use gait_policy::{CompiledPolicy, Evaluation, evaluate};
use serde::Serialize;

/// A decision as it was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Where it was recorded.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Identifies the decision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
    /// The tool.
    pub tool_name: String,
    /// When it was made.
    pub decided_at: Timestamp,
    /// The final verdict, as the record has it.
    pub verdict: String,
    /// Why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// What was violated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// Digest of the policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_digest: String,
    /// Digest of the intent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_digest: String,
}

impl Recorded {
    /// What a trace at `path` records.
    #[must_use]
    pub fn of_trace(trace: &TraceRecord, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            trace_id: trace.trace_id.clone(),
            tool_name: trace.tool_name.clone(),
            decided_at: trace.observed_at.or(trace.created_at).to_utc(),
            verdict: trace.verdict.as_str().to_owned(),
            reason_codes: Vec::new(),
            violations: trace.violations.clone(),
            policy_digest: trace.policy_digest.clone(),
            intent_digest: trace.intent_digest.clone(),
        }
    }

    /// What an event of a session at `path` records.
    #[must_use]
    pub fn of_event(event: &SessionEvent, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            trace_id: event.trace_id.clone(),
            tool_name: event.tool_name.clone(),
            decided_at: event.created_at.to_utc(),
            verdict: event.verdict.clone(),
            reason_codes: event.reason_codes.clone(),
            violations: event.violations.clone(),
            policy_digest: event.policy_digest.clone(),
            intent_digest: event.intent_digest.clone(),
        }
    }
}

/// A policy, and where it was found.
#[derive(Debug, Clone)]
pub struct KnownPolicy {
    /// Its path.
    pub path: String,
    /// The policy.
    pub policy: CompiledPolicy,
}

/// What decisions can be made again with.
#[derive(Debug, Default)]
pub struct Library {
    policies: BTreeMap<Digest, KnownPolicy>,
    /// Intents, and where they were found.
    intents: BTreeMap<Digest, (Intent, String)>,
    /// The policy in force.
    pub in_force: Option<KnownPolicy>,
    /// Verified evidence of the context that the intents were decided in.
    pub envelope: Option<VerifiedEnvelope>,
    /// What is known of the tools.
    pub inventory: Option<Inventory>,
}

impl Library {
    /// Adds a policy. The first of several with one digest stays: they say the same.
    pub fn add_policy(&mut self, known: KnownPolicy) {
        self.policies.entry(known.policy.digest()).or_insert(known);
    }

    /// Adds the intent that was found at `path`.
    pub fn add_intent(&mut self, intent: Intent, path: &str) {
        let known = self.intents.entry(intent.digest());
        known.or_insert_with(|| (intent, path.to_owned()));
    }

    /// The policy with the digest `digest`, as records write it.
    #[must_use]
    pub fn policy(&self, digest: &str) -> Option<&KnownPolicy> {
        let digest = Digest::parse_any_case(digest).ok()?;
        let in_force = self.in_force.iter().find(|known| known.policy.digest() == digest);
        self.policies.get(&digest).or(in_force)
    }

    /// The intent with the digest `digest`, as records write it.
    #[must_use]
    pub fn intent(&self, digest: &str) -> Option<&Intent> {
        Some(&self.found(digest)?.0)
    }

    fn found(&self, digest: &str) -> Option<&(Intent, String)> {
        self.intents.get(&Digest::parse_any_case(digest).ok()?)
    }

    /// Makes a recorded decision again, by the policy of then and by the one in force.
    #[must_use]
    pub fn decide_again(&self, recorded: Recorded) -> Decision {
        let intent = self.intent(&recorded.intent_digest);
        let ask = |policy: Option<&KnownPolicy>| self.ask(policy, intent, recorded.decided_at);
        let then = ask(self.policy(&recorded.policy_digest));
        let now = ask(self.in_force.as_ref());
        let found = self.found(&recorded.intent_digest);
        let was = then.verdict.or_else(|| recorded.verdict.parse().ok());
        Decision {
            comparison: Comparison::of(was, now.verdict),
            beyond_policy: then
                .verdict
                .is_some_and(|verdict| verdict.as_str() != recorded.verdict),
            intent_path: found.map(|(_, path)| path.clone()).unwrap_or_default(),
            recorded,
            then,
            now,
        }
    }

    fn ask(&self, policy: Option<&KnownPolicy>, intent: Option<&Intent>, at: Timestamp) -> Answer {
        let Some(known) = policy else {
            return Answer::unanswered(Unanswered::NoPolicy);
        };
        let Some(intent) = intent else {
            return Answer::unanswered(Unanswered::NoIntent);
        };
        let intent = intent.clone();
        let prepared = match &self.envelope {
            Some(envelope) => match intent.with_evidence(envelope, at) {
                Ok(intent) => intent,
                Err(_) => return Answer::unanswered(Unanswered::OtherContext),
            },
            None => intent.without_context_claims(),
        };
        let prepared = match &self.inventory {
            Some(inventory) => prepared.enriched(inventory).0,
            None => prepared,
        };
        let facts = gait_policy::Facts {
            now: at,
            inventory: self.inventory.as_ref(),
        };
        Answer::of(evaluate(&known.policy, &prepared, &facts))
    }
}

/// A recorded decision, and how it would be made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What was recorded.
    pub recorded: Recorded,
    /// Where the intent was found; empty where it was not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_path: String,
    /// What the policy of then says.
    pub then: Answer,
    /// What the policy in force says.
    pub now: Answer,
    /// How the policy in force compares.
    pub comparison: Comparison,
    /// Whether something other than the policy made the verdict that was recorded: an approval, a limit, a credential, the
    /// kill switch or facts that are not at hand.
    pub beyond_policy: bool,
}

/// What a policy says when it is asked again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The verdict of the policy alone; none where it could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// What is violated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// The rules that decide, joined with `,`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub matched_rule: String,
    /// Why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<Unanswered>,
}

impl Answer {
    fn of(evaluation: Evaluation) -> Self {
        Self {
            verdict: Some(evaluation.verdict),
            matched_rule: evaluation.matched_rule(),
            reason_codes: evaluation.reason_codes,
            violations: evaluation.violations,
            unanswered: None,
        }
    }

    fn unanswered(why: Unanswered) -> Self {
        Self {
            unanswered: Some(why),
            ..Self::default()
        }
    }
}

/// Why a policy could not be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    /// It is not at hand.
    NoPolicy,
    /// The intent is not at hand.
    NoIntent,
    /// The evidence of the context is not that of the intent.
    OtherContext,
}

impl Unanswered {
    /// The same in words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoPolicy => "the policy is not at hand",
            Self::NoIntent => "the intent is not at hand",
            Self::OtherContext => "the context envelope belongs to another intent",
        }
    }
}

/// How the policy in force compares with the one that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// It says the same.
    Same,
    /// It lets more through.
    Laxer,
    /// It lets less through.
    Stricter,
    /// Nobody can tell.
    Unknown,
}

impl Comparison {
    fn of(was: Option<Verdict>, now: Option<Verdict>) -> Self {
        match (was, now) {
            (Some(was), Some(now)) if was == now => Self::Same,
            (Some(was), Some(now)) if now < was => Self::Laxer,
            (Some(_), Some(_)) => Self::Stricter,
            _ => Self::Unknown,
        }
    }

    /// The same in words.
    #[must_use]
    pub const fn conclusion(self) -> &'static str {
        match self {
            Self::Same => "The policy in force says the same.",
            Self::Laxer => "The policy in force lets more through.",
            Self::Stricter => "The policy in force is stricter.",
            Self::Unknown => "Whether the policy in force says the same is not known.",
        }
    }
}
