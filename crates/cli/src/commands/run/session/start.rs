//! `gait run session start`: begin a session.

use super::{JOURNAL, at, fields, open, status_report};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
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
    if !parsed.positionals().is_empty() {
        return Err(Failure::unexpected_positionals());
    }
    let [journal, session_id, run_id] =
        ["journal", "session-id", "run-id"].map(|flag| parsed.text(flag).trim());
    if [journal, session_id, run_id].contains(&"") {
        return Err(Failure::invalid_input(
            "--journal, --session-id, and --run-id are required",
        ));
    }
    let state = open(journal, context)
        .and_then(|session| session.start(session_id, run_id, context.now()))
        .map_err(at(journal))?;
    Ok(status_report(OPERATION, journal, &state))
}
