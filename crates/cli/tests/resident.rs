//! A gate that stays decides as the command does, and by what its files say now.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{fs, path::Path};

use gait_cli::{
    commands::resident::{Question, ResidentGate},
    render::Response,
};
use serde_json::{Value, json};

fn policy(effect: &str) -> String {
    format!(
        "{{default_verdict: block, rules: [{{name: r, effect: {effect}, match: {{tool_names: [tool.ok]}}}}]}}"
    )
}

fn intent(tool: &str) -> Vec<u8> {
    let document = json!({
        "created_at": "2026-03-01T00:00:00Z", "tool_name": tool, "args": {"path": "/a"}, "targets": [],
        "context": {"identity": "alice", "workspace": "/repo", "risk_class": "low"},
    });
    document.to_string().into_bytes()
}

fn flags(directory: &Path, more: &[&str]) -> Vec<String> {
    let policy = directory.join("policy.yaml");
    let mut flags = vec![
        "--no-config".to_owned(),
        "--policy".to_owned(),
        policy.display().to_string(),
    ];
    flags.extend(more.iter().map(|flag| (*flag).to_owned()));
    flags
}

/// Replaces a file as careful writers do, so that its directory entry is another one.
fn replace(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(&new, path).unwrap();
}

fn answer(response: &Response) -> Value {
    let mut document: Value = serde_json::from_str(&response.stdout).unwrap();
    document.as_object_mut().unwrap().remove("correlation_id");
    document
}

fn verdict(gate: &ResidentGate) -> String {
    let intent = intent("tool.ok");
    let asked = Question {
        intent: &intent,
        ..Question::default()
    };
    gate.rule(asked).unwrap().outcome().verdict().to_string()
}

#[test]
fn says_what_the_command_says() {
    let directory = tempfile::tempdir().unwrap();
    replace(&directory.path().join("policy.yaml"), &policy("allow"));
    let (trace, intent_path) = (directory.path().join("t.json"), directory.path().join("i.json"));
    let gate = ResidentGate::open(&flags(directory.path(), &["--key-mode", "dev"])).unwrap();
    for document in [
        intent("tool.ok"),
        intent("tool.other"),
        b"{}".to_vec(),
        b"{".to_vec(),
    ] {
        fs::write(&intent_path, &document).unwrap();
        let resident = gate.evaluate(Question {
            intent: &document,
            trace_out: trace.to_str().unwrap(),
            ..Question::default()
        });
        let mut arguments: Vec<String> = ["gait", "gate", "eval", "--json", "--key-mode", "dev", "--intent"]
            .map(str::to_owned)
            .to_vec();
        arguments.push(intent_path.display().to_string());
        arguments.extend(flags(directory.path(), &["--trace-out", trace.to_str().unwrap()]));
        let command = gait_cli::invoke(&arguments);
        assert_eq!(resident.exit, command.exit);
        assert_eq!(answer(&resident), answer(&command));
    }
    assert!(trace.exists());
}

#[test]
fn a_changed_policy_holds_for_the_next_call() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.yaml");
    replace(&path, &policy("allow"));
    let gate = ResidentGate::open(&flags(directory.path(), &[])).unwrap();
    assert_eq!(verdict(&gate), "allow");
    replace(&path, &policy("block"));
    assert_eq!(verdict(&gate), "block");

    // What can't be read lets nothing through, and what can be read again does.
    for broken in ["{default_verdict: perhaps}", "{"] {
        replace(&path, broken);
        let intent = intent("tool.ok");
        let asked = Question {
            intent: &intent,
            ..Question::default()
        };
        assert_eq!(gate.rule(asked).err().unwrap().exit, 6);
        assert_eq!(gate.evaluate(asked).exit, 6);
    }
    replace(&path, &policy("allow"));
    assert_eq!(verdict(&gate), "allow");
}

#[test]
fn a_kill_switch_stops_the_next_call() {
    let directory = tempfile::tempdir().unwrap();
    replace(&directory.path().join("policy.yaml"), &policy("allow"));
    let state = directory.path().join("switch.json").display().to_string();
    let switch = |words: &[&str]| {
        let words = ["gait", "kill-switch"].iter().chain(words);
        let arguments: Vec<String> = words.map(|word| (*word).to_owned()).collect();
        let response = gait_cli::invoke(&arguments);
        assert_eq!(response.exit, 0, "{}", response.stdout);
    };
    switch(&[
        "add",
        "--state",
        &state,
        "--tool-name",
        "tool.ok",
        "--reason",
        "incident",
        "--json",
    ]);
    let gate = ResidentGate::open(&flags(directory.path(), &["--kill-switch-state", &state])).unwrap();
    assert_eq!(verdict(&gate), "block");
    fs::remove_file(&state).unwrap();
    let missing = gate.rule(Question {
        intent: &intent("tool.ok"),
        ..Question::default()
    });
    assert_eq!(missing.err().unwrap().exit, 6);
}

#[test]
fn a_gate_that_cannot_be_read_is_not_opened() {
    let directory = tempfile::tempdir().unwrap();
    let refusal = ResidentGate::open(&flags(directory.path(), &[])).err().unwrap();
    assert_eq!(refusal.exit, 6);
    assert!(refusal.stdout.contains("read policy"), "{}", refusal.stdout);
    let refusal = ResidentGate::open(&["--no-such-flag".to_owned()]).err().unwrap();
    assert_eq!(refusal.exit, 6);
}
