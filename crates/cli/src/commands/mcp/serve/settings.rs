//! What the flags of `gait mcp serve` say, checked before anything is bound.

use std::path::Path;
use std::time::{Duration, SystemTime};

use gait_artifact::text::trim_lower;
use gait_disk::atomic;
use gait_disk::reload::{First, Load, OnInvalid};
use gait_disk::stamp::Stamps;
use gait_gate::{clock::SystemClock, kill_switch::KillSwitchFile, load::LoadError};
use gait_job::JobStore;
use gait_mcp::{Adapter, BoundarySettings, boundary::BoundaryLoadError};
use gait_runpack::record::host;
use gait_serve::{
    Access, Class, Decider, DecisionSettings, Directories, ExtAuthzSettings, Limits, ListenAddress, LogLevel,
    LogQueue, Rule, SessionSettings, Settings, VerdictStatus,
};

use super::super::boundary;
use crate::{
    arguments::Parsed, commands::run::session::lock_settings, context::Context, error::Failure, literal,
};

/// Journals that are kept open.
const OPEN_JOURNALS: usize = 256;

/// The artifacts that are removed when they are old or many, and what their flags begin with.
const CLASSES: [(Class, &str); 4] = [
    (Class::Trace, "trace"),
    (Class::Runpack, "runpack"),
    (Class::Pack, "pack"),
    (Class::Session, "session"),
];

/// Everything that is known of the service before its policy is read.
pub(super) struct Start<'a> {
    parsed: &'a Parsed,
    context: &'a Context<'a>,
    pub(super) address: ListenAddress,
    pub(super) policy: String,
    pub(super) adapter: String,
    pub(super) profile: String,
    pub(super) log_level: LogLevel,
    access: Access,
    limits: Limits,
    verdict_status: VerdictStatus,
    on_invalid: OnInvalid,
    retention: [Rule; CLASSES.len()],
    directories: Directories,
    ext_authz: Option<ExtAuthzSettings>,
}

impl<'a> Start<'a> {
    /// Checks the flags in the order in which callers rely on their errors, then makes the directories.
    pub(super) fn of(parsed: &'a Parsed, context: &'a Context<'a>) -> Result<Self, Failure> {
        let policy = policy_path(parsed)?;
        let mut retention = CLASSES.map(|(class, name)| Rule {
            class,
            directory: parsed.text(&format!("{name}-dir")).trim().to_owned(),
            max_age: None,
            max_count: None,
        });
        for ((_, name), rule) in CLASSES.iter().zip(&mut retention) {
            rule.max_age = max_age(parsed, &format!("{name}-max-age"))?;
        }
        let asks_for_token = boundary::asks_for_token(parsed)?;
        let address = ListenAddress::parse(parsed.text("listen")).map_err(Failure::invalid_input)?;
        let access = boundary::access(parsed, context, asks_for_token, &address)?;
        let ext_authz = ext_authz(parsed, asks_for_token)?;
        let limits = limits(parsed)?;
        let verdict_status = match trim_lower(parsed.text("http-verdict-status")).as_str() {
            "compat" => VerdictStatus::Compat,
            "strict" => VerdictStatus::Strict,
            _ => {
                let text = "unsupported --http-verdict-status value (expected compat or strict)";
                return Err(Failure::invalid_input(text));
            }
        };
        let on_invalid = boundary::on_invalid(parsed)?;
        let log_level = trim_lower(parsed.text("log-level")).parse().map_err(|_| {
            Failure::invalid_input("unsupported --log-level value (expected off, error, warn, info or debug)")
        })?;
        for ((_, name), rule) in CLASSES.iter().zip(&mut retention) {
            let count = usize::try_from(parsed.int(&format!("{name}-max-count")))
                .map_err(|_| Failure::invalid_input("retention max-count values must be >= 0"))?;
            rule.max_count = (count > 0).then_some(count);
        }
        let directory = |flag: &str| parsed.text(flag).trim().to_owned();
        let directories = Directories {
            traces: directory("trace-dir"),
            runpacks: directory("runpack-dir"),
            packs: directory("pack-dir"),
            sessions: directory("session-dir"),
            clients_may_name: parsed.flag("allow-client-artifact-paths"),
        };
        let name_or = |flag: &str, default: &str| match trim_lower(parsed.text(flag)) {
            name if name.is_empty() => default.to_owned(),
            name => name,
        };
        Ok(Self {
            parsed,
            context,
            address,
            policy,
            adapter: name_or("adapter", "mcp"),
            profile: name_or("profile", "standard"),
            log_level,
            access,
            limits,
            verdict_status,
            on_invalid,
            retention,
            directories,
            ext_authz,
        })
    }

    /// Where proxies are to ask, if they can.
    pub(super) fn ext_authz_address(&self) -> Option<&ListenAddress> {
        self.ext_authz.as_ref().map(|door| &door.address)
    }

