//! `gait job stop`: the emergency stop.

use gait_job::Command;

use super::{ACTOR, ID, ROOT, change_and_report, error_fields};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

const OPERATION: &str = "stop";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job stop", "Stop a job at once and for good")
    .explain("Stops a job in an emergency: no call of it passes the tool boundary any more and nothing resumes it.")
    .flags(&[ID, ROOT, ACTOR])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let command = Command::Stop {
        actor: parsed.text("actor").to_owned(),
    };
    change_and_report(parsed, context, OPERATION, &command)
}
