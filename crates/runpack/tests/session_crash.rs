//! Processes that are killed in the middle of a session, and many that want the same one.
//!
//! The test program starts itself again in a role that works on a session, and reports what was acknowledged to it as
//! `ack <what>` on its standard output. It is killed with SIGKILL at a moment that no one chose; then whoever comes next
//! must find all that was acknowledged.

// Everything in this file is a test or a part of one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use gait_artifact::runpack::RunEnv;
use gait_artifact::session::{JournalLine, SessionCheckpoint};
use gait_artifact::{Timestamp, Verdict};
use gait_canon::json;
use gait_disk::progress::Unwatched;
use gait_runpack::session::{
    CheckpointRequest, CompactRequest, EventDraft, LockOverrides, LockProfile, LockSettings, Session,
    SessionError,
};
use gait_runpack::{Runpack, VerifyOptions, read_chain, verify};

const ROLE: &str = "GAIT_SESSION_TEST_ROLE";
const PLACE: &str = "GAIT_SESSION_TEST_PLACE";

/// How many processes the crash test kills.
const KILLS: usize = 110;

/// The started program's side. Without a role it is an empty test.
#[test]
fn role() {
    let (Ok(role), Some(place)) = (env::var(ROLE), env::var_os(PLACE).map(PathBuf::from)) else {
        return;
    };
    match role.as_str() {
        "work" => work_for_ever(&place),
        "crowd" => append_some(&place),
        unknown => panic!("unknown role {unknown}"),
    }
}

fn acknowledge(what: &str) {
    // On a line of its own: the test harness has begun one with the test's name.
    let line = format!("\nack {what}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap(), since.subsec_nanos())
}

fn session(place: &Path) -> Session {
    // A killed process must not make anyone wait; the time is for machines that are busy with other tests.
    let overrides = LockOverrides {
        timeout: Some(Duration::from_secs(60)),
        ..LockOverrides::default()
    };
    let settings = LockSettings::new(LockProfile::Standard, overrides);
    Session::open(place.join("j.jsonl").to_str().unwrap(), settings, "0.1.0").unwrap()
}

fn append(session: &Session, intent_id: &str) -> i64 {
    let draft = EventDraft {
        intent_id: intent_id.into(),
        ..EventDraft::new("tool.write", Verdict::Allow)
    };
    session.append(draft, now()).unwrap().sequence
}

fn checkpoint(session: &Session, out: &Path) -> Result<SessionCheckpoint, SessionError> {
    let request = CheckpointRequest {
        out: out.to_str().unwrap(),
        chain_out: "",
        signer: None,
        host: RunEnv::default(),
        now: now(),
    };
    session.checkpoint(&request).map(|made| made.checkpoint)
}

/// Three threads append; this one makes checkpoints and compacts.
fn work_for_ever(place: &Path) -> ! {
    let session = session(place);
    let me = std::process::id();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let session = &session;
            scope.spawn(move || {
                for number in 0.. {
                    let intent_id = format!("{me}-{thread}-{number}");
                    let sequence = append(session, &intent_id);
                    acknowledge(&format!("event {sequence} {intent_id}"));
                }
            });
        }
        loop {
            // The name is nobody else's, whoever makes the next checkpoint.
            let next = session.status(now()).unwrap().last_checkpoint_index + 1;
            match checkpoint(&session, &place.join(format!("cp-{me}-{next}.zip"))) {
                Ok(made) => acknowledge(&format!(
                    "checkpoint {} {}",
                    made.checkpoint_index, made.checkpoint_digest
                )),
                Err(SessionError::NothingNew) => {}
                Err(error) => panic!("{error}"),
            }
            session
                .compact(&CompactRequest {
                    out: "",
                    dry_run: false,
                    now: now(),
                })
                .unwrap();
        }
    })
}

/// One of a crowd: every append is made as by a process of its own.
fn append_some(place: &Path) {
    for number in 0..25 {
        let intent_id = format!("{}-{number}", std::process::id());
        let sequence = append(&session(place), &intent_id);
        acknowledge(&format!("event {sequence} {intent_id}"));
    }
}

/// A started copy of this program and its acknowledgements so far.
struct Worker {
    process: Child,
    output: BufReader<ChildStdout>,
    acknowledged: Vec<String>,
}

