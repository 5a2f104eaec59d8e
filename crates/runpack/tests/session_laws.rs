//! Sessions in whatever order things are done to them.

// Everything in this file is a test or a part of one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use gait_artifact::runpack::RunEnv;
use gait_artifact::session::{JournalLine, SessionChain, SessionCheckpoint, SessionState};
use gait_artifact::{Timestamp, Verdict};
use gait_canon::{PrivateKey, json};
use gait_runpack::session::{
    CheckpointMade, CheckpointRequest, CompactRequest, EventDraft, LockOverrides, LockProfile, LockSettings,
    Session, SessionError,
};
use gait_runpack::{Runpack, VerifyOptions, read_chain, verify};
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-02-05T10:00:00Z".parse().unwrap()
}

fn host() -> RunEnv {
    RunEnv {
        os: "linux".into(),
        arch: "amd64".into(),
        runtime: "go".into(),
    }
}

/// A directory with a journal in it.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).to_str().unwrap().to_owned()
    }

    /// A handle that knows nothing yet, as another process has it.
    fn session(&self) -> Session {
        Session::open(&self.path("j.jsonl"), LockSettings::default(), "0.1.0").unwrap()
    }

    fn started(&self) -> Session {
        let session = self.session();
        session.start("s", "r", now()).unwrap();
        session
    }

    fn checkpoint(&self, session: &Session, name: &str) -> Result<CheckpointMade, SessionError> {
        session.checkpoint(&CheckpointRequest {
            out: &self.path(name),
            chain_out: "",
            signer: None,
            host: host(),
            now: now(),
        })
    }

    fn journal(&self) -> String {
        fs::read_to_string(self.path("j.jsonl")).unwrap()
    }

    fn lines(&self) -> Vec<JournalLine> {
        let journal = self.journal();
        journal
            .lines()
            .map(|line| json::read(line.as_bytes()).unwrap())
            .collect()
    }

    fn chain(&self) -> SessionChain {
        json::read(&fs::read(self.path("j_chain.json")).unwrap()).unwrap()
    }
}

fn append(session: &Session, tool: &str) -> i64 {
    let draft = EventDraft::new(tool, Verdict::Allow);
    session.append(draft, now()).unwrap().sequence
}

fn compact(session: &Session) {
    session
        .compact(&CompactRequest {
            out: "",
            dry_run: false,
            now: now(),
        })
        .unwrap();
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Append(u8),
    Checkpoint,
    Compact,
    /// Goes on with a handle that knows nothing.
    Reopen,
    LoseState,
    /// Keeps the state file, or puts the kept one back.
    OldState,
    LoseChain,
    TearEnd,
    LoseLastLineFeed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..4_u8).prop_map(Step::Append),
        2 => Just(Step::Checkpoint),
        2 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        1 => Just(Step::LoseState),
        2 => Just(Step::OldState),
        1 => Just(Step::LoseChain),
        1 => Just(Step::TearEnd),
        1 => Just(Step::LoseLastLineFeed),
    ]
}

/// What the session must say.
#[derive(Debug, Default, PartialEq)]
struct Model {
    sequence: i64,
    checkpointed: i64,
    checkpoints: i64,
    kept_events: i64,
}

impl Model {
    fn of(state: &SessionState) -> Self {
        Self {
            sequence: state.last_sequence,
            checkpointed: state.last_checkpoint_sequence,
            checkpoints: state.checkpoint_count,
            kept_events: state.event_count,
        }
    }
}

