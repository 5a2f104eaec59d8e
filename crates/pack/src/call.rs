//! Calls: what a voice agent promised, what the gate said of it and what was spoken, held against each other.
//!
//! A call record becomes a pack in [`build::call`](crate::build::call) once its rows are in normal form and every gated
//! word has its token, its receipt and the `allow` before it. [`verify`](crate::verify) asks the same of a pack that
//! somebody else may have made.

mod speech;
#[cfg(test)]
mod tests;

use gait_artifact::pack::{CALL_SCHEMA_ID, CallPayload, SCHEMA_VERSION};
use gait_artifact::voice::{
    self, CALLPACK_SCHEMA_ID, Call, CallRecord, CallRows, CallpackManifest, VoiceError,
};
use gait_canon::json;

pub use self::speech::{Place, SpeechError};
pub(crate) use self::speech::{hear, require_event_types};

/// Archive path of the manifest of a call pack.
pub const CALLPACK_MANIFEST_PATH: &str = "callpack_manifest.json";
/// Archive path of the events.
pub const EVENTS_PATH: &str = "call_events.jsonl";
/// Archive path of the commitments.
pub const COMMITMENTS_PATH: &str = "commitments.jsonl";
/// Archive path of the gate's decisions.
pub const DECISIONS_PATH: &str = "gate_decisions.jsonl";
/// Archive path of the receipts of speech.
pub const RECEIPTS_PATH: &str = "speak_receipts.jsonl";
/// Archive path of the references.
pub const REFERENCES_PATH: &str = "reference_digests.json";

/// Why a call record is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The document is not the JSON of a call record.
    #[error("parse call record: {0}")]
    Json(#[from] json::Error),
    /// The record or one of its rows has no normal form.
    #[error("call record: {0}")]
    Record(#[from] VoiceError),
    /// The rows do not tell of speech that was allowed.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// The runpack behind the call is damaged.
    #[error("source runpack failed integrity checks")]
    DamagedRunpack,
}

/// Reads a call record strictly, brings it into normal form and holds its rows against each other.
pub fn read(bytes: &[u8]) -> Result<Call, CallError> {
    let call = json::read::<CallRecord>(bytes)?.normalize()?;
    require_event_types(&call.rows.events)?;
    match hear(&call.rows)?.contradicted {
        Some(place) => Err(SpeechError::Contradiction(place).into()),
        None => Ok(call),
    }
}

/// The call in numbers, for a pack. `run_id` names the run behind the call.
pub(crate) fn payload(call: &Call, run_id: &str) -> CallPayload {
    let counts = Counts::of(&call.rows);
    CallPayload {
        schema_id: CALL_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: call.created_at,
        call_id: call.call_id.clone(),
        run_id: run_id.to_owned(),
        privacy_mode: call.privacy_mode.clone(),
        event_count: counts.events,
        commitment_count: counts.commitments,
        decision_count: counts.decisions,
        speak_receipt_count: counts.receipts,
        reference_digest_count: counts.references,
        environment_fingerprint: call.environment_fingerprint.clone(),
    }
}

/// The same numbers as their producer signs for them.
pub(crate) fn manifest(call: &Call) -> CallpackManifest {
    let counts = Counts::of(&call.rows);
    CallpackManifest {
        schema_id: CALLPACK_SCHEMA_ID.to_owned(),
        schema_version: voice::SCHEMA_VERSION.to_owned(),
        created_at: call.created_at,
        producer_version: call.producer_version.clone(),
        call_id: call.call_id.clone(),
        privacy_mode: call.privacy_mode.clone(),
        event_count: counts.events,
        commitment_count: counts.commitments,
        decision_count: counts.decisions,
        speak_receipt_count: counts.receipts,
        reference_digest_count: counts.references,
        environment_fingerprint: call.environment_fingerprint.clone(),
    }
}

/// How many rows there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    events: u64,
    commitments: u64,
    decisions: u64,
    receipts: u64,
    references: u64,
}

impl Counts {
    pub(crate) fn of(rows: &CallRows) -> Self {
        Self {
            events: rows.events.len() as u64,
            commitments: rows.commitments.len() as u64,
            decisions: rows.decisions.len() as u64,
            receipts: rows.receipts.len() as u64,
            references: rows.references.len() as u64,
        }
    }

    pub(crate) const fn of_payload(payload: &CallPayload) -> Self {
        Self {
            events: payload.event_count,
            commitments: payload.commitment_count,
            decisions: payload.decision_count,
            receipts: payload.speak_receipt_count,
            references: payload.reference_digest_count,
        }
    }

    pub(crate) const fn of_callpack(manifest: &CallpackManifest) -> Self {
        Self {
            events: manifest.event_count,
            commitments: manifest.commitment_count,
            decisions: manifest.decision_count,
            receipts: manifest.speak_receipt_count,
            references: manifest.reference_digest_count,
        }
    }

    /// Each number with the name its documents give it.
    pub(crate) const fn named(self) -> [(&'static str, u64); 5] {
        [
            ("event_count", self.events),
            ("commitment_count", self.commitments),
            ("decision_count", self.decisions),
            ("speak_receipt_count", self.receipts),
            ("reference_digest_count", self.references),
        ]
    }
}
