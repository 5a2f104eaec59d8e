//! Context evidence: which documents an agent had in front of it, by digest.
//!
//! An envelope lists the records of one context set. It isn't signed: reading it establishes that it is well formed and
//! that its digest is that of its records, not who wrote it.

use std::collections::BTreeMap;

use gait_canon::{
    Digest,
    json::{self, Object, Reader},
};
use serde::{Deserialize, Serialize};

use crate::{
    text,
    time::Timestamp,
    vocabulary::{EVIDENCE_MODES, IMMUTABILITIES},
};

/// The schema id of a context envelope.
pub const ENVELOPE_SCHEMA_ID: &str = "gait.context.envelope";
/// The schema version of a context envelope.
pub const ENVELOPE_SCHEMA_VERSION: &str = "1.0.0";
/// The schema id of a budget report.
pub const BUDGET_SCHEMA_ID: &str = "gait.context.budget_report";
/// The schema version of a budget report.
pub const BUDGET_SCHEMA_VERSION: &str = "1.0.0";
/// The largest envelope that is read, in bytes.
pub const MAX_ENVELOPE_BYTES: usize = 1 << 20;

/// The producer of an envelope that doesn't name one.
const UNKNOWN_PRODUCER: &str = "0.0.0-dev";

/// The records of one context set (`gait.context.envelope`), as written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_envelope))]
#[serde(default, deny_unknown_fields)]
pub struct ContextEnvelope {
    /// `gait.context.envelope`, or blank.
    pub schema_id: String,
    /// `1.0.0`, or blank.
    pub schema_version: String,
    /// When the set was put together.
    pub created_at: Timestamp,
    /// Version of the program that wrote the envelope.
    pub producer_version: String,
    /// Id of the set.
    pub context_set_id: String,
    /// Digest of the records, or blank.
    pub context_set_digest: String,
    /// `best_effort` or `required`; blank means `best_effort`.
    pub evidence_mode: String,
    /// The records, in any order.
    pub records: Vec<ReferenceRecord>,
}

/// One document of a context set (`gait.context.reference_record`): where it came from and what it said, by digest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_record))]
#[serde(default, deny_unknown_fields)]
pub struct ReferenceRecord {
    /// Id of the record.
    pub ref_id: String,
    /// The kind of source.
    pub source_type: String,
    /// Where the source is.
    pub source_locator: String,
    /// SHA-256 of the query that found it.
    pub query_digest: String,
    /// SHA-256 of what it said.
    pub content_digest: String,
    /// When it was retrieved.
    pub retrieved_at: Timestamp,
    /// How much of it was redacted.
    pub redaction_mode: String,
    /// `unknown`, `mutable` or `immutable`; blank means `unknown`.
    pub immutability: String,
    /// How sensitive it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sensitivity_label: String,
    /// How long it counts as fresh, in seconds.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub freshness_sla_seconds: i64,
    /// How it was retrieved.
    #[serde(skip_serializing_if = "Object::is_empty")]
    pub retrieval_params: Object,
}

/// How much of a context set a prompt had room for (`gait.context.budget_report`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_budget))]
#[serde(deny_unknown_fields)]
pub struct BudgetReport {
    /// `gait.context.budget_report`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the report was made.
    pub created_at: Timestamp,
    /// Version of the program that wrote it.
    pub producer_version: String,
    /// Digest of the context set.
    pub context_set_digest: String,
    /// Number of items that were looked at.
    pub items_considered: u64,
    /// Number of items that got in.
    pub items_included: u64,
    /// Number of items that were left out.
    pub items_dropped: u64,
    /// Number of items left out, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drop_reasons: BTreeMap<String, u64>,
}

#[cfg(feature = "schema")]
fn published_budget(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(BUDGET_SCHEMA_ID, BUDGET_SCHEMA_VERSION)
        .digests(&["context_set_digest"]);
}

#[cfg(feature = "schema")]
fn published_envelope(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(ENVELOPE_SCHEMA_ID, ENVELOPE_SCHEMA_VERSION)
        .filled(&["context_set_id"])
        .digests(&["context_set_digest"])
        .words("evidence_mode", EVIDENCE_MODES);
}

#[cfg(feature = "schema")]
fn published_record(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .filled(&["ref_id", "source_type", "source_locator", "redaction_mode"])
        .digests(&["query_digest", "content_digest"])
        .words("immutability", IMMUTABILITIES)
        .at_least(0, &["freshness_sla_seconds"]);
}

