//! The commitment intent: what an agent is about to promise, described before it speaks.

use gait_canon::json::{self, Object, Reader, Value};
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use super::COMMITMENT_CLASSES;
use super::{PriceBounds, SCHEMA_VERSION, UNKNOWN_PRODUCER, VoiceError, require_class, require_place};
#[cfg(feature = "schema")]
use crate::members::Members;
use crate::{
    form::{self, FormError},
    intent::{Context, IntentRequest, Target},
    text,
    time::Timestamp,
};

/// The schema id of a commitment intent.
pub const SCHEMA_ID: &str = "gait.voice.commitment_intent";

/// What the tool names of commitments begin with; the class follows.
pub const TOOL_PREFIX: &str = "voice.commitment.";

/// One commitment, as an agent declares it (`gait.voice.commitment_intent`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
#[serde(default, deny_unknown_fields)]
pub struct CommitmentIntent {
    /// `gait.voice.commitment_intent`, or empty.
    pub schema_id: String,
    /// `1.0.0`, or empty.
    pub schema_version: String,
    /// When the agent declared it.
    pub created_at: Timestamp,
    /// Version of the program that wrote it.
    pub producer_version: String,
    /// The call.
    pub call_id: String,
    /// The turn of the conversation, from 0.
    pub turn_index: i64,
    /// The position among everything that happens in the call, from 1.
    pub call_seq: i64,
    /// What is promised: one of [`COMMITMENT_CLASSES`](super::COMMITMENT_CLASSES).
    pub commitment_class: String,
    /// SHA-256 of the utterance, 64 lower-case hex digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub utterance_digest: String,
    /// On whose behalf, where and at what risk.
    pub context: CommitmentContext,
    /// The currency of all amounts, such as `EUR`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub currency: String,
    /// The least that will be quoted, in hundredths of the currency.
    #[serde(skip_serializing_if = "json::is_default")]
    pub quote_min_cents: i64,
    /// The most that will be quoted, in hundredths of the currency.
    #[serde(skip_serializing_if = "json::is_default")]
    pub quote_max_cents: i64,
    /// The most that will be paid back, in hundredths of the currency.
    #[serde(skip_serializing_if = "json::is_default")]
    pub refund_ceiling_cents: i64,
    /// The agent's own claim that somebody must approve.
    #[serde(skip_serializing_if = "json::is_default")]
    pub approval_required: bool,
    /// References of approvals outside Gait.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approval_artifact_refs: Vec<String>,
    /// SHA-256 digests of what the commitment rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence_reference_digests: Vec<String>,
}

/// On whose behalf a commitment is made, where and at what risk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_context))]
#[serde(default, deny_unknown_fields)]
pub struct CommitmentContext {
    /// The identity that speaks.
    pub identity: String,
    /// The project it works in.
    pub workspace: String,
    /// How risky the commitment is: `low`, `medium`, `high`, `critical` by convention.
    pub risk_class: String,
    /// The session.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session_id: String,
    /// The request.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// Fingerprint of the environment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment_fingerprint: String,
}

impl CommitmentIntent {
    /// Reads a commitment from JSON and passes over members it does not know: agents annotate what they send.
    pub fn read(bytes: &[u8]) -> Result<Self, json::Error> {
        Reader::new().ignore_unknown_members().read(bytes)
    }

    /// Checks the commitment and brings it into normal form: texts trimmed, words in lower case, the currency in upper
    /// case, references sorted and unique, time in UTC. Evidence that is no digest is dropped.
    pub fn normalize(mut self) -> Result<Commitment, VoiceError> {
        form::fill_or_match(&mut self.schema_id, SCHEMA_ID, FormError::SchemaId)?;
        form::fill_or_match(&mut self.schema_version, SCHEMA_VERSION, FormError::SchemaVersion)?;
        if self.created_at.is_zero() {
            return Err(FormError::Missing("created_at").into());
        }
        self.created_at = self.created_at.to_utc();
        text::trim_in_place(&mut self.producer_version);
        if self.producer_version.is_empty() {
            UNKNOWN_PRODUCER.clone_into(&mut self.producer_version);
        }
        form::require_text(&mut self.call_id, "call_id")?;
        require_place(self.call_seq, self.turn_index)?;
        require_class(&mut self.commitment_class)?;
        form::optional_digest(&mut self.utterance_digest, "utterance_digest")?;
        self.context.normalize()?;
        self.currency = text::trim(&self.currency).to_uppercase();
        self.bounds().check()?;
        text::list_in_place(&mut self.approval_artifact_refs);
        text::list_lower_in_place(&mut self.evidence_reference_digests);
        self.evidence_reference_digests
            .retain(|digest| text::is_hex64(digest));
        Ok(Commitment(self))
    }

