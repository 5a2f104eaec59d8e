//! `gait mcp proxy` and `gait mcp bridge`: judge one tool call as an agent framework sends it.

use std::{
    io::{self, Read as _},
    mem::ManuallyDrop,
    path::Path,
};

use gait_artifact::text::trim;
use gait_canon::json::Object;
use gait_disk::read::read_bounded;
use gait_gate::store::Destinations;
use gait_mcp::{
    Answer, Artifacts, Ask, Judged,
    output::{Outputs, default_trace_name},
};

use super::boundary::{BOUNDARY_FLAGS, load, settings};
use crate::{
    arguments::Parsed,
    commands::gate::invocation::joined,
    context::Context,
    error::{ErrorKind, Failure, exit_code_of},
    facts,
    outcome::{CommandResult, Report},
    spec::{CommandSpec, Flag},
};

/// The largest payload that is read, in bytes.
const MAX_PAYLOAD_BYTES: usize = 64 << 20;

/// The payload that stands for standard input.
const STDIN: &str = "-";

const OWN: [Flag; 9] = [
    Flag::path("call", "the tool call, as it was sent; - reads standard input"),
    Flag::text("run-id", "run the call belongs to"),
    Flag::text(
        "evaluation-time",
        "instant to judge windows and expiries for, RFC 3339 (default now)",
    ),
    Flag::path(
        "trace-out",
        "where the trace goes (default trace_<run id>_<time>.json)",
    ),
    Flag::path(
        "approval-audit-out",
        "where the approval audit goes (default approval_audit_<trace_id>.json)",
    ),
    Flag::path(
        "delegation-audit-out",
        "where the delegation audit goes (default delegation_audit_<trace_id>.json)",
    ),
    Flag::path(
        "credential-evidence-out",
        "where the credential evidence goes (default credential_evidence_<trace_id>.json)",
    ),
    Flag::path("runpack-out", "where a runpack of the decision goes"),
    Flag::path("pack-out", "where a signed pack of the decision goes"),
];
const FLAGS: [Flag; OWN.len() + BOUNDARY_FLAGS.len()] = joined(&[&OWN, BOUNDARY_FLAGS]);

pub(crate) const SPEC: CommandSpec = spec("mcp proxy", "Judge one tool call as it was sent");
pub(crate) const BRIDGE: CommandSpec = spec("mcp bridge", "The same as mcp proxy");

const fn spec(path: &'static str, summary: &'static str) -> CommandSpec {
    CommandSpec::new(path, summary)
        .explain("Turns one tool call of an agent framework or MCP client into a decision with a signed trace; executes nothing, and only allow may execute.")
        .label("mcp proxy")
        .json_before_mistakes()
        .positionals("[<policy>] [<call>]")
        .flags(&FLAGS)
        .error_fields(|| {
            let mut fields = Object::new();
            fields.insert("executed", false);
            fields
        })
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let (policy, call) = inputs(parsed)?;
    let payload = read_call(call)?;
    let mut settings = settings(parsed, policy)?;
    settings.presented.evaluation_time = facts::evaluation_time(parsed.text("evaluation-time"))?;
    let outputs = outputs(parsed, context).check()?;
    // The process ends soon: giving back the memory of thousands of rules piece by piece takes longer than deciding.
    let boundary = ManuallyDrop::new(load(&settings, context)?);
    let judged = boundary.decide(&Ask {
        payload: &payload,
        adapter: parsed.text("adapter"),
        run_id: parsed.text("run-id"),
        ..Ask::default()
    })?;
    let artifacts = outputs.write(&judged, boundary.gate())?;
    Ok(report(&judged, &artifacts))
}

/// The policy and the call: from their flags, else from the positional arguments in this order.
fn inputs(parsed: &Parsed) -> Result<(&str, &str), Failure> {
    let mut positionals = parsed.positionals().iter().map(|argument| trim(argument));
    let mut input = |flag: &str| match trim(parsed.text(flag)) {
        "" => positionals.next().unwrap_or_default(),
        given => given,
    };
    let (policy, call) = (input("policy"), input("call"));
    if policy.is_empty() || call.is_empty() || positionals.next().is_some() {
        return Err(Failure::invalid_input(
            "expected --policy <policy.yaml> and --call <tool_call.json|->",
        ));
    }
    Ok((policy, call))
}

fn read_call(call: &str) -> Result<Vec<u8>, Failure> {
    let read = if call == STDIN {
        read_stdin()
    } else {
        read_bounded(Path::new(call), MAX_PAYLOAD_BYTES).map_err(Failure::from)
    };
    read.map_err(|failure| failure.context("read call payload"))
}

pub(crate) fn read_stdin() -> Result<Vec<u8>, Failure> {
    let mut payload = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_PAYLOAD_BYTES as u64 + 1)
        .read_to_end(&mut payload)
        .map_err(|error| Failure::new(ErrorKind::Io, error))?;
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(Failure::invalid_input(format!(
            "standard input has more than {MAX_PAYLOAD_BYTES} bytes"
        )));
    }
    Ok(payload)
}

fn outputs(parsed: &Parsed, context: &Context<'_>) -> Outputs {
    let text = |flag: &str| parsed.text(flag).to_owned();
    let trace = match trim(parsed.text("trace-out")) {
        "" => default_trace_name(parsed.text("run-id"), context.now()),
        path => path.to_owned(),
    };
    Outputs {
        records: Destinations {
            trace,
            approval_audit: text("approval-audit-out"),
            delegation_audit: text("delegation-audit-out"),
            credential_evidence: text("credential-evidence-out"),
            kill_switch_state: text("kill-switch-state"),
        },
        runpack: text("runpack-out"),
        pack: text("pack-out"),
        log_export: text("export-log-out"),
        otel_export: text("export-otel-out"),
    }
}

fn report(judged: &Judged, artifacts: &Artifacts) -> Report {
    let verdict = judged.decision.verdict();
    let made = [
        ("runpack", &artifacts.runpack_path),
        ("pack", &artifacts.pack_path),
    ];
    let made = made.into_iter().filter(|(_, path)| !path.is_empty());
    Report::new(&Answer::of(judged, artifacts))
        .line(format!("mcp proxy: verdict={verdict}"))
        .line(format!("trace: {}", artifacts.trace_path))
        .lines(made.map(|(kind, path)| format!("{kind}: {path}")))
        .exit(exit_code_of(verdict))
}
