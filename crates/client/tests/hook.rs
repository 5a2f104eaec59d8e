//! The hook in the settings of Claude Code, there and back.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use gait_client::hook::{Hook, events, installed, removed, shell_word};

fn hook(events: &[&str]) -> Hook {
    let command = ["/opt/my tools/gait", "hook", "claude-code", "--policy", "/p.yaml"];
    Hook {
        command: command.map(str::to_owned).to_vec(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
    }
}

const FRESH: &str = r#"{
  "hooks": {
    "PreToolUse": [
      {
        "matcher": "*",
        "hooks": [
          {
            "type": "command",
            "command": "'/opt/my tools/gait' hook claude-code --policy /p.yaml",
            "timeout": 30,
            "onFailure": "block"
          }
        ]
      }
    ]
  }
}
"#;

#[test]
fn a_missing_file_is_written_whole() {
    assert_eq!(installed(None, &hook(&["PreToolUse"])).unwrap(), FRESH);
    assert_eq!(events(FRESH).unwrap(), ["PreToolUse"]);
    assert_eq!(installed(Some(FRESH), &hook(&["PreToolUse"])).unwrap(), FRESH);
}

#[test]
fn handlers_of_others_stay() {
    let theirs = r#"{"model": "x", "hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "lint"}]}], "Stop": []}}"#;
    let ours = installed(Some(theirs), &hook(&["PreToolUse", "PostToolUse", "Stop"])).unwrap();
    assert!(ours.contains(r#"{"type": "command", "command": "lint"}"#));
    assert_eq!(events(&ours).unwrap(), ["PreToolUse", "Stop", "PostToolUse"]);
    assert_eq!(ours.matches("onFailure").count(), 1);
    let back = removed(&ours).unwrap();
    assert!(events(&back).unwrap().is_empty() && back.contains("lint"));
    assert_eq!(removed(theirs).unwrap(), theirs);
}

#[test]
fn handlers_are_taken_out_of_shared_groups() {
    let handler = r#"{"type": "command", "command": "gait hook claude-code"}"#;
    let other = r#"{"type": "command", "command": "other"}"#;
    for (handlers, left) in [
        (format!("{handler}, {other}"), other.to_owned()),
        (format!("{other}, {handler}"), other.to_owned()),
        (
            format!("{other}, {handler}, {handler}, {other}"),
            format!("{other}, {other}"),
        ),
        (format!("{handler}, {other}, {handler}"), other.to_owned()),
    ] {
        let settings =
            |handlers: &str| format!(r#"{{"hooks": {{"PreToolUse": [{{"hooks": [{handlers}]}}]}}}}"#);
        assert_eq!(removed(&settings(&handlers)).unwrap(), settings(&left));
    }
}

#[test]
fn other_forms_are_refused() {
    for text in [
        "[]",
        r#"{"hooks": []}"#,
        r#"{"hooks": {"PreToolUse": {}}}"#,
        r#"{"hooks": {"PreToolUse": [1]}}"#,
        r#"{"hooks": {"PreToolUse": [{"hooks": 1}]}}"#,
        "{} // comment",
    ] {
        assert!(installed(Some(text), &hook(&["PreToolUse"])).is_err(), "{text}");
    }
}

#[test]
fn words_reach_the_shell_as_they_are() {
    for (word, want) in [
        ("/a/b-c.yaml", "/a/b-c.yaml"),
        ("", "''"),
        ("a b", "'a b'"),
        ("it's", r"'it'\''s'"),
    ] {
        assert_eq!(shell_word(word), want);
    }
}
