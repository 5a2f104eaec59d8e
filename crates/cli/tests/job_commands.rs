//! `gait job` as scripts see it: exit codes and lines.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The exit code and standard output of `gait job LINE`.
fn job(directory: &Path, line: &str) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gait"))
        .arg("job")
        .args(line.split(' ').map(|word| word.replace('~', " ")))
        .args(["--root", "jobs"])
        .current_dir(directory)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn a_job_from_its_beginning_to_its_end() {
    let root = tempfile::tempdir().unwrap();
    for (line, exit, text) in [
        (
            "submit --id j --env-fingerprint e",
            0,
            "job submit: id=j status=running stop_reason=none reason_code=submitted\n",
        ),
        (
            "checkpoint add --id j --type decision-needed --summary go~on? --required-action look",
            0,
            "job checkpoint add: id=j status=decision_needed stop_reason=decision_needed reason_code=decision_needed\n\
             checkpoint: cp_0001 (decision-needed)\n",
        ),
        (
            "resume --id j --env-fingerprint e",
            6,
            "job resume error: approval required",
        ),
        (
            "approve --id j --actor a --checkpoint cp_0002",
            6,
            "job approve error: checkpoint not found",
        ),
        (
            "approve --id j --actor a --checkpoint cp_0001",
            0,
            "job approve: id=j status=decision_needed",
        ),
        (
            "resume --id j --env-fingerprint e",
            0,
            "job resume: id=j status=running stop_reason=none reason_code=resumed\n",
        ),
        ("checkpoint list --id j", 0, "checkpoints=1\n"),
        (
            "checkpoint show --id j --checkpoint cp_0001",
            0,
            "checkpoint: cp_0001 (decision-needed)\n",
        ),
        (
            "checkpoint show --id j --checkpoint cp_0009",
            6,
            "job checkpoint show error: checkpoint not found",
        ),
        ("stop --id j", 0, "job stop: id=j status=emergency_stopped"),
        (
            "checkpoint add --id j --type blocked --summary x",
            6,
            "job checkpoint add error: cannot add a checkpoint",
        ),
        (
            "resume --id j --env-fingerprint e",
            6,
            "job resume error: cannot resume a job that is emergency_stopped",
        ),
        (
            "approve --id j --actor a",
            6,
            "job approve error: cannot approve a job that is emergency_stopped",
        ),
        (
            "inspect --id j",
            0,
            "job inspect: id=j status=emergency_stopped stop_reason=emergency_stopped reason_code=emergency_stop_preempted\nevents=5\n",
        ),
        ("cancel --id j", 0, "job cancel: id=j status=cancelled"),
        (
            "stop --id j",
            6,
            "job stop error: cannot stop a job that is cancelled",
        ),
        ("pause --id unknown", 6, "job pause error: job not found: unknown"),
        ("stop --id unknown", 6, "job stop error: job not found: unknown"),
    ] {
        let (code, printed) = job(root.path(), line);
        assert_eq!(code, exit, "{line}: {printed}");
        assert!(printed.starts_with(text), "{line}: {printed}");
    }
}

#[test]
fn a_lock_of_somebody_else_is_contention() {
    let root = tempfile::tempdir().unwrap();
    job(root.path(), "submit --id j");
    let lock = root.path().join("jobs/j/state.json.lock");
    fs::write(&lock, "").unwrap();
    for command in ["pause", "stop"] {
        let (code, printed) = job(root.path(), &format!("{command} --id j --json"));
        let printed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(
            (code, &printed["cause"]),
            (1, &"state_contention".into()),
            "{printed}"
        );
    }
    assert_eq!(job(root.path(), "status --id j").0, 0);
    fs::remove_file(&lock).unwrap();
    assert_eq!(job(root.path(), "pause --id j").0, 0);
}

#[test]
fn lists_and_policies_that_close_the_way() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("unknown.json"), r#"{"revoked":["a"]}"#).unwrap();
    fs::write(root.path().join("torn.json"), r#"["a""#).unwrap();
    fs::write(
        root.path().join("block.yaml"),
        "default_verdict: block\nrules: []\n",
    )
    .unwrap();
    fs::write(
        root.path().join("allow.yaml"),
        "default_verdict: allow\nrules: []\n",
    )
    .unwrap();
    job(root.path(), "submit --id j --actor a --env-fingerprint e");
    job(root.path(), "submit --id nobody --env-fingerprint e");
    for id in ["j", "nobody"] {
        job(root.path(), &format!("pause --id {id}"));
    }
    for (line, exit) in [
        (
            "resume --id j --env-fingerprint e --identity-revocations unknown.json",
            6,
        ),
        (
            "resume --id j --env-fingerprint e --identity-revocations torn.json",
            6,
        ),
        (
            "resume --id j --env-fingerprint e --identity-revocations missing.json",
            6,
        ),
        ("resume --id j --env-fingerprint e --identity-revoked", 6),
        ("resume --id nobody --env-fingerprint e --identity-revoked", 6),
        ("resume --id j --env-fingerprint e --policy block.yaml", 3),
        ("resume --id j --env-fingerprint other", 6),
        ("resume --id j --env-fingerprint e --policy allow.yaml", 0),
    ] {
        let (code, printed) = job(root.path(), line);
        assert_eq!(code, exit, "{line}: {printed}");
    }
}
