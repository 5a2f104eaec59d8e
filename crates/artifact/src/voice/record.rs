//! The record of a call, and the manifest of the pack that is made of it.

use serde::{Deserialize, Serialize};

use super::{
    CallEvent, Commitment, CommitmentIntent, GateDecisionRow, PRIVACY_MODES, ReferenceDigest, SCHEMA_VERSION,
    SpeakReceipt, UNKNOWN_PRODUCER, VoiceError, error, normalize_references, normalize_rows,
};
#[cfg(feature = "schema")]
use crate::members::Members;
use crate::{
    form::{self, FormError},
    text,
    time::Timestamp,
};

/// The schema id of a call record.
pub const RECORD_SCHEMA_ID: &str = "gait.voice.call_record";
/// The schema id of a callpack's manifest.
pub const CALLPACK_SCHEMA_ID: &str = "gait.voice.callpack_manifest";

/// The mode of a record that names none.
const DEFAULT_PRIVACY_MODE: &str = "hash_only";

/// Everything that happened in one call (`gait.voice.call_record`), as an agent platform wrote it down.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallRecord {
    /// `gait.voice.call_record`, or empty.
    pub schema_id: String,
    /// `1.0.0`, or empty.
    pub schema_version: String,
    /// When the record was made.
    pub created_at: Timestamp,
    /// Version of the program that wrote it.
    pub producer_version: String,
    /// The call.
    pub call_id: String,
    /// The runpack of the run behind the call; relative to the directory of the record.
    pub runpack_path: String,
    /// One of [`PRIVACY_MODES`]; `hash_only` when empty.
    pub privacy_mode: String,
    /// Fingerprint of the environment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment_fingerprint: String,
    /// What happened.
    pub events: Vec<CallEvent>,
    /// What was to be promised.
    pub commitments: Vec<CommitmentIntent>,
    /// What the gate said of it.
    pub gate_decisions: Vec<GateDecisionRow>,
    /// What was spoken.
    pub speak_receipts: Vec<SpeakReceipt>,
    /// What the agent looked at.
    pub reference_digests: Vec<ReferenceDigest>,
}

/// A call record in normal form: every row checked, and the lists sorted by what they are about.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// When the record was made, in UTC.
    pub created_at: Timestamp,
    /// Version of the program that wrote it.
    pub producer_version: String,
    /// The call.
    pub call_id: String,
    /// The runpack of the run behind the call; relative to the directory of the record.
    pub runpack_path: String,
    /// One of [`PRIVACY_MODES`].
    pub privacy_mode: String,
    /// Fingerprint of the environment; may be empty.
    pub environment_fingerprint: String,
    /// Its rows.
    pub rows: CallRows,
}

/// The rows of a call in normal form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallRows {
    /// What happened.
    pub events: Vec<CallEvent>,
    /// What was to be promised.
    pub commitments: Vec<Commitment>,
    /// What the gate said of it.
    pub decisions: Vec<GateDecisionRow>,
    /// What was spoken.
    pub receipts: Vec<SpeakReceipt>,
    /// What the agent looked at.
    pub references: Vec<ReferenceDigest>,
}

impl CallRecord {
    /// Checks the record and every row of it and brings them into normal form. Rows of equal rank keep their order.
    pub fn normalize(mut self) -> Result<Call, VoiceError> {
        form::fill_or_match(&mut self.schema_id, RECORD_SCHEMA_ID, FormError::SchemaId)?;
        form::fill_or_match(&mut self.schema_version, SCHEMA_VERSION, FormError::SchemaVersion)?;
        if self.created_at.is_zero() {
            return Err(FormError::Missing("created_at").into());
        }
        text::trim_in_place(&mut self.producer_version);
        if self.producer_version.is_empty() {
            UNKNOWN_PRODUCER.clone_into(&mut self.producer_version);
        }
        form::require_text(&mut self.call_id, "call_id")?;
        form::require_text(&mut self.runpack_path, "runpack_path")?;
        if text::is_blank(&self.privacy_mode) {
            DEFAULT_PRIVACY_MODE.clone_into(&mut self.privacy_mode);
        }
        error::require_word(&mut self.privacy_mode, "privacy_mode", PRIVACY_MODES)?;
        text::trim_in_place(&mut self.environment_fingerprint);
        if self.events.is_empty() {
            return Err(FormError::Missing("events").into());
        }

        let call_id = self.call_id;
        let mut rows = CallRows {
            events: normalize_rows(self.events, &call_id)?,
            commitments: normalize_rows(self.commitments, &call_id)?,
            decisions: normalize_rows(self.gate_decisions, &call_id)?,
            receipts: normalize_rows(self.speak_receipts, &call_id)?,
            references: normalize_references(self.reference_digests),
        };
        rows.sort();
        Ok(Call {
            created_at: self.created_at.to_utc(),
            producer_version: self.producer_version,
            call_id,
            runpack_path: self.runpack_path,
            privacy_mode: self.privacy_mode,
            environment_fingerprint: self.environment_fingerprint,
            rows,
        })
    }
}

