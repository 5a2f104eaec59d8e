//! The rows of a call record: events, gate decisions, receipts of speech, and references.

use gait_canon::json::Object;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use super::COMMITMENT_CLASSES;
use super::{Commitment, CommitmentIntent, SCHEMA_VERSION, VoiceError, error, require_class, require_place};
#[cfg(feature = "schema")]
use crate::members::Members;
use crate::{
    form::{self, FormError},
    text,
    time::Timestamp,
    verdict::Verdict,
};

/// The schema id of a call event.
pub const EVENT_SCHEMA_ID: &str = "gait.voice.call_event";

/// The type of the event that something was said aloud.
pub const TTS_EMITTED: &str = "tts.emitted";

/// The event types of which every call has at least one.
pub const REQUIRED_EVENT_TYPES: [&str; 7] = [
    "asr.final",
    "commitment.declared",
    "gate.decision",
    "tts.request",
    TTS_EMITTED,
    "tool.intent",
    "tool.result",
];

/// The words of a verdict.
const VERDICTS: &[&str] = &[
    Verdict::Allow.as_str(),
    Verdict::Block.as_str(),
    Verdict::DryRun.as_str(),
    Verdict::RequireApproval.as_str(),
];

/// A row that belongs to one call.
pub trait CallRow: Sized {
    /// The list it stands in.
    const LIST: &'static str;
    /// What it becomes in normal form.
    type Normal;

    /// The row in normal form; an error when it is malformed or belongs to another call than `call_id`.
    fn normalize(self, call_id: &str) -> Result<Self::Normal, VoiceError>;
}

/// The rows of one list in normal form and in the order given; the error names the first row without one.
pub fn normalize_rows<R: CallRow>(
    rows: impl IntoIterator<Item = R>,
    call_id: &str,
) -> Result<Vec<R::Normal>, VoiceError> {
    rows.into_iter()
        .enumerate()
        .map(|(index, row)| {
            row.normalize(call_id).map_err(|source| VoiceError::Row {
                list: R::LIST,
                index,
                source: Box::new(source),
            })
        })
        .collect()
}

/// Something that happened in a call (`gait.voice.call_event`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_event))]
#[serde(default, deny_unknown_fields)]
pub struct CallEvent {
    /// `gait.voice.call_event`, or empty.
    pub schema_id: String,
    /// `1.0.0`, or empty.
    pub schema_version: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// The call.
    pub call_id: String,
    /// The position in the call, from 1.
    pub call_seq: i64,
    /// The turn of the conversation, from 0.
    pub turn_index: i64,
    /// What happened: one of [`REQUIRED_EVENT_TYPES`], `approval.granted`, or any other text.
    pub event_type: String,
    /// The class of the commitment it is about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub commitment_class: String,
    /// Digest of the intent it is about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_digest: String,
    /// Digest of the policy that judged.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_digest: String,
    /// The token that let the agent speak.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub say_token_id: String,
    /// SHA-256 of what was heard or said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub payload_digest: String,
    /// Whatever else is known.
    #[serde(skip_serializing_if = "Object::is_empty")]
    pub attributes: Object,
}

impl CallRow for CallEvent {
    type Normal = Self;

    const LIST: &'static str = "events";

    fn normalize(mut self, call_id: &str) -> Result<Self, VoiceError> {
        form::fill_or_match(&mut self.schema_id, EVENT_SCHEMA_ID, FormError::SchemaId)?;
        form::fill_or_match(&mut self.schema_version, SCHEMA_VERSION, FormError::SchemaVersion)?;
        if self.created_at.is_zero() {
            return Err(FormError::Missing("created_at").into());
        }
        require_call(&mut self.call_id, call_id)?;
        require_place(self.call_seq, self.turn_index)?;
        form::require_text(&mut self.event_type, "event_type")?;
        if text::is_blank(&self.commitment_class) {
            self.commitment_class.clear();
        } else {
            require_class(&mut self.commitment_class)?;
        }
        form::optional_digest(&mut self.intent_digest, "intent_digest")?;
        form::optional_digest(&mut self.policy_digest, "policy_digest")?;
        form::optional_digest(&mut self.payload_digest, "payload_digest")?;
        text::trim_in_place(&mut self.say_token_id);
        Ok(self)
    }
}

impl CallRow for CommitmentIntent {
    type Normal = Commitment;

    const LIST: &'static str = "commitments";

