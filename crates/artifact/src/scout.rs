//! The records of scouting: what agents may call from a repository, and which runs went wrong in the same way.
//!
//! Readers are lenient, as with runpacks: unknown members are ignored and absent ones are empty. Writers put members in
//! the order of these structs and leave the empty ones out where that is said.

use gait_canon::{Digest, json::is_default};
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::{relationship::Relationship, time::Timestamp};

/// The schema version of every record of scouting.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// The schema id of a snapshot.
pub const SNAPSHOT_SCHEMA_ID: &str = "gait.scout.inventory_snapshot";
/// The schema id of a run's fingerprint.
pub const FINGERPRINT_SCHEMA_ID: &str = "gait.scout.run_fingerprint";
/// The schema id of a signal report.
pub const SIGNAL_SCHEMA_ID: &str = "gait.scout.signal_report";

/// Everything that agents may call from some directories (`gait.scout.inventory_snapshot`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_snapshot))]
#[serde(default)]
pub struct InventorySnapshot {
    /// `gait.scout.inventory_snapshot`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the directories were looked at, UTC.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// `snap_` and 12 hexadecimal digits that follow from the workspace and the items.
    pub snapshot_id: String,
    /// The directories, separated by commas.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub workspace: String,
    /// What was found, sorted by id.
    pub items: Vec<InventoryItem>,
}

/// A tool or a server of tools.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_item))]
#[serde(default)]
pub struct InventoryItem {
    /// Identifies it within a snapshot.
    pub id: String,
    /// `tool` or `mcp_server`.
    pub kind: String,
    /// Its name as written.
    pub name: String,
    /// The file it was found in.
    pub locator: String,
    /// How much harm it could do: `low`, `medium`, `high` or `critical`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub risk_level: String,
    /// What marked it, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The latest run known to have called it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_seen_run: String,
    /// Its links to the snapshot and to the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Relationship>,
}

/// What makes a run like another (`gait.scout.run_fingerprint`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_fingerprint))]
pub struct RunFingerprint {
    /// `gait.scout.run_fingerprint`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// The start of 1980: equal runs have equal fingerprints, whenever they are looked at.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// The run.
    pub run_id: String,
    /// Digest of the five lists that follow.
    pub fingerprint: Digest,
    /// The tools that were called, in order.
    pub action_sequence: Vec<String>,
    /// What kinds of tools these are, sorted.
    pub tool_classes: Vec<String>,
    /// The systems that references were taken from, sorted.
    pub target_systems: Vec<String>,
    /// What went wrong, sorted.
    pub reason_code_vector: Vec<String>,
    /// Digests of the references' contents, sorted.
    pub ref_receipt_digests: Vec<String>,
    /// The runpack that was read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_runpack: String,
    /// How many traces belong to the run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trace_count: usize,
    /// Whether a regression test of the run failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub regress_evidence_seen: bool,
}

/// Which runs went wrong in the same way (`gait.scout.signal_report`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_report))]
pub struct SignalReport {
    /// `gait.scout.signal_report`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// The start of 1980, so that equal runs have equal reports.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// How many runpacks were read.
    pub run_count: usize,
    /// How many families they fall into.
    pub family_count: usize,
    /// A fingerprint for each runpack, by run and path.
    pub fingerprints: Vec<RunFingerprint>,
    /// The families, the most severe first.
    pub families: Vec<SignalFamily>,
    /// The families to look at first.
    pub top_issues: Vec<SignalIssue>,
}

/// Runs with the same fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_family))]
pub struct SignalFamily {
    /// `fam_` and the first 12 digits of the fingerprint.
    pub family_id: String,
    /// What the runs have in common.
    pub fingerprint: Digest,
    /// How many runpacks there are.
    pub count: usize,
    /// The runs, sorted.
    pub run_ids: Vec<String>,
    /// The run that stands for all of them.
    pub canonical_run_id: String,
    /// What went wrong most of all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub top_failure_reason: String,
    /// What probably changed, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drivers: Vec<Driver>,
    /// How severe it is; the more, the worse.
    pub severity_score: u32,
    /// The same in a word.
    pub severity_level: SeverityLevel,
    /// The runpacks, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifact_pointers: Vec<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<FixSuggestion>,
}

