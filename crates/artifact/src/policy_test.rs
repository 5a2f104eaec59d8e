//! The policy test result: what a policy says to one intent, apart from tokens, limits and state.

use gait_canon::Digest;
use serde::{Deserialize, Serialize};

use crate::{time::Timestamp, verdict::Verdict};

/// The schema id of a policy test result.
pub const SCHEMA_ID: &str = "gait.policytest.result";
/// The schema version of a policy test result.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// The outcome of testing a policy with one intent (`gait.policytest.result`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
#[serde(deny_unknown_fields)]
pub struct PolicyTestResult {
    /// `gait.policytest.result`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// Creation time of the intent, or the start of 1980.
    pub created_at: Timestamp,
    /// Version of the program that tested.
    pub producer_version: String,
    /// Digest of the policy.
    pub policy_digest: Digest,
    /// Digest of the intent.
    pub intent_digest: Digest,
    /// What the policy says.
    pub verdict: Verdict,
    /// Why, sorted.
    pub reason_codes: Vec<String>,
    /// What was violated, sorted.
    pub violations: Vec<String>,
    /// Names of the rules that matched, joined with `,`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub matched_rule: String,
    /// Whether a rule matched the claimed delegation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delegation_matched: bool,
    /// Number of links in the claimed delegation.
    #[serde(default, skip_serializing_if = "gait_canon::json::is_default")]
    pub delegation_depth: usize,
    /// The class of work the claimed delegation is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub delegation_scope: String,
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .digests(&["policy_digest", "intent_digest"]);
}