fn take(step: Step, place: &Place, session: &mut Session, model: &mut Model) {
    let path = place.path("j.jsonl");
    match step {
        Step::Append(times) => {
            for _ in 0..times {
                model.sequence += 1;
                model.kept_events += 1;
                assert_eq!(append(session, "t"), model.sequence);
            }
        }
        Step::Checkpoint => match place.checkpoint(session, &format!("cp{}.zip", model.checkpoints + 1)) {
            Ok(made) => {
                let SessionCheckpoint {
                    sequence_start,
                    sequence_end,
                    ..
                } = made.checkpoint;
                assert_eq!(
                    (sequence_start, sequence_end),
                    (model.checkpointed + 1, model.sequence)
                );
                model.checkpointed = model.sequence;
                model.checkpoints += 1;
            }
            Err(SessionError::NothingNew) => assert_eq!(model.checkpointed, model.sequence),
            Err(error) => panic!("{error}"),
        },
        Step::Compact => {
            compact(session);
            model.kept_events = model.sequence - model.checkpointed;
        }
        Step::Reopen => *session = place.session(),
        Step::LoseState => drop(fs::remove_file(place.path("j.jsonl.state.json"))),
        Step::OldState => {
            let (state, kept) = (place.path("j.jsonl.state.json"), place.path("kept"));
            if fs::rename(&kept, &state).is_ok() {
                *session = place.session();
            } else {
                drop(fs::copy(state, kept));
            }
        }
        Step::LoseChain => drop(fs::remove_file(place.path("j_chain.json"))),
        Step::TearEnd => fs::write(&path, place.journal() + "{\"record_type\":\"event\",\"ev").unwrap(),
        Step::LoseLastLineFeed => fs::write(&path, place.journal().trim_end()).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sequences_have_no_gaps_and_the_status_is_right(steps in prop::collection::vec(step(), 1..25)) {
        let place = Place::new();
        let mut session = place.started();
        let mut model = Model::default();
        for step in steps {
            take(step, &place, &mut session, &mut model);
            prop_assert_eq!(&Model::of(&session.status(now()).unwrap()), &model);
            if model.checkpoints > 0 {
                let vouched: Vec<_> = place.lines().into_iter().filter_map(|line| line.checkpoint).collect();
                prop_assert_eq!(i64::try_from(vouched.len()).unwrap(), model.checkpoints);
                let chain = place.chain();
                prop_assert_eq!(&chain.checkpoints, &vouched);
                prop_assert_eq!(fs::read_to_string(place.path("j_chain.json")).unwrap(), json::pretty(&chain).unwrap() + "\n");
            }
        }
        drop(fs::remove_file(place.path("j.jsonl.state.json")));
        prop_assert_eq!(&Model::of(&place.session().status(now()).unwrap()), &model);
        let sequences: Vec<_> = place.lines().into_iter().filter_map(|line| line.event).map(|e| e.sequence).collect();
        let expected: Vec<_> = (model.sequence - model.kept_events + 1..=model.sequence).collect();
        prop_assert_eq!(sequences, expected);
    }
}

#[test]
fn a_fully_compacted_session_lives_on() {
    let place = Place::new();
    let session = place.started();
    append(&session, "a");
    append(&session, "b");
    place.checkpoint(&session, "cp1.zip").unwrap();
    compact(&session);
    assert_eq!(place.lines().len(), 2);
    assert_eq!(append(&place.session(), "c"), 3);
    let made = place.checkpoint(&place.session(), "cp2.zip").unwrap();
    assert_eq!(
        (made.checkpoint.sequence_start, made.checkpoint.sequence_end),
        (3, 3)
    );
    assert_eq!(place.session().status(now()).unwrap().last_sequence, 3);
}

#[test]
fn a_state_that_forgot_the_checkpoints_is_put_right() {
    // What other programs leave behind when they compact a journal whose every event is in a checkpoint.
    let place = Place::new();
    let session = place.started();
    append(&session, "a");
    place.checkpoint(&session, "cp1.zip").unwrap();
    compact(&session);
    let path = place.path("j.jsonl.state.json");
    let state = fs::read_to_string(&path).unwrap();
    let forgetful = state.replace("\"last_sequence\": 1", "\"last_sequence\": 0");
    assert_ne!(forgetful, state);
    fs::write(&path, forgetful).unwrap();
    assert_eq!(append(&place.session(), "b"), 2);
}

#[test]
fn a_checkpoint_believes_the_journal_more_than_the_state() {
    let place = Place::new();
    let session = place.started();
    append(&session, "a");
    place.checkpoint(&session, "cp1.zip").unwrap();
    append(&session, "b");
    let path = place.path("j.jsonl.state.json");
    let state = fs::read_to_string(&path).unwrap();
    let wrong = state
        .replace("\"last_checkpoint_index\": 1", "\"last_checkpoint_index\": 7")
        .replace(
            "\"last_checkpoint_sequence\": 1",
            "\"last_checkpoint_sequence\": 0",
        );
    assert_ne!(wrong, state);
    fs::write(&path, wrong).unwrap();
    let made = place.checkpoint(&place.session(), "cp2.zip").unwrap().checkpoint;
    assert_eq!(
        (made.checkpoint_index, made.sequence_start, made.sequence_end),
        (2, 2, 2)
    );
    assert_eq!(place.session().status(now()).unwrap().event_count, 2);
}

/// Writes over an event, which then breaks the rules, with as many bytes.
fn spoil(place: &Place, sequence: i64) {
    let journal = place.journal();
    let spoilt = journal.replace(&format!("\"sequence\":{sequence},"), "\"sequence\":0,");
    assert_eq!(spoilt.len(), journal.len());
    // In place: another file would be noticed.
    fs::write(place.path("j.jsonl"), spoilt).unwrap();
}

#[test]
fn the_next_checkpoint_of_an_open_session_reads_what_came_since() {
    let place = Place::new();
    let session = place.started();
    append(&session, "a");
    place.checkpoint(&session, "cp1.zip").unwrap();
    spoil(&place, 1);
    for index in 2..5 {
        append(&session, "b");
        let made = place.checkpoint(&session, "cp.zip").unwrap().checkpoint;
        assert_eq!((made.checkpoint_index, made.sequence_start), (index, index));
        // That there is nothing new makes no difference to that.
        assert!(matches!(
            place.checkpoint(&session, "cp.zip"),
            Err(SessionError::NothingNew)
        ));
    }
    append(&session, "c");
    assert!(place.checkpoint(&place.session(), "cp.zip").is_err());
    spoil(&place, 5);
    assert!(place.checkpoint(&session, "cp.zip").is_err());
}

#[test]
fn a_chain_that_somebody_touched_is_written_anew() {
    let place = Place::new();
    let session = place.started();
    for (index, touch) in ["", " ", "{"].into_iter().enumerate() {
        append(&session, "a");
        place.checkpoint(&session, "cp.zip").unwrap();
        let path = place.path("j_chain.json");
        assert_eq!(place.chain().checkpoints.len(), index + 1);
        let chain = fs::read_to_string(&path).unwrap();
        fs::write(&path, chain.replacen("gait.", &format!("gait.{touch}"), 1)).unwrap();
    }
}

#[test]
fn checkpoints_are_runpacks_that_link_up() {
    let place = Place::new();
    let session = place.started();
    let key = PrivateKey::from_seed(&[7; 32]);
    for (index, out) in ["one.zip", "deep/er/two.zip"].into_iter().enumerate() {
        for intent_id in ["pay", "", "pay", "pay_2"] {
            let draft = EventDraft {
                intent_id: intent_id.into(),
                safety_invariant_version: format!("v{index}"),
                safety_invariant_hash: "ab".repeat(32),
                ..EventDraft::new("t", Verdict::Block)
            };
            session.append(draft, now()).unwrap();
        }
        let made = session
            .checkpoint(&CheckpointRequest {
                out: &place.path(out),
                chain_out: &place.path("copy.json"),
                signer: Some(&key),
                host: host(),
                now: now(),
            })
            .unwrap();
        assert_eq!(made.chain_path, place.path("copy.json"));
        assert_eq!(made.checkpoint.safety_invariant_version, format!("v{index}"));
        let runpack = Runpack::open(Path::new(&place.path(out))).unwrap();
        assert_eq!(runpack.run.run_id, format!("r_cp_000{}", index + 1));
        let ids: Vec<_> = runpack
            .intents
            .iter()
            .map(|intent| intent.intent_id.as_str())
            .collect();
        assert_eq!(ids, ["pay", "intent_2", "pay_2", "pay_2_2"]);
        assert!(runpack.results.iter().all(|result| result.status == "error"));
        let options = VerifyOptions {
            key: Some(&key.public()),
            require_signature: true,
            thorough: false,
        };
        let verified = verify(
            Path::new(&place.path(out)),
            &options,
            &gait_disk::progress::Unwatched,
        )
        .unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        assert_eq!(verified.manifest.manifest_digest, made.checkpoint.manifest_digest);
    }
    assert_eq!(
        fs::read(place.path("copy.json")).unwrap(),
        fs::read(place.path("j_chain.json")).unwrap()
    );
    assert_eq!(read_chain(&place.path("copy.json")).unwrap().checkpoints.len(), 2);
}

#[test]
fn asking_for_a_session_that_is_not_there_leaves_nothing_behind() {
    let place = Place::new();
    let session = Session::open(&place.path("deep/j.jsonl"), LockSettings::default(), "0.1.0").unwrap();
    assert!(matches!(session.status(now()), Err(SessionError::Open { .. })));
    let draft = EventDraft::new("t", Verdict::Allow);
    assert!(matches!(
        session.append(draft, now()),
        Err(SessionError::Open { .. })
    ));
    assert_eq!(fs::read_dir(place.root.path()).unwrap().count(), 0);
}

#[test]
fn a_journal_that_crashed_before_its_header_can_be_started() {
    for begun in ["", "{\"record_type\":\"head"] {
        let place = Place::new();
        fs::write(place.path("j.jsonl"), begun).unwrap();
        place.started();
        assert_eq!(append(&place.session(), "t"), 1);
    }
}

#[test]
fn other_ids_do_not_start_a_session_again() {
    let place = Place::new();
    let session = place.started();
    let before = place.journal();
    session.start(" s ", "r", now()).unwrap();
    assert!(matches!(
        session.start("s2", "r", now()),
        Err(SessionError::OtherSession { .. })
    ));
    assert!(matches!(
        session.start("s", "", now()),
        Err(SessionError::BlankId)
    ));
    assert_eq!(place.journal(), before);
}

#[test]
fn an_event_too_large_for_a_line_takes_no_place() {
    let place = Place::new();
    let session = place.started();
    let draft = EventDraft::new("x".repeat(9 << 20), Verdict::Allow);
    assert!(matches!(
        session.append(draft, now()),
        Err(SessionError::EventTooLarge { .. })
    ));
    assert_eq!(append(&session, "t"), 1);
}

#[test]
fn a_held_session_is_contention() {
    let place = Place::new();
    place.started();
    let lock = place.path("j.jsonl.lock");
    // A lock of a program that does not mark its locks, neither old nor telling how old it is.
    fs::write(&lock, "").unwrap();
    let overrides = LockOverrides {
        timeout: Some(std::time::Duration::from_millis(20)),
        ..LockOverrides::default()
    };
    let settings = LockSettings::new(LockProfile::Standard, overrides);
    let session = Session::open(&place.path("j.jsonl"), settings, "0.1.0").unwrap();
    let refused = session
        .append(EventDraft::new("t", Verdict::Allow), now())
        .unwrap_err();
    assert!(refused.is_contention(), "{refused}");
    assert!(refused.to_string().contains("profile=standard"), "{refused}");
    // The same lock, once it says that it is old.
    fs::write(&lock, r#"{"created_at":"2001-01-01T00:00:00Z","pid":1}"#).unwrap();
    assert_eq!(append(&session, "t"), 1);
    assert!(!Path::new(&lock).exists());
}

#[test]
fn many_threads_share_one_gapless_sequence() {
    let place = Place::new();
    let (shared, own) = (place.started(), place.session());
    let mut sequences = HashSet::new();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..16)
            .map(|writer| {
                let session = if writer % 4 == 0 { &own } else { &shared };
                scope.spawn(move || (0..20).map(|_| append(session, "t")).collect::<Vec<_>>())
            })
            .collect();
        for writer in writers {
            let own = writer.join().unwrap();
            assert!(own.is_sorted());
            sequences.extend(own);
        }
    });
    assert_eq!(sequences.len(), 320);
    assert_eq!(place.session().status(now()).unwrap().last_sequence, 320);
}