/// Why a context envelope is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is too large.
    #[error("the context envelope has {size} bytes, more than the limit of {MAX_ENVELOPE_BYTES}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// It is not the JSON of an envelope.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// A member must be one fixed text, or blank.
    #[error("{field} is {value:?}, not {expected:?}")]
    Schema {
        /// The member.
        field: &'static str,
        /// Its text.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The set has no id.
    #[error("context_set_id is required")]
    NoSetId,
    /// The evidence mode is none.
    #[error("evidence_mode is {0:?}, neither best_effort nor required")]
    UnknownMode(String),
    /// The digest of the set is not one.
    #[error("context_set_digest must be a SHA-256 digest of 64 hex digits")]
    MalformedDigest,
    /// The digest of the set is not that of its records.
    #[error("context_set_digest is {claimed}, but the records digest to {computed}")]
    DigestMismatch {
        /// The digest in the envelope.
        claimed: String,
        /// The digest of its records.
        computed: Digest,
    },
    /// A record is unsound.
    #[error("records[{index}].{field} {problem}")]
    Record {
        /// Its position in the document.
        index: usize,
        /// The member.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl ContextEnvelope {
    /// Reads an envelope of at most 1 MiB and verifies it against its own digest.
    ///
    /// Unknown and repeated members are refused; text after the object is ignored, as it is no part of what is digested.
    pub fn read(bytes: &[u8]) -> Result<VerifiedEnvelope, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE_BYTES {
            return Err(EnvelopeError::TooLarge { size: bytes.len() });
        }
        Reader::new().allow_trailing().read::<Self>(bytes)?.verify()
    }

    /// Brings the envelope into normal form and compares its digest with that of its records.
    pub fn verify(mut self) -> Result<VerifiedEnvelope, EnvelopeError> {
        fixed_or_blank(&mut self.schema_id, ENVELOPE_SCHEMA_ID, "schema_id")?;
        fixed_or_blank(
            &mut self.schema_version,
            ENVELOPE_SCHEMA_VERSION,
            "schema_version",
        )?;
        self.created_at = self.created_at.or(Timestamp::EPOCH_1980).to_utc();
        if text::is_blank(&self.producer_version) {
            UNKNOWN_PRODUCER.clone_into(&mut self.producer_version);
        }
        text::trim_in_place(&mut self.context_set_id);
        if self.context_set_id.is_empty() {
            return Err(EnvelopeError::NoSetId);
        }
        text::trim_lower_in_place(&mut self.evidence_mode);
        if self.evidence_mode.is_empty() {
            "best_effort".clone_into(&mut self.evidence_mode);
        }
        if !EVIDENCE_MODES.contains(&self.evidence_mode.as_str()) {
            return Err(EnvelopeError::UnknownMode(self.evidence_mode));
        }
        for (index, record) in self.records.iter_mut().enumerate() {
            record
                .normalize()
                .map_err(|(field, problem)| EnvelopeError::Record {
                    index,
                    field,
                    problem,
                })?;
        }
        self.records.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        self.seal()
    }

    fn seal(mut self) -> Result<VerifiedEnvelope, EnvelopeError> {
        let digest = Digest::of_canonical(&self.records)?;
        text::trim_lower_in_place(&mut self.context_set_digest);
        let claimed = self.context_set_digest;
        if !claimed.is_empty() {
            if !text::is_hex64(&claimed) {
                return Err(EnvelopeError::MalformedDigest);
            }
            if claimed != digest.to_string() {
                return Err(EnvelopeError::DigestMismatch {
                    claimed,
                    computed: digest,
                });
            }
        }
        Ok(VerifiedEnvelope {
            envelope: Self {
                context_set_digest: digest.to_string(),
                ..self
            },
            digest,
        })
    }
}

impl ReferenceRecord {
    /// Fails with the member and what is wrong with it.
    fn normalize(&mut self) -> Result<(), (&'static str, &'static str)> {
        for (text, field) in [
            (&mut self.ref_id, "ref_id"),
            (&mut self.source_type, "source_type"),
            (&mut self.source_locator, "source_locator"),
            (&mut self.redaction_mode, "redaction_mode"),
        ] {
            text::trim_in_place(text);
            if text.is_empty() {
                return Err((field, "is required"));
            }
        }
        for (digest, field) in [
            (&mut self.query_digest, "query_digest"),
            (&mut self.content_digest, "content_digest"),
        ] {
            text::trim_lower_in_place(digest);
            if !text::is_hex64(digest) {
                return Err((field, "must be a SHA-256 digest of 64 hex digits"));
            }
        }
        self.retrieved_at = self.retrieved_at.or(Timestamp::EPOCH_1980).to_utc();
        text::trim_lower_in_place(&mut self.immutability);
        if self.immutability.is_empty() {
            "unknown".clone_into(&mut self.immutability);
        }
        if !IMMUTABILITIES.contains(&self.immutability.as_str()) {
            return Err(("immutability", "must be unknown, mutable or immutable"));
        }
        if self.freshness_sla_seconds < 0 {
            return Err(("freshness_sla_seconds", "must not be negative"));
        }
        Ok(())
    }

    fn sort_key(&self) -> [&str; 4] {
        [
            &self.ref_id,
            &self.source_type,
            &self.source_locator,
            &self.content_digest,
        ]
    }
}

fn fixed_or_blank(
    value: &mut String,
    expected: &'static str,
    field: &'static str,
) -> Result<(), EnvelopeError> {
    if text::is_blank(value) {
        expected.clone_into(value);
    }
    if value == expected {
        return Ok(());
    }
    Err(EnvelopeError::Schema {
        field,
        value: value.clone(),
        expected,
    })
}

/// A context envelope in normal form whose digest is that of its records.
// INVARIANT: `digest` is the digest of `envelope.records`, which are sorted.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedEnvelope {
    envelope: ContextEnvelope,
    digest: Digest,
}

impl VerifiedEnvelope {
    /// The digest of the set.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// `best_effort` or `required`.
    #[must_use]
    pub fn evidence_mode(&self) -> &str {
        &self.envelope.evidence_mode
    }

    /// The records, sorted by id, source type, source locator and content digest.
    #[must_use]
    pub fn records(&self) -> &[ReferenceRecord] {
        &self.envelope.records
    }

    /// The distinct ids of the records, sorted.
    #[must_use]
    pub fn refs(&self) -> Vec<String> {
        text::list(self.records().iter().map(|record| record.ref_id.as_str()))
    }

    /// When the oldest record was retrieved; without records, when the set was put together.
    #[must_use]
    pub fn oldest(&self) -> Timestamp {
        self.records()
            .iter()
            .map(|record| record.retrieved_at)
            .min()
            .unwrap_or(self.envelope.created_at)
    }

    /// The envelope in normal form, its digest written in.
    #[must_use]
    pub fn as_envelope(&self) -> &ContextEnvelope {
        &self.envelope
    }
}
