//! A run in numbers: the payload of a run pack, which follows from its runpack alone.

use gait_artifact::pack::{RUN_SCHEMA_ID, RunPayload, SCHEMA_VERSION};
use gait_artifact::runpack::Receipt;
use gait_artifact::{Timestamp, text};
use gait_runpack::Runpack;

/// The payload for `runpack`.
pub(crate) fn run_payload(runpack: &Runpack) -> RunPayload {
    let refs = &runpack.refs;
    let refs_count = refs.receipts.len() as u64;
    RunPayload {
        schema_id: RUN_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: runpack.run.created_at.or(Timestamp::EPOCH_1980).to_utc(),
        run_id: runpack.run.run_id.clone(),
        capture_mode: runpack.manifest.capture_mode.clone(),
        manifest_digest: runpack.manifest.manifest_digest.clone(),
        intents_count: runpack.intents.len() as u64,
        results_count: runpack.results.len() as u64,
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
