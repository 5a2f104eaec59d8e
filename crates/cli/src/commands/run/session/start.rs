//! `gait run session start`: begin a session.

use super::{JOURNAL, at, fields, open, required, status_report};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

const OPERATION: &str = "start";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("run session start", "Start a session")
    .explain(super::GROUP.explain)
    .flags(&[
        JOURNAL,
        Flag::text("session-id", "id of the session"),
        Flag::text("run-id", "id of the run that the session is about"),
    ])
    .error_fields(|| fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [journal, session_id, run_id] = required(
        parsed,
        ["journal", "session-id", "run-id"],
        "--journal, --session-id, and --run-id are required",
    )?;
    let state = open(journal, context)
        .and_then(|session| session.start(session_id, run_id, context.now()))
        .map_err(at(journal))?;
    Ok(status_report(OPERATION, journal, &state))
}
