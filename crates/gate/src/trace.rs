//! Traces: built from a decision, sealed with a signature, and verified offline.

use std::path::{Component, Path, PathBuf};

use gait_artifact::trace::TraceRecord;
use gait_canon::{
    Digest, PrivateKey, PublicKey, Signature,
    json::{self, Reader, Value},
    sign::{self, SignatureError},
};
use serde::Deserialize;

/// The largest trace that is read, in bytes.
const MAX_TRACE_BYTES: usize = 16 * 1024 * 1024;

/// A trace that carries its signature: only sealing makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct SealedTrace(TraceRecord);

impl SealedTrace {
    /// Signs `trace` with `key`.
    pub fn seal(mut trace: TraceRecord, key: &PrivateKey) -> Result<Self, json::Error> {
        trace.signature = None;
        let digest = Digest::of_canonical(&trace)?;
        trace.signature = Some(sign::sign(&digest, key));
        Ok(Self(trace))
    }

    /// The signed record.
    #[must_use]
    pub const fn record(&self) -> &TraceRecord {
        &self.0
    }

    /// The bytes of the trace file: indented JSON and a final newline.
    pub fn to_file_bytes(&self) -> Result<Vec<u8>, json::Error> {
        crate::record_file::to_bytes(&self.0)
    }
}

/// A path that can't hold a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TracePathError {
    /// Nothing is left of the path.
    #[error("trace path is required")]
    Empty,
    /// The path leads out of the working directory.
    #[error("relative trace path must not traverse parent directories")]
    Traversal,
}

/// The file a trace is written to for the path a caller gave: cleaned, absolute or below the working directory.
pub fn destination(given: &str) -> Result<PathBuf, TracePathError> {
    let given = given.trim();
    let cleaned = gait_disk::path::clean(given);
    if given.is_empty() || cleaned == "." || cleaned == "/" {
        return Err(TracePathError::Empty);
    }
    let path = Path::new(&cleaned);
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(TracePathError::Traversal);
    }
    Ok(path.to_owned())
}

/// A trace file as it was read: the whole of its JSON, and the members that identify it.
#[derive(Debug, Clone)]
pub struct TraceFile {
    document: Value,
    header: Header,
}

/// The members that a verifier looks at; the others are covered by the signature as they stand.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Header {
    trace_id: String,
    verdict: String,
    signature: Option<Signature>,
}

/// Why a trace does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceRejection {
    /// Nobody signed it.
    #[error("trace signature missing")]
    Unsigned,
    /// The signature object is unusable or belongs to another document or key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl TraceFile {
    /// Reads a trace. Its JSON must be well formed and free of repeated keys, whatever else it holds.
    pub fn read(bytes: &[u8]) -> Result<Self, json::Error> {
        let document = Reader::new().max_bytes(MAX_TRACE_BYTES).parse(bytes)?;
        let header = json::from_value(&document)?;
        Ok(Self { document, header })
    }

    /// The id of the decision; empty when the trace has none.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.header.trace_id
    }

    /// The verdict as written; empty when the trace has none.
    #[must_use]
    pub fn verdict(&self) -> &str {
        &self.header.verdict
    }

    /// The id of the key that the signature names; empty when it names none.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.header
            .signature
            .as_ref()
            .map_or("", |signature| &signature.key_id)
    }

    /// Whether `key` signed exactly this document.
    ///
    /// The digest is taken over the file's own JSON and not over the members that happen to be known, so a member
    /// added later is found out. Every trace of a conforming writer has the same digest both ways.
    pub fn verify(&self, key: &PublicKey) -> Result<bool, TraceRejection> {
        let signature = self.header.signature.as_ref().ok_or(TraceRejection::Unsigned)?;
        let digest = self.digest().ok_or(SignatureError::DigestMismatch)?;
        Ok(sign::verify(signature, &digest, key)?)
    }

    /// The digest of everything but the signature.
    fn digest(&self) -> Option<Digest> {
        let mut document = self.document.as_object()?.clone();
        document.remove("signature");
        Digest::of_canonical(&document).ok()
    }
}

#[cfg(test)]
mod tests {
    use gait_artifact::Verdict;

    use super::*;

    fn key() -> PrivateKey {
        PrivateKey::from_seed(&[1; 32])
    }

    fn sealed() -> SealedTrace {
        let mut record = TraceRecord::of(Verdict::Allow);
        record.trace_id = "t".to_owned();
        SealedTrace::seal(record, &key()).unwrap()
    }

    #[test]
    fn a_sealed_trace_verifies() {
        let trace = TraceFile::read(&sealed().to_file_bytes().unwrap()).unwrap();
        assert_eq!((trace.trace_id(), trace.verdict()), ("t", "allow"));
        assert_eq!(trace.key_id(), key().public().key_id().to_string());
        assert_eq!(trace.verify(&key().public()), Ok(true));
    }

    #[test]
    fn sealing_again_replaces_the_signature() {
        let again = SealedTrace::seal(sealed().record().clone(), &key()).unwrap();
        assert_eq!(again, sealed());
    }

    #[test]
    fn documents_without_a_usable_signature_are_rejected() {
        let verify = |text: &str| TraceFile::read(text.as_bytes()).unwrap().verify(&key().public());
        assert_eq!(verify("{}"), Err(TraceRejection::Unsigned));
        assert_eq!(verify(r#"{"signature": null}"#), Err(TraceRejection::Unsigned));
        assert!(matches!(
            verify(r#"{"signature": {}}"#),
            Err(TraceRejection::Signature(_))
        ));
    }

    #[test]
    fn what_is_no_object_or_says_a_member_twice_is_not_read() {
        for text in [
            "",
            "[]",
            "1",
            r#"{"verdict": "block", "verdict": "allow"}"#,
            "{} {}",
        ] {
            assert!(TraceFile::read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn destinations_are_cleaned_and_stay_below_the_working_directory() {
        for (given, cleaned) in [
            ("t.json", Ok("t.json")),
            (" a/../t.json ", Ok("t.json")),
            ("./a//t.json", Ok("a/t.json")),
            ("/srv/../t.json", Ok("/t.json")),
            ("", Err(TracePathError::Empty)),
            (" . ", Err(TracePathError::Empty)),
            ("/..", Err(TracePathError::Empty)),
            ("..", Err(TracePathError::Traversal)),
            ("a/../../t.json", Err(TracePathError::Traversal)),
        ] {
            assert_eq!(destination(given), cleaned.map(PathBuf::from), "{given:?}");
        }
    }
}
