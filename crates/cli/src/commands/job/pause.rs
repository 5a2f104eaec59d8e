//! `gait job pause`: let a job wait.

use gait_job::Command;

use super::{ACTOR, ID, ROOT, change_and_report, error_fields};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

const OPERATION: &str = "pause";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job pause", "Pause a job")
    .explain("Pauses a job that runs or waits for a decision; it goes on with `gait job resume`.")
    .flags(&[ID, ROOT, ACTOR])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let command = Command::Pause {
        actor: parsed.text("actor").to_owned(),
    };
    change_and_report(parsed, context, OPERATION, &command)
}
