//! Decisions as they were recorded, and as they would be made again.

use serde::Serialize;

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::{session::SessionEvent, time::Timestamp, trace::TraceRecord, verdict::Verdict};

/// A decision as it was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_record))]
pub struct Recorded {
    /// Where it was recorded.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Identifies the decision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
    /// The tool.
    pub tool_name: String,
    /// When it was made.
    pub decided_at: Timestamp,
    /// The final verdict, as the record has it.
    pub verdict: String,
    /// Why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// What was violated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// Digest of the policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_digest: String,
    /// Digest of the intent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_digest: String,
}

impl Recorded {
    /// What a trace at `path` records.
    #[must_use]
    pub fn of_trace(trace: &TraceRecord, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            trace_id: trace.trace_id.clone(),
            tool_name: trace.tool_name.clone(),
            decided_at: trace.observed_at.or(trace.created_at).to_utc(),
            verdict: trace.verdict.as_str().to_owned(),
            reason_codes: Vec::new(),
            violations: trace.violations.clone(),
            policy_digest: trace.policy_digest.clone(),
            intent_digest: trace.intent_digest.clone(),
        }
    }

    /// What an event of a session at `path` records.
    #[must_use]
    pub fn of_event(event: &SessionEvent, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            trace_id: event.trace_id.clone(),
            tool_name: event.tool_name.clone(),
            decided_at: event.created_at.to_utc(),
            verdict: event.verdict.clone(),
            reason_codes: event.reason_codes.clone(),
            violations: event.violations.clone(),
            policy_digest: event.policy_digest.clone(),
            intent_digest: event.intent_digest.clone(),
        }
    }
}

/// A recorded decision, and how it would be made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_decision))]
pub struct Decision {
    /// What was recorded.
    pub recorded: Recorded,
    /// Where the intent was found; empty where it was not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_path: String,
    /// What the policy of then says.
    pub then: Answer,
    /// What the policy in force says.
    pub now: Answer,
    /// How the policy in force compares.
    pub comparison: Comparison,
    /// Whether something other than the policy made the verdict that was recorded: an approval, a limit, a credential, the
    /// kill switch or facts that are not at hand.
    pub beyond_policy: bool,
}

/// What a policy says when it is asked again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_answer))]
pub struct Answer {
    /// The verdict of the policy alone; none where it could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// What is violated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// The rules that decide, joined with `,`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub matched_rule: String,
    /// Why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<Unanswered>,
}

impl Answer {
    /// No verdict, and why.
    #[must_use]
    pub fn unanswered(why: Unanswered) -> Self {
        Self {
            unanswered: Some(why),
            ..Self::default()
        }
    }
}

/// Why a policy could not be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    /// It is not at hand.
    NoPolicy,
    /// The intent is not at hand.
    NoIntent,
    /// The evidence of the context is not that of the intent.
    OtherContext,
}

impl Unanswered {
    /// The same in words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoPolicy => "the policy is not at hand",
            Self::NoIntent => "the intent is not at hand",
            Self::OtherContext => "the context envelope belongs to another intent",
        }
    }
}

/// How the policy in force compares with the one that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// It says the same.
    Same,
    /// It lets more through.
    Laxer,
    /// It lets less through.
    Stricter,
    /// Nobody can tell.
    Unknown,
}

impl Comparison {
    /// How `now` compares with `was`.
    #[must_use]
    pub fn of(was: Option<Verdict>, now: Option<Verdict>) -> Self {
        match (was, now) {
            (Some(was), Some(now)) if was == now => Self::Same,
            (Some(was), Some(now)) if now < was => Self::Laxer,
            (Some(_), Some(_)) => Self::Stricter,
            _ => Self::Unknown,
        }
    }

    /// The same in words.
    #[must_use]
    pub const fn conclusion(self) -> &'static str {
        match self {
            Self::Same => "The policy in force says the same.",
            Self::Laxer => "The policy in force lets more through.",
            Self::Stricter => "The policy in force is stricter.",
            Self::Unknown => "Whether the policy in force says the same is not known.",
        }
    }
}

#[cfg(feature = "schema")]
fn published_record(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["path", "trace_id", "policy_digest", "intent_digest"]);
}

#[cfg(feature = "schema")]
fn published_decision(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["intent_path"]);
}

#[cfg(feature = "schema")]
fn published_answer(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["matched_rule"]);
}
