//! What an attestation says: in-toto Statement v1, and the two predicates a pack can be the subject of.

use gait_artifact::Timestamp;
use gait_canon::{
    Digest,
    json::{self, Value},
};
use serde::{Deserialize, Serialize};

/// The payload type of an envelope around a statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of statements.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Who made the verification that a predicate tells of.
pub const VERIFIER_ID: &str = "https://gait.dev/verifier/pack/v1";

/// What kind of thing is said of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PredicateType {
    /// What the pack is, what it holds, and how its verification went.
    #[default]
    Pack,
    /// The Simple Verification Result of the in-toto project, which knows nothing of packs and is read by many.
    VerificationResult,
}

impl PredicateType {
    /// Every type.
    pub const ALL: [Self; 2] = [Self::Pack, Self::VerificationResult];

    /// Its URI.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Pack => "https://gait.dev/attestation/pack/v1",
            Self::VerificationResult => "https://in-toto.io/attestation/svr/v0.1",
        }
    }

    /// Its short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::VerificationResult => "svr",
        }
    }

    /// The type with this short name or URI.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| text == known.uri() || text == known.name())
    }
}

/// A statement about files, each named by its digest.
///
/// Members that are not known are ignored, as in-toto's parsing rules demand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// The files.
    pub subject: Vec<Resource>,
    /// URI of the kind of predicate.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said of them.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub predicate: Value,
}

impl Statement {
    /// That `predicate` holds for one file.
    pub(super) fn about<P: Serialize>(
        subject: Resource,
        predicate_type: PredicateType,
        predicate: &P,
    ) -> Result<Self, json::Error> {
        Ok(Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: vec![subject],
            predicate_type: predicate_type.uri().to_owned(),
            predicate: json::to_value(predicate)?,
        })
    }

    /// The subject with this digest, whatever its name.
    #[must_use]
    pub fn subject_with(&self, digest: &Digest) -> Option<&Resource> {
        self.subject
            .iter()
            .find(|subject| Digest::parse_any_case(&subject.digest.sha256).as_ref() == Ok(digest))
    }
}

/// A file, by name and digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resource {
    /// A name that tells it from the others of its list.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its digests.
    pub digest: DigestSet,
}

impl Resource {
    /// A file with the SHA-256 digest `sha256` in hex.
    pub(super) fn new(name: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            digest: DigestSet {
                sha256: sha256.into(),
            },
        }
    }
}

/// The digests of a file. Algorithms other than SHA-256 are not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DigestSet {
    /// SHA-256 in hex; empty when only others are given.
    pub sha256: String,
}

/// The predicate [`PredicateType::Pack`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PackPredicate {
    /// Who verified the pack.
    pub verifier: Verifier,
    /// Id of the pack.
    pub pack_id: String,
    /// What kind of pack it is.
    pub pack_type: String,
    /// What it is about: a run, job, call or trace id.
    pub source_ref: String,
    /// The manifest, with the digest of its canonical JSON, signatures included.
    pub manifest: Resource,
    /// How the verification went.
    pub verification: VerificationSummary,
    /// The files the manifest declares, with their digests.
    pub entries: Vec<Resource>,
}

/// Who verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verifier {
    /// [`VERIFIER_ID`].
    pub id: String,
    /// Version of the program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// How the verification of a pack went, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VerificationSummary {
    /// Files whose digest was compared with the manifest.
    pub files_checked: usize,
    /// Records of the proof chain that hold.
    pub proof_records_verified: usize,
    /// `missing` without signatures; `skipped` with some, for no key was at hand.
    pub signature_status: String,
    /// Signatures on the manifest.
    pub signatures_total: usize,
    /// Those that hold.
    pub signatures_valid: usize,
}

/// The predicate [`PredicateType::VerificationResult`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VerificationResult {
    /// Who verified.
    pub verifier: Verifier,
    /// When.
    pub time_created: Timestamp,
    /// What holds.
    pub properties: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicate_types_have_two_names() {
        for known in PredicateType::ALL {
            assert_eq!(PredicateType::parse(known.uri()), Some(known));
            assert_eq!(PredicateType::parse(known.name()), Some(known));
        }
        assert_eq!(PredicateType::parse("https://slsa.dev/provenance/v1"), None);
    }

    #[test]
    fn a_statement_reads_as_in_toto_writes_it() {
        let digest = Digest::of(b"archive");
        let text = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1",
            "subject":[{{"name":"other","digest":{{"sha1":"00"}}}},
                       {{"digest":{{"sha256":"{}","sha512":"00"}},"mediaType":"application/zip"}}],
            "predicateType":"https://example.com/p","predicate":{{"a":1}},"extension":true}}"#,
            digest.to_string().to_uppercase()
        );
        let statement: Statement = json::read(text.as_bytes()).unwrap();
        assert_eq!(statement.statement_type, STATEMENT_TYPE);
        assert!(statement.subject_with(&digest).is_some());
        assert!(statement.subject_with(&Digest::of(b"another")).is_none());
    }

    #[test]
    fn a_statement_has_the_members_of_the_standard() {
        let result = VerificationResult {
            properties: vec!["P".to_owned()],
            ..VerificationResult::default()
        };
        let subject = Resource::new("p.zip", "ab");
        let statement = Statement::about(subject, PredicateType::VerificationResult, &result).unwrap();
        assert_eq!(
            json::compact(&json::to_value(&statement).unwrap()),
            concat!(
                r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{"properties":["P"],"#,
                r#""timeCreated":"0001-01-01T00:00:00Z","verifier":{"id":""}},"#,
                r#""predicateType":"https://in-toto.io/attestation/svr/v0.1","#,
                r#""subject":[{"digest":{"sha256":"ab"},"name":"p.zip"}]}"#
            )
        );
    }
}
