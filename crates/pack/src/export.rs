//! A pack in numbers, for the systems that watch many: OpenTelemetry-like lines and a row of a PostgreSQL table.
//!
//! A damaged pack is exported too, and its damage with it; one that cannot be read is not.

mod metrics;
mod otel;
mod sql;

use gait_artifact::Timestamp;
use serde::Serialize;

pub use self::metrics::RunMetrics;
pub use self::otel::lines as otel_lines;
pub use self::sql::{DEFAULT_TABLE, InvalidTable, Table, UnstorableText, statements as sql_statements};

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
    /// Whether every declared file is there as declared, and no other.
    #[must_use]
    pub const fn is_intact(&self) -> bool {
        self.hash_mismatches == 0 && self.missing_files == 0 && self.undeclared_files == 0
    }
}
