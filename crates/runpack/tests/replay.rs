//! What becomes of each step of a run that is told again, and what it takes for tools to run.

#![allow(clippy::unwrap_used, reason = "the functions that tests share are tests too")]

mod made;

use std::cell::RefCell;
use std::path::Path;

use gait_canon::Digest;
use gait_runpack::replay::{
    Execution, Executor, Interlocks, Locked, Mode, RealTools, Replay, ReplayError, Step, StubKind, ToolError,
    replay,
};
use gait_runpack::{CaptureMode, Runpack};
use made::{contents, run, runpack};
use proptest::prelude::*;

/// Does nothing but remember.
#[derive(Default)]
struct Rehearsal {
    done: RefCell<Vec<String>>,
    interrupted: bool,
}

impl Executor for Rehearsal {
    fn write_file(&self, path: &Path, content: &[u8]) -> Result<(), ToolError> {
        let content = String::from_utf8_lossy(content);
        self.done
            .borrow_mut()
            .push(format!("write {} {content}", path.display()));
        Ok(())
    }

    fn run_command(&self, command: &str) -> Result<Vec<u8>, ToolError> {
        self.done.borrow_mut().push(format!("run {command}"));
        match command {
            _ if self.interrupted => Err(ToolError::Interrupted),
            "fail" => Err(ToolError::Exit(3)),
            "hang" => Err(ToolError::Signal(9)),
            _ => Ok(vec![b'x'; 70_000]),
        }
    }
}

fn allowing(names: &[&str]) -> RealTools {
    let allowed: Vec<_> = names.iter().map(ToString::to_string).collect();
    RealTools::unlock(&Interlocks {
        consent: true,
        allowed: &allowed,
        switch: ("SWITCH", Some("1")),
    })
    .unwrap()
}

fn real<'a>(runpack: &'a Runpack, names: &[&str], executor: &Rehearsal) -> Result<Replay<'a>, ReplayError> {
    let tools = allowing(names);
    let mode = Mode::Real {
        tools: &tools,
        executor,
    };
    replay(runpack, mode)
}

fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

#[test]
fn every_interlock_must_be_undone() {
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
    for (consent, allowed, value, expected) in [
        (false, names(&["a"]), Some("1"), Some(Locked::Consent)),
        (true, names(&[]), Some("1"), Some(Locked::AllowList)),
        (true, names(&[" ", ""]), Some("1"), Some(Locked::AllowList)),
        (
            true,
            names(&["a"]),
            None,
            Some(Locked::Switch("SWITCH".to_owned())),
        ),
        (
            true,
            names(&["a"]),
            Some("true"),
            Some(Locked::Switch("SWITCH".to_owned())),
        ),
        (true, names(&["a"]), Some(" 1\n"), None),
    ] {
        let unlocked = RealTools::unlock(&Interlocks {
            consent,
            allowed: &allowed,
            switch: ("SWITCH", value),
        });
        assert_eq!(unlocked.err(), expected);
    }
    let tools = allowing(&[" Echo "]);
    assert!(tools.allow("ECHO ") && !tools.allow("echo.x"));
}

#[test]
fn a_stub_replay_takes_results_from_the_runpack_or_the_name() {
    let content = run(
        &[
            ("r", "http_file", "{}"),
            ("s", " HTTP_File ", "{}"),
            ("m", "tool", "{}"),
            ("k", "other", "{}"),
        ],
        &[("r", "done"), ("stray", "ok")],
    );
    let runpack = runpack(&content);
    let replay = replay(&runpack, Mode::Stub).unwrap();
    let step = |place: usize| -> &Step<'_> { &replay.steps[place] };
    assert_eq!(
        (step(0).execution, step(0).status, step(0).stub_type),
        (Execution::Recorded, "done", None)
    );
    assert_eq!(
        (step(1).execution, step(1).status, step(1).stub_type),
        (Execution::Stubbed, "stubbed", Some(StubKind::Http))
    );
    let identity = format!("run_made:s:http_file:{}:http", "a".repeat(64));
    assert_eq!(step(1).result_digest, digest(&identity));
    assert_eq!(
        (step(2).execution, step(2).status),
        (Execution::Missing, "missing_result")
    );
    assert_eq!((replay.mode, replay.is_complete()), ("stub", false));
    assert_eq!(replay.missing_results, ["k", "m"]);
}

