//! The records of regression testing: which fixtures there are, what each expects, and what came of grading them.
//!
//! Readers are lenient, as with runpacks: unknown members are ignored and absent ones are empty. Writers put members in
//! the order of these structs and leave the empty ones out where that is said.

use std::collections::BTreeMap;
use std::fmt;

use gait_canon::json::{Value, is_default};
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::time::Timestamp;

/// The schema version of every record of regression testing.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// The schema id of the configuration.
pub const CONFIG_SCHEMA_ID: &str = "gait.regress.config";
/// The schema id of a fixture.
pub const FIXTURE_SCHEMA_ID: &str = "gait.regress.fixture";
/// The schema id of a result.
pub const RESULT_SCHEMA_ID: &str = "gait.regress.result";

/// `gait.yaml`: the fixtures that are graded together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_config))]
#[serde(default)]
pub struct RegressConfig {
    /// `gait.regress.config`, or empty.
    pub schema_id: String,
    /// `1.0.0`, or empty.
    pub schema_version: String,
    /// The name that the fixtures have together.
    pub fixture_set: String,
    /// The fixtures.
    pub fixtures: Vec<ConfiguredFixture>,
}

/// Where a fixture is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_fixture_place))]
#[serde(default)]
pub struct ConfiguredFixture {
    /// The fixture's name.
    pub name: String,
    /// The run it was made from; empty when that does not matter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    /// Path of its runpack. The expectations are beside it.
    pub runpack: String,
}

/// `fixture.json`: what is expected of a run, and of those that are compared with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_fixture))]
#[serde(default)]
pub struct FixtureRecord {
    /// `gait.regress.fixture`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// The fixture's name.
    pub name: String,
    /// The run it was made from.
    pub run_id: String,
    /// File name of its runpack, in the same directory.
    pub runpack: String,
    /// The exit code that a stub replay of the runpack ends with.
    pub expected_replay_exit_code: i64,
    /// The tools of the run, in order; empty when they do not matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected_tool_sequence: Vec<String>,
    /// What became of each call, in order; empty when that does not matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected_verdict_sequence: Vec<String>,
    /// The runpack that is compared with the fixture's, from the fixture's directory; empty for the fixture's own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub candidate_runpack: String,
    /// `required`, `none` or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context_conformance: String,
    /// Whether the candidate may have retrieved the same context at other times.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_context_runtime_drift: bool,
    /// The digest of the context set that the candidate must have.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expected_context_set_digest: String,
    /// Files of the candidate that may differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diff_allow_changed_files: Vec<String>,
    /// The session chain that the runpack was taken from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session_chain: String,
    /// The checkpoint of that chain.
    #[serde(skip_serializing_if = "is_default")]
    pub checkpoint_index: i64,
}

/// Whether expectations were met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GradeStatus {
    /// They were.
    Pass,
    /// They were not.
    Fail,
}

impl GradeStatus {
    /// Its name in results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for GradeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far the context of a candidate is from that of the fixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContextConformance {
    /// Not at all.
    None,
    /// Only in when things were retrieved.
    RuntimeOnly,
    /// In what was looked at or in what it said.
    Semantic,
    /// There is no context to compare.
    Missing,
}

/// What came of grading a set of fixtures (`gait.regress.result`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_result))]
pub struct RegressResult {
    /// `gait.regress.result`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the run of the first fixture began, in UTC, or the start of 1980. The result says nothing of when it was made,
    /// so that equal fixtures have equal results.
    pub created_at: Timestamp,
    /// Version of the program that graded.
    pub producer_version: String,
    /// The name that the fixtures have together.
    pub fixture_set: String,
    /// `fail` as soon as one grader fails.
    pub status: GradeStatus,
    /// What the graders say, in the order of their names.
    pub graders: Vec<GraderResult>,
}

impl RegressResult {
    /// The graders that fail, in order.
    pub fn failures(&self) -> impl Iterator<Item = &GraderResult> {
        let graders = self.graders.iter();
        graders.filter(|grader| grader.status == GradeStatus::Fail)
    }

    /// Why the first grader that fails does so.
    #[must_use]
    pub fn top_failure_reason(&self) -> Option<&str> {
        let first = self.failures().next()?;
        Some(first.reason_codes.first().map_or("grader_failed", String::as_str))
    }
}

/// What one grader says about one fixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_grader))]
pub struct GraderResult {
    /// The names of fixture and grader, with a slash between them.
    pub name: String,
    /// Whether the fixture passes.
    pub status: GradeStatus,
    /// Why, sorted, each once.
    pub reason_codes: Vec<String>,
    /// How far apart the contexts are; only the grader of contexts says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_conformance: Option<ContextConformance>,
    /// What was expected and what there is.
    #[serde(default)]
    pub details: BTreeMap<String, Value>,
}

#[cfg(feature = "schema")]
fn published_config(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(CONFIG_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["fixture_set"]);
}

#[cfg(feature = "schema")]
fn published_fixture_place(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["name", "run_id", "runpack"]);
}

#[cfg(feature = "schema")]
fn published_fixture(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(FIXTURE_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["name", "run_id", "runpack", "candidate_runpack", "session_chain"])
        .words("context_conformance", &["required", "none"])
        .digests(&["expected_context_set_digest"])
        .at_least(1, &["checkpoint_index"]);
}

#[cfg(feature = "schema")]
fn published_result(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(RESULT_SCHEMA_ID, SCHEMA_VERSION)
        .closed();
}

#[cfg(feature = "schema")]
fn published_grader(schema: &mut schemars::Schema) {
    Members::of(schema).optional(&["details"]).closed();
}