    /// Makes the directories and reads everything once, so that a service which could decide nothing does not begin.
    pub(super) fn settings(self, log: LogQueue) -> Result<Settings, Failure> {
        self.parsed
            .text("adapter")
            .parse::<Adapter>()
            .map_err(Failure::invalid_input)?;
        let configured = boundary::settings(self.parsed, &self.policy)?;
        for (kind, directory) in [
            ("trace", &self.directories.traces),
            ("runpack", &self.directories.runpacks),
            ("pack", &self.directories.packs),
            ("session", &self.directories.sessions),
        ] {
            make_directory(kind, directory)?;
        }
        let kill_switch = configured.deployment.kill_switch_state.trim().to_owned();
        if !kill_switch.is_empty() {
            KillSwitchFile::new(&kill_switch).load()?;
        }
        let jobs = JobStore::new(&configured.job_root);
        let (first, load) = self.first(configured)?;
        Ok(Settings {
            access: self.access,
            limits: self.limits,
            first,
            load,
            on_invalid: self.on_invalid,
            decisions: DecisionSettings {
                adapter: self.adapter,
                verdict_status: self.verdict_status,
                export_log: self.parsed.text("export-log-out").trim().to_owned(),
                export_otel: self.parsed.text("export-otel-out").trim().to_owned(),
                kill_switch_state: kill_switch,
                sessions: SessionSettings {
                    directory: self.directories.sessions.clone(),
                    runpacks: self.directories.runpacks.clone(),
                    lock: lock_settings(self.context),
                    producer_version: self.context.producer_version().to_owned(),
                    host: host(),
                    jobs,
                    open: OPEN_JOURNALS,
                },
                retention: self.retention.into(),
                directories: self.directories,
                clock: &SystemClock,
            },
            log: Some(log),
            ext_authz: self.ext_authz,
        })
    }

    /// Policy, keys and state as they are now, and what reads them anew. Fails when they can't be used. A policy or a key that
    /// only the profile refuses can become one that it accepts, so a service begins with it and decides nothing until then.
    fn first(&self, configured: BoundarySettings) -> Result<(First<Decider>, Load<Decider>), Failure> {
        // Before the files are read: what changes meanwhile then counts as changed since.
        let stamps = Stamps::take(&boundary::files(&configured), SystemTime::now());
        let load = boundary::loader(configured, self.context);
        let load = move || load().map(|(boundary, waiting)| Decider { boundary, waiting });
        let value = match load() {
            Ok(decider) => Ok(decider),
            Err(
                error
                @ (BoundaryLoadError::Profile(_) | BoundaryLoadError::Deployment(LoadError::Profile(_))),
            ) => Err(error.to_string()),
            Err(error) => return Err(boundary::failure(&self.policy, error)),
        };
        let load = move || load().map_err(|error| error.to_string());
        Ok((First { value, stamps }, Box::new(load)))
    }
}

/// The policy that the flag or the only positional argument names.
fn policy_path(parsed: &Parsed) -> Result<String, Failure> {
    let missing = || Failure::invalid_input("expected --policy <policy.yaml>");
    let flag = parsed.text("policy").trim();
    match (flag, parsed.positionals()) {
        ("", [policy]) if !policy.trim().is_empty() => Ok(policy.trim().to_owned()),
        ("", _) => Err(missing()),
        (policy, []) => Ok(policy.to_owned()),
        _ => Err(missing()),
    }
}

/// The age that a flag names; none when it is off.
fn max_age(parsed: &Parsed, flag: &str) -> Result<Option<Duration>, Failure> {
    let text = parsed.text(flag).trim();
    if text.is_empty() {
        return Ok(None);
    }
    let refused = |why: &str| Failure::invalid_input(format!("parse --{flag}: {why} {text:?}"));
    let age = literal::duration(text).ok_or_else(|| refused("invalid duration"))?;
    if age.0 < 0 {
        return Err(refused("duration must be >= 0:"));
    }
    Ok(age.positive())
}

/// The door for proxies, which the same callers may use as the service.
fn ext_authz(parsed: &Parsed, asks_for_token: bool) -> Result<Option<ExtAuthzSettings>, Failure> {
    let text = parsed.text("ext-authz-listen").trim();
    let passing = parsed.list("ext-authz-pass");
    if text.is_empty() {
        return if passing.is_empty() {
            Ok(None)
        } else {
            Err(Failure::invalid_input(
                "--ext-authz-pass requires --ext-authz-listen",
            ))
        };
    }
    let address = ListenAddress::parse(text)
        .map_err(|error| Failure::invalid_input(format!("--ext-authz-listen: {error}")))?;
    if !asks_for_token && !address.is_loopback() {
        return Err(Failure::invalid_input(
            "non-loopback --ext-authz-listen requires --auth-mode token",
        ));
    }
    if passing.iter().any(|method| method == "tools/call") {
        return Err(Failure::invalid_input(
            "--ext-authz-pass can't let tools/call pass unjudged",
        ));
    }
    Ok(Some(ExtAuthzSettings { address, passing }))
}

fn limits(parsed: &Parsed) -> Result<Limits, Failure> {
    let positive = |flag: &str| match usize::try_from(parsed.int(flag)) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Failure::invalid_input(format!("--{flag} must be > 0"))),
    };
    Ok(Limits {
        request_bytes: positive("max-request-bytes")?,
        connections: positive("max-connections")?,
        in_flight: positive("max-in-flight")?,
        drain_time: parsed.duration("drain-timeout").positive().unwrap_or_default(),
        ..Limits::default()
    })
}

/// Makes a directory unless it is blank or there.
fn make_directory(kind: &str, directory: &str) -> Result<(), Failure> {
    if directory.is_empty() {
        return Ok(());
    }
    atomic::create_directories(Path::new(directory))
        .map_err(|error| Failure::from(error).context(&format!("create {kind} directory")))
}
