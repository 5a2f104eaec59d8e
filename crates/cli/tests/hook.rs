//! The hook of Claude Code: what is not clearly allowed is denied, and what can't be answered blocks.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const TRACES: &str = "gait-out/integrations/claude_code/hooks";

/// A directory with a policy that says `verdict` to everything.
fn project(verdict: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("policy.yaml"),
        format!("default_verdict: {verdict}\n"),
    )
    .unwrap();
    directory
}

fn event(name: &str) -> String {
    json!({
        "session_id": "s",
        "cwd": "/srv/shop",
        "hook_event_name": name,
        "tool_name": "Write",
        "tool_input": {"file_path": "/srv/shop/notes.txt", "content": "x"},
    })
    .to_string()
}

fn hook(project: &Path, arguments: &[&str], payload: &str, stdout: Stdio) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gait"))
        .args(["hook", "claude-code"])
        .args(arguments)
        .current_dir(project)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A hook that needs no payload may have ended before it gets one.
    let _ = child.stdin.take().unwrap().write_all(payload.as_bytes());
    child.wait_with_output().unwrap()
}

fn answer(project: &Path, arguments: &[&str], payload: &str) -> Value {
    let output = hook(project, arguments, payload, Stdio::piped());
    assert_eq!(output.status.code(), Some(0), "{arguments:?} {payload}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    if let Some(nested) = answer.get("hookSpecificOutput") {
        assert_eq!(nested["hookEventName"], "PreToolUse");
        for member in ["permissionDecision", "permissionDecisionReason"] {
            assert_eq!(answer[member], nested[member]);
        }
    }
    answer
}

#[test]
fn the_verdict_is_the_answer_and_leaves_a_trace() {
    for (verdict, permission) in [("allow", "allow"), ("block", "deny"), ("require_approval", "ask")] {
        let project = project(verdict);
        let answer = answer(project.path(), &["--policy", "policy.yaml"], &event("PreToolUse"));
        assert_eq!(answer["permissionDecision"], permission);
        let trace = answer["tracePath"].as_str().unwrap();
        assert!(trace.starts_with(TRACES), "{trace}");
        let trace: Value = serde_json::from_slice(&fs::read(project.path().join(trace)).unwrap()).unwrap();
        assert_eq!(trace["verdict"], verdict);
        // Nothing is left beside the traces.
        assert_eq!(fs::read_dir(project.path()).unwrap().count(), 2);
    }
}

#[test]
fn what_can_not_be_judged_is_denied() {
    let project = project("allow");
    let policy = ["--policy", "policy.yaml"];
    let call = event("PreToolUse");
    for (arguments, payload) in [
        (&policy[..], ""),
        (&policy, "{"),
        (&policy, "[]"),
        (&policy, r#"{"hook_event_name": "PreToolUse"}"#),
        (&[], &call),
        (&["--policy", "missing.yaml"], &call),
        (&["--policy", "policy.yaml", "--unknown"], &call),
        (&["--policy", "policy.yaml", "stray"], &call),
        (
            &["--policy", "policy.yaml", "--trace-dir", "policy.yaml/traces"],
            &call,
        ),
        (
            &[
                "--policy",
                "policy.yaml",
                "--private-key",
                "missing.key",
                "--key-mode",
                "prod",
            ],
            &call,
        ),
    ] {
        let answer = answer(project.path(), arguments, payload);
        assert_eq!(answer["permissionDecision"], "deny", "{arguments:?} {payload}");
        assert!(answer.get("tracePath").is_none());
    }
    assert_eq!(
        answer(
            project.path(),
            &["--policy", "missing.yaml", "--unsafe-fail-open"],
            &call
        )["permissionDecision"],
        "allow"
    );
}

#[test]
fn other_events_are_answered_with_nothing() {
    let project = project("block");
    for name in ["PostToolUse", "UserPromptSubmit", "SessionStart", "Stop"] {
        let answer = answer(project.path(), &[], &event(name));
        assert_eq!(answer, json!({"suppressOutput": true}), "{name}");
    }
    assert!(!project.path().join("gait-out").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_nobody_hears_blocks() {
    let project = project("allow");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = hook(
        project.path(),
        &["--policy", "policy.yaml"],
        &event("PreToolUse"),
        full.into(),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(!output.stderr.is_empty());
}
