//! A pack in numbers, for the systems that watch many: OpenTelemetry-like lines and a row of a PostgreSQL table.
//!
//! A damaged pack is exported too, and its damage with it; one that cannot be read is not.

mod metrics;
mod otel;
mod sql;

use std::path::Path;

use gait_artifact::Timestamp;
use gait_canon::json;
use gait_disk::Progress;
use serde::Serialize;

pub use self::metrics::RunMetrics;
pub use self::otel::lines as otel_lines;
pub use self::sql::{DEFAULT_TABLE, InvalidTable, Table, UnstorableText, statements as sql_statements};

use crate::inspect::{InspectError, Inspected};
use crate::verify::{VerifyError, VerifyOptions, verify};

/// Why a pack was not put into numbers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Its verification did not come to a result.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It could not be looked into.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// Its manifest has no canonical form.
    #[error("pack manifest: {0}")]
    Canonical(#[from] json::Error),
}

/// A pack in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ExportSummary {
    /// Id of the pack.
    pub pack_id: String,
    /// What kind of pack it is.
    pub pack_type: String,
    /// Id of the run, job, call or trace it is about.
    pub source_ref: String,
    /// SHA-256 of the canonical manifest, signatures included.
    pub manifest_digest: String,
    /// Declared files.
    pub files_checked: u64,
    /// Files with another digest than declared.
    pub hash_mismatches: u64,
    /// Declared files that are not there.
    pub missing_files: u64,
    /// Files that nobody declared.
    pub undeclared_files: u64,
    /// `missing`, `skipped`, `verified` or `failed`.
    pub signature_status: String,
    /// Signatures on the manifest.
    pub signatures_total: u64,
    /// Those that hold.
    pub signatures_valid: u64,
    /// When the pack was made; the run, for a runpack.
    pub created_at: Timestamp,
    /// What the run did.
    pub metrics: RunMetrics,
}

impl ExportSummary {
    /// Verifies the pack or runpack at `path`, without keys, and counts what it holds.
    pub fn of(path: &Path, progress: &dyn Progress) -> Result<Self, ExportError> {
        let verification = verify(path, &VerifyOptions::default(), progress)?;
        let inspected = Inspected::open(path)?;
        let manifest_digest = inspected.manifest_digest()?.to_string();
        let runpack = inspected.runpack.as_ref();
        let metrics = runpack.map(|runpack| RunMetrics::of(runpack.intents.len(), &runpack.results));
        let created_at = match (&inspected.inspection.manifest, &inspected.runpack_manifest) {
            (Some(manifest), _) => manifest.created_at,
            (None, manifest) => {
                let of_manifest = manifest.as_ref().map(|manifest| manifest.created_at);
                let of_run = runpack.map(|runpack| runpack.run.created_at);
                of_run.or(of_manifest).unwrap_or_default()
            }
        };
        Ok(Self {
            pack_id: inspected.inspection.pack_id,
            pack_type: inspected.inspection.pack_type,
            source_ref: inspected.inspection.source_ref,
            manifest_digest,
            files_checked: verification.files_checked as u64,
            hash_mismatches: verification.hash_mismatches.len() as u64,
            missing_files: verification.missing_files.len() as u64,
            undeclared_files: verification.undeclared_files.len() as u64,
            signature_status: verification.signatures.status.as_str().to_owned(),
            signatures_total: verification.signatures.total as u64,
            signatures_valid: verification.signatures.valid as u64,
            created_at,
            metrics: metrics.unwrap_or_default(),
        })
    }

    /// Whether every declared file is there as declared, and no other.
    #[must_use]
    pub const fn is_intact(&self) -> bool {
        self.hash_mismatches == 0 && self.missing_files == 0 && self.undeclared_files == 0
    }
}
