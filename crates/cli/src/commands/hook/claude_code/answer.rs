//! What Claude Code is answered.

use gait_artifact::Verdict;
use serde::Serialize;

use crate::outcome::Report;

/// The exit code by which Claude Code blocks a tool without an answer.
pub(super) const EXIT_BLOCKED: u8 = 2;

/// What happens with the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Permission {
    /// It runs.
    Allow,
    /// It doesn't run, and the agent is told why.
    Deny,
    /// The user is asked.
    Ask,
}

/// Why there is no verdict that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// Nothing came in.
    EmptyPayload,
    /// A verdict that neither runs nor asks.
    Undecidable(Verdict),
    /// The call could not be judged. With the exit code that `gait mcp proxy` would have had, and what is wrong.
    Unjudged { exit: u8, error: String },
}

impl Failed {
    fn reason(&self) -> String {
        match self {
            Self::EmptyPayload => "gait hook empty payload".to_owned(),
            Self::Undecidable(verdict) => format!("gait hook undecidable verdict={verdict} exit=0"),
            Self::Unjudged { exit, .. } => format!("gait hook proxy failure exit={exit}"),
        }
    }

    /// What only the user should read: paths and settings are not the agent's business.
    fn for_the_user(&self) -> Option<String> {
        match self {
            Self::Unjudged { error, .. } => Some(format!("gait could not judge this call: {error}")),
            Self::EmptyPayload | Self::Undecidable(_) => None,
        }
    }
}

/// The answer to an event before a tool.
///
/// Claude Code reads `hookSpecificOutput`. The same stands at the top for programs that read it there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    hook_specific_output: HookSpecificOutput,
    permission_decision: Permission,
    permission_decision_reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_message: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HookSpecificOutput {
    hook_event_name: &'static str,
    permission_decision: Permission,
    permission_decision_reason: String,
}

/// The answer to an event that asks nothing: what is printed here is not shown, and nothing else is said.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Nothing {
    suppress_output: bool,
}

impl Answer {
    /// The answer for a verdict, whose trace lies at `trace_path`.
    pub(super) fn judged(
        verdict: Verdict,
        reason_codes: &[String],
        trace_path: String,
    ) -> Result<Self, Failed> {
        let permission = match verdict {
            Verdict::Allow => Permission::Allow,
            Verdict::Block => Permission::Deny,
            Verdict::RequireApproval => Permission::Ask,
            Verdict::DryRun => return Err(Failed::Undecidable(verdict)),
        };
        let mut reason = format!("gait verdict={verdict}");
        if permission != Permission::Allow && !reason_codes.is_empty() {
            reason += " reason_codes=";
            reason += &reason_codes.join(", ");
        }
        Ok(Self {
            trace_path: Some(trace_path),
            ..Self::new(permission, reason)
        })
    }

    /// The answer where there is no verdict: denied, unless the operator wants tools to run then.
    pub(super) fn failed(failed: &Failed, fails_open: bool) -> Self {
        let (permission, how) = if fails_open {
            (Permission::Allow, "unsafe fail-open")
        } else {
            (Permission::Deny, "fail-closed")
        };
        Self {
            system_message: failed.for_the_user(),
            ..Self::new(permission, format!("{} ({how})", failed.reason()))
        }
    }

    fn new(permission: Permission, reason: String) -> Self {
        Self {
            hook_specific_output: HookSpecificOutput {
                hook_event_name: "PreToolUse",
                permission_decision: permission,
                permission_decision_reason: reason.clone(),
            },
            permission_decision: permission,
            permission_decision_reason: reason,
            trace_path: None,
            system_message: None,
        }
    }

    /// What is printed. An answer that nobody could read must not pass for none.
    pub(super) fn report(&self) -> Report {
        Report::document(self).exit_unheard(EXIT_BLOCKED)
    }
}

/// What is printed for an event that asks nothing.
pub(super) fn nothing() -> Report {
    Report::document(&Nothing {
        suppress_output: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answer: &Answer) -> serde_json::Value {
        serde_json::to_value(answer).unwrap()
    }

    #[test]
    fn both_places_say_the_same() {
        let codes = ["b".to_owned(), "a".to_owned()];
        for (verdict, permission, reason) in [
            (Verdict::Allow, "allow", "gait verdict=allow"),
            (Verdict::Block, "deny", "gait verdict=block reason_codes=b, a"),
            (
                Verdict::RequireApproval,
                "ask",
                "gait verdict=require_approval reason_codes=b, a",
            ),
        ] {
            let answer = told(&Answer::judged(verdict, &codes, "t.json".to_owned()).unwrap());
            let nested = &answer["hookSpecificOutput"];
            assert_eq!(nested["hookEventName"], "PreToolUse");
            for place in [&answer, nested] {
                assert_eq!(place["permissionDecision"], permission);
                assert_eq!(place["permissionDecisionReason"], reason);
            }
            assert_eq!(answer["tracePath"], "t.json");
        }
        let bare = told(&Answer::judged(Verdict::Block, &[], String::new()).unwrap());
        assert_eq!(bare["permissionDecisionReason"], "gait verdict=block");
    }

    #[test]
    fn what_is_not_clear_is_denied_unless_the_operator_wants_otherwise() {
        let unjudged = Failed::Unjudged {
            exit: 6,
            error: "no policy".to_owned(),
        };
        let dry_run = Answer::judged(Verdict::DryRun, &[], String::new()).unwrap_err();
        for (failed, reason) in [
            (Failed::EmptyPayload, "gait hook empty payload"),
            (dry_run, "gait hook undecidable verdict=dry_run exit=0"),
            (unjudged, "gait hook proxy failure exit=6"),
        ] {
            for (fails_open, permission, how) in [
                (false, "deny", "fail-closed"),
                (true, "allow", "unsafe fail-open"),
            ] {
                let answer = told(&Answer::failed(&failed, fails_open));
                assert_eq!(answer["permissionDecision"], permission);
                assert_eq!(answer["permissionDecisionReason"], format!("{reason} ({how})"));
                assert!(answer.get("tracePath").is_none());
            }
        }
    }
}
