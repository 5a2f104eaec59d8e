//! Ctrl-C on a wrapper ends what it started.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Waits for `condition`, and fails the test when it does not come about.
fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come about");
        thread::yield_now();
    }
}

/// Whether the process has ended; one that nobody has waited for yet counts as ended.
fn has_ended(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_err() || status.is_ok_and(|status| status.contains(") Z "))
}

#[test]
fn a_signal_ends_the_child_and_its_children() {
    for signal in [Signal::INT, Signal::TERM] {
        let directory = tempfile::tempdir().unwrap();
        let marker = directory.path().join("pids");
        let mut wrapper = Command::new(env!("CARGO_BIN_EXE_gait"))
            .args(["test", "--timeout", "10m", "--", "sh", "-c"])
            .arg("sleep 600 & echo $$ $! >pids.new; mv pids.new pids; wait")
            .current_dir(directory.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let text = wait_for("the child", || fs::read_to_string(&marker).ok());
        let pids: Vec<Pid> = text
            .split_whitespace()
            .map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap())
            .collect();
        assert_eq!(pids.len(), 2);

        kill_process(Pid::from_child(&wrapper), signal).unwrap();
        let status = wrapper.wait().unwrap();
        assert!(!status.success(), "{status}");
        for pid in pids {
            wait_for("the end of a child", || has_ended(pid).then_some(()));
        }
    }
}
