//! Packs whose builder is killed in the middle of its work.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gait_artifact::Timestamp;
use gait_artifact::runpack::{IntentRecord, Refs, Run};
use gait_canon::Digest;
use gait_disk::progress::Unwatched;
use gait_pack::verify::{VerifyOptions, verify};
use gait_runpack::{Content, write};

/// How often a program is killed.
const KILLS: u32 = 60;
/// Enough calls that packing them takes a while.
const CALLS: u32 = 1500;

/// Writes the runpack of a run with many calls.
fn record(path: &Path, run_id: &str) {
    let texts = |schema_id: &str| [schema_id, "1.0.0", "1.0.0", run_id].map(str::to_owned);
    let [schema_id, schema_version, producer_version, run_id] = texts("gait.runpack.run");
    let created_at = Timestamp::from_unix(1_770_000_000, 0);
    let run = Run {
        schema_id,
        schema_version,
        created_at,
        producer_version,
        run_id,
        ..Run::default()
    };
    let intents = (0..CALLS).map(|index| {
        let [schema_id, schema_version, producer_version, run_id] = texts("gait.runpack.intent");
        IntentRecord {
            schema_id,
            schema_version,
            created_at,
            producer_version,
            run_id,
            intent_id: format!("intent_{index}"),
            tool_name: "fs.read".to_owned(),
            args_digest: Digest::of(&index.to_le_bytes()).to_string(),
            args: None,
        }
    });
    let [schema_id, schema_version, producer_version, run_id] = texts("gait.runpack.refs");
    let content = Content {
        run,
        intents: intents.collect(),
        refs: Refs {
            schema_id,
            schema_version,
            created_at,
            producer_version,
            run_id,
            ..Refs::default()
        },
        ..Content::default()
    };
    write(path, &content, None).unwrap();
}

fn build(directory: &Path, from: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gait"));
    command
        .args(["pack", "build", "--from", from, "--out", "packs/p.zip"])
        .current_dir(directory)
        .stdout(Stdio::piped());
    command
}

/// Builds a pack and kills the program after `patience`; tells whether it had acknowledged the pack.
fn build_and_kill(directory: &Path, from: &str, patience: Duration) -> bool {
    let started = Instant::now();
    let mut child = build(directory, from).spawn().unwrap();
    while started.elapsed() < patience && child.try_wait().unwrap().is_none() {
        thread::yield_now();
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .starts_with("pack build ok: packs/p.zip (run)")
}

/// The names in a directory that a listing shows.
fn visible(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect()
}

#[test]
fn a_pack_is_whole_or_absent_after_every_kill() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let packs = root.join("packs");
    for run in ["one", "two"] {
        record(&root.join(format!("{run}.zip")), run);
    }
    let started = Instant::now();
    assert!(build(root, "one.zip").output().unwrap().status.success());
    let usual = started.elapsed();
    fs::remove_file(packs.join("p.zip")).unwrap();

    let (mut interrupted, mut finished) = (0, 0);
    let mut last = None;
    for kill in 0..KILLS {
        // Half of the time another pack is in the way.
        let run = ["one", "two"][(kill % 2) as usize];
        // From no time at all to a quarter longer than usual.
        let patience = usual * kill * 5 / (KILLS * 4);
        let acknowledged = build_and_kill(root, &format!("{run}.zip"), patience);
        let names = visible(&packs);
        if names.is_empty() {
            assert!(!acknowledged && last.is_none(), "kill {kill}");
            interrupted += 1;
            continue;
        }
        assert_eq!(names, ["p.zip"], "kill {kill}");
        let found = verify(&packs.join("p.zip"), &VerifyOptions::default(), &Unwatched).unwrap();
        assert!(
            found.is_ok() && found.findings.is_empty(),
            "kill {kill}: {found:?}"
        );
        let is_new = found.source_ref == run;
        assert!(is_new || last == Some(found.source_ref.clone()), "kill {kill}");
        assert!(is_new || !acknowledged, "kill {kill}");
        if is_new {
            finished += 1;
        } else {
            interrupted += 1;
        }
        last = Some(found.source_ref);
        if kill % 3 == 0 {
            fs::remove_file(packs.join("p.zip")).unwrap();
            last = None;
        }
    }
    assert!(
        interrupted > 10,
        "only {interrupted} of {KILLS} builds were interrupted"
    );
    assert!(finished > 0, "no build was finished");
}