/// A family among those to look at first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_issue))]
pub struct SignalIssue {
    /// Its place, from 1.
    pub rank: usize,
    /// The family.
    pub family_id: String,
    /// What its runs have in common.
    pub fingerprint: Digest,
    /// How many runpacks there are.
    pub count: usize,
    /// The run that stands for all of them.
    pub canonical_run_id: String,
    /// What went wrong most of all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub top_failure_reason: String,
    /// What probably changed, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drivers: Vec<Driver>,
    /// How severe it is; the more, the worse.
    pub severity_score: u32,
    /// The same in a word.
    pub severity_level: SeverityLevel,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<FixSuggestion>,
}

/// What probably changed when runs go wrong. Ordered as the names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Driver {
    /// The configuration or the environment.
    ConfigurationChange,
    /// What policy lets through.
    PolicyChange,
    /// What the agent looked at.
    ReferenceSetChange,
    /// What tools answer.
    ToolResultShapeChange,
}

/// How severe a family is, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeverityLevel {
    /// A score below 70.
    Low,
    /// From 70.
    Medium,
    /// From 110.
    High,
    /// From 150.
    Critical,
}

impl SeverityLevel {
    /// The level of a score.
    #[must_use]
    pub const fn of_score(score: u32) -> Self {
        match score {
            0..70 => Self::Low,
            70..110 => Self::Medium,
            110..150 => Self::High,
            150.. => Self::Critical,
        }
    }

    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A step that would keep the runs of a family from going wrong again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_suggestion))]
pub struct FixSuggestion {
    /// What kind of step it is, e.g. `policy_fixture`.
    pub kind: String,
    /// What to do, for people.
    pub summary: String,
    /// The files it would touch, for people.
    pub likely_scope: String,
}

#[cfg(feature = "schema")]
const RISK_LEVELS: &[&str] = &["critical", "high", "low", "medium"];

#[cfg(feature = "schema")]
fn published_snapshot(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(SNAPSHOT_SCHEMA_ID, SCHEMA_VERSION)
        .closed();
}

#[cfg(feature = "schema")]
fn published_item(schema: &mut schemars::Schema) {
    Members::of(schema)
        .words("risk_level", RISK_LEVELS)
        .with("last_seen_run", "pattern", "^run_[A-Za-z0-9_-]+$")
        .closed();
}

#[cfg(feature = "schema")]
fn published_fingerprint(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(FINGERPRINT_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["producer_version", "run_id", "action_sequence", "tool_classes"])
        .filled(&["target_systems", "reason_code_vector"])
        .digests(&["ref_receipt_digests"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_report(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(SIGNAL_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["producer_version"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_family(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&["family_id", "run_ids", "canonical_run_id", "artifact_pointers"])
        .at_least(1, &["count"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_issue(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&["family_id", "canonical_run_id"])
        .at_least(1, &["rank", "count"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_suggestion(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&["kind", "summary", "likely_scope"])
        .closed();
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    #[test]
    fn snapshots_of_others_are_read_leniently() {
        let read: InventorySnapshot = json::read(
            br#"{"items":[{"id":"a","more":1,"tags":null,"last_seen_run":"run_1"}],"created_at":null,"x":{}}"#,
        )
        .unwrap();
        assert_eq!(read.items[0].id, "a");
        assert_eq!(read.items[0].last_seen_run, "run_1");
        assert!(json::read::<InventorySnapshot>(br#"{"items":[{"id":1}]}"#).is_err());
    }

    #[test]
    fn scores_have_levels() {
        for (score, level) in [
            (0, "low"),
            (69, "low"),
            (70, "medium"),
            (110, "high"),
            (149, "high"),
            (150, "critical"),
        ] {
            assert_eq!(SeverityLevel::of_score(score).as_str(), level, "{score}");
        }
    }

    #[test]
    fn drivers_are_ordered_as_their_names() {
        let drivers = [
            Driver::ConfigurationChange,
            Driver::PolicyChange,
            Driver::ReferenceSetChange,
            Driver::ToolResultShapeChange,
        ];
        let names = drivers.map(|driver| json::compact(&json::to_value(&driver).unwrap()));
        assert!(drivers.is_sorted() && names.is_sorted(), "{names:?}");
    }
}