    const fn bounds(&self) -> PriceBounds {
        PriceBounds {
            quote_min_cents: self.quote_min_cents,
            quote_max_cents: self.quote_max_cents,
            refund_ceiling_cents: self.refund_ceiling_cents,
        }
    }
}

impl CommitmentContext {
    fn normalize(&mut self) -> Result<(), FormError> {
        form::require_text(&mut self.identity, "context.identity")?;
        form::require_text(&mut self.workspace, "context.workspace")?;
        form::require_text(&mut self.risk_class, "context.risk_class")?;
        text::trim_lower_in_place(&mut self.risk_class);
        text::trim_in_place(&mut self.session_id);
        text::trim_in_place(&mut self.request_id);
        text::trim_in_place(&mut self.environment_fingerprint);
        Ok(())
    }
}

/// A commitment in normal form.
// INVARIANT: the intent is what `CommitmentIntent::normalize` makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Commitment(CommitmentIntent);

impl Commitment {
    /// Its members.
    #[must_use]
    pub const fn intent(&self) -> &CommitmentIntent {
        &self.0
    }

    /// The amounts within which it stays.
    #[must_use]
    pub const fn bounds(&self) -> PriceBounds {
        self.0.bounds()
    }

    /// The tool call that stands for it at the gate: `voice.commitment.<class>` with the commitment as its arguments.
    #[must_use]
    pub fn to_request(&self) -> IntentRequest {
        let intent = &self.0;
        let context = intent.context.clone();
        IntentRequest {
            created_at: intent.created_at,
            producer_version: intent.producer_version.clone(),
            tool_name: format!("{TOOL_PREFIX}{}", intent.commitment_class),
            args: self.arguments(),
            targets: vec![Target {
                kind: "other".to_owned(),
                value: intent.commitment_class.clone(),
                operation: "speak".to_owned(),
                endpoint_class: "ui.type".to_owned(),
                ..Target::default()
            }],
            context: Context {
                identity: context.identity,
                workspace: context.workspace,
                risk_class: context.risk_class,
                session_id: context.session_id,
                request_id: context.request_id,
                environment_fingerprint: context.environment_fingerprint,
                ..Context::default()
            },
            ..IntentRequest::default()
        }
    }

    /// Everything a policy may judge the commitment by. What is empty, zero or false is left out.
    fn arguments(&self) -> Object {
        let intent = &self.0;
        let mut arguments = Object::new();
        arguments.insert("call_id", intent.call_id.as_str());
        arguments.insert("turn_index", intent.turn_index);
        arguments.insert("call_seq", intent.call_seq);
        arguments.insert("commitment_class", intent.commitment_class.as_str());
        for (name, text) in [
            ("utterance_digest", &intent.utterance_digest),
            ("currency", &intent.currency),
        ] {
            if !text.is_empty() {
                arguments.insert(name, text.as_str());
            }
        }
        for (name, cents) in [
            ("quote_min_cents", intent.quote_min_cents),
            ("quote_max_cents", intent.quote_max_cents),
            ("refund_ceiling_cents", intent.refund_ceiling_cents),
        ] {
            if cents > 0 {
                arguments.insert(name, cents);
            }
        }
        if intent.approval_required {
            arguments.insert("approval_required", true);
        }
        for (name, items) in [
            ("approval_artifact_refs", &intent.approval_artifact_refs),
            ("evidence_reference_digests", &intent.evidence_reference_digests),
        ] {
            if !items.is_empty() {
                let items: Vec<Value> = items.iter().map(|item| item.as_str().into()).collect();
                arguments.insert(name, items);
            }
        }
        arguments
    }
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["call_id", "currency", "approval_artifact_refs"])
        .at_least(1, &["call_seq"])
        .at_least(
            0,
            &[
                "turn_index",
                "quote_min_cents",
                "quote_max_cents",
                "refund_ceiling_cents",
            ],
        )
        .words("commitment_class", COMMITMENT_CLASSES)
        .digests(&["utterance_digest", "evidence_reference_digests"]);
}

