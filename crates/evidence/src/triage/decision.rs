//! Decisions, made again.

use std::collections::BTreeMap;

use gait_artifact::Timestamp;
use gait_artifact::context::VerifiedEnvelope;
use gait_artifact::intent::Intent;
use gait_artifact::inventory::Inventory;
use gait_artifact::triage::{Answer, Comparison, Decision, Recorded, Unanswered};
use gait_canon::Digest;
use gait_policy::{CompiledPolicy, Evaluation, evaluate};

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
        answer(evaluate(&known.policy, &prepared, &facts))
    }
}

/// What a policy says when it is asked again.
fn answer(evaluation: Evaluation) -> Answer {
    Answer {
        verdict: Some(evaluation.verdict),
        matched_rule: evaluation.matched_rule(),
        reason_codes: evaluation.reason_codes,
        violations: evaluation.violations,
        unanswered: None,
    }
}
