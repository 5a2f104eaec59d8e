//! `gait job status`: where a job stands.

use super::{ID, Output, ROOT, error_fields, store};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

const OPERATION: &str = "status";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job status", "Show where a job stands")
    .explain("Prints the state of a job; a change that a crash interrupted is completed or undone first.")
    .flags(&[ID, ROOT])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let job = store(parsed).read(parsed.text("id"))?;
    Ok(Output::of_job(OPERATION, job).report())
}
