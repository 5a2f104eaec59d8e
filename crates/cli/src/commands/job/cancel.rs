//! `gait job cancel`: give a job up.

use gait_job::Command;

use super::{ACTOR, ID, ROOT, change_and_report, error_fields};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

const OPERATION: &str = "cancel";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job cancel", "Give a job up")
    .explain("Cancels a job that is not done, also one that was stopped; it can't be resumed afterwards.")
    .flags(&[ID, ROOT, ACTOR])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let command = Command::Cancel {
        actor: parsed.text("actor").to_owned(),
    };
    change_and_report(parsed, context, OPERATION, &command)
}
