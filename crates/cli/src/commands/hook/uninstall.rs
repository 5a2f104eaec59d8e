//! `gait hook uninstall`: let Claude Code run tools without asking again.

use gait_client::hook;

use super::settings::{CLIENT, SETTINGS, Told, open, require_client};
use crate::arguments::Parsed;
use crate::commands::mcp::clients::DRY_RUN;
use crate::commands::mcp::uninstall::FORCE;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("hook uninstall", "Take the hook out of the settings of a coding agent")
    .explain("Gives the settings of Claude Code back byte for byte as they were before `gait hook install`. A file that was changed since is left alone unless --force says to only take the hook out.")
    .flags(&[CLIENT, SETTINGS, FORCE, DRY_RUN]);

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    require_client(parsed)?;
    let file = open(parsed)?;
    let Some(text) = file.text() else {
        return Ok(Told::new(parsed, &file, None)?.report(parsed));
    };
    let original = file.original()?;
    let without =
        hook::removed(text).map_err(|error| Failure::from(error).context(&file.path().to_string_lossy()))?;
    if original.is_none() && without != text && !parsed.flag(FORCE.name) {
        return Err(Failure::invalid_input(format!(
            "{} was changed since the hook came into it and cannot be given back as it was",
            file.path().display()
        ))
        .hint("use --force to take only the hook out and keep the changes"));
    }
    let told = Told::new(
        parsed,
        &file,
        original.unwrap_or(Some(without.clone())).as_deref(),
    )?;
    if told.changed && !told.dry_run && !file.restore()? {
        file.amend(&without)?;
    }
    Ok(told.report(parsed))
}
