//! What a decision says beside its verdict: the outcome of each kind of check, as traces and output show it.

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::{
    members::Members,
    vocabulary::{ENV_EXPOSURE_MODES, FILESYSTEM_ISOLATIONS, NETWORK_MODES, USER_MODES},
};
use crate::{time::Timestamp, verdict::Verdict};

/// The verdict of one step of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_step))]
#[serde(deny_unknown_fields)]
pub struct StepVerdict {
    /// Position in the script, from 0.
    pub index: usize,
    /// The tool of the step.
    pub tool_name: String,
    /// What was decided for the step alone.
    pub verdict: Verdict,
    /// Why, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// What was violated, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// Names of the rules that matched, joined with `,`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub matched_rule: String,
}

/// Whether a freeze window stood in the way of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_freeze))]
#[serde(default, deny_unknown_fields)]
pub struct FreezeDecision {
    /// `active`, `inactive` or `invalid`.
    pub status: String,
    /// `block` or `require_approval`.
    pub effect: String,
    /// The IANA zone the windows are written in.
    pub timezone: String,
    /// The instant that was compared with the windows.
    pub evaluated_at: Timestamp,
    /// The window that holds the instant, or the invalid one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub window_name: String,
    /// Start of the active window; unset unless active.
    pub window_start: Timestamp,
    /// End of the active window; unset unless active.
    pub window_end: Timestamp,
    /// Why the window exists, or what is wrong with it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The reason code the window contributed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason_code: String,
}

/// Whether the attested sandbox satisfies a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_sandbox))]
#[serde(default, deny_unknown_fields)]
pub struct SandboxDecision {
    /// `valid`, `missing` or `disallowed`.
    pub status: String,
    /// The attested network mode.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network_mode: String,
    /// The attested exposure of environment variables.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub env_exposure_mode: String,
    /// The attested time limit in seconds.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub timeout_seconds: i64,
    /// The attested isolation of the file system.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filesystem_isolation: String,
    /// The attested user.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_mode: String,
    /// Where the evidence is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence_ref: String,
    /// Digest of the evidence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence_digest: String,
    /// What is missing or disallowed, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
}

/// Whether a kill switch stops a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_kill_switch))]
#[serde(default, deny_unknown_fields)]
pub struct KillSwitchDecision {
    /// `inactive`, `active` or `unavailable`.
    pub status: String,
    /// The most telling reason code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason_code: String,
    /// All reason codes, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// The entries that matched, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matched_entry_ids: Vec<String>,
    /// The instant at which expiries were judged.
    pub evaluated_at: Timestamp,
}

/// How far the MCP server behind a call is trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_trust))]
#[serde(default, deny_unknown_fields)]
pub struct McpTrustDecision {
    /// Id of the server.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server_id: String,
    /// Name of the server.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server_name: String,
    /// Who published it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub publisher: String,
    /// Where it was obtained.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// `trusted`, `untrusted`, `unknown`, `stale`, `missing`, `invalid` or `below_threshold`.
    pub status: String,
    /// The file the judgement rests on.
    pub decision_source: String,
    /// The server's score, 0 to 1.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub score: f64,
    /// The score the policy asks for.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub threshold: f64,
    /// When the entry was updated.
    pub updated_at: Timestamp,
    /// The oldest entry the policy accepts, in seconds.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub max_age_seconds: i64,
    /// Whether the policy demands trust for this call.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Whether the verdict was changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enforced: bool,
    /// Whether the registry's signature and pin hold.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub registry_verified: bool,
    /// Whether the publisher is on the policy's list.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub publisher_allowed: bool,
    /// Why, sorted.
    pub reason_codes: Vec<String>,
}

#[cfg(feature = "schema")]
fn published_step(schema: &mut schemars::Schema) {
    Members::of(schema).at_least(0, &["index"]);
}

#[cfg(feature = "schema")]
fn published_freeze(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&["timezone", "window_name", "reason", "reason_code"])
        .words("status", &["active", "inactive", "invalid"])
        .words("effect", &["block", "require_approval"])
        .optional(&[
            "status",
            "effect",
            "timezone",
            "evaluated_at",
            "window_start",
            "window_end",
        ]);
}

#[cfg(feature = "schema")]
fn published_sandbox(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&["evidence_ref", "reason_codes"])
        .words("status", &["disallowed", "invalid", "missing", "valid"])
        .words("network_mode", NETWORK_MODES)
        .words("env_exposure_mode", ENV_EXPOSURE_MODES)
        .words("filesystem_isolation", FILESYSTEM_ISOLATIONS)
        .words("user_mode", USER_MODES)
        .at_least(0, &["timeout_seconds"])
        .digests(&["evidence_digest"])
        .optional(&["status"]);
}

#[cfg(feature = "schema")]
fn published_kill_switch(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&["reason_code", "reason_codes", "matched_entry_ids"])
        .words("status", &["active", "inactive", "unavailable"])
        .optional(&["status", "evaluated_at"]);
}

#[cfg(feature = "schema")]
fn published_trust(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&[
            "server_id",
            "server_name",
            "publisher",
            "source",
            "decision_source",
        ])
        .words(
            "status",
            &[
                "trusted",
                "missing",
                "unknown",
                "untrusted",
                "invalid",
                "stale",
                "below_threshold",
            ],
        )
        .at_least(0, &["max_age_seconds"])
        .optional(&["status", "decision_source", "updated_at", "reason_codes"]);
}
