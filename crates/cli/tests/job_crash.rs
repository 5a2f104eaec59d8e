//! Jobs whose program is killed in the middle of its work.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gait_job::JobStore;

/// How often a program is killed.
const KILLS: u32 = 120;

fn gait(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gait"));
    command
        .arg("job")
        .args(arguments)
        .args(["--id", "j", "--root", "jobs"])
        .current_dir(directory)
        .stdout(Stdio::piped());
    command
}

/// Adds a checkpoint and kills the program after `patience`; tells whether it had acknowledged the checkpoint.
fn add_checkpoint_and_kill(directory: &Path, summary: &str, patience: Duration) -> bool {
    let started = Instant::now();
    let mut child = gait(directory, &["checkpoint", "add", "--summary", summary])
        .spawn()
        .unwrap();
    while started.elapsed() < patience && child.try_wait().unwrap().is_none() {
        thread::yield_now();
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .starts_with("job checkpoint add: id=j status=running")
}

/// How long a checkpoint takes when nobody interrupts it.
fn usual_duration(directory: &Path) -> Duration {
    let started = Instant::now();
    for summary in ["first", "second", "third"] {
        let output = gait(directory, &["checkpoint", "add", "--summary", summary])
            .output()
            .unwrap();
        assert!(output.status.success());
    }
    started.elapsed() / 3
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let root = tempfile::tempdir().unwrap();
    let submitted = gait(root.path(), &["submit"]).output().unwrap();
    assert!(submitted.status.success());
    let store = JobStore::new(root.path().join("jobs"));
    let usual = usual_duration(root.path());
    let marker = root.path().join("jobs/j/pending_mutation.json");
    let mut acknowledged: BTreeSet<String> = ["first", "second", "third"].map(str::to_owned).into();
    let mut interrupted = 0;
    for kill in 0..KILLS {
        let summary = format!("kill {kill}");
        // From no time at all to half as long again as usual.
        if add_checkpoint_and_kill(root.path(), &summary, usual * kill * 3 / (KILLS * 2)) {
            acknowledged.insert(summary);
        }
        interrupted += u32::from(marker.exists());
        let history = store.history("j").unwrap();
        assert_eq!(history.findings, [], "kill {kill}");
        assert_eq!(history.events.len() as u64, history.state.revision, "kill {kill}");
        assert_eq!(
            history.state.checkpoints.len() as u64 + 1,
            history.state.revision,
            "kill {kill}"
        );
        let present: BTreeSet<_> = history
            .state
            .checkpoints
            .iter()
            .map(|it| it.summary.clone())
            .collect();
        assert!(present.is_superset(&acknowledged), "kill {kill}");
        assert!(!marker.exists(), "kill {kill}");
    }
    println!(
        "{} acknowledged, {interrupted} of {KILLS} kills left a marker",
        acknowledged.len()
    );
}
