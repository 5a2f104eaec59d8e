//! Telemetry is written when asked for, and never gets in the way.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are tests too")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use gait_artifact::event::{AdoptionEvent, OperationalEvent, Phase, StreamHealth, TelemetryHealth};
use gait_canon::json;
use gait_disk::{FileLock, LockPolicy, append};

fn gait(directory: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gait"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn lines<T: serde::de::DeserializeOwned>(path: &Path) -> Vec<T> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| json::read(line.as_bytes()).unwrap())
        .collect()
}

#[test]
fn every_command_leaves_one_adoption_event() {
    let directory = tempfile::tempdir().unwrap();
    let environment = [
        ("GAIT_ADOPTION_LOG", " logs/a.jsonl "),
        ("GAIT_ADOPTION_WORKFLOW", " nightly "),
    ];
    gait(directory.path(), &environment, &["version"]);
    gait(directory.path(), &environment, &["keys", "verify"]);
    gait(directory.path(), &environment, &["--help"]);
    let events: Vec<AdoptionEvent> = lines(&directory.path().join("logs/a.jsonl"));
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.command.as_str(), event.exit_code, event.success))
        .collect();
    assert_eq!(
        seen,
        [("version", 0, true), ("keys verify", 6, false), ("help", 0, true)]
    );
    assert!(events.iter().all(|event| event.workflow_id == "nightly"));
}

#[test]
fn a_command_is_framed_by_two_operational_events() {
    let directory = tempfile::tempdir().unwrap();
    gait(
        directory.path(),
        &[("GAIT_OPERATIONAL_LOG", "o.jsonl")],
        &["keys", "verify"],
    );
    let events: Vec<OperationalEvent> = lines(&directory.path().join("o.jsonl"));
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.phase, event.exit_code, event.error_category.as_str()))
        .collect();
    assert_eq!(
        seen,
        [(Phase::Start, 0, "none"), (Phase::End, 6, "invalid_input")]
    );
    assert_eq!(events[0].correlation_id, events[1].correlation_id);
}

#[test]
fn logs_that_cannot_be_written_only_warn() {
    let directory = tempfile::tempdir().unwrap();
    let escaping = [
        ("GAIT_ADOPTION_LOG", "../a.jsonl"),
        ("GAIT_OPERATIONAL_LOG", "../o.jsonl"),
    ];
    let output = gait(directory.path(), &escaping, &["version"]);
    assert!(output.status.success());
    let warnings = String::from_utf8(output.stderr).unwrap();
    let streams: Vec<_> = warnings
        .lines()
        .filter_map(|line| line.split("stream=").nth(1)?.split(' ').next())
        .collect();
    assert_eq!(streams, ["operational_start", "adoption", "operational_end"]);

    let silent = [escaping[0], ("GAIT_TELEMETRY_WARN", " Off ")];
    assert!(gait(directory.path(), &silent, &["version"]).stderr.is_empty());
}

#[test]
fn health_counts_across_commands() {
    let directory = tempfile::tempdir().unwrap();
    let environment = |log| {
        [
            ("GAIT_ADOPTION_LOG", log),
            ("GAIT_TELEMETRY_HEALTH_PATH", "h.json"),
            ("GAIT_TELEMETRY_WARN", "off"),
        ]
    };
    gait(directory.path(), &environment("a.jsonl"), &["version"]);
    gait(directory.path(), &environment("../a.jsonl"), &["version"]);
    let health: TelemetryHealth =
        json::read(&std::fs::read(directory.path().join("h.json")).unwrap()).unwrap();
    assert_eq!(
        health.streams["adoption"],
        StreamHealth {
            attempts: 2,
            success: 1,
            failed: 1
        }
    );
}

#[test]
fn without_logs_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let environment = [
        ("GAIT_TELEMETRY_HEALTH_PATH", "h.json"),
        ("GAIT_ADOPTION_LOG", "  "),
    ];
    gait(directory.path(), &environment, &["version"]);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_log_that_someone_else_has_locked_holds_nothing_up_for_long() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("a.jsonl");
    let _held = FileLock::acquire(&append::lock_path(&log), &LockPolicy::APPEND, b"").unwrap();
    let started = Instant::now();
    let output = gait(
        directory.path(),
        &[("GAIT_ADOPTION_LOG", "a.jsonl")],
        &["version"],
    );
    assert!(output.status.success());
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("stream=adoption write failed")
    );
}
