//! Clean-ups that are killed in the middle of their work.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How often a program is killed.
const KILLS: u32 = 40;
/// Enough files that deleting them takes a while.
const FILES: usize = 400;

/// Fills a directory with traces, every second of which is old.
fn fill(root: &Path) {
    let old = SystemTime::now() - Duration::from_secs(400 * 86_400);
    for index in 0..FILES {
        let path = root.join(format!("trace_{index}.json"));
        fs::write(&path, "x").unwrap();
        if index % 2 == 0 {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(old).unwrap();
        }
    }
}

fn retain(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gait"));
    command
        .args(["guard", "retain", "--root", "r", "--report-out", "report.json"])
        .current_dir(directory)
        .stdout(Stdio::null());
    command
}

fn names(root: &Path) -> BTreeSet<String> {
    fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn whatever_is_gone_stands_in_the_report_after_every_kill() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let root = directory.join("r");
    fs::create_dir(&root).unwrap();
    fill(&root);
    let before = names(&root);
    let started = Instant::now();
    assert!(retain(directory).status().unwrap().success());
    let usual = started.elapsed();

    let mut interrupted = 0;
    for kill in 0..KILLS {
        fs::remove_dir_all(&root).unwrap();
        fs::create_dir(&root).unwrap();
        let _ = fs::remove_file(directory.join("report.json"));
        fill(&root);
        let patience = usual * kill / KILLS;
        let started = Instant::now();
        let mut child = retain(directory).spawn().unwrap();
        while started.elapsed() < patience && child.try_wait().unwrap().is_none() {
            thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let left = names(&root);
        for index in (1..FILES).step_by(2) {
            assert!(left.contains(&format!("trace_{index}.json")), "{index} was young");
        }
        let gone: Vec<_> = before.difference(&left).collect();
        if gone.is_empty() {
            continue;
        }
        interrupted += usize::from(gone.len() < FILES / 2);
        let report = fs::read_to_string(directory.join("report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let told: BTreeSet<_> = report["deleted_files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| {
                event["path"]
                    .as_str()
                    .unwrap()
                    .trim_start_matches("r/")
                    .to_owned()
            })
            .collect();
        assert!(gone.iter().all(|name| told.contains(*name)));

        // The next clean-up finishes what this one began, and leaves nothing behind.
        assert!(retain(directory).status().unwrap().success());
        let young: BTreeSet<_> = (1..FILES)
            .step_by(2)
            .map(|index| format!("trace_{index}.json"))
            .collect();
        assert_eq!(names(&root), young);
    }
    println!("{interrupted} of {KILLS} clean-ups were interrupted while they deleted");
}

#[test]
fn nothing_is_deleted_on_a_disk_that_has_no_room_for_the_report() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let root = directory.join("r");
    fs::create_dir(&root).unwrap();
    fill(&root);
    let before = names(&root);
    // No file may grow beyond two blocks; the signal for that is ignored, so that writing fails as on a full disk.
    let mut full = Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_gait"))
        .args(retain(directory).get_args())
        .current_dir(directory);
    let output = full.output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(names(&root), before);
}