    fn normalize(self, call_id: &str) -> Result<Commitment, VoiceError> {
        let commitment = Self::normalize(self)?;
        if commitment.intent().call_id == call_id {
            Ok(commitment)
        } else {
            Err(VoiceError::ForeignCall(commitment.intent().call_id.clone()))
        }
    }
}

/// What the gate said of a commitment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateDecisionRow {
    /// The call.
    pub call_id: String,
    /// The position in the call, from 1.
    pub call_seq: i64,
    /// The turn of the conversation, from 0.
    pub turn_index: i64,
    /// What was to be promised.
    pub commitment_class: String,
    /// `allow`, `block`, `dry_run` or `require_approval`.
    pub verdict: String,
    /// Why, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// Digest of the intent that was judged.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_digest: String,
    /// Digest of the policy that judged it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_digest: String,
    /// Reference of the approval that was given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approval_ref: String,
}

impl GateDecisionRow {
    /// Whether the gate let the agent speak.
    #[must_use]
    pub fn is_allow(&self) -> bool {
        self.verdict == Verdict::Allow.as_str()
    }
}

impl CallRow for GateDecisionRow {
    type Normal = Self;

    const LIST: &'static str = "gate_decisions";

    fn normalize(mut self, call_id: &str) -> Result<Self, VoiceError> {
        require_call(&mut self.call_id, call_id)?;
        require_place(self.call_seq, self.turn_index)?;
        require_class(&mut self.commitment_class)?;
        error::require_word(&mut self.verdict, "verdict", VERDICTS)?;
        text::list_in_place(&mut self.reason_codes);
        form::optional_digest(&mut self.intent_digest, "intent_digest")?;
        form::optional_digest(&mut self.policy_digest, "policy_digest")?;
        text::trim_in_place(&mut self.approval_ref);
        Ok(self)
    }
}

/// What was spoken, and by which token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpeakReceipt {
    /// The call.
    pub call_id: String,
    /// The position in the call, from 1.
    pub call_seq: i64,
    /// The turn of the conversation, from 0.
    pub turn_index: i64,
    /// What was promised.
    pub commitment_class: String,
    /// The token that let the agent speak.
    pub say_token_id: String,
    /// SHA-256 of what was spoken.
    pub spoken_digest: String,
    /// When.
    pub emitted_at: Timestamp,
}

impl CallRow for SpeakReceipt {
    type Normal = Self;

    const LIST: &'static str = "speak_receipts";

    fn normalize(mut self, call_id: &str) -> Result<Self, VoiceError> {
        require_call(&mut self.call_id, call_id)?;
        require_place(self.call_seq, self.turn_index)?;
        require_class(&mut self.commitment_class)?;
        form::require_text(&mut self.say_token_id, "say_token_id")?;
        form::require_digest(&mut self.spoken_digest, "spoken_digest")?;
        if self.emitted_at.is_zero() {
            return Err(FormError::Missing("emitted_at").into());
        }
        self.emitted_at = self.emitted_at.to_utc();
        Ok(self)
    }
}

/// Something the agent looked at during the call.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReferenceDigest {
    /// Its name.
    pub ref_id: String,
    /// SHA-256 of its content.
    pub sha256: String,
}

/// The references that have a name and a digest, sorted and unique.
#[must_use]
pub fn normalize_references(mut references: Vec<ReferenceDigest>) -> Vec<ReferenceDigest> {
    for reference in &mut references {
        text::trim_in_place(&mut reference.ref_id);
        text::trim_lower_in_place(&mut reference.sha256);
    }
    references.retain(|reference| !reference.ref_id.is_empty() && text::is_hex64(&reference.sha256));
    references.sort_unstable();
    references.dedup();
    references
}

/// Trims `given`, which must name the call `expected`.
fn require_call(given: &mut String, expected: &str) -> Result<(), VoiceError> {
    form::require_text(given, "call_id")?;
    if given == expected {
        Ok(())
    } else {
        Err(VoiceError::ForeignCall(given.clone()))
    }
}

