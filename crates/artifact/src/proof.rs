//! Proof records: statements of what happened, each bound to the one before it by digest.
//!
//! Two documents are made from a record. The *identity document* gives the record its id once, when it is created; the
//! *hash document* covers all of the record but its signature, and with it the hash of the record before.

use gait_canon::{
    Digest,
    json::{self, Object, Value},
};
use serde::{Deserialize, Serialize};

use crate::{text, time::Timestamp};

/// The version of the record's form.
pub const RECORD_VERSION: &str = "1.0";
/// What stands before the hex digits of a record's hash.
pub const HASH_PREFIX: &str = "sha256:";
/// What stands before the base64 of a record's signature.
pub const SIGNATURE_PREFIX: &str = "base64:";

/// Hex digits of the identity document's digest that end a record's id.
const ID_DIGITS: usize = 8;

/// One statement of a chain. Readers ignore members they do not know; no digest covers those.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProofRecord {
    /// `prf-`, the time in whole seconds, `-`, and eight hex digits of the identity document's digest.
    pub record_id: String,
    /// `1.0`.
    pub record_version: String,
    /// When; digests cover whole seconds in UTC.
    pub timestamp: Timestamp,
    /// The part of the product that speaks, such as `gait.pack`.
    pub source: String,
    /// The product that speaks.
    pub source_product: String,
    /// The agent it speaks of.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_id: String,
    /// The kind of statement, such as `tool_invocation`.
    pub record_type: String,
    /// What is stated. A record without it is none; an empty one will do.
    pub event: Option<Object>,
    /// What held the agent in check.
    pub controls: Controls,
    /// What else is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Object>,
    /// Links to other records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Value>,
    /// What binds the record.
    pub integrity: Integrity,
}

/// What held an agent in check.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Controls {
    /// Whether permissions were enforced.
    pub permissions_enforced: bool,
    /// What was approved.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approved_scope: String,
    /// Whether it stayed within that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_scope: Option<bool>,
    /// The guardrails that were up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrails_active: Option<Value>,
    /// Which human watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub human_oversight: Option<Value>,
}

/// What binds a record to its content, to the record before it and to a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Integrity {
    /// `sha256:` and the hex digest of the hash document.
    pub record_hash: String,
    /// The hash of the record before; empty in the first.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub previous_record_hash: String,
    /// The key that signed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signing_key_id: String,
    /// `base64:` and the Ed25519 signature over the text of the hash.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signature: String,
}

impl Default for ProofRecord {
    fn default() -> Self {
        Self {
            record_id: String::new(),
            record_version: String::new(),
            timestamp: Timestamp::ZERO,
            source: String::new(),
            source_product: String::new(),
            agent_id: String::new(),
            record_type: String::new(),
            event: None,
            controls: Controls::default(),
            metadata: None,
            relationship: None,
            integrity: Integrity::default(),
        }
    }
}

/// What a record's id is made from.
#[derive(Serialize)]
struct IdentityDocument<'a> {
    timestamp: Timestamp,
    source: &'a str,
    source_product: &'a str,
    agent_id: &'a str,
    record_type: &'a str,
    event: &'a Option<Object>,
}

/// What a record's hash is made from.
#[derive(Serialize)]
struct HashDocument<'a> {
    timestamp: Timestamp,
    source: &'a str,
    source_product: &'a str,
    agent_id: &'a str,
    record_type: &'a str,
    event: &'a Option<Object>,
    record_id: &'a str,
    record_version: &'a str,
    controls: &'a Controls,
    metadata: &'a Option<Object>,
    integrity: Previous<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: &'a Option<Value>,
}

/// The part of [`Integrity`] that is known before the hash is.
#[derive(Serialize)]
struct Previous<'a> {
    previous_record_hash: &'a str,
}

impl ProofRecord {
    /// The id that follows from what the record states.
    pub fn derived_id(&self) -> Result<String, json::Error> {
        let timestamp = self.timestamp.to_utc().whole_seconds();
        let digest = Digest::of_canonical(&IdentityDocument {
            timestamp,
            source: &self.source,
            source_product: &self.source_product,
            agent_id: &self.agent_id,
            record_type: &self.record_type,
            event: &self.event,
        })?
        .to_string();
        Ok(format!("prf-{timestamp}-{}", &digest[..ID_DIGITS]))
    }

