//! Fixtures that are graded again while somebody works on them.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The fixture of a run, in a directory of its own.
struct Place(TempDir);

/// `gait regress run --watch`, at work.
struct Watcher {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
}

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for arguments in [&["demo"][..], &["regress", "init", "--from", "run_demo"]] {
            let done = place.gait().args(arguments).output().unwrap();
            assert!(done.status.success(), "{done:?}");
        }
        place
    }

    fn gait(&self) -> Command {
        let mut gait = Command::new(env!("CARGO_BIN_EXE_gait"));
        gait.current_dir(self.0.path()).env("HOME", self.0.path());
        gait
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn watch(&self, arguments: &[&str]) -> Watcher {
        let mut child = self
            .gait()
            .args(["regress", "run", "--watch"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        Watcher { child, out }
    }

    /// Sets the exit code that the fixture expects.
    fn expect_exit(&self, code: u8) {
        let path = self.path("fixtures/run_demo/fixture.json");
        let mut fixture: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        fixture["expected_replay_exit_code"] = json!(code);
        replace(&path, &fixture.to_string());
    }
}

/// Gives the file at `path` another text, at once.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

impl Watcher {
    fn line(&mut self) -> String {
        self.out.next().expect("the watcher says something").unwrap()
    }

    fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Lines up to the one that begins with `last`.
    fn block(&mut self, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &String| !line.starts_with(last)) {
            lines.push(self.line());
        }
        lines
    }

    /// What the program ends with when it is interrupted. Nothing more is printed.
    fn interrupted(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        assert!(self.out.next().is_none());
        self.child.wait().unwrap().code()
    }
}

#[test]
fn every_change_is_graded_and_the_last_grade_is_the_exit_code() {
    let place = Place::new();
    let mut watcher = place.watch(&["--json"]);
    let first = watcher.json();
    assert_eq!((&first["ok"], &first["changed"]), (&json!(true), &Value::Null));

    place.expect_exit(2);
    let failed = watcher.json();
    assert_eq!(failed["top_failure_reason"], "unexpected_exit_code");
    assert_eq!(failed["changed"], json!(["fixtures/run_demo/fixture.json"]));
    let result: Value =
        serde_json::from_slice(&fs::read(place.path("regress_result.json")).unwrap()).unwrap();
    assert_eq!(result["status"], "fail", "the result is that of the last grading");

    let config = fs::read_to_string(place.path("gait.yaml")).unwrap();
    replace(&place.path("gait.yaml"), "{");
    let broken = watcher.json();
    assert_eq!(
        (&broken["ok"], &broken["changed"]),
        (&json!(false), &json!(["gait.yaml"]))
    );
    assert_eq!(broken["error_category"], "invalid_input");

    replace(&place.path("gait.yaml"), &config);
    assert_eq!(watcher.json()["status"], "fail");
    assert_eq!(watcher.interrupted(), Some(5));
}

#[test]
fn a_pass_behind_a_failure_ends_well() {
    let place = Place::new();
    place.expect_exit(2);
    let mut watcher = place.watch(&[]);
    let failed = watcher.block("output: ");
    assert_eq!(failed[0], "regress run failed: fixture_set=default failed=1");
    place.expect_exit(0);
    assert_eq!(
        watcher.block("changed: "),
        [
            "regress run ok: fixture_set=default graders=4",
            "output: regress_result.json",
            "changed: fixtures/run_demo/fixture.json",
        ]
    );
    assert_eq!(watcher.interrupted(), Some(0));
}

#[test]
fn the_policy_of_the_project_counts_and_a_configuration_may_appear() {
    let place = Place::new();
    fs::create_dir_all(place.path(".gait")).unwrap();
    fs::write(place.path(".gait/config.yaml"), "gate: {policy: p.yaml}\n").unwrap();
    let config = fs::read_to_string(place.path("gait.yaml")).unwrap();
    fs::remove_file(place.path("gait.yaml")).unwrap();
    let mut watcher = place.watch(&["--json"]);
    assert_eq!(watcher.json()["error_category"], "invalid_input");
    replace(&place.path("gait.yaml"), &config);
    assert_eq!(watcher.json()["changed"], json!(["gait.yaml"]));
    fs::write(place.path("p.yaml"), "schema_id: gait.gate.policy\n").unwrap();
    assert_eq!(watcher.json()["changed"], json!(["p.yaml"]));
    assert_eq!(watcher.interrupted(), Some(0));
}

#[test]
fn a_watcher_that_nobody_reads_ends() {
    let place = Place::new();
    let mut watcher = place.watch(&[]);
    watcher.block("output: ");
    drop(watcher.out);
    place.expect_exit(2);
    assert_eq!(watcher.child.wait().unwrap().code(), Some(5));
}
