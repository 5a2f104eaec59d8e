//! A run in numbers: the payload of a run pack, which follows from its runpack alone.

use gait_artifact::pack::{RUN_SCHEMA_ID, RunPayload, SCHEMA_VERSION};
use gait_artifact::runpack::{Manifest, Receipt, Refs, Run};
use gait_artifact::{Timestamp, text};
use gait_runpack::{RunSummary, Runpack};

/// What a payload follows from.
pub(crate) struct Facts<'a> {
    manifest: &'a Manifest,
    run: &'a Run,
    intents: usize,
    results: usize,
    refs: &'a Refs,
}

impl<'a> From<&'a Runpack> for Facts<'a> {
    fn from(runpack: &'a Runpack) -> Self {
        Self {
            manifest: &runpack.manifest,
            run: &runpack.run,
            intents: runpack.intents.len(),
            results: runpack.results.len(),
            refs: &runpack.refs,
        }
    }
}

impl<'a> From<&'a RunSummary> for Facts<'a> {
    fn from(summary: &'a RunSummary) -> Self {
        Self {
            manifest: &summary.manifest,
            run: &summary.run,
            intents: summary.intents,
            results: summary.results,
            refs: &summary.refs,
        }
    }
}

/// The payload for a run.
pub(crate) fn run_payload<'a>(facts: impl Into<Facts<'a>>) -> RunPayload {
    let Facts {
        manifest,
        run,
        intents,
        results,
        refs,
    } = facts.into();
    let refs_count = refs.receipts.len() as u64;
    RunPayload {
        schema_id: RUN_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: run.created_at.or(Timestamp::EPOCH_1980).to_utc(),
        run_id: run.run_id.clone(),
        capture_mode: manifest.capture_mode.clone(),
        manifest_digest: manifest.manifest_digest.clone(),
        intents_count: intents as u64,
        results_count: results as u64,
        refs_count,
        context_set_digest: refs.context_set_digest.clone(),
        context_ref_count: refs_count,
        context_evidence_mode: refs.context_evidence_mode.clone(),
        context_privacy_mode: privacy_mode(&refs.receipts).to_owned(),
    }
}

/// The redaction that all references share, or `mixed`; empty without references.
fn privacy_mode(receipts: &[Receipt]) -> &str {
    let mut modes = receipts
        .iter()
        .map(|receipt| match text::trim(&receipt.redaction_mode) {
            "" => "unknown",
            mode => mode,
        });
    let Some(first) = modes.next() else {
        return "";
    };
    if modes.all(|mode| mode == first) {
        first
    } else {
        "mixed"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redaction_is_shared_or_mixed() {
        for (modes, expected) in [
            (&[][..], ""),
            (&[" metadata "], "metadata"),
            (&["raw", "raw "], "raw"),
            (&["", " "], "unknown"),
            (&["raw", ""], "mixed"),
        ] {
            let receipts: Vec<_> = modes
                .iter()
                .map(|mode| Receipt {
                    redaction_mode: (*mode).to_owned(),
                    ..Receipt::default()
                })
                .collect();
            assert_eq!(privacy_mode(&receipts), expected, "{modes:?}");
        }
    }
}
