//! The ranking of actions by the harm they can do (`gait.report.top_actions`).

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::time::Timestamp;

/// The schema id of the report.
pub const TOP_ACTIONS_SCHEMA_ID: &str = "gait.report.top_actions";
/// The schema version of the report.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// The actions of runs and traces that can do most harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
pub struct TopActions {
    /// `gait.report.top_actions`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// The beginning of 1980: the same records give the same report.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// How many runs there are.
    pub run_count: usize,
    /// How many traces there are.
    pub trace_count: usize,
    /// How many actions there are, shown or not.
    pub action_count: usize,
    /// The actions that are shown, the gravest first.
    pub top_actions: Vec<RankedAction>,
}

/// An action and what makes it grave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_action))]
pub struct RankedAction {
    /// Its place, from 1.
    pub rank: usize,
    /// How grave it is; only the order matters.
    pub score: u32,
    /// What the tool does to the world: `read`, `execute`, `write` or `destructive`.
    pub tool_class: String,
    /// How far a mistake would reach, from 1 to 3.
    pub blast_radius: u32,
    /// The run it belongs to, or `unknown`.
    pub run_id: String,
    /// The intent, for an action of a runpack.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub intent_id: String,
    /// Digest of the intent, for an action of a trace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub intent_digest: String,
    /// The trace, for an action of one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
    /// The tool.
    pub tool_name: String,
    /// What the gate said, where a trace tells.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub verdict: String,
    /// What speaks against it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// `runpack` or `trace`.
    pub source_type: String,
    /// The file that tells of it.
    pub source_artifact: String,
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(TOP_ACTIONS_SCHEMA_ID, SCHEMA_VERSION)
        .closed();
}

#[cfg(feature = "schema")]
fn published_action(schema: &mut schemars::Schema) {
    Members::of(schema)
        .at_least(1, &["rank"])
        .words("tool_class", &["read", "execute", "write", "destructive"])
        .words("source_type", &["runpack", "trace"])
        .filled(&[
            "run_id",
            "intent_id",
            "intent_digest",
            "trace_id",
            "tool_name",
            "verdict",
            "source_artifact",
        ])
        .closed();
}
