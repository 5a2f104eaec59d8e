//! `gait hook claude-code`: the command hook of Claude Code.
//!
//! The exit code is 0 whatever was decided: the decision is in the answer. Claude Code takes any other code but 2 for a
//! hook that is broken, and lets the tool run. So nothing here ends in an error: what can't be judged is denied, and
//! where not even that can be told, the exit code is 2.

mod answer;
mod event;

use std::{
    io::{self, Write as _},
    mem::ManuallyDrop,
    panic,
    path::Path,
    process,
};

use gait_artifact::text::{is_blank, trim};
use gait_disk::atomic;
use gait_gate::store::Destinations;
use gait_mcp::{
    Ask,
    boundary::Caller,
    output::{Outputs, stamp},
};

use self::{
    answer::{Answer, EXIT_BLOCKED, Failed},
    event::Event,
};
use crate::{
    arguments::Parsed,
    commands::{
        gate::invocation::{joined, without},
        mcp::{
            boundary::{BOUNDARY_FLAGS, load, settings},
            proxy::read_stdin,
        },
    },
    context::Context,
    env,
    error::Failure,
    outcome::{CommandResult, Report},
    spec::{CommandSpec, Flag},
};

/// Flags of the boundary that the hook has an answer to itself.
const SETTLED: &[&str] = &["adapter"];
const OF_THE_BOUNDARY: [Flag; BOUNDARY_FLAGS.len() - SETTLED.len()] = without(BOUNDARY_FLAGS, SETTLED);

const OWN: [Flag; 5] = [
    Flag::path(
        "trace-dir",
        "directory of the traces (default GAIT_CLAUDE_TRACE_DIR, else gait-out/integrations/claude_code/hooks)",
    ),
    Flag::text("identity", "who the agent is").or("claude-code"),
    Flag::text(
        "workspace",
        "where the agent works (default the directory that the event names)",
    ),
    Flag::text("risk-class", "how risky the agent's calls are").or("high"),
    Flag::switch("unsafe-fail-open", "let tools run whose call could not be judged"),
];
const FLAGS: [Flag; OWN.len() + OF_THE_BOUNDARY.len()] = joined(&[&OWN, &OF_THE_BOUNDARY]);

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("hook claude-code", "Judge the tool calls of Claude Code before they run")
        .explain("Reads a hook event on standard input and answers it in the form Claude Code understands: a tool call is allowed, denied or put to the user, and denied when it can't be judged.")
        .flags(&FLAGS);

/// Whether the hook has an answer to the event, by its name.
pub(super) fn answers(event: &str) -> bool {
    event::is_known(event)
}

const TRACE_DIR: &str = "gait-out/integrations/claude_code/hooks";

/// The answer to arguments that can't be read.
pub(crate) fn misread(context: &Context<'_>) -> Report {
    let error = Failure::invalid_input("the arguments of `gait hook claude-code` cannot be read");
    Answer::failed(&unjudged(&error), fails_open_by_environment(context)).report()
}

#[expect(clippy::unnecessary_wraps, reason = "every command has this form")]
pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    if !context.process_goes_on() {
        block_on_panic();
    }
    let fails_open = parsed.flag("unsafe-fail-open") || fails_open_by_environment(context);
    let answer = match read_stdin() {
        Ok(payload) if payload.trim_ascii().is_empty() => Err(Failed::EmptyPayload),
        Ok(payload) => {
            let event = Event::read(&payload);
            if event.is_only_told() {
                return Ok(answer::nothing());
            }
            judge(&payload, &event, parsed, context)
        }
        Err(failure) => Err(unjudged(&failure)),
    };
    let answer = answer.unwrap_or_else(|failed| Answer::failed(&failed, fails_open));
    Ok(answer.report())
}

