//! A job after a crash: for every moment at which a change can be interrupted, the files as they would stand.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use gait_artifact::Timestamp;
use gait_artifact::job::{JobState, PendingMutation};
use gait_canon::json;
use gait_job::{Checkpoint, Command, JobError, JobStore, Submission, Transition, machine};

fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

fn submission() -> Submission {
    Submission {
        job_id: "j".to_owned(),
        actor: "me".to_owned(),
        ..Submission::default()
    }
}

fn stop() -> Command {
    Command::Stop { actor: String::new() }
}

fn progress(summary: &str) -> Command {
    Command::Checkpoint(Checkpoint {
        kind: "progress".to_owned(),
        summary: summary.to_owned(),
        ..Checkpoint::default()
    })
}

/// What of a change had reached the disk.
#[derive(Debug, Clone, Copy)]
struct Moment {
    name: &'static str,
    state: bool,
    event: Written,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Written {
    Not,
    Half,
    WithoutLineFeed,
    Whole,
}

const MOMENTS: &[Moment] = &[
    Moment {
        name: "marker only",
        state: false,
        event: Written::Not,
    },
    Moment {
        name: "marker and state",
        state: true,
        event: Written::Not,
    },
    Moment {
        name: "half of the event",
        state: true,
        event: Written::Half,
    },
    Moment {
        name: "half of the event, old state",
        state: false,
        event: Written::Half,
    },
    Moment {
        name: "event without line feed",
        state: true,
        event: Written::WithoutLineFeed,
    },
    Moment {
        name: "marker not removed",
        state: true,
        event: Written::Whole,
    },
    Moment {
        name: "event before state",
        state: false,
        event: Written::Whole,
    },
];

struct Files {
    directory: PathBuf,
}

impl Files {
    fn below(root: &Path) -> Self {
        let directory = root.join("j");
        fs::create_dir_all(&directory).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn write_marker(&self, previous: Option<JobState>, next: &Transition) {
        let pending = PendingMutation {
            job_id: "j".to_owned(),
            created_at: now(),
            previous_state: previous,
            updated_state: next.state.clone(),
            event: next.event.clone(),
            ..PendingMutation::default()
        };
        fs::write(
            self.path("pending_mutation.json"),
            json::pretty(&pending).unwrap(),
        )
        .unwrap();
    }

    /// Leaves the files as a crash at `moment` would.
    fn interrupt(&self, previous: Option<JobState>, next: &Transition, moment: Moment) {
        self.write_marker(previous, next);
        if moment.state {
            fs::write(self.path("state.json"), json::pretty(&next.state).unwrap()).unwrap();
        }
        let line = json::compact_in_order(&json::to_value(&next.event).unwrap());
        let added = match moment.event {
            Written::Not => String::new(),
            Written::Half => line[..line.len() / 2].to_owned(),
            Written::WithoutLineFeed => line,
            Written::Whole => line + "\n",
        };
        if !added.is_empty() {
            let log = self.path("events.jsonl");
            let before = fs::read_to_string(&log).unwrap_or_default();
            fs::write(log, before + &added).unwrap();
        }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Someone who looks at the job after the crash, and what that leaves of the files.
type Look = fn(&JobStore) -> Result<JobState, JobError>;
const LOOKS: [Look; 2] = [
    |store| store.read("j"),
    |store| store.history("j").map(|history| history.state),
];

#[test]
fn an_interrupted_change_has_happened_or_has_not() {
    for moment in MOMENTS {
        for look in LOOKS {
            let root = tempfile::tempdir().unwrap();
            let store = JobStore::new(root.path());
            let previous = store.submit(&submission(), now()).unwrap();
            let next = machine::apply(&previous, &stop(), now()).unwrap();
            let files = Files::below(root.path());
            files.interrupt(Some(previous.clone()), &next, *moment);

            let happened = matches!(moment.event, Written::Whole | Written::WithoutLineFeed);
            let expected = if happened { &next.state } else { &previous };
            assert_eq!(look(&store).unwrap(), *expected, "{}", moment.name);
            assert_eq!(files.names(), ["events.jsonl", "state.json"], "{}", moment.name);
            let history = store.history("j").unwrap();
            assert_eq!(history.findings, [], "{}", moment.name);
            assert_eq!(
                history.events.len(),
                if happened { 2 } else { 1 },
                "{}",
                moment.name
            );
            // The job goes on as if nothing had been.
            let refused = store.mutate("j", &progress("next"), now()).is_err();
            assert_eq!(refused, happened, "{}", moment.name);
            assert_eq!(store.history("j").unwrap().findings, [], "{}", moment.name);
        }
    }
}

#[test]
fn an_interrupted_change_is_settled_before_the_next() {
    for moment in MOMENTS {
        let root = tempfile::tempdir().unwrap();
        let store = JobStore::new(root.path());
        let previous = store.submit(&submission(), now()).unwrap();
        let next = machine::apply(&previous, &progress("interrupted"), now()).unwrap();
        Files::below(root.path()).interrupt(Some(previous), &next, *moment);

        let happened = matches!(moment.event, Written::Whole | Written::WithoutLineFeed);
        let state = store.mutate("j", &progress("next"), now()).unwrap();
        let summaries: Vec<_> = state.checkpoints.iter().map(|it| it.summary.as_str()).collect();
        let expected: &[&str] = if happened {
            &["interrupted", "next"]
        } else {
            &["next"]
        };
        assert_eq!(summaries, expected, "{}", moment.name);
        let history = store.history("j").unwrap();
        assert_eq!(history.findings, [], "{}", moment.name);
        assert_eq!(history.events.len(), 1 + expected.len(), "{}", moment.name);
    }
}

#[test]
fn an_interrupted_submission_has_happened_or_has_not() {
    for moment in MOMENTS {
        let root = tempfile::tempdir().unwrap();
        let store = JobStore::new(root.path());
        let files = Files::below(root.path());
        let first = machine::submit(&submission(), now()).unwrap();
        files.interrupt(None, &first, *moment);

        if matches!(moment.event, Written::Whole | Written::WithoutLineFeed) {
            assert_eq!(store.read("j").unwrap(), first.state, "{}", moment.name);
            let again = store.submit(&submission(), now());
            assert!(
                matches!(again, Err(JobError::AlreadyExists(_))),
                "{}",
                moment.name
            );
        } else {
            assert!(
                matches!(store.read("j"), Err(JobError::NotFound(_))),
                "{}",
                moment.name
            );
            assert!(
                !files.names().contains(&"state.json".to_owned()),
                "{}",
                moment.name
            );
            store.submit(&submission(), now()).unwrap();
        }
        assert_eq!(store.history("j").unwrap().findings, [], "{}", moment.name);
    }
}

#[test]
fn a_marker_left_behind_does_not_take_a_job_back() {
    let root = tempfile::tempdir().unwrap();
    let store = JobStore::new(root.path());
    let previous = store.submit(&submission(), now()).unwrap();
    let next = machine::apply(&previous, &progress("first"), now()).unwrap();
    store.mutate("j", &progress("first"), now()).unwrap();
    let stopped = store.mutate("j", &stop(), now()).unwrap();
    Files::below(root.path()).write_marker(Some(previous), &next);
    assert_eq!(store.read("j").unwrap(), stopped);
    assert_eq!(store.history("j").unwrap().findings, []);
}

type Change = fn(&mut PendingMutation);

#[test]
fn a_marker_that_makes_no_sense_stops_everything_and_stays() {
    let root = tempfile::tempdir().unwrap();
    let store = JobStore::new(root.path());
    let previous = store.submit(&submission(), now()).unwrap();
    let next = machine::apply(&previous, &stop(), now()).unwrap();
    let files = Files::below(root.path());
    let good = PendingMutation {
        job_id: "j".to_owned(),
        previous_state: Some(previous),
        updated_state: next.state,
        event: next.event,
        ..PendingMutation::default()
    };
    let changes: &[Change] = &[
        |it| it.job_id.clear(),
        |it| it.job_id = "k".into(),
        |it| it.updated_state.job_id = "k".into(),
        |it| it.previous_state.as_mut().unwrap().job_id = "k".into(),
        |it| it.event.job_id = "k".into(),
    ];
    let mut texts = vec!["{".to_owned(), String::new(), "[]".to_owned()];
    texts.extend(changes.iter().map(|change| {
        let mut bad = good.clone();
        change(&mut bad);
        json::pretty(&bad).unwrap()
    }));
    for text in texts {
        fs::write(files.path("pending_mutation.json"), &text).unwrap();
        assert!(store.read("j").is_err(), "{text}");
        assert!(store.mutate("j", &stop(), now()).is_err(), "{text}");
        assert!(store.submit(&submission(), now()).is_err(), "{text}");
        assert_eq!(
            fs::read_to_string(files.path("pending_mutation.json")).unwrap(),
            text
        );
    }
}

#[test]
fn a_change_whose_event_cannot_be_logged_is_undone() {
    let root = tempfile::tempdir().unwrap();
    let store = JobStore::new(root.path());
    let before = store.submit(&submission(), now()).unwrap();
    let files = Files::below(root.path());
    // Nothing can be locked where a directory stands.
    fs::create_dir(files.path("events.jsonl.lock")).unwrap();
    let failed = store.mutate("j", &progress("lost"), now());
    assert!(matches!(failed, Err(JobError::Write(_))), "{failed:?}");
    assert_eq!(files.names(), ["events.jsonl", "events.jsonl.lock", "state.json"]);
    assert_eq!(store.read("j").unwrap(), before);
    fs::remove_dir(files.path("events.jsonl.lock")).unwrap();
    store.mutate("j", &progress("kept"), now()).unwrap();
    assert_eq!(store.history("j").unwrap().findings, []);
}
