//! `gait job checkpoint list`: every checkpoint of a job.

use super::super::{ID, Output, ROOT, error_fields};
use super::sorted;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

const OPERATION: &str = "checkpoint list";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job checkpoint list", "List the checkpoints of a job")
    .explain("Prints every checkpoint that a job has left so far, sorted by id.")
    .flags(&[ID, ROOT])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let output = Output {
        checkpoints: sorted(parsed)?,
        ..Output::new(OPERATION, parsed.text("id").trim())
    };
    Ok(output.report())
}