/// Makes a defect of this program block the tool, which the usual exit code of one would let run.
fn block_on_panic() {
    panic::set_hook(Box::new(|defect| {
        let _ = writeln!(
            io::stderr(),
            "gait: this call could not be judged because of a defect: {defect}"
        );
        process::exit(i32::from(EXIT_BLOCKED));
    }));
}

fn judge(payload: &[u8], event: &Event, parsed: &Parsed, context: &Context<'_>) -> Result<Answer, Failed> {
    let Judgement {
        verdict,
        reason_codes,
        trace_path,
    } = decide(payload, event, parsed, context).map_err(|failure| unjudged(&failure))?;
    Answer::judged(verdict, &reason_codes, trace_path)
}

/// What of a decision is answered.
struct Judgement {
    verdict: gait_artifact::Verdict,
    reason_codes: Vec<String>,
    trace_path: String,
}

fn decide(
    payload: &[u8],
    event: &Event,
    parsed: &Parsed,
    context: &Context<'_>,
) -> Result<Judgement, Failure> {
    let policy = setting(parsed, "policy", env::CLAUDE_POLICY, context)
        .ok_or_else(|| Failure::invalid_input("expected --policy <policy.yaml> or GAIT_CLAUDE_POLICY"))?;
    let settings = settings(parsed, &policy)?;
    let outputs = outputs(parsed, context)?.check()?;
    // The process ends soon: giving back the memory of thousands of rules piece by piece takes longer than deciding.
    let boundary = ManuallyDrop::new(load(&settings, context)?);
    let workspace = match trim(parsed.text("workspace")) {
        "" => event.cwd.as_str(),
        given => given,
    };
    let judged = boundary.decide(&Ask {
        payload,
        adapter: "claude_code",
        caller: Caller {
            identity: parsed.text("identity"),
            workspace,
            risk_class: parsed.text("risk-class"),
        },
        ..Ask::default()
    })?;
    let artifacts = outputs.write(&judged, boundary.gate())?;
    Ok(Judgement {
        verdict: judged.decision.verdict(),
        reason_codes: judged.decision.outcome.reasons(),
        trace_path: artifacts.trace_path,
    })
}

/// Where the records of the decision go: to names of their own, for agents call tools at the same time.
fn outputs(parsed: &Parsed, context: &Context<'_>) -> Result<Outputs, Failure> {
    let directory =
        setting(parsed, "trace-dir", env::CLAUDE_TRACE_DIR, context).unwrap_or_else(|| TRACE_DIR.to_owned());
    let now = stamp(context.now());
    let seconds = now.split('.').next().unwrap_or_default();
    let process = process::id();
    let file = |kind: &str| format!("{directory}/{kind}_{seconds}Z_{process}.json");
    let trace = file("trace");
    atomic::create_parents(Path::new(&trace))
        .map_err(|error| Failure::from(error).context("create trace directory"))?;
    let text = |flag: &str| parsed.text(flag).to_owned();
    Ok(Outputs {
        records: Destinations {
            trace,
            approval_audit: file("approval_audit"),
            delegation_audit: file("delegation_audit"),
            credential_evidence: file("credential_evidence"),
            kill_switch_state: text("kill-switch-state"),
        },
        log_export: text("export-log-out"),
        otel_export: text("export-otel-out"),
        ..Outputs::default()
    })
}

/// A flag, else a variable; blank means not given.
fn setting(parsed: &Parsed, flag: &str, variable: env::Variable, context: &Context<'_>) -> Option<String> {
    let given = parsed.text(flag);
    if is_blank(given) {
        variable.read(context)
    } else {
        Some(trim(given).to_owned())
    }
}

fn fails_open_by_environment(context: &Context<'_>) -> bool {
    env::CLAUDE_UNSAFE_FAIL_OPEN
        .read(context)
        .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on"))
}

fn unjudged(failure: &Failure) -> Failed {
    Failed::Unjudged {
        exit: failure.kind().exit_code(),
        error: failure.details().text.clone(),
    }
}
