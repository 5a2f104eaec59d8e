//! `gait mcp pins list`: what is approved.

use gait_artifact::Timestamp;
use serde::Serialize;

use super::{PINS, SERVER, approved};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("mcp pins list", "Show the approved tool definitions")
    .explain("Prints every approved definition of the lock file with its digest; changes nothing.")
    .flags(&[PINS, SERVER]);

#[derive(Serialize)]
struct Output {
    ok: bool,
    pins: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    server: String,
    tool: String,
    digest: String,
    approved_at: Timestamp,
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let wanted = parsed.text("server");
    let servers = approved(parsed)?.servers;
    let servers = servers
        .iter()
        .filter(|(name, _)| wanted.is_empty() || *name == wanted);
    let pins: Vec<_> = servers
        .flat_map(|(server, tools)| {
            tools.iter().map(|(tool, pin)| Listed {
                server: server.clone(),
                tool: tool.clone(),
                digest: pin.digest.to_string(),
                approved_at: pin.approved_at,
            })
        })
        .collect();
    let lines: Vec<_> = pins
        .iter()
        .map(|pin| format!("{}/{} {}", pin.server, pin.tool, pin.digest))
        .collect();
    Ok(Report::new(&Output { ok: true, pins }).lines(lines))
}
