//! What it costs to remember a decision, however many are remembered already.
//!
//! The figures to reach: an append behind a million events takes at most 1.2 times as long as one behind none; sixteen
//! threads that share a session have 20,000 events on the disk in a second; the state of 20,000 events is rebuilt in 20
//! milliseconds; a checkpoint of an open session takes at most 1.5 times as long behind a million events as behind two hundred.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::OnceLock;

use divan::{Bencher, counter::ItemsCount};
use gait_artifact::{Timestamp, Verdict, runpack::RunEnv};
use gait_runpack::session::{
    CheckpointMade, CheckpointRequest, EventDraft, LockSettings, Session, SessionError,
};
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// Events in the longest journal.
const MANY: i64 = 1_000_000;

/// Threads that share a session.
const APPENDERS: u32 = 16;

fn now() -> Timestamp {
    "2026-02-05T10:00:00Z".parse().expect("the time is RFC 3339")
}

fn draft() -> EventDraft {
    EventDraft {
        intent_id: "intent_0123456789abcdef".into(),
        trace_id: "trace_0123456789abcdef".into(),
        trace_path: "gait-out/trace_0123456789abcdef.json".into(),
        intent_digest: "1".repeat(64),
        policy_digest: "2".repeat(64),
        reason_codes: vec!["default_allow".into()],
        ..EventDraft::new("tool.write", Verdict::Allow)
    }
}

/// A session with a number of events in it.
struct Place {
    root: TempDir,
}

impl Place {
    fn with_events(events: i64) -> Self {
        let place = Self {
            root: tempfile::tempdir().expect("a directory can be made"),
        };
        let session = place.session();
        session.start("s", "r", now()).expect("a session starts");
        session.append(draft(), now()).expect("an event is appended");
        let journal = fs::read_to_string(place.journal()).expect("a journal is text");
        let (header, first) = journal.split_once('\n').expect("a journal has a header");
        let (before, after) = first
            .split_once("\"sequence\":1,")
            .expect("an event has a sequence");
        let file = File::create(place.journal()).expect("a journal can be written");
        let mut file = BufWriter::new(file);
        writeln!(file, "{header}").expect("a line can be written");
        for sequence in 1..=events {
            write!(file, "{before}\"sequence\":{sequence},{after}").expect("a line can be written");
        }
        file.into_inner()
            .expect("a journal can be written")
            .sync_all()
            .expect("a journal can be flushed");
        place
            .session()
            .status(now())
            .expect("the journal holds to the rules");
        place
    }

    /// A handle that knows nothing yet, as every process has it at first.
    fn session(&self) -> Session {
        let path = self.journal();
        let path = path.to_str().expect("the path is text");
        Session::open(path, LockSettings::default(), "0.1.0").expect("the path is accepted")
    }

    fn journal(&self) -> PathBuf {
        self.root.path().join("j.jsonl")
    }

    fn checkpoint(&self, session: &Session) -> Result<CheckpointMade, SessionError> {
        let out = self.root.path().join("cp.zip");
        session.checkpoint(&CheckpointRequest {
            out: out.to_str().expect("the path is text"),
            chain_out: "",
            signer: None,
            host: RunEnv::default(),
            now: now(),
        })
    }
}

/// A place that benchmarks share, for making it takes long.
fn shared(events: i64) -> &'static Place {
    static NONE: OnceLock<Place> = OnceLock::new();
    static ALL: OnceLock<Place> = OnceLock::new();
    let place = if events == 0 { &NONE } else { &ALL };
    place.get_or_init(|| Place::with_events(events))
}

/// Ten thousand appends behind so many events, each by a handle of its own as on the command line.
#[divan::bench(args = [0, MANY], sample_count = 100, sample_size = 100)]
fn append_alone(bencher: Bencher, events: i64) {
    let place = shared(events);
    bencher.bench(|| {
        place
            .session()
            .append(draft(), now())
            .expect("an event is appended")
    });
}

/// The same by one handle.
#[divan::bench(args = [0, MANY], sample_count = 100, sample_size = 100)]
fn append(bencher: Bencher, events: i64) {
    let session = shared(events).session();
    bencher.bench(|| session.append(draft(), now()).expect("an event is appended"));
}

/// Sixteen threads that share a handle.
#[divan::bench(args = [0, MANY], sample_count = 10, sample_size = 1)]
fn append_together(bencher: Bencher, events: i64) {
    const EACH: u32 = 500;
    let session = shared(events).session();
    bencher.counter(ItemsCount::new(APPENDERS * EACH)).bench(|| {
        std::thread::scope(|scope| {
            for _ in 0..APPENDERS {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        session.append(draft(), now()).expect("an event is appended");
                    }
                });
            }
        });
    });
}

/// Finding out how a session stands when its state file is lost.
#[divan::bench(args = [20_000, MANY], sample_count = 3, sample_size = 1)]
fn rebuild(bencher: Bencher, events: i64) {
    let place = Place::with_events(events);
    bencher
        .with_inputs(|| {
            fs::remove_file(place.root.path().join("j.jsonl.state.json")).expect("there is a state");
            place.session()
        })
        .bench_values(|session| session.status(now()).expect("the journal holds to the rules"));
}

/// Turning the next two hundred events of an open session into a runpack, behind so many that are in one already.
#[divan::bench(args = [200, 20_000, MANY], sample_count = 20, sample_size = 1)]
fn checkpoint_next(bencher: Bencher, events: i64) {
    const NEXT: usize = 200;
    let place = Place::with_events(events);
    let session = place.session();
    // More than one runpack holds take several.
    while place.checkpoint(&session).is_ok() {}
    bencher
        .counter(ItemsCount::new(NEXT))
        .with_inputs(|| {
            let appended = session.append_batch(vec![(draft(), now()); NEXT]);
            assert!(appended.iter().all(Result::is_ok), "events are appended");
        })
        .bench_local_values(|()| place.checkpoint(&session).expect("a checkpoint is made"));
}

/// Turning so many events into a runpack.
#[divan::bench(args = [200, 20_000], sample_count = 10, sample_size = 1)]
fn checkpoint(bencher: Bencher, events: i64) {
    bencher
        .with_inputs(|| Place::with_events(events))
        .bench_refs(|place| place.checkpoint(&place.session()).expect("a checkpoint is made"));
}
