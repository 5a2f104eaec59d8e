use std::fs::OpenOptions;
use std::os::fd::AsFd;

use rustix::fs::{FileType, Mode};
use rustix::process::Pid;

use super::*;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    grace: Duration::from_secs(10),
    stdout: 1 << 20,
    stderr: 1 << 20,
};

/// Long enough for a loaded machine, far shorter than anything the programs of these tests sleep.
const SOON: Duration = Duration::from_secs(20);

fn shell(script: &str, limits: Limits, stdin: &[u8]) -> Finished {
    let args = ["-c".into(), script.into()];
    run(&Command {
        args: &args,
        stdin,
        ..Command::new("sh".as_ref(), limits)
    })
    .unwrap()
}

fn text(captured: &Captured) -> &str {
    std::str::from_utf8(&captured.bytes).unwrap()
}

/// Runs a script that is interrupted once it has written to `$READY`.
fn interrupted_when_ready(script: &str, limits: Limits) -> Finished {
    let root = tempfile::tempdir().unwrap();
    let ready = root.path().join("ready");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &ready,
        FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .unwrap();
    let signal = OpenOptions::new().read(true).write(true).open(&ready).unwrap();
    let args = ["-c".into(), script.into()];
    let environment = [("READY".into(), ready.into_os_string())];
    run(&Command {
        args: &args,
        environment: &environment,
        interrupt: Some(signal.as_fd()),
        ..Command::new("sh".as_ref(), limits)
    })
    .unwrap()
}

/// Waits until a process is gone or merely waits to be reaped by somebody.
fn assert_ends(process: &str) {
    let stat = format!("/proc/{}/stat", process.trim());
    let started = Instant::now();
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X ")) {
        assert!(started.elapsed() < SOON, "process {process} lives on");
        std::thread::yield_now();
    }
}

#[test]
fn output_input_and_exit_code() {
    let finished = shell("cat; echo said >&2; exit 7", LIMITS, b"given");
    assert_eq!(finished.ending, Ending::Exited(7));
    assert_eq!(text(&finished.stdout), "given");
    assert_eq!(text(&finished.stderr), "said\n");
    assert!(!finished.stdout.truncated && !finished.stdout.cut_off);
    assert_eq!(shell("cat", LIMITS, b"").stdout, Captured::default());
    assert_eq!(shell("kill -9 $$", LIMITS, b"").ending, Ending::Signalled(9));
}

#[test]
fn directory_and_environment() {
    let root = tempfile::tempdir().unwrap();
    let args = ["-c".into(), "pwd -P; echo $GAIT_TEST_ADDED".into()];
    let environment = [("GAIT_TEST_ADDED".into(), "added".into())];
    let command = Command {
        args: &args,
        directory: Some(root.path()),
        environment: &environment,
        ..Command::new("sh".as_ref(), LIMITS)
    };
    let finished = run(&command).unwrap();
    let expected = format!("{}\nadded\n", root.path().canonicalize().unwrap().display());
    assert_eq!(text(&finished.stdout), expected);
    let nowhere = Command {
        directory: Some(Path::new("/no/such/directory")),
        ..command
    };
    assert!(matches!(run(&nowhere), Err(ChildError::Start { .. })));
}

#[test]
fn what_does_not_start_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let plain = root.path().join("plain");
    std::fs::write(&plain, "not a program").unwrap();
    for program in [
        "no-such-program-anywhere".as_ref(),
        "".as_ref(),
        "a\0b".as_ref(),
        plain.as_os_str(),
    ] {
        let failed = run(&Command::new(program, LIMITS)).unwrap_err();
        assert!(matches!(failed, ChildError::Start { .. }), "{failed}");
    }
}

#[test]
fn time_up_ends_the_whole_group() {
    let limits = Limits {
        time: Duration::from_millis(300),
        ..LIMITS
    };
    let started = Instant::now();
    let finished = shell("sleep 60 & echo $!; sleep 60", limits, b"");
    assert!(started.elapsed() < SOON);
    assert_eq!(finished.ending, Ending::TimedOut);
    assert!(!finished.stdout.cut_off);
}