    /// The hash that follows from the whole record but its signature.
    pub fn derived_hash(&self) -> Result<String, json::Error> {
        let digest = Digest::of_canonical(&HashDocument {
            timestamp: self.timestamp.to_utc().whole_seconds(),
            source: &self.source,
            source_product: &self.source_product,
            agent_id: &self.agent_id,
            record_type: &self.record_type,
            event: &self.event,
            record_id: &self.record_id,
            record_version: &self.record_version,
            controls: &self.controls,
            metadata: &self.metadata,
            integrity: Previous {
                previous_record_hash: &self.integrity.previous_record_hash,
            },
            relationship: &self.relationship,
        })?;
        Ok(format!("{HASH_PREFIX}{digest}"))
    }

    /// Whether nothing is missing that every record must have.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let texts = [
            &self.record_version,
            &self.source,
            &self.source_product,
            &self.record_type,
        ];
        texts.into_iter().all(|text| !text::is_blank(text))
            && !self.timestamp.is_zero()
            && self.event.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first record of an authorization pack, as a foreign implementation wrote it.
    const RECORD: &str = r#"{"agent_id":"gait","controls":{"permissions_enforced":false},"event":{"entry_path":"authorization_bundle.json",
        "entry_permissions":420,"entry_sha256":"b2274fbe1157909f5d786d530eef142da76b90d62e5e3a9bc3234703d482de6b","entry_size_bytes":861,
        "entry_type":"json","pack_type":"authorization","producer_version":"1.0.0-fixture","source_ref":"trace-fixture"},
        "integrity":{"record_hash":"sha256:a7bcf723d048124d46e830a40c6021d2dd0952f9daba7bf95f22359e9f0e3d68"},
        "metadata":{"artifact_kind":"gait.pack.entry"},"record_id":"prf-1980-01-01T00:00:00Z-546526a6","record_type":"tool_invocation",
        "record_version":"1.0","source":"gait.pack","source_product":"gait","timestamp":"1980-01-01T00:00:00Z"}"#;

    fn record() -> ProofRecord {
        json::read(RECORD.as_bytes()).unwrap()
    }

    #[test]
    fn id_and_hash_follow_from_the_record() {
        let record = record();
        assert_eq!(record.derived_id().unwrap(), record.record_id);
        assert_eq!(record.derived_hash().unwrap(), record.integrity.record_hash);
        assert!(record.is_complete());
    }

    #[test]
    fn the_hash_covers_everything_but_the_signature() {
        let original = record().derived_hash().unwrap();
        let changes: [fn(&mut ProofRecord); 9] = [
            |record| record.record_id.push('0'),
            |record| record.source.push('x'),
            |record| record.agent_id.clear(),
            |record| record.event = Some(Object::new()),
            |record| record.controls.within_scope = Some(false),
            |record| record.metadata = None,
            |record| record.relationship = Some(Value::Null),
            |record| record.integrity.previous_record_hash.push_str("sha256:"),
            |record| record.timestamp = Timestamp::from_unix(315_532_801, 0),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut other = record();
            change(&mut other);
            assert_ne!(other.derived_hash().unwrap(), original, "{index}");
        }
        let mut signed = record();
        signed.integrity.signature.push_str("base64:AA==");
        signed.integrity.signing_key_id.push_str("key");
        signed.timestamp = Timestamp::from_unix(315_532_800, 750_000_000);
        assert_eq!(signed.derived_hash().unwrap(), original);
    }

    #[test]
    fn incomplete_records_are_known() {
        let changes: [fn(&mut ProofRecord); 4] = [
            |record| record.record_version = " ".to_owned(),
            |record| record.record_type.clear(),
            |record| record.event = None,
            |record| record.timestamp = Timestamp::ZERO,
        ];
        for change in changes {
            let mut other = record();
            change(&mut other);
            assert!(!other.is_complete());
        }
    }
}
