//! `gait mcp pins approve`: accept what tools say of themselves now.

use std::path::Path;

use gait_gateway::pins::{PinChange, Pins};
use serde::Serialize;

use super::{PINS, SERVER, approved, changes, line, seen};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("mcp pins approve", "Approve definitions that were held back")
        .explain("Takes definitions that the gateway saw last into the lock file: those named, or all.")
        .flags(&[
            PINS,
            SERVER,
            Flag::list("tool", "tools to approve"),
            Flag::switch("all", "approve everything that waits"),
            Flag::text("digest", "approve only a definition with this digest"),
        ]);

#[derive(Serialize)]
struct Output {
    ok: bool,
    approved: Vec<PinChange>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let named: Vec<&str> = parsed
        .text("tool")
        .split(',')
        .map(str::trim)
        .filter(|tool| !tool.is_empty())
        .collect();
    if named.is_empty() != parsed.flag("all") {
        return Err(Failure::invalid_input("expected either --tool <names> or --all"));
    }
    // A gateway that meets a new server meanwhile must not lose its pins.
    let _lock = Pins::lock(Path::new(parsed.text("pins")))?;
    let (mut pins, seen) = (approved(parsed)?, seen(parsed)?);
    let mut wanted = changes(parsed, &pins, &seen);
    wanted.retain(|change| named.is_empty() || named.contains(&&*change.tool));
    if let Some(missing) = named
        .iter()
        .find(|tool| wanted.iter().all(|change| change.tool != **tool))
    {
        return Err(Failure::invalid_input(format!(
            "no change of {missing} waits for approval"
        )));
    }
    let digest = parsed.text("digest");
    if let Some(other) = wanted
        .iter()
        .find(|change| !digest.is_empty() && change.seen != digest)
    {
        return Err(Failure::invalid_input(format!(
            "{}/{} has the digest {}, not the one you looked at",
            other.server, other.tool, other.seen
        )));
    }
    for change in &wanted {
        pins.approve(change, &seen, context.now());
    }
    pins.save(Path::new(parsed.text("pins")))?;
    let lines: Vec<_> = wanted
        .iter()
        .map(|change| format!("approved: {}", line(change)))
        .collect();
    Ok(Report::new(&Output {
        ok: true,
        approved: wanted,
    })
    .lines(lines))
}