#[cfg(feature = "schema")]
fn published_event(schema: &mut schemars::Schema) {
    let mut types = REQUIRED_EVENT_TYPES.to_vec();
    types.push("approval.granted");
    Members::of(schema)
        .artifact(EVENT_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["call_id", "say_token_id"])
        .at_least(1, &["call_seq"])
        .at_least(0, &["turn_index"])
        .words("event_type", &types)
        .words("commitment_class", COMMITMENT_CLASSES)
        .digests(&["intent_digest", "policy_digest", "payload_digest"]);
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    const HEX: &str = "abababababababababababababababababababababababababababababababab";

    /// The first complaint about `text` as a row of call `c`, or nothing.
    fn complaint<R>(text: &str) -> Option<String>
    where
        R: CallRow + serde::de::DeserializeOwned,
        R::Normal: std::fmt::Debug,
    {
        let row: R = match json::read(text.as_bytes()) {
            Ok(row) => row,
            Err(error) => return Some(error.to_string()),
        };
        row.normalize("c").err().map(|error| error.to_string())
    }

    fn hold<R>(valid: &str, cases: &[(&str, &str, &str)])
    where
        R: CallRow + serde::de::DeserializeOwned,
        R::Normal: std::fmt::Debug,
    {
        assert_eq!(complaint::<R>(valid), None);
        for (from, to, expected) in cases {
            let text = valid.replace(from, to);
            assert_ne!(text, valid, "{from} is in the row");
            let found = complaint::<R>(&text).unwrap_or_default();
            assert!(found.contains(expected), "{text}: {found} instead of {expected}");
        }
    }

    #[test]
    fn events_are_checked() {
        let valid = format!(
            r#"{{"created_at":"2026-01-01T00:00:00Z","call_id":" c ","call_seq":1,"turn_index":0,"event_type":" x ",
            "commitment_class":" ","intent_digest":"","policy_digest":" {HEX} ","payload_digest":"{HEX}","attributes":{{}}}}"#
        );
        hold::<CallEvent>(
            &valid,
            &[
                (r#""call_seq":1"#, r#""call_seq":0"#, "call_seq must be >= 1"),
                (
                    r#""turn_index":0"#,
                    r#""turn_index":-1"#,
                    "turn_index must be >= 0",
                ),
                (r#"" c ""#, r#""d""#, "another call"),
                (r#"" c ""#, r#""""#, "call_id is required"),
                (r#"" x ""#, r#"" ""#, "event_type is required"),
                (
                    r#""commitment_class":" ""#,
                    r#""commitment_class":"y""#,
                    "unsupported commitment_class",
                ),
                (
                    r#""intent_digest":"""#,
                    r#""intent_digest":"a""#,
                    "intent_digest must be",
                ),
                (
                    "2026-01-01T00:00:00Z",
                    "0001-01-01T00:00:00Z",
                    "created_at is required",
                ),
                (r#""attributes":{}"#, r#""attributes":[]"#, "attributes"),
                (r#""attributes""#, r#""attribute""#, "unknown field"),
            ],
        );
    }

    #[test]
    fn decisions_are_checked() {
        hold::<GateDecisionRow>(
            r#"{"call_id":"c","call_seq":1,"turn_index":0,"commitment_class":"QUOTE","verdict":" Allow "}"#,
            &[
                ("QUOTE", "", "unsupported commitment_class"),
                (" Allow ", "deny", "unsupported verdict"),
                (r#""c""#, r#""d""#, "another call"),
            ],
        );
    }

    #[test]
    fn receipts_are_checked() {
        let valid = format!(
            r#"{{"call_id":"c","call_seq":1,"turn_index":0,"commitment_class":"quote","say_token_id":"t",
            "spoken_digest":"{HEX}","emitted_at":"2026-01-01T00:00:00+01:00"}}"#
        );
        hold::<SpeakReceipt>(
            &valid,
            &[
                (r#""t""#, r#"" ""#, "say_token_id is required"),
                (HEX, "", "spoken_digest must be sha256 hex"),
                (
                    "2026-01-01T00:00:00+01:00",
                    "0001-01-01T00:00:00Z",
                    "emitted_at is required",
                ),
                ("quote", " ", "unsupported commitment_class"),
            ],
        );
    }

    #[test]
    fn the_error_names_the_row() {
        let rows = [GateDecisionRow::default()];
        let error = normalize_rows(rows, "c").unwrap_err();
        assert_eq!(error.to_string(), "gate_decisions[0]: call_id is required");
    }

    #[test]
    fn references_are_dropped_and_sorted() {
        let reference = |ref_id: &str, sha256: &str| ReferenceDigest {
            ref_id: ref_id.to_owned(),
            sha256: sha256.to_owned(),
        };
        let given = vec![
            reference(" b ", &HEX.to_uppercase()),
            reference("a", HEX),
            reference("b", HEX),
            reference("", HEX),
            reference("c", "short"),
        ];
        assert_eq!(
            normalize_references(given),
            [reference("a", HEX), reference("b", HEX)]
        );
    }
}
