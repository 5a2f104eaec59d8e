//! `gait mcp serve`: answer requests for decisions over HTTP.

mod settings;

use std::io::{self, Write as _};
use std::time::Duration;

use gait_canon::json::Object;
use gait_serve::{Ending, ListenAddress, LogQueue, Service};
use serde::Serialize;

use super::boundary::{BOUNDARY_FLAGS, ON_INVALID_POLICY};
use crate::{
    arguments::Parsed,
    commands::gate::invocation::joined,
    config::{self, ProjectConfig},
    context::Context,
    error::{ErrorKind, Failure},
    outcome::{CommandResult, Report},
    render,
    spec::{CommandSpec, Flag},
};
use settings::Start;

/// How long the end of the process waits for the last lines of the log.
const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// The exit code of a service that gave up requests at its end.
const CUT_OFF: u8 = ErrorKind::Internal.exit_code();

/// The project defaults that stand in for flags.
const SECTION: &str = "mcp_serve";

const OWN: [Flag; 27] = [
    Flag::text(
        "listen",
        "address to listen on; beyond this machine only with --auth-mode token",
    )
    .or("127.0.0.1:8787"),
    Flag::text(
        "ext-authz-listen",
        "address where proxies ask over gRPC (Envoy ext_authz); same rules as --listen",
    ),
    Flag::list(
        "ext-authz-pass",
        "MCP methods other than tools/call that proxies may let pass unjudged",
    ),
    Flag::text("auth-mode", "what callers must show")
        .or("off")
        .values(&["off", "token"]),
    Flag::variable("auth-token-env", "variable with the bearer token"),
    Flag::path("trace-dir", "directory of traces").or("./gait-out/mcp-serve/traces"),
    Flag::path("runpack-dir", "directory of runpacks and checkpoints"),
    Flag::path("pack-dir", "directory of packs"),
    Flag::path("session-dir", "directory of session journals").or("./gait-out/mcp-serve/sessions"),
    Flag::integer("max-request-bytes", "largest body of a request").or("1048576"),
    Flag::integer("max-connections", "most open connections; more wait").or("1024"),
    Flag::integer(
        "max-in-flight",
        "most decisions in work; more are answered with 503",
    )
    .or("512"),
    Flag::duration(
        "drain-timeout",
        "how long requests in work may take once the service is told to end",
    )
    .or("30s"),
    Flag::text(
        "http-verdict-status",
        "whether verdicts other than allow change the HTTP status",
    )
    .or("compat")
    .values(&["compat", "strict"]),
    ON_INVALID_POLICY,
    Flag::switch(
        "allow-client-artifact-paths",
        "let clients name the files of artifacts",
    ),
    Flag::text("trace-max-age", "age from which traces are removed; 0 keeps them").or("0"),
    Flag::integer("trace-max-count", "most traces that are kept; 0 keeps all").or("0"),
    Flag::text(
        "runpack-max-age",
        "age from which runpacks are removed; 0 keeps them",
    )
    .or("0"),
    Flag::integer("runpack-max-count", "most runpacks that are kept; 0 keeps all").or("0"),
    Flag::text("pack-max-age", "age from which packs are removed; 0 keeps them").or("0"),
    Flag::integer("pack-max-count", "most packs that are kept; 0 keeps all").or("0"),
    Flag::text(
        "session-max-age",
        "age from which sessions are removed; 0 keeps them",
    )
    .or("0"),
    Flag::integer("session-max-count", "most sessions that are kept; 0 keeps all").or("0"),
    Flag::text("log-level", "what is told on standard error")
        .or("info")
        .values(&["off", "error", "warn", "info", "debug"]),
    config::FLAGS[0],
    config::FLAGS[1],
];
const FLAGS: [Flag; OWN.len() + BOUNDARY_FLAGS.len()] = joined(&[&OWN, BOUNDARY_FLAGS]);

pub(crate) const SPEC: CommandSpec = CommandSpec::new("mcp serve", "Answer requests for decisions over HTTP")
    .explain("Serves decisions over HTTP: POST /v1/evaluate judges one tool call and answers when its signed trace is on the disk.")
    .label("mcp proxy")
    .json_before_mistakes()
    .positionals("[<policy>]")
    .flags(&FLAGS)
    .error_fields(|| {
        let mut fields = Object::new();
        fields.insert("executed", false);
        fields
    });

#[derive(Serialize)]
struct Started<'a> {
    ok: bool,
    listen: &'a str,
    policy: &'a str,
    adapter: &'a str,
    profile: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ext_authz_listen: Option<&'a str>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let config = ProjectConfig::of_flags(parsed)?;
    let mut parsed = parsed.clone();
    config.complete(SECTION, &mut parsed)?;
    let start = Start::of(&parsed, context)?;
    let (log, writer) = LogQueue::to(io::stderr()).map_err(|error| Failure::new(ErrorKind::Io, error))?;
    let address = start.address.clone();
    let log_level = start.log_level;
    let told = Told::of(&start);
    let service = Service::bind(&address, start.settings(log.clone())?)?;
    told.announce(&service, &address, parsed.flag("json"), context)?;
    log.install(log_level);
    let ending = service.run()?;
    writer.finish(LOG_PATIENCE);
    let report = Report::verbatim("");
    Ok(match ending {
        Ending::Drained => report,
        Ending::CutOff => report.exit(CUT_OFF),
    })
}

/// What standard output is told of the service.
struct Told {
    policy: String,
    adapter: String,
    profile: String,
    ext_authz: Option<ListenAddress>,
}

impl Told {
    fn of(start: &Start<'_>) -> Self {
        Self {
            policy: start.policy.clone(),
            adapter: start.adapter.clone(),
            profile: start.profile.clone(),
            ext_authz: start.ext_authz_address().cloned(),
        }
    }

    /// Says that the service can be asked, and where.
    fn announce(
        &self,
        service: &Service,
        address: &ListenAddress,
        json: bool,
        context: &Context<'_>,
    ) -> Result<(), Failure> {
        let listen = address.bound_to(service.local_addr()).to_string();
        let doors = self.ext_authz.as_ref().zip(service.ext_authz_addr());
        let ext_authz = doors.map(|(address, bound)| address.bound_to(bound).to_string());
        let started = Started {
            ok: true,
            listen: &listen,
            policy: &self.policy,
            adapter: &self.adapter,
            profile: &self.profile,
            ext_authz_listen: ext_authz.as_deref(),
        };
        let mut line = format!("mcp serve: listening={listen} adapter={}", self.adapter);
        if let Some(ext_authz) = &ext_authz {
            line.push_str(" ext_authz=");
            line.push_str(ext_authz);
        }
        let response = render::command(&SPEC, Ok(Report::new(&started).line(line)), json, context);
        let mut stdout = io::stdout();
        let told = stdout
            .write_all(response.stdout.as_bytes())
            .and_then(|()| stdout.flush());
        match told {
            // Nobody has to listen to that.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(ErrorKind::Io, error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_defaults_name_flags_and_their_defaults() {
        let settings = config::SETTINGS
            .iter()
            .filter(|setting| setting.section == SECTION && !setting.flag.is_empty());
        for setting in settings {
            let flag = SPEC.flag(setting.flag).unwrap();
            assert_eq!(flag.default, setting.default, "{}", setting.key);
        }
    }
}
