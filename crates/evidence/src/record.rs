//! The records that become evidence: read through the members that are known of each, and no more believed than they
//! deserve.

use std::path::{Path, PathBuf};

use gait_artifact::approval::{self, ApprovalAuditRecord};
use gait_artifact::credential::{self, CredentialEvidence};
use gait_artifact::relationship::Relationship;
use gait_artifact::{Timestamp, regress, text, trace};
use gait_canon::json::{self, Reader, Value};
use gait_canon::{Digest, PublicKey, Signature, sign};
use gait_disk::ReadError;
use gait_disk::read::read_bounded;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

/// The largest record, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

/// Why a record is no evidence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Its file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not the JSON of such a record.
    #[error("{} is not the JSON of {kind}: {source}", path.display())]
    Json {
        /// What it should be.
        kind: &'static str,
        /// Its path.
        path: PathBuf,
        /// Where and why.
        source: json::Error,
    },
    /// It is a record of something else, or does not say of what.
    #[error("{} is not the record of {kind}: its schema_id is {found:?}", path.display())]
    Kind {
        /// What it should be.
        kind: &'static str,
        /// Its path.
        path: PathBuf,
        /// Its schema id.
        found: String,
    },
    /// Its signature signs something else.
    #[error("{} was changed after it was signed", .0.display())]
    Changed(PathBuf),
    /// It must be signed, and is not.
    #[error("{} is not signed", .0.display())]
    Unsigned(PathBuf),
    /// It must be signed with a certain key, and is signed with another.
    #[error("{} is not signed with the given key", .0.display())]
    OtherSigner(PathBuf),
}

/// What is known of a kind of record.
pub(crate) trait Record: DeserializeOwned {
    /// What it is, with an article, for messages.
    const KIND: &'static str;
    /// The schema id that says so.
    const SCHEMA_ID: &'static str;

    /// The schema id it states, and the member without which it is about nothing.
    fn identity(&self) -> (&str, &str);

    /// When what it tells of happened.
    fn created_at(&self) -> Timestamp;

    /// Whether its signature signs what it says, and was made with `key` if there is one. Records of most kinds are not
    /// signed.
    fn vouched(&self, _text: &[u8], _key: Option<&PublicKey>) -> Result<(), Doubt> {
        Ok(())
    }
}

/// Why a record's own signature does not speak for it.
pub(crate) enum Doubt {
    Changed,
    Unsigned,
    OtherSigner,
}

/// Reads the record in a file. Members that are not known are passed over; those that are missing are empty.
pub(crate) fn read<R: Record>(path: &Path) -> Result<R, RecordError> {
    read_signed(path, None)
}

/// As [`read`]; a record of a kind that is signed must be signed with `key`, if there is one.
pub(crate) fn read_signed<R: Record>(path: &Path, key: Option<&PublicKey>) -> Result<R, RecordError> {
    let bytes = read_bounded(path, MAX_BYTES)?;
    let record: R = Reader::new()
        .ignore_unknown_members()
        .read(&bytes)
        .map_err(|source| RecordError::Json {
            kind: R::KIND,
            path: path.to_path_buf(),
            source,
        })?;
    let (schema_id, name) = record.identity();
    // Older writers left the schema id out.
    let says_so = schema_id == R::SCHEMA_ID || schema_id.is_empty() && !text::is_blank(name);
    if !says_so {
        return Err(RecordError::Kind {
            kind: R::KIND,
            path: path.to_path_buf(),
            found: schema_id.to_owned(),
        });
    }
    match record.vouched(&bytes, key) {
        Ok(()) => Ok(record),
        Err(Doubt::Changed) => Err(RecordError::Changed(path.to_path_buf())),
        Err(Doubt::Unsigned) => Err(RecordError::Unsigned(path.to_path_buf())),
        Err(Doubt::OtherSigner) => Err(RecordError::OtherSigner(path.to_path_buf())),
    }
}

/// Whether the file at `path` is a trace, and one that says what its signature, if it has any, was made over. Who signed is not
/// asked.
pub fn check_trace(path: &Path) -> Result<(), RecordError> {
    read::<TraceFacts>(path).map(drop)
}

/// What a pack says of a trace.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TraceFacts {
    schema_id: String,
    created_at: Timestamp,
    pub(crate) trace_id: String,
    pub(crate) tool_name: String,
    pub(crate) verdict: String,
    pub(crate) policy_digest: String,
    signature: Option<Signature>,
}

impl Record for TraceFacts {
    const KIND: &'static str = "a trace";
    const SCHEMA_ID: &'static str = trace::SCHEMA_ID;

