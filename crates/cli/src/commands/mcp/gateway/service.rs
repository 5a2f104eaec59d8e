//! The gateway as a server over HTTP, in front of servers of any kind.

use std::sync::Arc;

use gait_gate::clock::{Clock as _, SystemClock};
use gait_gateway::service::{Crew, Gateway, Settings};
use gait_serve::ListenAddress;

use super::super::boundary::{access, asks_for_token};
use super::http::{announce, asking, ended, limits};
use super::servers::Servers;
use super::{Employed, network, nonce};
use crate::{arguments::Parsed, context::Context, error::Failure, outcome::CommandResult, spec::Flag};

/// Where clients ask.
const PATH: &str = "/mcp";

/// Flags that concern sessions.
pub(super) const FLAGS: [Flag; 2] = [
    Flag::duration("session-idle", "how long a session lives that is not used").or("30m"),
    Flag::integer("max-sessions", "sessions at a time, each with servers of its own").or("64"),
];

/// Stands in front of `servers` until the process is told to end.
pub(super) fn run(
    parsed: &Parsed,
    context: &Context<'_>,
    servers: Servers,
    staff: Employed,
) -> CommandResult {
    let listen = ListenAddress::parse(parsed.text("listen")).map_err(Failure::invalid_input)?;
    if parsed.flag("forward-authorization") {
        return Err(Failure::invalid_input(
            "--forward-authorization requires a single --upstream",
        ));
    }
    let asks_for_token = asks_for_token(parsed)?;
    let network = network()?;
    let members = servers.members(&network, &asking(parsed, context, asks_for_token)?)?;
    let version = context.producer_version().to_owned();
    // What cannot stand behind a hub is told now and not to clients.
    servers.fleet(members.clone(), &nonce()?, &version)?;
    let names: Vec<String> = servers.servers.iter().map(|server| server.name.clone()).collect();
    let watchers = staff.watchers;
    let settings = Settings {
        access: access(parsed, context, asks_for_token, &listen)?,
        limits: limits(parsed)?,
        path: PATH.to_owned(),
        idle_time: parsed
            .duration("session-idle")
            .positive()
            .ok_or_else(|| Failure::invalid_input("--session-idle must be > 0"))?,
        sessions: usize::try_from(parsed.int("max-sessions"))
            .ok()
            .filter(|sessions| *sessions > 0)
            .ok_or_else(|| Failure::invalid_input("--max-sessions must be > 0"))?,
        fleet: Arc::new(move |nonce| servers.fleet(members.clone(), nonce, &version).ok()),
        nonce: Arc::new(|| Some(nonce().ok()? + &nonce().ok()?)),
        crew: Crew {
            judge: Arc::new(staff.judge),
            reviewer: Arc::new(staff.reviewer),
            now: Arc::new(|| SystemClock.now()),
            watch: Arc::new(move |server, notice| watchers.note(server, &notice)),
        },
    };
    let gateway = Gateway::bind(&listen, settings)?;
    let listen = listen.bound_to(gateway.local_addr()).to_string();
    announce(&listen, &names.join(","), parsed.flag("json"), context)?;
    let drained = gateway.run()?;
    drop(network);
    Ok(ended(drained))
}
