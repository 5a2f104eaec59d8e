//! `gait mcp gateway`: stand between an MCP client and its server.

mod approvals;
mod http;
mod record;
mod servers;
mod service;
mod watcher;

use std::io::{self, BufReader};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use approvals::Approvals;
use gait_disk::ledger::{Ledger, LedgerOptions};
use gait_disk::reload::{Epoch, First, OnInvalid, Reloading};
use gait_disk::stamp::Stamps;
use gait_gate::clock::{Clock as _, SystemClock};
use gait_gateway::call::Caller;
use gait_gateway::fleet::Staff;
use gait_gateway::judge::{Judge, Rules};
use gait_gateway::link::Network;
use gait_gateway::review::Reviewer;
use gait_gateway::stdio;
use gait_mcp::{BoundarySettings, boundary::BoundaryLoadError};
use record::Recording;
use serde::Serialize;
use servers::{Described, Servers, identity};
use watcher::Watchers;

use super::boundary::{BOUNDARY_FLAGS, ON_INVALID_POLICY, failure, files, loader, on_invalid, settings};
use super::pins::PINS;
use crate::{
    arguments::Parsed,
    commands::gate::invocation::{joined, without},
    context::Context,
    error::{ErrorKind, Failure},
    outcome::{CommandResult, Report},
    spec::{CommandSpec, Flag},
};

/// The directory of the decision log in that of the traces.
const LEDGER: &str = ".ledger";

/// Flags of the boundary that calls over MCP have no use for: their shape is known.
const OF_OTHER_SHAPES: &[&str] = &["adapter", "export-log-out", "export-otel-out"];
const OF_THE_BOUNDARY: [Flag; BOUNDARY_FLAGS.len() - OF_OTHER_SHAPES.len()] =
    without(BOUNDARY_FLAGS, OF_OTHER_SHAPES);

const OWN: [Flag; 12] = [
    Flag::text(
        "server",
        "name of the server in policies, pins and traces (default the command or the address)",
    ),
    PINS,
    Flag::switch(
        "require-pins",
        "offer no tool that was not approved, also of a server never seen",
    ),
    Flag::path("trace-dir", "directory of traces").or("./gait-out/mcp-gateway/traces"),
    ON_INVALID_POLICY,
    watcher::ACTIVITY_DIR,
    Flag::text("identity", "who calls").or("mcp-client"),
    Flag::path("workspace", "where the agent works").or("."),
    Flag::text("risk-class", "how risky calls are").or("high"),
    Flag::text("environment", "the deployment environment"),
    Flag::switch("quiet", "tell nothing on standard error"),
    Flag::switch("explain-config", "print the settings and end"),
];
const FLAGS: [Flag;
    OWN.len()
        + servers::FLAGS.len()
        + http::FLAGS.len()
        + service::FLAGS.len()
        + approvals::FLAGS.len()
        + record::FLAGS.len()
        + OF_THE_BOUNDARY.len()] = joined(&[
    &OWN,
    &servers::FLAGS,
    &http::FLAGS,
    &service::FLAGS,
    &approvals::FLAGS,
    &record::FLAGS,
    &OF_THE_BOUNDARY,
]);

pub(crate) const SPEC: CommandSpec = CommandSpec::new("mcp gateway", "Stand between an MCP client and its server")
    .explain("Starts an MCP server and passes messages between it and the client on standard input and output, or stands in front of one that is asked over HTTP, or of several; a tool call reaches the server only when the policy allows it.")
    .positionals("[--] <command> [args...]")
    .flags_first()
    .flags(&FLAGS);

/// What the gateway goes by.
#[derive(Serialize)]
struct Configuration<'a> {
    ok: bool,
    command: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    upstream: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    listen: &'a str,
    server: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    servers: Vec<Described>,
    policy: &'a str,
    policy_digest: String,
    profile: &'static str,
    pins: &'a str,
    require_pins: bool,
    trace_dir: &'a str,
    identity: &'a str,
    workspace: &'a str,
    risk_class: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    environment: &'a str,
    approvals: Approvals,
    #[serde(flatten)]
    recording: Recording<'a>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let servers = Servers::of(parsed, context)?;
    let policy = parsed.text("policy");
    if policy.is_empty() {
        return Err(Failure::invalid_input("--policy is required"));
    }
    let settings = settings(parsed, policy)?;
    let approvals = Approvals::of(parsed, &settings.deployment)?;
    let source = Source::of(settings, parsed, context)?;
    if parsed.flag("explain-config") {
        let gate = source.first.boundary.gate();
        let digest = gate.compiled_policy().digest().to_string();
        let profile = gate.profile().as_str();
        return Ok(Configuration::of(parsed, &servers, digest, profile, approvals).report());
    }
    let traces = PathBuf::from(parsed.text("trace-dir"));
    let (ledger, _) = Ledger::open(&traces.join(LEDGER), LedgerOptions::default())?;
    let records = Arc::new(Recording::of(parsed).records(parsed.flag("quiet"), context)?);
    let judge = Judge::new(
        source.rules(parsed.flag("quiet")),
        ledger,
        traces,
        identity(servers.name()),
        caller(parsed, &nonce()?),
    )
    .with_desk(approvals.desk(servers.name(), parsed, context)?)
    .with_records(Arc::clone(&records));
    let names = servers.servers.iter().map(|server| server.name.as_str());
    let watchers = Watchers::new(names, &judge.caller.session_id, parsed);
    let reviewer = Reviewer::new(PathBuf::from(parsed.text("pins")), parsed.flag("require-pins"));
    let staff = Employed {
        judge,
        reviewer,
        watchers,
    };
    let served = match servers.sole_address() {
        _ if parsed.text("listen").is_empty() => beside_client(parsed, context, &servers, staff),
        Some(address) => http::run(parsed, context, address, staff),
        None => service::run(parsed, context, servers, staff),
    };
    // Whoever still holds the records has no call any more that could be answered.
    records.give_up(context.now());
    records.flush();
    served
}

