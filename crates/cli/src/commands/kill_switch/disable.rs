//! `gait kill-switch disable`: let calls through again.

use super::{ENTRY_ID, STATE, entry_id, file, report, spec};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = spec("kill-switch disable", "Switch an entry off")
    .explain(
        "Switches an entry of the kill switch off, so that it stops no more calls; it stays in the list.",
    )
    .flags(&[STATE, ENTRY_ID]);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let id = entry_id(parsed)?;
    Ok(report("disable", file(parsed).disable(id, context.now())?))
}
