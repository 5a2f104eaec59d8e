//! Jobs on the disk: what is written, what is refused, and what many hands at once make of it.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use gait_artifact::Timestamp;
use gait_artifact::job::JobEventType;
use gait_job::dispatch::{DispatchPoint, dispatch_check};
use gait_job::{Approval, Checkpoint, Command, JobError, JobStore, Refusal, Resumption, Submission};
use tempfile::TempDir;

fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

fn submission(job_id: &str) -> Submission {
    Submission {
        job_id: job_id.to_owned(),
        environment_fingerprint: "envfp:test".to_owned(),
        ..Submission::default()
    }
}

fn store() -> (TempDir, JobStore) {
    let root = tempfile::tempdir().unwrap();
    let store = JobStore::new(root.path().join("some/jobs"));
    store.submit(&submission("j"), now()).unwrap();
    (root, store)
}

fn nobody() -> String {
    String::new()
}

fn checkpoint(kind: &str) -> Command {
    Command::Checkpoint(Checkpoint {
        kind: kind.to_owned(),
        summary: "s".to_owned(),
        required_action: "a".to_owned(),
        ..Checkpoint::default()
    })
}

fn resume() -> Command {
    Command::Resume(Resumption {
        environment_fingerprint: "envfp:test".to_owned(),
        ..Resumption::default()
    })
}

#[test]
fn files_are_private_and_readable_as_text() {
    let (root, store) = store();
    let directory = root.path().join("some/jobs/j");
    store.mutate("j", &checkpoint("progress"), now()).unwrap();
    for name in ["state.json", "events.jsonl"] {
        let mode = fs::metadata(directory.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
    let state = fs::read_to_string(directory.join("state.json")).unwrap();
    assert!(
        state.starts_with("{\n  \"schema_id\": \"gait.job.runtime\",") && state.ends_with("}\n"),
        "{state}"
    );
    let log = fs::read_to_string(directory.join("events.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 2);
    assert!(log.starts_with("{\"schema_id\":\"gait.job.event\","), "{log}");
}

#[test]
fn unknown_jobs_are_not_found_by_anybody() {
    let (root, store) = store();
    fs::create_dir(root.path().join("some/jobs/empty")).unwrap();
    for id in ["unknown", " unknown ", "empty"] {
        let errors = [
            store.read(id).err(),
            store.history(id).err(),
            store.mutate(id, &Command::Stop { actor: nobody() }, now()).err(),
        ];
        for error in errors {
            assert!(matches!(error, Some(JobError::NotFound(_))), "{id} {error:?}");
        }
    }
    assert!(!root.path().join("some/jobs/unknown").exists());
    let refused = store.read("../j");
    assert!(
        matches!(refused, Err(JobError::Refused(Refusal::JobId(_)))),
        "{refused:?}"
    );
}

#[test]
fn a_job_is_submitted_once() {
    let (root, store) = store();
    let again = store.submit(&submission(" j "), now());
    assert!(matches!(again, Err(JobError::AlreadyExists(id)) if id == "j"));
    assert_eq!(store.read("j").unwrap().revision, 1);
    // Whoever removes the state of a stopped job does not get a fresh one.
    fs::remove_file(root.path().join("some/jobs/j/state.json")).unwrap();
    let again = store.submit(&submission("j"), now());
    assert!(matches!(again, Err(JobError::OrphanedLog(_))), "{again:?}");
}

#[test]
fn states_that_make_no_sense_are_refused() {
    let (root, store) = store();
    let path = root.path().join("some/jobs/j/state.json");
    for text in [
        "{",
        r#"{"job_id":" "}"#,
        r#"{"job_id":"j","revision":"1"}"#,
        r#"{"job_id":"k"}"#,
    ] {
        fs::write(&path, text).unwrap();
        assert!(store.read("j").is_err(), "{text}");
        assert!(
            store
                .mutate("j", &Command::Stop { actor: nobody() }, now())
                .is_err(),
            "{text}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_refusal_changes_nothing() {
    let (root, store) = store();
    let directory = root.path().join("some/jobs/j");
    let files = || ["state.json", "events.jsonl"].map(|name| fs::read(directory.join(name)).unwrap());
    let before = files();
    assert!(matches!(
        store.mutate("j", &resume(), now()),
        Err(JobError::Refused(_))
    ));
    assert_eq!(files(), before);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
}

#[test]
fn changes_made_at_once_are_all_kept() {
    let (_root, store) = store();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    store.mutate("j", &checkpoint("progress"), now()).unwrap();
                }
            });
        }
    });
    let history = store.history("j").unwrap();
    assert_eq!(
        (
            history.state.revision,
            history.state.checkpoints.len(),
            history.events.len()
        ),
        (21, 20, 21)
    );
    assert_eq!(history.findings, []);
}

/// Everything an agent would try to get its work going again.
fn hammer(store: &JobStore, over: &AtomicBool) {
    let approve = Command::Approve(Approval {
        actor: "a".to_owned(),
        ..Approval::default()
    });
    let commands = [
        checkpoint("progress"),
        checkpoint("blocked"),
        resume(),
        checkpoint("decision-needed"),
        approve,
        resume(),
        Command::Pause { actor: nobody() },
        resume(),
    ];
    for command in commands.iter().cycle() {
        // Refusals and a busy lock are part of the game.
        let _ = store.mutate("j", command, now());
        if over.load(Ordering::Relaxed) {
            break;
        }
    }
}

#[test]
fn nothing_outruns_an_emergency_stop() {
    for round in 0..6 {
        let (_root, store) = store();
        let over = AtomicBool::new(false);
        let stopped_at = thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| hammer(&store, &over));
            }
            while store.read("j").map_or(0, |state| state.revision) < 5 + round {
                thread::yield_now();
            }
            // A stop goes first: it never has to be asked for twice.
            let stopped = store
                .mutate("j", &Command::Stop { actor: nobody() }, now())
                .unwrap();
            // From here on the stop is acknowledged, and every look must see it.
            for _ in 0..5 {
                let verdict = dispatch_check(&store, "j", &DispatchPoint::MCP, now());
                assert!(verdict.block_reason().is_some(), "{verdict:?}");
            }
            over.store(true, Ordering::Relaxed);
            stopped.revision
        });
        let history = store.history("j").unwrap();
        assert_eq!(history.findings, []);
        assert_eq!(history.state.status, "emergency_stopped");
        let after = history.events.iter().filter(|event| event.revision > stopped_at);
        for event in after {
            assert_eq!(event.kind, JobEventType::DispatchBlocked.as_str());
        }
        assert!(store.mutate("j", &resume(), now()).is_err());
        store
            .mutate("j", &Command::Cancel { actor: nobody() }, now())
            .unwrap();
        assert!(
            dispatch_check(&store, "j", &DispatchPoint::MCP, now())
                .block_reason()
                .is_some()
        );
    }
}
