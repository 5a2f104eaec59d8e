//! `gait kill-switch expire`: let an entry end.

use super::{ENTRY_ID, STATE, entry_id, expires_at, file, report, spec};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = spec("kill-switch expire", "Let an entry end, now or at a given time")
    .explain("Sets the time at which an entry of the kill switch stops counting; without a time that is now.")
    .flags(&[
        STATE,
        ENTRY_ID,
        Flag::text(
            "expires-at",
            "RFC 3339 time at which the entry ends, now when absent",
        ),
    ]);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let id = entry_id(parsed)?;
    let end = expires_at(parsed)?.unwrap_or_else(|| context.now());
    Ok(report("expire", file(parsed).expire(id, end, context.now())?))
}
