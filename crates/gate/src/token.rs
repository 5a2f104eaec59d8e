//! What approval, delegation and say tokens have in common: files, signatures, lists of paths.

use std::path::Path;

use gait_artifact::{form::FormError, text};
use gait_canon::{
    Digest, PublicKey, Signature,
    json::{self, Reader},
    sign::{self, SignatureError},
};
use gait_disk::read::{ReadError, read_bounded};
use serde::de::DeserializeOwned;

/// The largest token file that is read, in bytes.
const MAX_TOKEN_BYTES: usize = 1024 * 1024;

/// A token file that can't be used at all. A token that is there but does not hold is no such error.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// The file can't be read.
    #[error("read {kind} token: {source}")]
    Read {
        /// `approval`, `delegation` or `say`.
        kind: &'static str,
        /// What the file system said.
        source: ReadError,
    },
    /// The file holds something else than one token, or a token with members that nobody signed.
    #[error("parse {kind} token: {source}")]
    Parse {
        /// `approval`, `delegation` or `say`.
        kind: &'static str,
        /// Where and why.
        source: json::Error,
    },
}

/// A token that can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// What is granted has no normal form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// What is granted has no canonical JSON.
    #[error("encode token: {0}")]
    Encode(#[from] json::Error),
}

/// Why the signature of a document is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFailure {
    /// The signature object is unusable or belongs to another document or key.
    #[error(transparent)]
    Unusable(#[from] SignatureError),
    /// The key did not make this signature.
    #[error("signature does not verify")]
    Forged,
}

/// Whether `key` signed what `recomputed` is the digest of.
pub(crate) fn check_signature(
    signature: &Signature,
    recomputed: Result<Digest, json::Error>,
    key: &PublicKey,
) -> Result<(), SignatureFailure> {
    // What has no digest was never signed.
    let recomputed = recomputed.map_err(|_| SignatureError::DigestMismatch)?;
    if sign::verify(signature, &recomputed, key)? {
        Ok(())
    } else {
        Err(SignatureFailure::Forged)
    }
}

/// Reads a token strictly: unknown, repeated and differently cased members are refused, for no signature covers them.
pub(crate) fn read_file<T: DeserializeOwned>(kind: &'static str, path: &Path) -> Result<T, TokenFileError> {
    let bytes = read_bytes(kind, path)?;
    Reader::new()
        .max_bytes(MAX_TOKEN_BYTES)
        .read(&bytes)
        .map_err(|source| TokenFileError::Parse { kind, source })
}

/// The content of a token file.
pub(crate) fn read_bytes(kind: &'static str, path: &Path) -> Result<Vec<u8>, TokenFileError> {
    read_bounded(path, MAX_TOKEN_BYTES).map_err(|source| TokenFileError::Read { kind, source })
}

/// The token files of a call: `first` and the comma-separated `chain`, sorted by path, each path once.
#[must_use]
pub fn unique_paths(first: &str, chain: &str) -> Vec<String> {
    text::list([first].into_iter().chain(chain.split(',')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_sorted_and_unique() {
        assert_eq!(
            unique_paths(" b.json ", " c.json,, a.json ,b.json"),
            ["a.json", "b.json", "c.json"]
        );
        assert!(unique_paths(" ", ",,").is_empty());
    }

    #[test]
    fn files_are_read_strictly() {
        use gait_artifact::approval::ApprovalToken;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token.json");
        let read = || read_file::<ApprovalToken>("approval", &path);
        assert!(matches!(
            read(),
            Err(TokenFileError::Read { kind: "approval", .. })
        ));
        for (content, good) in [
            ("{}\n", true),
            ("[]", false),
            ("{}{}", false),
            (r#"{"approved_by":"me"}"#, false),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read().is_ok(), good, "{content}");
        }
        std::fs::write(&path, " ".repeat(MAX_TOKEN_BYTES + 1)).unwrap();
        assert!(read().is_err());
    }
}
