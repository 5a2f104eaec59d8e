//! `gait job inspect`: where a job stands and how it came there.

use super::{ID, Output, ROOT, error_fields, store};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

const OPERATION: &str = "inspect";

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("job inspect", "Show a job with everything that happened to it")
        .explain("Prints the state and all events of a job, and says where the two contradict each other.")
        .flags(&[ID, ROOT])
        .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let history = store(parsed).history(parsed.text("id"))?;
    let output = Output {
        events: history.events,
        findings: history.findings,
        ..Output::of_job(OPERATION, history.state)
    };
    Ok(output.report())
}
