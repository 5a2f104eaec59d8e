//! The gateway in front of a server that is asked over HTTP.

use std::io::{self, Write as _};
use std::sync::Arc;

use gait_gate::clock::{Clock as _, SystemClock};
use gait_gateway::http::{Authorization, Gateway, Settings, Staff, Upstream};
use gait_serve::{Limits, ListenAddress};
use serde::Serialize;

use super::super::boundary::{access, asks_for_token};
use super::servers::Asking;
use super::{Employed, SPEC};
use crate::{
    arguments::Parsed,
    context::Context,
    error::{ErrorKind, Failure},
    outcome::{CommandResult, Report},
    render,
    spec::Flag,
};

/// Flags that concern servers over HTTP.
pub(super) const FLAGS: [Flag; 9] = [
    Flag::text(
        "listen",
        "address to listen on, instead of a client on standard input; beyond this machine only with --auth-mode token",
    ),
    Flag::text("auth-mode", "what clients must show")
        .or("off")
        .values(&["off", "token"]),
    Flag::variable("auth-token-env", "variable with the bearer token of clients"),
    Flag::switch(
        "forward-authorization",
        "show the server the credentials that clients show",
    ),
    Flag::variable(
        "upstream-token-env",
        "variable with the gateway's own bearer token for the server",
    ),
    Flag::switch(
        "allow-plain-upstream",
        "ask a server beyond this machine without TLS",
    ),
    Flag::integer("max-request-bytes", "largest message of a client").or("16777216"),
    Flag::duration("upstream-timeout", "how long the server may take to answer").or("5m"),
    Flag::duration(
        "drain-timeout",
        "how long requests in work may take once the gateway is told to end",
    )
    .or("30s"),
];

/// The gateway can be asked.
#[derive(Serialize)]
struct Started<'a> {
    ok: bool,
    listen: &'a str,
    upstream: &'a str,
}

/// Stands in front of the server at `address` until the process is told to end.
pub(super) fn run(parsed: &Parsed, context: &Context<'_>, address: &str, staff: Employed) -> CommandResult {
    let listen = ListenAddress::parse(parsed.text("listen")).map_err(Failure::invalid_input)?;
    let asks_for_token = asks_for_token(parsed)?;
    let Asking {
        authorization,
        allow_plain,
        answer_time,
    } = asking(parsed, context, asks_for_token)?;
    let name = staff.judge.server.server_id.clone();
    let watchers = staff.watchers;
    let settings = Settings {
        access: access(parsed, context, asks_for_token, &listen)?,
        limits: limits(parsed)?,
        answer_time,
        upstream: Upstream::new(address, &authorization, allow_plain)?,
        staff: Staff {
            judge: Arc::new(staff.judge),
            reviewer: Arc::new(staff.reviewer),
            now: Arc::new(|| SystemClock.now()),
            watch: Arc::new(move |notice| watchers.note(&name, &notice)),
        },
    };
    let gateway = Gateway::bind(&listen, settings)?;
    let listen = listen.bound_to(gateway.local_addr()).to_string();
    announce(&listen, address, parsed.flag("json"), context)?;
    Ok(ended(gateway.run()?))
}

/// How a gateway ended that answered every request in work, or did not.
pub(super) fn ended(drained: bool) -> Report {
    let report = Report::verbatim("");
    if drained {
        report
    } else {
        report.exit(ErrorKind::Internal.exit_code())
    }
}

/// What servers over HTTP are asked with.
pub(super) fn asking(
    parsed: &Parsed,
    context: &Context<'_>,
    asks_for_token: bool,
) -> Result<Asking, Failure> {
    Ok(Asking {
        authorization: authorization(parsed, context, asks_for_token)?,
        allow_plain: parsed.flag("allow-plain-upstream"),
        answer_time: parsed
            .duration("upstream-timeout")
            .positive()
            .ok_or_else(|| Failure::invalid_input("--upstream-timeout must be > 0"))?,
    })
}

/// By what the server knows who asks.
fn authorization(
    parsed: &Parsed,
    context: &Context<'_>,
    asks_for_token: bool,
) -> Result<Authorization, Failure> {
    let variable = parsed.text("upstream-token-env").trim();
    match (parsed.flag("forward-authorization"), variable) {
        (false, "") => Ok(Authorization::None),
        // The token is the gateway's; nobody else may learn it.
        (true, _) if asks_for_token => Err(Failure::invalid_input(
            "--forward-authorization cannot stand beside --auth-mode token",
        )),
        (true, "") => Ok(Authorization::Forwarded),
        (true, _) => Err(Failure::invalid_input(
            "--forward-authorization cannot stand beside --upstream-token-env",
        )),
        (false, variable) => {
            let token = context.env(variable).unwrap_or_default();
            if token.trim().is_empty() {
                return Err(Failure::invalid_input(
                    "--upstream-token-env did not resolve to a non-empty value",
                ));
            }
            Ok(Authorization::Bearer(token))
        }
    }
}

pub(super) fn limits(parsed: &Parsed) -> Result<Limits, Failure> {
    let request_bytes = usize::try_from(parsed.int("max-request-bytes"))
        .ok()
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| Failure::invalid_input("--max-request-bytes must be > 0"))?;
    Ok(Limits {
        request_bytes,
        drain_time: parsed.duration("drain-timeout").positive().unwrap_or_default(),
        ..Limits::default()
    })
}

/// Says that the gateway can be asked, and where.
pub(super) fn announce(
    listen: &str,
    upstream: &str,
    json: bool,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let started = Started {
        ok: true,
        listen,
        upstream,
    };
    let line = format!("mcp gateway: listening={listen} upstream={upstream}");
    let response = render::command(&SPEC, Ok(Report::new(&started).line(line)), json, context);
    let mut stdout = io::stdout();
    let told = stdout
        .write_all(response.stdout.as_bytes())
        .and_then(|()| stdout.flush());
    match told {
        // Nobody has to listen to that.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(ErrorKind::Io, error)),
        _ => Ok(()),
    }
}