#[test]
fn those_who_ignore_the_request_are_killed() {
    let limits = Limits {
        grace: Duration::from_millis(100),
        ..LIMITS
    };
    let script =
        "trap '' TERM; sh -c 'while :; do sleep 1; done' & echo $!; echo >$READY; while :; do sleep 1; done";
    let started = Instant::now();
    let finished = interrupted_when_ready(script, limits);
    assert!(started.elapsed() < SOON);
    assert_eq!(finished.ending, Ending::Interrupted);
    assert_ends(text(&finished.stdout));
}

#[test]
fn a_polite_end_on_request_is_still_no_end_of_its_own() {
    let script = "trap 'echo bye; exit 0' TERM; echo >$READY; sleep 60 & wait";
    let finished = interrupted_when_ready(script, LIMITS);
    assert_eq!(finished.ending, Ending::Interrupted);
    assert_eq!(text(&finished.stdout), "bye\n");
}

#[test]
fn those_who_left_the_group_and_hold_the_pipe_are_not_waited_for() {
    let limits = Limits {
        grace: Duration::ZERO,
        ..LIMITS
    };
    let started = Instant::now();
    let script = "setsid sh -c 'echo $$; echo >$READY; exec sleep 30' & wait";
    let finished = interrupted_when_ready(script, limits);
    assert!(started.elapsed() < SOON);
    assert!(finished.stdout.cut_off);
    let process = Pid::from_raw(text(&finished.stdout).trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(process, Signal::KILL).unwrap();
}

#[test]
fn what_stays_behind_after_a_good_end_is_not_waited_for() {
    let started = Instant::now();
    let finished = shell("sleep 30 & echo done", LIMITS, b"");
    assert!(started.elapsed() < SOON);
    assert_eq!(finished.ending, Ending::Exited(0));
    assert_eq!(text(&finished.stdout), "done\n");
    assert!(finished.stdout.cut_off);
}

#[test]
fn output_is_kept_up_to_the_limit() {
    for (limit, truncated) in [(0, true), (99, true), (100, false), (101, false)] {
        let limits = Limits {
            stdout: limit,
            stderr: 10,
            ..LIMITS
        };
        let finished = shell("printf %0100d 0", limits, b"");
        assert_eq!(finished.ending, Ending::Exited(0));
        assert_eq!(finished.stdout.bytes, b"0".repeat(limit.min(100)));
        assert_eq!(finished.stdout.truncated, truncated, "{limit}");
        assert!(!finished.stderr.truncated);
    }
}

#[test]
fn endless_output_takes_no_memory_and_ends_in_time() {
    let limits = Limits {
        time: Duration::from_millis(300),
        stdout: 1000,
        ..LIMITS
    };
    let started = Instant::now();
    let finished = shell("exec yes", limits, b"");
    assert!(started.elapsed() < SOON);
    assert_eq!(finished.ending, Ending::TimedOut);
    assert_eq!(finished.stdout.bytes.len(), 1000);
    assert!(finished.stdout.truncated);
}

#[test]
fn much_on_all_pipes_at_once_does_not_block() {
    let input = vec![b'x'; 1 << 20];
    let finished = shell("head -c 500000 /dev/zero >&2; tee /dev/stderr", LIMITS, &input);
    assert_eq!(finished.ending, Ending::Exited(0));
    assert_eq!(finished.stdout.bytes, input);
    assert!(finished.stderr.truncated);
}

#[test]
fn input_that_nobody_reads_is_no_error() {
    let input = vec![b'x'; 1 << 20];
    assert_eq!(shell("exit 3", LIMITS, &input).ending, Ending::Exited(3));
    assert_eq!(shell("exec <&-; echo on", LIMITS, &input).stdout.bytes, b"on\n");
    let limits = Limits {
        time: Duration::from_millis(200),
        ..LIMITS
    };
    assert_eq!(shell("exec sleep 60", limits, &input).ending, Ending::TimedOut);
}

#[test]
fn a_program_without_output_is_waited_for() {
    let finished = shell("exec >&- 2>&-; sleep 0.2; exit 4", LIMITS, b"");
    assert_eq!(finished.ending, Ending::Exited(4));
}

#[test]
fn an_interruption_ends_the_group() {
    let started = Instant::now();
    let finished = interrupted_when_ready("sleep 60 & echo $!; echo >$READY; sleep 60", LIMITS);
    assert!(started.elapsed() < SOON);
    assert_eq!(finished.ending, Ending::Interrupted);
    assert_ends(text(&finished.stdout));
}
