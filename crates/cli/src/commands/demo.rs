//! `gait demo`: see the gate at work without preparing anything.

mod policy;

use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("demo", "See a dangerous call being blocked")
    .explain("Writes a policy and a dangerous intent below ./gait-out and shows offline that the policy blocks it.")
    .flags(&[
        Flag::switch("policy", "a policy that blocks a destructive call"),
        Flag::switch("durable", "a job that waits for an approval"),
    ]);

const METRICS_OPT_IN: &str = "export GAIT_ADOPTION_LOG=./gait-out/adoption.jsonl";

/// What a demonstration shows.
#[derive(Serialize)]
struct Output {
    ok: bool,
    mode: &'static str,
    bundle: &'static str,
    pack_path: &'static str,
    policy_verdict: String,
    matched_rule: String,
    reason_codes: Vec<String>,
    next_commands: Vec<String>,
    metrics_opt_in: &'static str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    duration_ms: u64,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let mode = match (parsed.flag("durable"), parsed.flag("policy")) {
        (true, true) => {
            return Err(Failure::invalid_input(
                "choose only one mode: --durable or --policy",
            ));
        }
        (true, false) => "durable",
        (false, true) => return policy::run(context).map_err(|failure| failure.field("mode", "policy")),
        (false, false) => "standard",
    };
    let text = format!("the {mode} demonstration is not part of this build; try gait demo --policy");
    Err(Failure::invalid_input(text).field("mode", mode))
}

fn report(output: &Output) -> Report {
    Report::new(output).lines([
        format!("mode={}", output.mode),
        format!("bundle={}", output.bundle),
        format!("pack_path={}", output.pack_path),
        format!("policy_verdict={}", output.policy_verdict),
        format!("matched_rule={}", output.matched_rule),
        format!("reason_codes={}", output.reason_codes.join(",")),
        format!("next={}", output.next_commands.join(",")),
        format!("metrics_opt_in={}", output.metrics_opt_in),
    ])
}
