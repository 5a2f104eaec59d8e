//! An incident on one page (`gait.incident.triage`): what happened, what policy said, and what changed since.

mod decision;

use gait_canon::json::is_default;
use serde::Serialize;

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::{finding::Finding, time::Timestamp, verdict::Verdict};

pub use decision::{Answer, Comparison, Decision, Recorded, Unanswered};

/// The schema id of a triage.
pub const SCHEMA_ID: &str = "gait.incident.triage";
/// The schema version of a triage.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// How an incident stands, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything is there and holds, and the policy in force decides as it was decided.
    Complete,
    /// Something is missing.
    Partial,
    /// The policy in force decides otherwise.
    Changed,
    /// Some of the evidence does not hold.
    Contradicted,
}

impl Status {
    /// Its name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Changed => "changed",
            Self::Contradicted => "contradicted",
        }
    }
}

/// What an incident was named by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A runpack.
    Runpack,
    /// A pack.
    Pack,
    /// A trace.
    Trace,
    /// The journal of a session.
    SessionJournal,
    /// The chain of a session's checkpoints.
    SessionChain,
    /// A file that is none of these, or is broken beyond recognition.
    #[default]
    Unknown,
}

impl SourceKind {
    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Runpack => "Runpack",
            Self::Pack => "Pack",
            Self::Trace => "Trace",
            Self::SessionJournal => "Session journal",
            Self::SessionChain => "Session chain",
            Self::Unknown => "File",
        }
    }
}

/// What the incident is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_subject))]
pub struct Subject {
    /// What it was named by.
    pub kind: SourceKind,
    /// The file that was named.
    pub path: String,
    /// The run; empty where none is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    /// The session; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session_id: String,
    /// When it happened; zero where that is not known.
    pub at: Timestamp,
}

/// A call that was made or wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_call))]
pub struct Call {
    /// Its place, from 1.
    pub index: usize,
    /// Identifies it in the run.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_id: String,
    /// The tool.
    pub tool_name: String,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// How it went, such as `ok`; empty where that is not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// What the gate said; empty where that is not recorded.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub verdict: String,
    /// Why: reason codes, then violations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// Whether an artifact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// It is what it says, and the key signed it.
    Verified,
    /// It is what it says; no signature was looked at.
    Intact,
    /// It is not what it says, or the key did not sign it.
    Broken,
    /// Nobody can tell what it says.
    Unreadable,
}

impl Holding {
    /// Its name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Intact => "intact",
            Self::Broken => "broken",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether it does not hold.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Broken | Self::Unreadable)
    }
}

/// An artifact that was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Examined {
    /// What it is, such as `runpack`.
    pub kind: &'static str,
    /// Its path.
    pub path: String,
    /// Whether it holds.
    pub holding: Holding,
    /// What was found, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What else is odd.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What kind of evidence is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// No run is known.
    Run,
    /// No decision is recorded.
    Decision,
    /// A policy that decided is not at hand.
    PolicyThen,
    /// No policy is in force, as far as is known.
    PolicyNow,
    /// An intent is not at hand.
    Intent,
    /// The regression fixture could not be made.
    Fixture,
    /// The incident pack could not be made.
    Pack,
}

impl GapKind {
    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Run => "The run",
            Self::Decision => "The decision",
            Self::PolicyThen => "The policy that decided",
            Self::PolicyNow => "The policy in force",
            Self::Intent => "The intent",
            Self::Fixture => "The regression fixture",
            Self::Pack => "The incident pack",
        }
    }
}

/// Evidence that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gap {
    /// What.
    pub kind: GapKind,
    /// What is known of it.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

/// What the doctor says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DoctorCheck {
    /// What was looked at.
    pub name: String,
    /// `pass`, `warn` or `fail`.
    pub status: String,
    /// What was found.
    pub message: String,
    /// A command that mends it; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix_command: String,
}

/// What was made of the evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_made))]
pub struct Made {
    /// Where everything is.
    pub directory: String,
    /// The regression fixture's directory; empty where none was made.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fixture: String,
    /// What grading the fixture says of the fixture itself; empty where none was made.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fixture_status: String,
    /// The incident pack; empty where none was made.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pack: String,
    /// Its id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pack_id: String,
}

/// A policy, and what it is to the incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyUse {
    /// Its digest.
    pub digest: String,
    /// Where it was found; empty where it was not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Whether it decided.
    pub decided: bool,
    /// Whether it is in force.
    pub in_force: bool,
}

/// An incident on one page (`gait.incident.triage`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
pub struct Triage {
    /// `gait.incident.triage`.
    pub schema_id: &'static str,
    /// `1.0.0`.
    pub schema_version: &'static str,
    /// When the incident happened, or the start of 1980: never when the document was made.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// Names the triage.
    pub triage_id: String,
    /// How it stands.
    pub status: Status,
    /// The most important thing in a sentence.
    pub summary: String,
    /// What it is about.
    pub subject: Subject,
    /// How many calls there are.
    pub calls_total: usize,
    /// The first of them in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// How many decisions there are.
    pub decisions_total: usize,
    /// Them in order, those that are made otherwise now first when there are too many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// The policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyUse>,
    /// What differs between the policy of the last decision and the one in force.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policy_changes: Vec<RuleChange>,
    /// The artifacts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Examined>,
    /// What is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// What the doctor says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doctor: Vec<DoctorCheck>,
    /// What was made.
    pub made: Made,
    /// What to paste.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automation: Option<Automation>,
    /// How many decisions the policy in force makes otherwise.
    #[serde(skip_serializing_if = "is_default")]
    pub decided_otherwise: usize,
}

/// How a rule or a setting changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rules {
    /// It was not there.
    Added,
    /// It is no longer there.
    Removed,
    /// It says something else.
    Changed,
}

impl Rules {
    /// Its name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// A rule or a setting that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleChange {
    /// `rule` and the name of a rule, or the name of a setting.
    pub subject: String,
    /// How it changed.
    pub change: Rules,
    /// The verdict that it gave, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Verdict>,
    /// The verdict that it gives, where it gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Verdict>,
}

/// What to paste.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Automation {
    /// Commands for a shell in the root of the repository, in order.
    pub commands: Vec<String>,
    /// Where the workflow goes.
    pub workflow_path: &'static str,
    /// A workflow that grades the fixture with every change.
    pub workflow: String,
    /// Commands that fail when a policy no longer decides as was decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policy_checks: Vec<String>,
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["triage_id", "summary"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_subject(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["path", "run_id", "session_id"]);
}

#[cfg(feature = "schema")]
fn published_call(schema: &mut schemars::Schema) {
    Members::of(schema)
        .at_least(1, &["index"])
        .filled(&["intent_id", "status", "verdict"]);
}

#[cfg(feature = "schema")]
fn published_made(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["directory", "fixture", "fixture_status", "pack", "pack_id"]);
}