impl CallRows {
    /// Sorts by place in the call, then by what a row is about; rows of equal rank keep their order.
    fn sort(&mut self) {
        fn by<R>(rows: &mut [R], key: impl Fn(&R) -> (i64, &str)) {
            rows.sort_by(|left, right| key(left).cmp(&key(right)));
        }
        by(&mut self.events, |event| (event.call_seq, &event.event_type));
        by(&mut self.commitments, |commitment| {
            let intent = commitment.intent();
            (intent.call_seq, &intent.commitment_class)
        });
        by(&mut self.decisions, |decision| {
            (decision.call_seq, &decision.commitment_class)
        });
        by(&mut self.receipts, |receipt| {
            (receipt.call_seq, &receipt.commitment_class)
        });
    }
}

/// What a pack of a call holds, in numbers (`gait.voice.callpack_manifest`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_manifest))]
#[serde(deny_unknown_fields)]
pub struct CallpackManifest {
    /// `gait.voice.callpack_manifest`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the call was recorded.
    pub created_at: Timestamp,
    /// Version of the program that recorded it.
    pub producer_version: String,
    /// The call.
    pub call_id: String,
    /// `hash_only` or `dispute_encrypted`.
    pub privacy_mode: String,
    /// Number of events.
    pub event_count: u64,
    /// Number of commitments.
    pub commitment_count: u64,
    /// Number of gate decisions.
    pub decision_count: u64,
    /// Number of receipts of speech.
    pub speak_receipt_count: u64,
    /// Number of reference digests.
    pub reference_digest_count: u64,
    /// The environment the call was made in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment_fingerprint: String,
}

#[cfg(feature = "schema")]
fn published_manifest(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(CALLPACK_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["producer_version", "call_id", "environment_fingerprint"])
        .words("privacy_mode", PRIVACY_MODES)
        .at_least(
            0,
            &[
                "event_count",
                "commitment_count",
                "decision_count",
                "speak_receipt_count",
                "reference_digest_count",
            ],
        );
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut CallRecord);

    fn event(call_seq: i64, event_type: &str, token: &str) -> CallEvent {
        CallEvent {
            created_at: Timestamp::EPOCH_1980,
            call_id: "c".to_owned(),
            call_seq,
            event_type: event_type.to_owned(),
            say_token_id: token.to_owned(),
            ..CallEvent::default()
        }
    }

    fn record() -> CallRecord {
        CallRecord {
            created_at: "2026-02-15T01:00:00+01:00".parse().unwrap(),
            call_id: " c ".to_owned(),
            runpack_path: " run.zip ".to_owned(),
            privacy_mode: " Dispute_Encrypted ".to_owned(),
            events: vec![
                event(2, "b", "1"),
                event(1, "z", ""),
                event(2, "a", ""),
                event(2, "b", "2"),
            ],
            ..CallRecord::default()
        }
    }

    #[test]
    fn a_record_has_one_normal_form() {
        let call = record().normalize().unwrap();
        assert_eq!(
            (
                call.call_id.as_str(),
                call.runpack_path.as_str(),
                call.privacy_mode.as_str(),
                call.producer_version.as_str()
            ),
            ("c", "run.zip", "dispute_encrypted", "0.0.0-dev")
        );
        assert_eq!(call.created_at.to_string(), "2026-02-15T00:00:00Z");
        let order: Vec<_> = call
            .rows
            .events
            .iter()
            .map(|event| (event.event_type.as_str(), event.say_token_id.as_str()))
            .collect();
        assert_eq!(order, [("z", ""), ("a", ""), ("b", "1"), ("b", "2")]);
        let blank = CallRecord {
            privacy_mode: " ".to_owned(),
            ..record()
        };
        assert_eq!(blank.normalize().unwrap().privacy_mode, "hash_only");
    }

    #[test]
    fn names_the_first_thing_wrong() {
        let cases: [(Change, &str); 8] = [
            (
                |record| record.schema_id = "x".to_owned(),
                "unsupported schema_id: x",
            ),
            (
                |record| record.schema_version = "2".to_owned(),
                "unsupported schema_version: 2",
            ),
            (
                |record| record.created_at = Timestamp::ZERO,
                "created_at is required",
            ),
            (|record| record.call_id.clear(), "call_id is required"),
            (|record| record.runpack_path.clear(), "runpack_path is required"),
            (
                |record| record.privacy_mode = "open".to_owned(),
                "unsupported privacy_mode",
            ),
            (|record| record.events.clear(), "events is required"),
            (
                |record| record.events[1].call_id = "d".to_owned(),
                "events[1]: call_id is \"d\"",
            ),
        ];
        for (change, expected) in cases {
            let mut record = record();
            change(&mut record);
            let error = record.normalize().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error} instead of {expected}");
        }
    }
}