    fn identity(&self) -> (&str, &str) {
        (&self.schema_id, &self.trace_id)
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// A trace that contradicts its own signature is no evidence for anybody. Who signed only matters to who says so.
    fn vouched(&self, text: &[u8], key: Option<&PublicKey>) -> Result<(), Doubt> {
        let Some(signature) = &self.signature else {
            return key.map_or(Ok(()), |_| Err(Doubt::Unsigned));
        };
        let digest = json::parse(text).and_then(|mut document| {
            if let Value::Object(members) = &mut document {
                members.remove("signature");
            }
            Digest::of_canonical(&document)
        });
        let digest = digest.map_err(|_| Doubt::Changed)?;
        if Digest::parse_any_case(&signature.signed_digest) != Ok(digest) {
            return Err(Doubt::Changed);
        }
        match key {
            Some(key) if sign::verify(signature, &digest, key) != Ok(true) => Err(Doubt::OtherSigner),
            _ => Ok(()),
        }
    }
}

/// What a pack says of the result of a regression test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegressOutcome {
    schema_id: String,
    created_at: Timestamp,
    pub(crate) fixture_set: String,
    pub(crate) status: String,
    pub(crate) graders: Vec<IgnoredAny>,
}

impl Record for RegressOutcome {
    const KIND: &'static str = "a regression result";
    const SCHEMA_ID: &'static str = regress::RESULT_SCHEMA_ID;

    fn identity(&self) -> (&str, &str) {
        (&self.schema_id, &self.fixture_set)
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

impl Record for ApprovalAuditRecord {
    const KIND: &'static str = "an approval audit";
    const SCHEMA_ID: &'static str = approval::AUDIT_SCHEMA_ID;

    fn identity(&self) -> (&str, &str) {
        (&self.schema_id, &self.trace_id)
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

impl Record for CredentialEvidence {
    const KIND: &'static str = "an issued credential";
    const SCHEMA_ID: &'static str = credential::SCHEMA_ID;

    fn identity(&self) -> (&str, &str) {
        (&self.schema_id, &self.trace_id)
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

/// An inventory as a pack keeps it. Its texts stay as they are, whatever a scanner would make of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Inventory {
    schema_id: String,
    schema_version: String,
    created_at: Timestamp,
    producer_version: String,
    snapshot_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    workspace: String,
    items: Option<Vec<InventoryItem>>,
}

/// A tool or server in an inventory.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct InventoryItem {
    id: String,
    kind: String,
    name: String,
    locator: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    risk_level: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    last_seen_run: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<Relationship>,
}

impl Record for Inventory {
    const KIND: &'static str = "an inventory";
    const SCHEMA_ID: &'static str = "gait.scout.inventory_snapshot";

    fn identity(&self) -> (&str, &str) {
        (&self.schema_id, &self.snapshot_id)
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use gait_canon::{PrivateKey, sign};

    use super::*;

    fn of_text<R: Record>(text: &str) -> Result<R, RecordError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record.json");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn records_say_what_they_are() {
        for (text, is_trace) in [
            (r#"{"schema_id":"gait.gate.trace"}"#, true),
            (r#"{"trace_id":"t","unknown":{}}"#, true),
            (r#"{"hello":1}"#, false),
            (r#"{"trace_id":" "}"#, false),
            (r#"{"schema_id":"gait.regress.result","trace_id":"t"}"#, false),
        ] {
            let read = of_text::<TraceFacts>(text);
            assert_eq!(read.is_ok(), is_trace, "{text}");
        }
        assert!(of_text::<ApprovalAuditRecord>(r#"{"hello":1}"#).is_err());
        assert!(of_text::<CredentialEvidence>(r#"{"hello":1}"#).is_err());
        assert!(of_text::<RegressOutcome>(r#"{"hello":1}"#).is_err());
        assert!(of_text::<Inventory>(r#"{"hello":1}"#).is_err());
        assert!(of_text::<TraceFacts>("{").is_err());
        assert!(of_text::<CredentialEvidence>(r#"{"trace_id":"t","scope":"x"}"#).is_err());
    }

    #[test]
    fn signed_traces_are_what_was_signed() {
        let bare = r#"{"trace_id":"t","verdict":"block","more":[1]}"#;
        let digest = json::canonical_digest_of_bytes(bare.as_bytes()).unwrap();
        let signature = sign::sign(&digest, &PrivateKey::from_seed(&[1; 32]));
        let signature = json::pretty(&signature).unwrap();
        let signed = format!(r#"{},"signature":{signature}}}"#, &bare[..bare.len() - 1]);
        assert_eq!(of_text::<TraceFacts>(&signed).unwrap().verdict, "block");
        for (from, to) in [
            ("block", "allow"),
            ("[1]", "[2]"),
            ("signed_digest", "signed_digests"),
        ] {
            let error = of_text::<TraceFacts>(&signed.replace(from, to)).unwrap_err();
            assert!(matches!(error, RecordError::Changed(_)), "{error}");
        }
    }

    #[test]
    fn absent_lists_stay_absent() {
        let inventory: Inventory = of_text(r#"{"snapshot_id":"s","items":null,"x":1}"#).unwrap();
        let text = json::compact(&json::to_value(&inventory).unwrap());
        assert_eq!(
            text,
            r#"{"created_at":"0001-01-01T00:00:00Z","items":null,"producer_version":"","schema_id":"","schema_version":"","snapshot_id":"s"}"#
        );
    }
}
