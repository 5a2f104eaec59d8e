//! A manifest on the disk, held against key, publishers and pin.

use std::path::{Path, PathBuf};

use gait_artifact::Timestamp;
use gait_artifact::registry::{
    FailureReason, REPORT_SCHEMA_ID, SCHEMA_VERSION, VerificationReport, VerificationStatus,
};
use gait_artifact::text::trim;
use gait_canon::PublicKey;
use gait_disk::ReadError;
use gait_disk::read::read_bounded;

use crate::cache::{Cache, PinText, read_pin};
use crate::manifest::{MAX_MANIFEST_BYTES, Manifest, ManifestError, SignatureFailure};
use crate::trust::{PublisherRefusal, Publishers};

/// What a manifest is held against.
#[derive(Debug, Clone)]
pub struct VerifyOptions<'a> {
    /// The key it must be signed with.
    pub key: &'a PublicKey,
    /// Whose packs are in order.
    pub publishers: &'a Publishers,
    /// The cache whose pin it must have; without one, the cache the manifest lies in, if it does in any.
    pub cache: Option<&'a Cache>,
}

/// Why there is nothing to tell of a manifest.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error("read registry manifest: {0}")]
    Read(#[source] ReadError),
    /// It is none.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its pin is there and cannot be read.
    #[error("read registry pin: {0}")]
    Pin(#[source] ReadError),
}

/// What holds of a manifest and what does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    /// The manifest.
    pub manifest: Manifest,
    /// Its path as given, trimmed.
    pub metadata_path: String,
    /// Whether a signature is believed.
    pub signature: Result<(), SignatureFailure>,
    /// Whether the publisher is in order.
    pub publisher: Result<(), PublisherRefusal>,
    /// Where its pin is looked for; `None` when no cache is concerned.
    pub pin_path: Option<PathBuf>,
    /// The pin that is there.
    pub pin: Option<PinText>,
}

/// Reads the manifest at `path` and holds it against what `options` demand.
pub fn verify(path: &str, options: &VerifyOptions<'_>) -> Result<Verification, VerifyError> {
    let path = trim(path);
    let bytes = read_bounded(Path::new(path), MAX_MANIFEST_BYTES).map_err(VerifyError::Read)?;
    let manifest = Manifest::parse(&bytes)?;
    let cache = options.cache.cloned().or_else(|| Cache::holding(path, &manifest));
    let pin_path = cache.map(|cache| cache.pin_path(&manifest));
    let pin = match &pin_path {
        Some(path) => read_pin(path).map_err(VerifyError::Pin)?,
        None => None,
    };
    Ok(Verification {
        signature: manifest.verify(options.key).map(|_| ()),
        publisher: options.publishers.admit(&manifest.pack().publisher),
        manifest,
        metadata_path: path.to_owned(),
        pin_path,
        pin,
    })
}

impl Verification {
    /// Whether everything that was demanded holds.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.failure_reasons().is_empty()
    }

    /// Whether the pin is there and of this manifest.
    #[must_use]
    pub fn pin_verified(&self) -> bool {
        self.pin.as_ref().is_some_and(|pin| pin.admits(&self.manifest))
    }

    /// What does not hold, in the order of the words. A pin that is not there is not missed.
    #[must_use]
    pub fn failure_reasons(&self) -> Vec<FailureReason> {
        let failures = [
            (
                self.pin.is_some() && !self.pin_verified(),
                FailureReason::PinMismatch,
            ),
            (self.publisher.is_err(), FailureReason::PublisherNotAllowed),
            (self.signature.is_err(), FailureReason::SignatureNotVerified),
        ];
        let failed = failures.into_iter().filter(|(failed, _)| *failed);
        failed.map(|(_, reason)| reason).collect()
    }

    /// Where the pin is looked for, as text.
    #[must_use]
    pub fn pin_path_text(&self) -> String {
        let path = self.pin_path.as_deref();
        path.map_or_else(String::new, |path| path.display().to_string())
    }

    /// The report of a program of this version.
    #[must_use]
    pub fn report(&self, producer_version: &str) -> VerificationReport {
        let pack = self.manifest.pack();
        let failure_reasons = self.failure_reasons();
        VerificationReport {
            schema_id: REPORT_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: Timestamp::EPOCH_1980,
            producer_version: producer_version.to_owned(),
            pack_name: pack.pack_name.clone(),
            pack_version: pack.pack_version.clone(),
            digest: self.manifest.digest().to_string(),
            metadata_path: self.metadata_path.clone(),
            pin_path: self.pin_path_text(),
            pin_digest: self
                .pin
                .as_ref()
                .map_or_else(String::new, |pin| pin.as_str().to_owned()),
            pin_present: self.pin.is_some(),
            pin_verified: self.pin_verified(),
            signature_verified: self.signature.is_ok(),
            publisher: pack.publisher.clone(),
            source: pack.source.clone(),
            publisher_allowed: self.publisher.is_ok(),
            status: if failure_reasons.is_empty() {
                VerificationStatus::Pass
            } else {
                VerificationStatus::Fail
            },
            failure_reasons,
        }
    }
}
