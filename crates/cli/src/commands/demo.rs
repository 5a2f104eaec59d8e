//! `gait demo`: see recording, approval and blocking at work without preparing anything.

mod durable;
mod policy;
pub(crate) mod standard;

use gait_canon::json::is_default;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("demo", "Record a run, or see a dangerous call being blocked")
    .explain("Records and verifies a small run below ./gait-out, offline; other modes show a job that waits for an approval, and a policy that blocks.")
    .flags(&[
        Flag::switch("policy", "a policy that blocks a destructive call"),
        Flag::switch("durable", "a job that waits for an approval"),
    ]);

/// What switches the local log of milestones on.
pub(crate) const METRICS_OPT_IN: &str = "export GAIT_ADOPTION_LOG=./gait-out/adoption.jsonl";
/// Where demonstrations write.
const DIRECTORY: &str = "gait-out";

/// What a demonstration shows.
#[derive(Default, Serialize)]
struct Output {
    ok: bool,
    mode: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    run_id: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    job_id: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    job_status: String,
    bundle: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    pack_path: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    ticket_footer: String,
    #[serde(skip_serializing_if = "is_default")]
    verify: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    policy_verdict: String,
    #[serde(skip_serializing_if = "is_default")]
    matched_rule: String,
    #[serde(skip_serializing_if = "is_default")]
    reason_codes: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    simulated_failure: &'static str,
    next_commands: Vec<String>,
    metrics_opt_in: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    duration_ms: u64,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let (mode, shown) = match (parsed.flag("durable"), parsed.flag("policy")) {
        (true, true) => {
            return Err(Failure::invalid_input(
                "choose only one mode: --durable or --policy",
            ));
        }
        (true, false) => ("durable", durable::run(context)),
        (false, true) => ("policy", policy::run(context)),
        (false, false) => ("standard", standard::run(context)),
    };
    let output = shown.map_err(|failure| failure.field("mode", mode))?;
    Ok(report(&Output {
        ok: true,
        mode,
        metrics_opt_in: METRICS_OPT_IN,
        duration_ms: context.elapsed_ms(),
        ..output
    }))
}

fn report(output: &Output) -> Report {
    let reason_codes = output.reason_codes.join(",");
    let next = output.next_commands.join(",");
    let lines = [
        ("mode", output.mode),
        ("run_id", output.run_id),
        ("job_id", output.job_id),
        ("job_status", &output.job_status),
        ("bundle", output.bundle),
        ("pack_path", output.pack_path),
        ("ticket_footer", &output.ticket_footer),
        ("verify", output.verify),
        ("policy_verdict", &output.policy_verdict),
        ("matched_rule", &output.matched_rule),
        ("reason_codes", &reason_codes),
        ("simulated_failure", output.simulated_failure),
        ("next", &next),
        ("metrics_opt_in", output.metrics_opt_in),
    ];
    Report::new(output).lines(
        lines
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={value}")),
    )
}
