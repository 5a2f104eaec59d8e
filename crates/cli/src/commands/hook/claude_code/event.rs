//! What Claude Code says when it runs a hook.

use gait_canon::json;
use serde::Deserialize;

/// The one event that asks for a decision.
const BEFORE_TOOL: &str = "PreToolUse";

/// Events that are told and ask nothing of this hook. Worktrees are missing: who answers `WorktreeCreate` must make one.
const TOLD: &[&str] = &[
    "ConfigChange",
    "CwdChanged",
    "DirectoryAdded",
    "Elicitation",
    "ElicitationResult",
    "FileChanged",
    "InstructionsLoaded",
    "MessageDisplay",
    "Notification",
    "PermissionDenied",
    "PermissionRequest",
    "PostCompact",
    "PostModelSwitch",
    "PostToolBatch",
    "PostToolUse",
    "PostToolUseFailure",
    "PreCompact",
    "PreModelSwitch",
    "SessionEnd",
    "SessionStart",
    "Setup",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "TaskCompleted",
    "TaskCreated",
    "TeammateIdle",
    "UserPromptExpansion",
    "UserPromptSubmit",
    "WorktreeRemove",
];

/// Whether the event called `name` is decided or told.
pub(super) fn is_known(name: &str) -> bool {
    name == BEFORE_TOOL || TOLD.contains(&name)
}

/// What of an event matters here, beside the tool call in it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    hook_event_name: String,
    /// The directory that the agent is in; may be empty.
    pub(super) cwd: String,
}

impl Event {
    /// Reads an event. What can't be read says nothing, and is judged like a tool call then, which it can't be either.
    pub(super) fn read(payload: &[u8]) -> Self {
        json::read(payload).unwrap_or_default()
    }

    /// Whether nothing is to be decided. An event that nobody knows is none of these.
    pub(super) fn is_only_told(&self) -> bool {
        self.hook_event_name != BEFORE_TOOL && TOLD.contains(&self.hook_event_name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_events_need_no_decision() {
        for (payload, is_only_told) in [
            (r#"{"hook_event_name": "PostToolUse", "tool_name": "Bash"}"#, true),
            (
                r#"{"hook_event_name": "SessionStart", "source": "startup"}"#,
                true,
            ),
            (r#"{"hook_event_name": "UserPromptSubmit", "prompt": "hi"}"#, true),
            (r#"{"hook_event_name": "Stop", "stop_hook_active": false}"#, true),
            (r#"{"hook_event_name": "PreToolUse", "tool_name": "Bash"}"#, false),
            (r#"{"tool_name": "Bash"}"#, false),
            (r#"{"hook_event_name": "posttooluse"}"#, false),
            (r#"{"hook_event_name": " PostToolUse"}"#, false),
            (r#"{"hook_event_name": "BeforeTool"}"#, false),
            (r#"{"hook_event_name": "WorktreeCreate"}"#, false),
            (r#"{"hook_event_name": ["PostToolUse"]}"#, false),
            (
                r#"{"hook_event_name": "PreToolUse", "hook_event_name": "PostToolUse"}"#,
                false,
            ),
            (r#"{"hook_event_name": "PostToolUse""#, false),
            ("", false),
        ] {
            assert_eq!(
                Event::read(payload.as_bytes()).is_only_told(),
                is_only_told,
                "{payload}"
            );
        }
        assert!(TOLD.is_sorted());
    }
}
