//! The wrappers `trace`, `test` and `enforce`: run a child, read the traces it names, judge what they say.
//!
//! A child names a trace by printing a line `trace_path=<path>`. The wrapper reads it after the child has ended, so even
//! `enforce` reports on calls that were already made; what keeps a call from being made is the gate inside the child.

mod conclusion;
mod evidence;
pub(crate) mod interrupt;

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::{Duration, Instant};

use gait_canon::json::Object;
use gait_canon::{PublicKey, keys};
use gait_gate::child::{self, ChildError, Limits};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::env;
use crate::error::{ErrorKind, Failure};
use crate::literal;
use crate::outcome::{CommandResult, Report};
use crate::spec::Flag;
use conclusion::Conclusion;
pub(crate) use evidence::verdict_of;
use evidence::{Evidence, VerdictCount};

/// Which wrapper it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Observes, for `gait trace --`.
    Trace,
    /// Observes, for `gait test --`.
    Test,
    /// Turns verdicts into exit codes, for `gait enforce --`.
    Enforce,
}

impl Mode {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Test => "test",
            Self::Enforce => "enforce",
        }
    }

    /// The members that every JSON object of the wrapper holds.
    pub(crate) fn fields(self) -> Object {
        let mut fields = Object::new();
        fields.insert("mode", self.as_str());
        fields.insert("boundary_contract", BOUNDARY_CONTRACT);
        fields.insert("trace_reference_required", true);
        fields
    }
}

/// The flags of every wrapper.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::path("cwd", "working directory of the child").or("."),
    Flag::duration("timeout", "time after which the child is ended").or("30s"),
    Flag::path(
        "public-key",
        "file of a public key that must have signed every trace",
    ),
    Flag::variable("public-key-env", "environment variable that holds that key"),
];

/// The largest trace that is read, in bytes.
pub(crate) const MAX_TRACE_BYTES: usize = 16 << 20;

/// How much of each of the child's output streams is kept, in bytes.
const KEPT_BYTES: usize = 16 << 20;

/// How long a child may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(2);

const BOUNDARY_CONTRACT: &str = "explicit_trace_reference";

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    mode: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    command: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    cwd: &'a str,
    boundary_contract: &'static str,
    trace_reference_required: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    failure_reason: &'static str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    child_exit_code: i64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    timed_out: bool,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    duration_ms: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verdict_counts: Vec<VerdictCount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trace_paths: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runpack_paths: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    stdout: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    stderr: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl<'a> Output<'a> {
    fn new(mode: Mode, command: &'a [String], cwd: &'a str) -> Self {
        Self {
            ok: false,
            mode: mode.as_str(),
            command,
            cwd,
            boundary_contract: BOUNDARY_CONTRACT,
            trace_reference_required: true,
            failure_reason: "",
            child_exit_code: 0,
            timed_out: false,
            duration_ms: 0,
            verdict_counts: Vec::new(),
            trace_paths: Vec::new(),
            runpack_paths: Vec::new(),
            stdout: String::new(),
            stderr: String::new(),
            warnings: Vec::new(),
        }
    }
}

/// Runs the child that the positional arguments name.
pub(crate) fn run(mode: Mode, parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let command = parsed.positionals();
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::invalid_input("expected child command after --"));
    };
    let given = parsed.duration("timeout");
    let Some(timeout) = given.positive() else {
        return Err(Failure::invalid_input("timeout must be greater than zero"));
    };
    let signer = signer(parsed, context)?;
    let cwd = parsed.text("cwd").trim();
    let mut output = Output::new(mode, command, cwd);

    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let environment = [(env::WRAPPER_MODE.name.into(), mode.as_str().into())];
    let interrupt = interrupt::on_signal().map_err(|error| Failure::new(ErrorKind::Internal, error))?;
    let child = child::Command {
        interrupt: Some(interrupt.as_fd()),
        args: &arguments,
        directory: Some(Path::new(cwd)),
        environment: &environment,
        ..child::Command::new(program.as_ref(), limits(timeout))
    };
    let started = Instant::now();
    let finished = match child::run(&child) {
        Ok(finished) => finished,
        Err(error) => {
            output.failure_reason = match error {
                ChildError::Start { .. } => "child_start_failed",
                ChildError::Wait { .. } => "child_wait_failed",
            };
            return Err(Failure::new(ErrorKind::Internal, error).with(&output));
        }
    };
    output.duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    let evidence = Evidence::of(&finished, Path::new(cwd), signer.as_ref());
    output.child_exit_code = conclusion::exit_code(finished.ending);
    output.timed_out = finished.ending == child::Ending::TimedOut;
    output.verdict_counts = evidence.counts();
    output.stdout = String::from_utf8_lossy(&finished.stdout.bytes).into_owned();
    output.stderr = String::from_utf8_lossy(&finished.stderr.bytes).into_owned();

    let conclusion = Conclusion::of(mode, finished.ending, &evidence, || {
        literal::format_duration(given)
    });
    report(output, evidence, conclusion)
}

fn report(mut output: Output<'_>, evidence: Evidence, conclusion: Conclusion) -> CommandResult {
    output.trace_paths = evidence.trace_paths;
    output.runpack_paths = evidence.runpack_paths;
    output.warnings = evidence.warnings;
    // In text mode the report has standard output to itself, and the child's output goes beside it.
    let heard = [output.stdout.as_str(), output.stderr.as_str()].concat();
    match conclusion {
        Conclusion::Failed { kind, reason, text } => {
            output.failure_reason = reason;
            Err(Failure::new(kind, text).with(&output).diagnostics(heard))
        }
        Conclusion::Finished { exit } => {
            output.ok = exit == 0;
            let word = if output.ok { "ok" } else { "finished" };
            let line = format!(
                "{} {word}: child_exit={} traces={}",
                output.mode,
                output.child_exit_code,
                output.trace_paths.len()
            );
            Ok(Report::new(&output).line(line).exit(exit).diagnostics(heard))
        }
    }
}

fn limits(time: Duration) -> Limits {
    Limits {
        time,
        grace: GRACE,
        stdout: KEPT_BYTES,
        stderr: KEPT_BYTES,
    }
}

/// The key that must have signed the traces, if the caller asks for that.
fn signer(parsed: &Parsed, context: &Context<'_>) -> Result<Option<PublicKey>, Failure> {
    let public = parsed.key_source("public-key", "public-key-env");
    if !public.is_given() {
        return Ok(None);
    }
    Ok(Some(keys::verify_key(
        &public,
        &keys::KeySource::default(),
        context.environment(),
    )?))
}
