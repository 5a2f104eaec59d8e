//! `gait job checkpoint add`: say how far a job has come.

use gait_artifact::job::CheckpointType;
use gait_job::{Checkpoint, Command};

use super::super::{ACTOR, ID, Output, ROOT, change, error_fields};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

const OPERATION: &str = "checkpoint add";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job checkpoint add", "Leave a checkpoint")
    .explain(
        "Adds a checkpoint; one that needs a decision, is blocked or completed changes where the job stands.",
    )
    .flags(&[
        ID,
        ROOT,
        Flag::text("type", "what the checkpoint says")
            .or("progress")
            .values(CheckpointType::WORDS),
        Flag::text("summary", "the same in words, up to 512 bytes"),
        Flag::text("required-action", "what has to be decided, with decision-needed"),
        ACTOR,
    ])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let command = Command::Checkpoint(Checkpoint {
        kind: parsed.text("type").to_owned(),
        summary: parsed.text("summary").to_owned(),
        required_action: parsed.text("required-action").to_owned(),
        actor: parsed.text("actor").to_owned(),
    });
    let job = change(parsed, context, &command)?;
    let output = Output {
        checkpoint: job.checkpoints.last().cloned(),
        ..Output::of_job(OPERATION, job)
    };
    Ok(output.report())
}
