//! What is looked at in a run, and what makes it like another.

use std::collections::BTreeSet;

use gait_artifact::{
    Timestamp,
    scout::{FINGERPRINT_SCHEMA_ID, RunFingerprint, SCHEMA_VERSION},
    text,
};
use gait_canon::{Digest, json};
use gait_runpack::Runpack;
use serde::Serialize;

use super::evidence::RunEvidence;
use crate::risk::{ToolClass, mentions, sensitivity, status_reason, target_systems};

/// A run, reduced to what matters for comparing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Observation {
    pub(super) fingerprint: RunFingerprint,
    /// How severe the run is by itself.
    pub(super) base_score: u32,
}

/// What is digested into a fingerprint.
#[derive(Serialize)]
struct Traits<'a> {
    action_sequence: &'a [String],
    tool_classes: &'a [String],
    target_systems: &'a [String],
    reason_code_vector: &'a [String],
    ref_receipt_digests: &'a [String],
}

impl Observation {
    /// Observes the run in `runpack`, which was read from `path`, with what else is known of it.
    pub(super) fn of(
        runpack: &Runpack,
        evidence: RunEvidence,
        path: &str,
        producer_version: &str,
    ) -> Result<Self, json::Error> {
        let action_sequence: Vec<String> = runpack
            .intents
            .iter()
            .map(|intent| text::trim(&intent.tool_name))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let classes: BTreeSet<ToolClass> = action_sequence.iter().map(|name| ToolClass::of(name)).collect();
        let targets = target_systems(&runpack.refs.receipts);
        let mut reasons = evidence.reasons;
        reasons.extend(
            runpack
                .results
                .iter()
                .filter_map(|result| status_reason(&result.status)),
        );
        let privilege = classes.last().map_or(1, |class| class.weight());
        let base_score = base_score(privilege, sensitivity(&targets), &reasons);

        let tool_classes = text::list(classes.iter().map(|class| class.as_str()));
        let target_systems: Vec<_> = targets.into_iter().collect();
        let reason_code_vector: Vec<_> = reasons.into_iter().collect();
        let ref_receipt_digests = content_digests(runpack);
        let fingerprint = Digest::of_canonical(&Traits {
            action_sequence: &action_sequence,
            tool_classes: &tool_classes,
            target_systems: &target_systems,
            reason_code_vector: &reason_code_vector,
            ref_receipt_digests: &ref_receipt_digests,
        })?;
        let fingerprint = RunFingerprint {
            schema_id: FINGERPRINT_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: Timestamp::EPOCH_1980,
            producer_version: producer_version.to_owned(),
            run_id: text::trim(&runpack.run.run_id).to_owned(),
            fingerprint,
            action_sequence,
            tool_classes,
            target_systems,
            reason_code_vector,
            ref_receipt_digests,
            source_runpack: path.to_owned(),
            trace_count: evidence.traces,
            regress_evidence_seen: evidence.regressed,
        };
        Ok(Self {
            fingerprint,
            base_score,
        })
    }
}

/// Digests of what was looked at, sorted, each once. What is no digest says nothing.
fn content_digests(runpack: &Runpack) -> Vec<String> {
    /// How many digits a digest has.
    const DIGITS: usize = 64;
    let receipts = runpack.refs.receipts.iter();
    let digests = receipts.map(|receipt| text::trim_lower(&receipt.content_digest));
    text::list(digests.filter(|digest| digest.len() == DIGITS))
}

/// How severe a run is: what its tools may do counts most, then where, then whether something stood in its way.
fn base_score(privilege: u32, sensitivity: u32, reasons: &BTreeSet<String>) -> u32 {
    const GUARDED: [&str; 4] = ["policy", "approval", "blocked", "credential"];
    const MOST_REASONS: usize = 9;
    let guarded = reasons.iter().any(|reason| mentions(reason, &GUARDED));
    let posture = if guarded { 2 } else { 0 };
    let reasons = u32::try_from(reasons.len().min(MOST_REASONS)).unwrap_or(u32::MAX);
    30 * privilege + 15 * sensitivity + 10 * posture + reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_scored() {
        let reasons = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (privilege, sensitivity, names, score) in [
            (1, 1, &[][..], 45),
            (4, 3, &["result_status_blocked", "x"], 187),
            (2, 1, &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"], 84),
        ] {
            assert_eq!(base_score(privilege, sensitivity, &reasons(names)), score);
        }
    }
}