#[cfg(feature = "schema")]
fn published_context(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["identity", "workspace", "risk_class", "environment_fingerprint"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "abababababababababababababababababababababababababababababababab";

    fn intent() -> CommitmentIntent {
        CommitmentIntent {
            created_at: Timestamp::EPOCH_1980,
            call_id: " call_1 ".to_owned(),
            turn_index: 2,
            call_seq: 3,
            commitment_class: " Quote ".to_owned(),
            context: CommitmentContext {
                identity: "agent.voice".to_owned(),
                workspace: "/srv/voice".to_owned(),
                risk_class: " HIGH ".to_owned(),
                ..CommitmentContext::default()
            },
            ..CommitmentIntent::default()
        }
    }

    #[test]
    fn a_commitment_has_one_normal_form() {
        let spelled = CommitmentIntent {
            created_at: "2026-02-15T02:00:00+02:00".parse().unwrap(),
            currency: " eur ".to_owned(),
            utterance_digest: HEX.to_uppercase(),
            approval_artifact_refs: [" b ", "a", "", "a"].map(String::from).to_vec(),
            evidence_reference_digests: [HEX, "xyz", &HEX.to_uppercase()].map(String::from).to_vec(),
            ..intent()
        };
        let normal = spelled.normalize().unwrap();
        let members = normal.intent();
        assert_eq!(members.created_at.to_string(), "2026-02-15T00:00:00Z");
        assert_eq!(
            (
                members.call_id.as_str(),
                members.commitment_class.as_str(),
                members.currency.as_str()
            ),
            ("call_1", "quote", "EUR")
        );
        assert_eq!(members.producer_version, "0.0.0-dev");
        assert_eq!(members.utterance_digest, HEX);
        assert_eq!(members.approval_artifact_refs, ["a", "b"]);
        assert_eq!(members.evidence_reference_digests, [HEX]);
        assert_eq!(members.clone().normalize(), Ok(normal.clone()));
    }

    #[test]
    fn names_the_first_thing_wrong() {
        type Change = fn(&mut CommitmentIntent);
        let cases: [(Change, &str); 15] = [
            (
                |intent| intent.schema_id = "x".to_owned(),
                "unsupported schema_id: x",
            ),
            (
                |intent| intent.schema_version = "2".to_owned(),
                "unsupported schema_version: 2",
            ),
            (
                |intent| intent.created_at = Timestamp::ZERO,
                "created_at is required",
            ),
            (|intent| intent.call_id = " ".to_owned(), "call_id is required"),
            (|intent| intent.turn_index = -1, "turn_index must be >= 0"),
            (|intent| intent.call_seq = 0, "call_seq must be >= 1"),
            (
                |intent| intent.commitment_class = "promise".to_owned(),
                "unsupported commitment_class",
            ),
            (
                |intent| intent.utterance_digest = "ab".to_owned(),
                "utterance_digest must be sha256 hex",
            ),
            (
                |intent| intent.context.identity.clear(),
                "context.identity is required",
            ),
            (
                |intent| intent.context.workspace = " ".to_owned(),
                "context.workspace is required",
            ),
            (
                |intent| intent.context.risk_class.clear(),
                "context.risk_class is required",
            ),
            (
                |intent| intent.quote_min_cents = -1,
                "quote_min_cents must be >= 0",
            ),
            (
                |intent| intent.quote_max_cents = -1,
                "quote_max_cents must be >= 0",
            ),
            (
                |intent| intent.refund_ceiling_cents = -1,
                "refund_ceiling_cents must be >= 0",
            ),
            (
                |intent| (intent.quote_min_cents, intent.quote_max_cents) = (2, 1),
                "quote_max_cents must be >= quote_min_cents",
            ),
        ];
        for (change, expected) in cases {
            let mut intent = intent();
            change(&mut intent);
            let error = intent.normalize().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error} instead of {expected}");
        }
    }

    #[test]
    fn unknown_members_do_not_count() {
        let text = br#"{"call_id":"c","note":1,"context":{"identity":"i","note":2}}"#;
        let read = CommitmentIntent::read(text).unwrap();
        assert_eq!(
            (read.call_id.as_str(), read.context.identity.as_str()),
            ("c", "i")
        );
        assert!(json::read::<CommitmentIntent>(text).is_err());
        for text in ["[]", "{", r#"{"turn_index":"2"}"#, r#"{"call_seq":1.5}"#] {
            assert!(CommitmentIntent::read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_is_said_becomes_an_argument() {
        let request = intent().normalize().unwrap().to_request();
        assert_eq!(request.tool_name, "voice.commitment.quote");
        let names: Vec<_> = request.args.keys().collect();
        assert_eq!(names, ["call_id", "turn_index", "call_seq", "commitment_class"]);
        request.normalize().unwrap();

        let full = CommitmentIntent {
            currency: "EUR".to_owned(),
            utterance_digest: HEX.to_owned(),
            quote_min_cents: 1,
            quote_max_cents: 2,
            refund_ceiling_cents: 3,
            approval_required: true,
            approval_artifact_refs: vec!["a".to_owned()],
            evidence_reference_digests: vec![HEX.to_owned()],
            ..intent()
        };
        assert_eq!(full.normalize().unwrap().to_request().args.len(), 12);
    }
}
