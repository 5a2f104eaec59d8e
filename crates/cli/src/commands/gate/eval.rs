//! `gait gate eval`: judge one tool call and leave a signed trace.

use gait_artifact::policy::Policy;
use gait_gate::{Decision, report::GateReport, store::Written};

use super::{
    explain::explanation,
    invocation::{GATE_FLAGS, Invocation, joined},
    output,
};
use crate::{
    arguments::Parsed,
    context::Context,
    error::exit_code_of,
    intent_file,
    outcome::{CommandResult, Report},
    spec::{CommandSpec, Flag},
};

const INPUTS: [Flag; 2] = [
    Flag::path("policy", "policy to judge by"),
    Flag::path("intent", "the tool call, as an intent request"),
];
const MANNERS: [Flag; 2] = [
    Flag::switch("simulate", "report the decision without enforcing it"),
    Flag::switch(
        "explain",
        "with --json, print an explanation of the decision instead of the result",
    ),
];
const FLAGS: [Flag; INPUTS.len() + GATE_FLAGS.len() + MANNERS.len()] =
    joined(&[&INPUTS, GATE_FLAGS, &MANNERS]);

pub(crate) const SPEC: CommandSpec = CommandSpec::new("gate eval", "Judge one tool call and leave a signed trace")
    .explain("Evaluates an intent against a policy and prints the verdict; only allow may execute, and every decision leaves a signed trace.")
    .flags_first()
    .flags(&FLAGS);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    if parsed.flag("explain") && !parsed.flag("json") {
        return Ok(Report::verbatim(format!("{}\n", SPEC.explain)));
    }
    let invocation = Invocation::resolve(parsed, context, parsed.flag("simulate"))?;
    let policy = invocation.policy()?;
    let call = invocation.call(intent_file::read(parsed.text("intent"))?)?;
    invocation.at_gate(policy, |gate| {
        let decision = gate.decide(call)?;
        let written = decision.write(&invocation.settings.destinations)?;
        let report = report(parsed, &decision, gate.policy(), &written);
        Ok(report.diagnostics(invocation.notices()))
    })
}

fn report(parsed: &Parsed, decision: &Decision, policy: &Policy, written: &Written) -> Report {
    if parsed.flag("explain") {
        let exit = exit_code_of(decision.verdict());
        return Report::new(&explanation(decision, policy, written)).exit(exit);
    }
    result(&GateReport::of(decision, written))
}

/// The result of the command for a decision that was made and recorded.
pub(super) fn result(report: &GateReport<'_>) -> Report {
    Report::new(report)
        .lines(output::lines(report))
        .exit(exit_code_of(report.verdict))
}
