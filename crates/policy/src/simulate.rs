//! What would change if another policy were in force.

use std::collections::BTreeMap;
use std::fmt;

use gait_artifact::{Verdict, intent::Intent};
use gait_canon::Digest;
use serde::Serialize;

use crate::{
    compile::CompiledPolicy,
    evaluate::{Evaluation, Facts, evaluate},
};

/// An intent to try policies with, and the name it is reported by.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Where the intent was read from.
    pub path: String,
    /// The intent as given; its claims about context evidence are not counted.
    pub intent: Intent,
}

/// How two policies judge the same intents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Digest of the policy that is compared with.
    pub baseline_policy_digest: Digest,
    /// Digest of the policy that is tried out.
    pub candidate_policy_digest: Digest,
    /// How many intents were judged.
    pub fixtures_total: usize,
    /// How many of them are judged differently.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub changed_fixtures: usize,
    /// How often the baseline gives each verdict, by the verdict's name.
    pub baseline_verdicts: Vec<VerdictCount>,
    /// How often the candidate gives each verdict, by the verdict's name.
    pub candidate_verdicts: Vec<VerdictCount>,
    /// How to roll the candidate out.
    pub recommendation: Recommendation,
    /// The intents that are judged differently, in the order given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Change>,
}

/// How often a verdict was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VerdictCount {
    /// The verdict.
    pub verdict: Verdict,
    /// How often; at least once.
    pub count: usize,
}

/// An intent that two policies judge differently, in verdict, reasons, violations or rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where the intent was read from.
    pub fixture_path: String,
    /// Digest of the intent as given.
    pub intent_digest: Digest,
    /// The verdict of the baseline.
    pub baseline_verdict: Verdict,
    /// The verdict of the candidate.
    pub candidate_verdict: Verdict,
    /// Why the baseline says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub baseline_reason_codes: Vec<String>,
    /// Why the candidate says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidate_reason_codes: Vec<String>,
    /// What is violated according to the baseline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub baseline_violations: Vec<String>,
    /// What is violated according to the candidate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidate_violations: Vec<String>,
    /// The rules of the baseline that matched.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub baseline_matched_rule: String,
    /// The rules of the candidate that matched.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub candidate_matched_rule: String,
    /// Always true.
    pub changed: bool,
}

/// How a candidate policy should be rolled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recommendation {
    /// Put it in force.
    Enforce,
    /// Watch it first: it allows calls that were not allowed before.
    Observe,
    /// Let people approve first: it blocks calls that were not blocked before.
    RequireApproval,
}

impl Recommendation {
    fn of(changed: &[Change]) -> Self {
        let newly = |verdict: Verdict| {
            changed
                .iter()
                .any(|change| change.candidate_verdict == verdict && change.baseline_verdict != verdict)
        };
        if newly(Verdict::Allow) {
            Self::Observe
        } else if newly(Verdict::Block) {
            Self::RequireApproval
        } else {
            Self::Enforce
        }
    }

    /// The word in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
            Self::RequireApproval => "require_approval",
        }
    }
}

impl fmt::Display for Recommendation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Judges every fixture by both policies.
#[must_use]
pub fn compare(
    baseline: &CompiledPolicy,
    candidate: &CompiledPolicy,
    fixtures: &[Fixture],
    facts: &Facts<'_>,
) -> Comparison {
    let mut counts = [BTreeMap::new(), BTreeMap::new()];
    let mut changed = Vec::new();
    for fixture in fixtures {
        let intent = fixture.intent.clone().without_context_claims();
        let judged = [baseline, candidate].map(|policy| evaluate(policy, &intent, facts));
        for (count, evaluation) in counts.iter_mut().zip(&judged) {
            let (_, seen) = count
                .entry(evaluation.verdict.as_str())
                .or_insert((evaluation.verdict, 0));
            *seen += 1;
        }
        let [before, after] = judged;
        changed.extend(change(fixture, before, after));
    }
    let [baseline_verdicts, candidate_verdicts] = counts.map(|count| {
        count
            .into_values()
            .map(|(verdict, count)| VerdictCount { verdict, count })
            .collect()
    });
    Comparison {
        baseline_policy_digest: baseline.digest(),
        candidate_policy_digest: candidate.digest(),
        fixtures_total: fixtures.len(),
        changed_fixtures: changed.len(),
        baseline_verdicts,
        candidate_verdicts,
        recommendation: Recommendation::of(&changed),
        changed,
    }
}

fn change(fixture: &Fixture, before: Evaluation, after: Evaluation) -> Option<Change> {
    let change = Change {
        fixture_path: fixture.path.clone(),
        intent_digest: fixture.intent.digest(),
        baseline_verdict: before.verdict,
        candidate_verdict: after.verdict,
        baseline_matched_rule: before.matched_rule(),
        candidate_matched_rule: after.matched_rule(),
        baseline_reason_codes: before.reason_codes,
        candidate_reason_codes: after.reason_codes,
        baseline_violations: before.violations,
        candidate_violations: after.violations,
        changed: true,
    };
    let differs = change.baseline_verdict != change.candidate_verdict
        || change.baseline_reason_codes != change.candidate_reason_codes
        || change.baseline_violations != change.candidate_violations
        || change.baseline_matched_rule != change.candidate_matched_rule;
    differs.then_some(change)
}