/// What calls are judged by, read once, and how it is read again.
struct Source {
    stamps: Stamps,
    first: Rules,
    load: Box<dyn Fn() -> Result<Rules, BoundaryLoadError> + Send + Sync>,
    on_invalid: OnInvalid,
}

impl Source {
    fn of(settings: BoundarySettings, parsed: &Parsed, context: &Context<'_>) -> Result<Self, Failure> {
        let on_invalid = on_invalid(parsed)?;
        // Before the files are read: what changes meanwhile then counts as changed since.
        let stamps = Stamps::take(&files(&settings), SystemTime::now());
        let policy = settings.policy.clone();
        let load = loader(settings, context);
        let load = Box::new(move || {
            let (boundary, waiting) = load()?;
            let waits = waiting.is_always();
            Ok(Rules { boundary, waits })
        });
        Ok(Self {
            stamps,
            first: load().map_err(|error| failure(&policy, error))?,
            load,
            on_invalid,
        })
    }

    /// What calls are judged by, as its files are whenever that is asked. People are told of changes, unless they want quiet.
    fn rules(self, is_quiet: bool) -> Reloading<Rules> {
        let first = First {
            value: Ok(self.first),
            stamps: self.stamps,
        };
        let load = self.load;
        let load = move || load().map_err(|error| error.to_string());
        let observe = move |epoch: &Epoch<Rules>| {
            if !is_quiet {
                watcher::tell_of_rules(epoch);
            }
        };
        Reloading::starting_with(first, Box::new(load), self.on_invalid, Box::new(observe))
    }
}

/// Who decides and who reviews, whatever the transport.
struct Employed {
    judge: Judge,
    reviewer: Reviewer,
    watchers: Watchers,
}

/// Serves the client that started this program.
fn beside_client(
    parsed: &Parsed,
    context: &Context<'_>,
    servers: &Servers,
    staff: Employed,
) -> CommandResult {
    if parsed.flag("forward-authorization") {
        return Err(Failure::invalid_input(
            "--forward-authorization requires --listen: a client on standard input shows nothing",
        ));
    }
    let network = network()?;
    let members = servers.members(&network, &http::asking(parsed, context, false)?)?;
    let fleet = servers.fleet(members, &nonce()?, context.producer_version())?;
    let watchers = staff.watchers;
    let staff = Staff {
        caller: staff.judge.caller.clone(),
        judge: Arc::new(staff.judge),
        reviewer: Arc::new(staff.reviewer),
        now: Arc::new(|| SystemClock.now()),
        watch: Arc::new(move |server, notice| watchers.note(server, &notice)),
    };
    let client = (BufReader::new(io::stdin()), io::stdout());
    let status = stdio::run(client, fleet, staff)
        .map_err(|error| Failure::new(ErrorKind::Io, error).context("run the MCP server"))?;
    // Standard output belongs to the client.
    let report = Report::verbatim("");
    Ok(if status.is_none_or(|status| status.success()) {
        report
    } else {
        report.exit(ErrorKind::Internal.exit_code())
    })
}

fn network() -> Result<Network, Failure> {
    Network::start().map_err(|error| Failure::new(ErrorKind::Io, error).context("start the network"))
}

fn caller(parsed: &Parsed, session: &str) -> Caller {
    let text = |flag: &str| parsed.text(flag).to_owned();
    Caller {
        identity: text("identity"),
        workspace: text("workspace"),
        risk_class: text("risk-class"),
        environment: text("environment"),
        session_id: match parsed.text("session-id").trim() {
            "" => format!("mcp-{session}"),
            given => given.to_owned(),
        },
    }
}

/// What nobody can guess.
fn nonce() -> Result<String, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|_| Failure::new(ErrorKind::Internal, "the system has no random numbers"))?;
    Ok(format!("{:016x}", u64::from_le_bytes(bytes)))
}

impl<'a> Configuration<'a> {
    fn of(
        parsed: &'a Parsed,
        servers: &'a Servers,
        policy_digest: String,
        profile: &'static str,
        approvals: Approvals,
    ) -> Self {
        Self {
            ok: true,
            command: parsed.positionals(),
            upstream: parsed.text("upstream"),
            listen: parsed.text("listen"),
            server: servers.name(),
            servers: if servers.are_merged {
                servers.described()
            } else {
                Vec::new()
            },
            policy: parsed.text("policy"),
            policy_digest,
            profile,
            pins: parsed.text("pins"),
            require_pins: parsed.flag("require-pins"),
            trace_dir: parsed.text("trace-dir"),
            identity: parsed.text("identity"),
            workspace: parsed.text("workspace"),
            risk_class: parsed.text("risk-class"),
            environment: parsed.text("environment"),
            approvals,
            recording: Recording::of(parsed),
        }
    }

    fn report(&self) -> Report {
        let report = Report::new(self);
        let report = if self.servers.is_empty() {
            report.line(format!(
                "server: {} ({}{})",
                self.server,
                self.command.join(" "),
                self.upstream
            ))
        } else {
            report.lines(self.servers.iter().map(Described::line))
        };
        report
            .line(format!("policy: {} {}", self.policy, self.policy_digest))
            .line(format!("profile: {}", self.profile))
            .line(format!("pins: {} (required: {})", self.pins, self.require_pins))
            .line(format!("traces: {}", self.trace_dir))
            .line(format!(
                "caller: {} in {}, risk {}",
                self.identity, self.workspace, self.risk_class
            ))
            .line(self.approvals.line())
            .line(self.recording.line())
    }
}
