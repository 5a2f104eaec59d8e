//! What a run did, in order: the tools it called, and what became of each call.

use std::fmt;

use gait_artifact::runpack::{IntentRecord, ResultRecord};
use gait_artifact::text;
use gait_canon::json::Value;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Allow,
    /// It was refused.
    Block,
    /// It was kept for an approval.
    RequireApproval,
    /// It was only acted out.
    DryRun,
    /// It failed, or nobody knows.
    Error,
}

impl Outcome {
    /// Its name in fixtures and results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
            Self::RequireApproval => "require_approval",
            Self::DryRun => "dry_run",
            Self::Error => "error",
        }
    }

    /// The outcome that a verdict means, in any of the words that are in use for it.
    #[must_use]
    pub fn of_verdict(word: &str) -> Option<Self> {
        let word = text::trim_lower(word).replace(['-', ' '], "_");
        Some(match word.as_str() {
            "allow" | "ok" | "pass" | "passed" | "success" => Self::Allow,
            "block" | "blocked" | "deny" | "denied" => Self::Block,
            "require_approval" | "approval_required" | "needs_approval" | "needsapproval" => {
                Self::RequireApproval
            }
            "dry_run" | "dryrun" | "simulate" | "simulated" => Self::DryRun,
            "error" | "failed" | "failure" => Self::Error,
            _ => return None,
        })
    }

    /// The outcome that the status of a result means.
    fn of_status(status: &str) -> Self {
        match text::trim_lower(status).as_str() {
            "ok" | "pass" | "passed" | "success" => Self::Allow,
            "block" | "blocked" | "deny" | "denied" => Self::Block,
            "require_approval" | "approval_required" | "needs_approval" => Self::RequireApproval,
            "dry_run" | "dry-run" | "dryrun" | "simulate" | "simulated" => Self::DryRun,
            _ => Self::Error,
        }
    }

    /// What became of the call that `record` is about. A verdict that the tool's answer carries goes before its status.
    fn of(record: &ResultRecord) -> Self {
        let verdict = record.result.as_ref().and_then(|result| result.get("verdict"));
        let verdict = verdict.and_then(Value::as_str).and_then(Self::of_verdict);
        verdict.unwrap_or_else(|| Self::of_status(&record.status))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The tools that were to be called, in order.
pub(crate) fn tools(intents: &[IntentRecord]) -> Vec<String> {
    tool_names(intents.iter().map(|intent| intent.tool_name.as_str()))
}

/// Names without the white space around them, and without blank ones.
pub(crate) fn tool_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names
        .map(text::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What became of the calls, in order.
pub(crate) fn outcomes(results: &[ResultRecord]) -> Vec<Outcome> {
    results.iter().map(Outcome::of).collect()
}

#[cfg(test)]
mod tests {
    use gait_canon::json::Object;

    use super::*;

    fn outcome(status: &str, verdict: impl Into<Value>) -> Outcome {
        let mut result = Object::new();
        result.insert("verdict", verdict);
        Outcome::of(&ResultRecord {
            status: status.to_owned(),
            result: Some(result),
            ..ResultRecord::default()
        })
    }

    #[test]
    fn a_known_verdict_goes_before_the_status() {
        assert_eq!(outcome("ok", "Denied "), Outcome::Block);
        assert_eq!(outcome("ok", "needs approval"), Outcome::RequireApproval);
        assert_eq!(outcome("blocked", "perhaps"), Outcome::Block);
        assert_eq!(outcome("ok", true), Outcome::Allow);
        assert_eq!(outcome("ok", Value::Null), Outcome::Allow);
    }

    #[test]
    fn an_unknown_status_is_an_error() {
        let status = |status: &str| {
            Outcome::of(&ResultRecord {
                status: status.to_owned(),
                ..ResultRecord::default()
            })
        };
        for (word, expected) in [
            (" OK ", Outcome::Allow),
            ("dry-run", Outcome::DryRun),
            ("needs_approval", Outcome::RequireApproval),
            ("allow", Outcome::Error),
            ("", Outcome::Error),
            ("needs approval", Outcome::Error),
        ] {
            assert_eq!(status(word), expected, "{word}");
        }
    }

    #[test]
    fn blank_tools_leave_no_trace() {
        assert_eq!(tool_names([" a ", "", "\u{a0}", "b"].into_iter()), ["a", "b"]);
    }
}
