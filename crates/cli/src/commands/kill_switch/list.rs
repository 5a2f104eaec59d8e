//! `gait kill-switch list`: what is stopped.

use super::{Output, STATE, file, spec};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = spec("kill-switch list", "Show the entries of the kill switch")
    .explain(
        "Prints every entry of the kill switch, also those that are disabled or have ended; changes nothing.",
    )
    .flags(&[STATE]);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let state = file(parsed).load_or_empty(context.producer_version(), context.now())?;
    let line = format!("list: {} entries", state.entries.len());
    let entries = state.entries.clone();
    Ok(Report::new(&Output {
        ok: true,
        action: "list",
        entry: None,
        state,
        entries,
    })
    .line(line))
}
