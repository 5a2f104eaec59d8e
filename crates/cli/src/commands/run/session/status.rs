//! `gait run session status`: how a session stands.

use super::{JOURNAL, at, fields, open, required, status_report};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

const OPERATION: &str = "status";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("run session status", "Tell how a session stands")
    .explain(super::GROUP.explain)
    .flags(&[JOURNAL])
    .error_fields(|| fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [journal] = required(parsed, ["journal"], "--journal is required")?;
    let state = open(journal, context)
        .and_then(|session| session.status(context.now()))
        .map_err(at(journal))?;
    Ok(status_report(OPERATION, journal, &state))
}
