//! The gate result: what an evaluation came to, without how.

use serde::{Deserialize, Serialize};

use crate::{time::Timestamp, verdict::Verdict};

/// The schema id of a gate result.
pub const SCHEMA_ID: &str = "gait.gate.result";
/// The schema version of a gate result.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// The outcome of one evaluation (`gait.gate.result`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
#[serde(deny_unknown_fields)]
pub struct GateResult {
    /// `gait.gate.result`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// Creation time of the intent, or the start of 1980.
    pub created_at: Timestamp,
    /// Version of the program that evaluated.
    pub producer_version: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, sorted.
    pub reason_codes: Vec<String>,
    /// What was violated, sorted.
    pub violations: Vec<String>,
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).artifact(SCHEMA_ID, SCHEMA_VERSION);
}
