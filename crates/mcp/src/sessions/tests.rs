use std::fs;

use gait_artifact::Verdict;
use gait_runpack::session::LockOverrides;

use super::*;

fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    fn sessions(&self, open: usize) -> Sessions {
        Sessions::new(SessionSettings {
            directory: self.at("s"),
            runpacks: self.at("rp"),
            lock: LockSettings::new(
                gait_runpack::session::LockProfile::Swarm,
                LockOverrides::default(),
            ),
            producer_version: "0.1.0".to_owned(),
            host: gait_runpack::record::host(),
            jobs: JobStore::new(self.at("jobs")),
            open,
        })
    }

    fn at(&self, name: &str) -> String {
        self.root.path().join(name).to_str().unwrap().to_owned()
    }

    fn names(&self, directory: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.at(directory))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn call<'a>(session_id: &'a str, run_id: &'a str) -> SessionCall<'a> {
    SessionCall {
        session_id,
        run_id,
        journal: None,
        checkpoint_interval: 0,
    }
}

fn append(sessions: &Sessions, call: &SessionCall<'_>) -> Appended {
    sessions
        .append_event(call, EventDraft::new("tool.read", Verdict::Allow), now())
        .unwrap()
}

/// The name of the journal and the sequence.
fn place_of(appended: &Appended) -> (&str, i64) {
    (appended.journal.rsplit('/').next().unwrap(), appended.sequence)
}

#[test]
fn ids_become_names_of_files() {
    for (id, expected) in [
        ("sess-1", "sess-1"),
        ("A/b c:d\\e..", "A_b_c_d_e"),
        ("../../x", "x"),
        ("sé", "sé"),
        ("a\nb\u{7f}", "a_b"),
        ("._x_.", "x"),
    ] {
        assert_eq!(base(id), expected);
    }
    assert!(base(".._").starts_with("session_"));
    assert_ne!(base(".._"), base("..._"));
    let long = "é".repeat(500);
    assert!(base(&long).len() < NAME_BYTES + 30);
    assert_ne!(base(&long), base(&format!("{long}x")));
}

#[test]
fn a_session_goes_on_in_its_journal() {
    let place = Place::new();
    for opened in 0..3 {
        let sessions = place.sessions(8);
        for sequence in 1..=3 {
            let appended = append(&sessions, &call("s", "r"));
            assert_eq!(place_of(&appended), ("s.journal.jsonl", opened * 3 + sequence));
        }
    }
    let warnings = append(&place.sessions(8), &call("s", "r")).warnings();
    assert_eq!(
        warnings,
        [format!(
            "session_journal={} sequence=10",
            place.at("s/s.journal.jsonl")
        )]
    );
}

#[test]
fn sessions_never_share_a_journal() {
    let place = Place::new();
    for open in [1, 8] {
        let sessions = place.sessions(open);
        let mut seen: HashMap<(&str, &str), String> = HashMap::new();
        for _ in 0..2 {
            // Other runs of a session, ids that become the same name, and one that looks like a fallback of another.
            for (session, run) in [
                ("s", "one"),
                ("s", "two"),
                ("a/b", "one"),
                ("a_b", "one"),
                ("a b", "one"),
                ("s_two", "one"),
                ("s_two", "x"),
            ] {
                let appended = append(&sessions, &call(session, run));
                let journal = seen
                    .entry((session, run))
                    .or_insert_with(|| appended.journal.clone());
                assert_eq!(*journal, appended.journal, "{session} {run}");
            }
        }
        let journals: std::collections::HashSet<_> = seen.values().collect();
        assert_eq!(journals.len(), seen.len());
    }
    assert!(place.names("s").contains(&"s_two.journal.jsonl".to_owned()));
}

#[test]
fn a_client_may_name_the_journal_but_not_take_over_anothers() {
    let place = Place::new();
    let sessions = place.sessions(8);
    let path = place.at("own/j.jsonl");
    let mut named = call("s", "r");
    named.journal = Some(&path);
    assert_eq!(append(&sessions, &named).journal, path);
    let other = SessionCall {
        session_id: "t",
        ..named
    };
    let refused = sessions
        .append_event(&other, EventDraft::new("t", Verdict::Allow), now())
        .unwrap_err();
    assert!(matches!(refused, SessionError::OtherSession { .. }), "{refused}");
    assert!(!Path::new(&place.at("s")).exists());
}

#[test]
fn checkpoints_come_at_their_interval() {
    let place = Place::new();
    let sessions = place.sessions(8);
    let every = |session, run, journal| SessionCall {
        session_id: session,
        run_id: run,
        journal,
        checkpoint_interval: 2,
    };
    for sequence in 1..=4 {
        let appended = append(&sessions, &every("s", "r", None));
        assert_eq!(appended.checkpoint.is_some(), sequence % 2 == 0);
        if let Some(checkpoint) = appended.checkpoint {
            assert_eq!(
                checkpoint.runpack,
                place.at(&format!("rp/s_cp_{sequence:06}.zip"))
            );
            assert_eq!(checkpoint.chain, place.at("s/s.journal_chain.json"));
        }
    }
    // Another run of the session, and a journal elsewhere, leave these runpacks alone.
    let elsewhere = place.at("own/j.jsonl");
    for _ in 0..2 {
        append(&sessions, &every("s", "other", None));
        append(&sessions, &every("s", "r", Some(&elsewhere)));
    }
    assert_eq!(place.names("rp").len(), 4);
    for interval in [0, -1] {
        let never = SessionCall {
            checkpoint_interval: interval,
            ..call("t", "r")
        };
        assert_eq!(append(&sessions, &never).checkpoint, None);
    }
}

#[test]
fn at_once_every_event_has_its_own_place() {
    let place = Place::new();
    let sessions = place.sessions(2);
    let mut sequences: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let each_event = SessionCall {
                        checkpoint_interval: 1,
                        ..call("s", "r")
                    };
                    (0..10)
                        .map(|_| append(&sessions, &each_event).sequence)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=80).collect::<Vec<_>>());
}

#[test]
fn a_journal_that_was_removed_is_begun_anew() {
    let place = Place::new();
    let sessions = place.sessions(8);
    append(&sessions, &call("s", "r"));
    append(&sessions, &call("s", "r"));
    fs::remove_dir_all(place.at("s")).unwrap();
    assert_eq!(append(&sessions, &call("s", "r")).sequence, 1);
}

#[test]
fn open_journals_are_bounded() {
    let place = Place::new();
    let sessions = place.sessions(4);
    for round in 1..=2 {
        for number in 0..20 {
            let id = format!("s{number}");
            assert_eq!(append(&sessions, &call(&id, "r")).sequence, round);
        }
    }
    assert_eq!(sessions.lock().known.len(), 4);
}

#[test]
fn what_stands_in_the_way_is_an_error() {
    let place = Place::new();
    fs::create_dir_all(place.at("s/s.journal.jsonl")).unwrap();
    let refused = place
        .sessions(4)
        .append_event(&call("s", "r"), EventDraft::new("t", Verdict::Allow), now())
        .unwrap_err();
    assert!(matches!(refused, SessionError::Open { .. }), "{refused}");
}