impl Worker {
    fn start(role: &str, place: &Path) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "role", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(PLACE, place)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            output,
            acknowledged: Vec::new(),
        }
    }

    /// Waits for one more acknowledgement; `false` at the end of the output.
    fn wait(&mut self) -> bool {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            // A killed worker may leave half an acknowledgement.
            if let Some(what) = line.strip_prefix("ack ").and_then(|rest| rest.strip_suffix('\n')) {
                self.acknowledged.push(what.to_owned());
                return true;
            }
            line.clear();
        }
        false
    }

    /// Lets the worker work on for `spin` and kills it; gives all that was acknowledged to it.
    fn kill_after(mut self, spin: Duration) -> Vec<String> {
        let until = Instant::now() + spin;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        self.process.kill().unwrap();
        self.finish();
        std::mem::take(&mut self.acknowledged)
    }

    /// Waits for the end; whether it was a good one.
    fn finish(&mut self) -> bool {
        while self.wait() {}
        self.process.wait().unwrap().success()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Numbers without a pattern that matters here (xorshift).
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// Everything that was acknowledged, over all processes.
#[derive(Default)]
struct Acknowledged {
    events: BTreeMap<i64, String>,
    checkpoints: BTreeMap<i64, String>,
}

impl Acknowledged {
    fn add(&mut self, lines: &[String]) {
        for line in lines {
            let words: Vec<_> = line.split(' ').collect();
            let (number, id) = (words[1].parse().unwrap(), words[2].to_owned());
            let earlier = match words[0] {
                "event" => self.events.insert(number, id),
                "checkpoint" => self.checkpoints.insert(number, id),
                what => panic!("{what}"),
            };
            assert_eq!(earlier, None, "{line}: the number was given out before");
        }
    }
}

/// What is found in the journal and in the runpacks that its checkpoints name.
#[derive(Default)]
struct Found {
    events: BTreeMap<i64, String>,
    checkpoints: BTreeMap<i64, String>,
}

impl Found {
    fn at(place: &Path, known: &mut BTreeMap<i64, Vec<String>>) -> Self {
        let mut found = Self::default();
        let chain = place.join("j_chain.json");
        let journal = fs::read_to_string(place.join("j.jsonl")).unwrap();
        let mut checkpoints = Vec::new();
        for line in journal.lines() {
            let line: JournalLine = json::read(line.as_bytes()).unwrap();
            if let Some(event) = line.event {
                found.events.insert(event.sequence, event.intent_id);
            }
            checkpoints.extend(line.checkpoint);
        }
        if !checkpoints.is_empty() {
            assert_eq!(
                read_chain(chain.to_str().unwrap()).unwrap().checkpoints,
                checkpoints
            );
        }
        for checkpoint in checkpoints {
            let index = checkpoint.checkpoint_index;
            let intents = known.entry(index).or_insert_with(|| intents(&checkpoint));
            found
                .events
                .extend((checkpoint.sequence_start..).zip(intents.iter().cloned()));
            found.checkpoints.insert(index, checkpoint.checkpoint_digest);
        }
        found
    }

    fn holds(&self, acknowledged: &Acknowledged) {
        for (sequence, intent_id) in &acknowledged.events {
            assert_eq!(self.events.get(sequence), Some(intent_id), "event {sequence}");
        }
        for (index, digest) in &acknowledged.checkpoints {
            assert_eq!(self.checkpoints.get(index), Some(digest), "checkpoint {index}");
        }
    }
}

/// The intents of a checkpoint's runpack, which must be whole and the one that was meant.
fn intents(checkpoint: &SessionCheckpoint) -> Vec<String> {
    let path = Path::new(&checkpoint.runpack_path);
    let options = VerifyOptions {
        key: None,
        require_signature: false,
        thorough: false,
    };
    let verified = verify(path, &options, &Unwatched).unwrap();
    assert!(verified.is_ok(), "{verified:?}");
    assert_eq!(verified.manifest.manifest_digest, checkpoint.manifest_digest);
    let intents = Runpack::open(path).unwrap().intents;
    assert_eq!(
        i64::try_from(intents.len()).unwrap(),
        checkpoint.sequence_end - checkpoint.sequence_start + 1
    );
    intents.into_iter().map(|intent| intent.intent_id).collect()
}

#[test]
fn killed_workers_lose_nothing_that_was_acknowledged() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path();
    session(place).start("s", "r", now()).unwrap();
    let mut moments = Moments(0x9E37_79B9_7F4A_7C15 ^ u64::from(std::process::id()));
    let mut acknowledged = Acknowledged::default();
    let mut known = BTreeMap::new();
    let mut other = Worker::start("work", place);
    for kill in 0..KILLS {
        let mut victim = std::mem::replace(&mut other, Worker::start("work", place));
        for _ in 0..moments.next(8) {
            assert!(victim.wait(), "a worker gave up");
        }
        acknowledged.add(&victim.kill_after(Duration::from_micros(moments.next(4000))));
        if kill % 5 == 4 {
            // Nobody else is at work: what the crash left is made good by this look at the session.
            acknowledged.add(&other.kill_after(Duration::from_micros(moments.next(4000))));
            let status = session(place).status(now()).unwrap();
            let found = Found::at(place, &mut known);
            found.holds(&acknowledged);
            let last = found.events.last_key_value().map_or(0, |(sequence, _)| *sequence);
            assert_eq!(status.last_sequence, last);
            assert_eq!(
                i64::try_from(found.events.len()).unwrap(),
                last,
                "the sequence has gaps"
            );
            other = Worker::start("work", place);
        }
    }
    drop(other);
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "zip") {
            Runpack::open(&path).expect("a runpack is whole or absent");
        }
    }
}

#[test]
fn a_crowd_of_processes_gets_its_turns() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path();
    session(place).start("s", "r", now()).unwrap();
    let mut crowd: Vec<_> = (0..8).map(|_| Worker::start("crowd", place)).collect();
    let mut acknowledged = Acknowledged::default();
    for worker in &mut crowd {
        assert!(worker.finish(), "one of the crowd failed");
        acknowledged.add(&worker.acknowledged);
    }
    assert!(acknowledged.events.keys().copied().eq(1..=200));
    Found::at(place, &mut BTreeMap::new()).holds(&acknowledged);
    assert!(!place.join("j.jsonl.lock").exists());
}