#[test]
fn names_tell_kinds_in_a_fixed_order() {
    for (name, expected) in [
        ("FetchPage", Some(StubKind::Http)),
        ("curl", Some(StubKind::Http)),
        ("write_table", Some(StubKind::File)),
        ("QUERY_topic", Some(StubKind::Db)),
        ("kafka", Some(StubKind::Queue)),
        ("search", None),
        ("", None),
    ] {
        assert_eq!(StubKind::of(name), expected, "{name}");
    }
}

#[test]
fn allowed_tools_run_and_the_others_do_not() {
    let content = run(
        &[
            ("e1", "Tool.Echo", r#"{"message":"  padded "}"#),
            ("e2", "echo", r#"{"message":5}"#),
            ("w1", "fs.write", r#"{"path":" a/b ","content":" c "}"#),
            ("w2", "write_file", r#"{"content":"c"}"#),
            ("c1", "exec", r#"{"command":" go "}"#),
            ("c2", "exec", r#"{"command":"fail"}"#),
            ("c3", "exec", r#"{"command":"hang"}"#),
            ("c4", "exec", r"{}"),
            ("u1", "fs.stat", r"{}"),
            ("n1", "shell.exec", r#"{"command":"never"}"#),
        ],
        &[("n1", "ok")],
    );
    let runpack = runpack(&content);
    let executor = Rehearsal::default();
    let tools = ["tool.echo", "ECHO", "fs.write", "write_file", "exec", "fs.stat"];
    let replay = real(&runpack, &tools, &executor).unwrap();
    let told: Vec<_> = replay
        .steps
        .iter()
        .map(|step| (step.status, step.result_digest.as_str()))
        .collect();
    let executed = [
        ("ok", digest("padded")),
        ("ok", digest("echo")),
        ("ok", digest("c")),
        ("error", digest("file.write requires args.path")),
        ("ok", digest(&"x".repeat(65_536))),
        ("error", digest("exit status 3")),
        ("error", digest("signal: killed")),
        ("error", digest("shell.exec requires args.command")),
        ("error", digest("unsupported real tool: fs.stat")),
        ("ok", "b".repeat(64)),
    ];
    let executed: Vec<_> = executed
        .iter()
        .map(|(status, digest)| (*status, digest.as_str()))
        .collect();
    assert_eq!(told, executed);
    assert_eq!(replay.steps[9].execution, Execution::Recorded);
    assert_eq!((replay.mode, replay.is_complete()), ("real", true));
    assert_eq!(
        executor.done.take(),
        ["write a/b c", "run go", "run fail", "run hang"]
    );
}

#[test]
fn nothing_runs_of_a_run_that_is_unsound_or_was_not_captured_raw() {
    let command = r#"{"command":"go"}"#;
    let twice = run(&[("a", "exec", command), ("a", "exec", command)], &[]);
    let two_results = run(&[("a", "exec", command)], &[("x", "ok"), ("x", "ok")]);
    let mut reference = run(&[("a", "exec", command)], &[]);
    reference.capture_mode = CaptureMode::Reference;
    for (content, expected) in [
        (twice, ReplayError::DuplicateIntent("a".to_owned())),
        (two_results, ReplayError::DuplicateResult("x".to_owned())),
        (reference, ReplayError::ArgumentsNotRecorded),
    ] {
        let executor = Rehearsal::default();
        assert_eq!(
            real(&runpack(&content), &["exec"], &executor).err(),
            Some(expected)
        );
        assert!(executor.done.borrow().is_empty());
    }
}

#[test]
fn an_interruption_ends_the_replay() {
    let command = r#"{"command":"go"}"#;
    let content = run(&[("a", "exec", command), ("b", "exec", command)], &[]);
    let executor = Rehearsal {
        interrupted: true,
        ..Rehearsal::default()
    };
    let ended = real(&runpack(&content), &["exec"], &executor).err();
    assert_eq!(ended, Some(ReplayError::Interrupted("a".to_owned())));
    assert_eq!(executor.done.borrow().len(), 1);
}

proptest! {
    #[test]
    fn every_intent_has_a_step_and_telling_it_again_changes_nothing(content in contents()) {
        let runpack = runpack(&content);
        if let Ok(first) = replay(&runpack, Mode::Stub) {
            prop_assert_eq!(first.steps.len(), runpack.intents.len());
            let missing = first.steps.iter().filter(|step| step.result_digest.is_empty()).count();
            prop_assert_eq!(missing, first.missing_results.len());
            prop_assert!(first.steps.iter().all(|step| step.execution != Execution::Executed));
            prop_assert_eq!(replay(&runpack, Mode::Stub), Ok(first));
        }
    }
}
