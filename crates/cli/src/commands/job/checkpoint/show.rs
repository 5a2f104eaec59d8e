//! `gait job checkpoint show`: one checkpoint of a job.

use gait_job::Refusal;

use super::super::{ID, Output, ROOT, error_fields};
use super::sorted;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

const OPERATION: &str = "checkpoint show";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job checkpoint show", "Show one checkpoint of a job")
    .explain("Prints a single checkpoint: what it says, who left it and what has to be decided.")
    .flags(&[
        ID,
        ROOT,
        Flag::text("checkpoint", "id of the checkpoint, e.g. cp_0001"),
    ])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let id = parsed.text("checkpoint").trim();
    let checkpoint = sorted(parsed)?
        .into_iter()
        .find(|checkpoint| checkpoint.checkpoint_id == id)
        .ok_or_else(|| Failure::invalid_input(Refusal::UnknownCheckpoint(id.to_owned())))?;
    let output = Output {
        checkpoint: Some(checkpoint),
        ..Output::new(OPERATION, parsed.text("id").trim())
    };
    Ok(output.report())
}
