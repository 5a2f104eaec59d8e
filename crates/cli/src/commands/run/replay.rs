//! `gait run replay`: tell a run again, by default without any effect.

mod host;

use gait_runpack::Runpack;
use gait_runpack::replay::{Interlocks, Locked, Mode, RealTools, Replay, replay};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::env;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::progress::Bar;
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};
use host::Host;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("run replay", "Replay a run")
    .explain("Tells a run again step by step from its records, and runs tools only when every interlock was undone.")
    .label("replay")
    .positionals("<run_id|path>")
    .flags(&[
        Flag::switch("real-tools", "run allowed tools for real"),
        Flag::switch("unsafe-real-tools", "consent to what real tools may do"),
        Flag::list("allow-tools", "the tools that may run for real"),
        Flag::variable(
            "unsafe-real-tools-env",
            "environment variable that must be 1 for real tools to run",
        )
        .or(env::ALLOW_REAL_REPLAY.name),
    ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    #[serde(flatten)]
    replay: &'a Replay<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    requested_unsafe: bool,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [reference] = parsed.positionals() else {
        return Err(Failure::invalid_input("expected run_id or path"));
    };
    let tools = parsed
        .flag("real-tools")
        .then(|| unlock(parsed, context))
        .transpose()?;
    let path = runpack_file::find(reference, context)?;
    let runpack = Runpack::open_watched(&path, &Bar::default())?;
    match tools {
        None => Ok(report(&replay(&runpack, Mode::Stub)?, parsed, Vec::new())),
        Some(tools) => {
            let host = Host::new().map_err(|error| Failure::new(ErrorKind::Internal, error))?;
            let mode = Mode::Real {
                tools: &tools,
                executor: &host,
            };
            let allowed = format!("allow_tools={}", parsed.list("allow-tools").join(","));
            Ok(report(&replay(&runpack, mode)?, parsed, vec![allowed]))
        }
    }
}

fn unlock(parsed: &Parsed, context: &Context<'_>) -> Result<RealTools, Failure> {
    let switch = parsed.text("unsafe-real-tools-env").trim();
    let value = context.env(switch);
    let interlocks = Interlocks {
        consent: parsed.flag("unsafe-real-tools"),
        allowed: &parsed.list("allow-tools"),
        switch: (switch, value.as_deref()),
    };
    RealTools::unlock(&interlocks).map_err(refusal)
}

/// What is missing, in the words of the command line.
fn refusal(locked: Locked) -> Failure {
    let refuse = |missing: &str| {
        let text = format!("real tool execution requires {missing}");
        Failure::new(ErrorKind::UnsafeOperation, text)
    };
    match locked {
        Locked::Consent => refuse("--unsafe-real-tools"),
        Locked::AllowList => refuse("--allow-tools with explicit tool names").field("requested_unsafe", true),
        Locked::Switch(name) => refuse(&format!("{name}=1")).field("requested_unsafe", true),
    }
}

fn report(replay: &Replay<'_>, parsed: &Parsed, warnings: Vec<String>) -> Report {
    let run_id = printable(replay.run_id);
    let mut lines = if replay.is_complete() {
        vec![format!("replay ok: {run_id} ({})", replay.mode)]
    } else {
        let missing: Vec<_> = replay.missing_results.iter().map(|id| printable(id)).collect();
        vec![
            format!("replay failed: {run_id}"),
            format!("missing results: {}", missing.join(", ")),
        ]
    };
    if !warnings.is_empty() {
        lines.push(format!("warnings: {}", warnings.join("; ")));
    }
    let output = Output {
        ok: replay.is_complete(),
        replay,
        warnings,
        requested_unsafe: parsed.flag("unsafe-real-tools"),
    };
    let report = Report::new(&output).lines(lines);
    if output.ok {
        report
    } else {
        report.exit(ErrorKind::VerificationFailed.exit_code())
    }
}
