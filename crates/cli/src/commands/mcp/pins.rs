//! `gait mcp pins`: the tool definitions that somebody looked at and approved.

pub(crate) mod approve;
pub(crate) mod diff;
pub(crate) mod list;

use std::path::Path;

use gait_gateway::pins::{PinChange, Pins};
use gait_gateway::review::seen_path;

use crate::arguments::Parsed;
use crate::error::Failure;
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "mcp pins",
    summary: "Review what MCP servers say of their tools",
    explain: "Lists the approved definitions of tools, shows how those that the gateway saw last differ, and approves them.",
    help_succeeds: true,
};

/// The lock file, for every command that reads or writes it.
pub(crate) const PINS: Flag =
    Flag::path("pins", "lock file of approved tool definitions").or("mcp.lock.json");
const SERVER: Flag = Flag::text("server", "only this server");

/// The approved definitions.
fn approved(parsed: &Parsed) -> Result<Pins, Failure> {
    Ok(Pins::load(Path::new(parsed.text("pins")))?.unwrap_or_default())
}

/// What the gateway saw last and held back.
fn seen(parsed: &Parsed) -> Result<Pins, Failure> {
    Ok(Pins::load(&seen_path(Path::new(parsed.text("pins"))))?.unwrap_or_default())
}

/// The changes that the flags ask about.
fn changes(parsed: &Parsed, approved: &Pins, seen: &Pins) -> Vec<PinChange> {
    let server = parsed.text("server");
    let mut changes = approved.changes(seen);
    changes.retain(|change| server.is_empty() || change.server == server);
    changes
}

/// The line of text mode about a change.
fn line(change: &PinChange) -> String {
    let PinChange {
        server, tool, seen, ..
    } = change;
    format!("{} {server}/{tool} {seen}", change.change.as_str())
        .trim_end()
        .to_owned()
}
