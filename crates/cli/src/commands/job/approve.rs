//! `gait job approve`: consent to what a job asks for.

use gait_job::{Approval, Command};

use super::{ID, ROOT, change_and_report, error_fields};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

const OPERATION: &str = "approve";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job approve", "Approve what a job asks for")
    .explain("Records an approval; a job resumes only when every decision it asked for was approved.")
    .flags(&[
        ID,
        ROOT,
        Flag::text("actor", "who approves"),
        Flag::text("reason", "why it is approved").or("approved"),
        Flag::text(
            "checkpoint",
            "the only decision-needed checkpoint this approval counts for",
        ),
    ])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let command = Command::Approve(Approval {
        actor: parsed.text("actor").to_owned(),
        reason: parsed.text("reason").to_owned(),
        checkpoint_id: parsed.text("checkpoint").to_owned(),
    });
    change_and_report(parsed, context, OPERATION, &command)
}
