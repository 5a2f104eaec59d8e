//! The signatures of a document, held against one key.

use std::fmt;

use gait_artifact::finding::{Finding, FindingCode};
use gait_canon::{Digest, PublicKey, Signature, json, sign};

/// What is known of the signatures of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureStatus {
    /// There are none.
    Missing,
    /// There are some, and no key to check them with.
    Skipped,
    /// At least one is by the key.
    Verified,
    /// None is by the key.
    Failed,
}

impl SignatureStatus {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Skipped => "skipped",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for SignatureStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The outcome of checking the signatures of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureReport {
    /// The verdict.
    pub status: SignatureStatus,
    /// Why signatures do not count, sorted.
    pub errors: Vec<String>,
    /// How many there are.
    pub total: usize,
    /// How many are by the key.
    pub valid: usize,
    /// Whether a signature was asked for.
    pub required: bool,
}

impl SignatureReport {
    /// What the verdict on the signatures does not tell. `keyed` says whether there was a key, `manifest` is the name of the
    /// signed file.
    #[must_use]
    pub fn finding(&self, keyed: bool, manifest: &str) -> Option<Finding> {
        let (code, message) = match self.status {
            SignatureStatus::Missing if keyed && !self.required => (
                FindingCode::SignatureMissing,
                "a key is given and nothing is signed".to_owned(),
            ),
            SignatureStatus::Verified if self.valid < self.total => (
                FindingCode::SignatureInvalid,
                format!(
                    "{} of {} signatures do not hold",
                    self.total - self.valid,
                    self.total
                ),
            ),
            _ => return None,
        };
        Some(Finding::new(code, manifest, message))
    }

    /// Holds every signature against `key` and the digest that `signed` computes, which is asked for only when it is needed.
    pub fn of(
        signatures: &[Signature],
        signed: impl FnOnce() -> Result<Digest, json::Error>,
        key: Option<&PublicKey>,
        required: bool,
    ) -> Self {
        let mut report = Self {
            status: SignatureStatus::Missing,
            errors: Vec::new(),
            total: signatures.len(),
            valid: 0,
            required,
        };
        match key {
            _ if signatures.is_empty() => {
                if required {
                    report.errors.push("manifest has no signatures".to_owned());
                }
            }
            None => {
                report.status = SignatureStatus::Skipped;
                report.errors.push("public key not configured".to_owned());
            }
            Some(key) => report.check(signatures, signed, key),
        }
        report
    }

    fn check(
        &mut self,
        signatures: &[Signature],
        signed: impl FnOnce() -> Result<Digest, json::Error>,
        key: &PublicKey,
    ) {
        self.status = SignatureStatus::Failed;
        let digest = match signed() {
            Ok(digest) => digest,
            Err(error) => return self.errors.push(error.to_string()),
        };
        for signature in signatures {
            match sign::verify(signature, &digest, key) {
                Ok(true) => self.valid += 1,
                Ok(false) => self.errors.push("signature verification failed".to_owned()),
                Err(error) => self.errors.push(error.to_string()),
            }
        }
        self.errors.sort();
        if self.valid > 0 {
            self.status = SignatureStatus::Verified;
        }
    }

    /// Whether the document passes: a signature that was asked for is there and holds, and if there are any, and a key,
    /// one holds.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        if self.required {
            self.status == SignatureStatus::Verified
        } else {
            self.status != SignatureStatus::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use gait_canon::PrivateKey;

    use super::SignatureStatus::{Failed, Missing, Skipped, Verified};
    use super::*;

    #[test]
    fn one_good_signature_suffices_and_none_does_not() {
        let (key, other) = (PrivateKey::from_seed(&[1; 32]), PrivateKey::from_seed(&[2; 32]));
        let digest = Digest::of(b"document");
        let (good, bad) = (sign::sign(&digest, &key), sign::sign(&digest, &other));
        let public = key.public();
        let report = |signatures: &[Signature], key: Option<&PublicKey>, required| {
            let report = SignatureReport::of(signatures, || Ok(digest), key, required);
            (report.status, report.valid, report.errors.len(), report.is_ok())
        };
        assert_eq!(report(&[], Some(&public), false), (Missing, 0, 0, true));
        assert_eq!(report(&[], Some(&public), true), (Missing, 0, 1, false));
        let both = [bad.clone(), good];
        assert_eq!(report(&both, None, false), (Skipped, 0, 1, true));
        assert_eq!(report(&both, None, true), (Skipped, 0, 1, false));
        assert_eq!(report(&both, Some(&public), true), (Verified, 1, 1, true));
        assert_eq!(report(&[bad], Some(&public), false), (Failed, 0, 1, false));
    }
}
