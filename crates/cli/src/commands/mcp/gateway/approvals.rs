//! What the gateway does about calls that need an approval: its flags, and the desk that they describe.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gait_approval::state::Sealer;
use gait_approval::webhook::{Event, Notifier, WebhookSettings};
use gait_approval::{Details, Entry, MacKey, Queue, QueueSettings};
use gait_artifact::Timestamp;
use gait_canon::keys::{self, KeySource};
use gait_gate::clock::SystemClock;
use gait_gate::load::DeploymentSettings;
use gait_gate::profile::Profile;
use gait_gateway::approvals::{ConsentInClient, Desk, DeskSettings};
use gait_registry::fetch::Proxies;
use gait_registry::{RemotePolicy, RemoteUrl};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::spec::Flag;

/// Flags about calls that need an approval.
pub(super) const FLAGS: [Flag; 8] = [
    Flag::path(
        "approval-dir",
        "directory of the queue that gait approvals decides about",
    )
    .or(".gait/approvals"),
    Flag::duration(
        "approval-wait",
        "how long a call is held while nobody has decided; 0 for not at all",
    )
    .or("50s"),
    Flag::duration("approval-decide-within", "how long people have to decide").or("10m"),
    Flag::text(
        "approval-webhook",
        "address that is told of every call that needs an approval",
    ),
    Flag::variable(
        "approval-webhook-secret-env",
        "variable with the secret that signs what the address is told",
    ),
    Flag::variable(
        "approval-state-key-env",
        "variable with the secret of what clients are sent away with, for gateways that share a queue and --session-id",
    ),
    Flag::switch(
        "approve-in-client",
        "let an answer in the client approve calls of low or medium risk, signed by --approval-private-key",
    ),
    Flag::text(
        "session-id",
        "session that calls belong to, within which approvals count (default a new one)",
    ),
];

/// How long in-client approvals can be used.
const CONSENT_TTL: Duration = Duration::from_secs(15 * 60);
/// How long the program goes on at its end to tell what it has not told yet.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the flags say, as people are shown it: without secrets.
#[derive(Serialize)]
pub(super) struct Approvals {
    /// Whether there is a key that approvals are verified by.
    can_be_given: bool,
    directory: String,
    wait_seconds: f64,
    decide_within_seconds: f64,
    /// The machine that is told.
    #[serde(skip_serializing_if = "String::is_empty")]
    webhook: String,
    shares_state: bool,
    in_client: bool,
    #[serde(skip)]
    wait: Duration,
    #[serde(skip)]
    decide_within: Duration,
}

impl Approvals {
    /// What the flags say. `deployment` knows the keys.
    pub(super) fn of(parsed: &Parsed, deployment: &DeploymentSettings) -> Result<Self, Failure> {
        let given = parsed.text("approval-dir").trim();
        let directory = std::path::absolute(PathBuf::from(given))
            .map_err(|error| Failure::invalid_input(format!("--approval-dir: {error}")))?;
        let wait = parsed.duration("approval-wait").positive().unwrap_or_default();
        let decide_within = parsed.duration("approval-decide-within").positive();
        let decide_within =
            decide_within.ok_or_else(|| Failure::invalid_input("--approval-decide-within must be > 0"))?;
        let webhook = parsed.text("approval-webhook").trim();
        Ok(Self {
            can_be_given: has_key(deployment),
            directory: directory.to_string_lossy().into_owned(),
            wait_seconds: wait.as_secs_f64(),
            decide_within_seconds: decide_within.as_secs_f64(),
            webhook: host(webhook).to_owned(),
            shares_state: !parsed.text("approval-state-key-env").trim().is_empty(),
            in_client: parsed.flag("approve-in-client"),
            wait,
            decide_within,
        })
    }

    /// What it comes to, in words.
    pub(super) fn line(&self) -> String {
        if !self.can_be_given {
            return "approvals: cannot be given, no key is configured that would verify them (--approval-public-key)"
                .to_owned();
        }
        let webhook = if self.webhook.is_empty() {
            String::new()
        } else {
            format!(", {} is told", self.webhook)
        };
        let in_client = if self.in_client {
            ", answers in the client count"
        } else {
            ""
        };
        format!(
            "approvals: {}, calls wait {}s, people decide within {}s{webhook}{in_client}",
            self.directory, self.wait_seconds, self.decide_within_seconds
        )
    }

    /// The desk; none where no approval could be given, which is said on standard error.
    pub(super) fn desk(
        &self,
        server: &str,
        parsed: &Parsed,
        context: &Context<'_>,
    ) -> Result<Option<Desk>, Failure> {
        let quiet = parsed.flag("quiet");
        let consent = self.consent(parsed, context)?;
        let mut messenger = messenger(parsed, context)?;
        let sealer = sealer(parsed, context)?;
        if !self.can_be_given {
            if !quiet {
                _ = writeln!(io::stderr(), "gait: {server}: {}", self.line());
            }
            return Ok(None);
        }
        let (server, directory) = (server.to_owned(), self.directory.clone());
        let announce = move |entry: &Entry, now: Timestamp| {
            if !quiet {
                let details = Details::of(entry, false);
                let (id, headline) = (&details.request_id, details.headline());
                _ = writeln!(
                    io::stderr(),
                    "gait: {server}: needs an approval: {headline}; gait approvals approve {id} --dir {directory}"
                );
            }
            if let Some(messenger) = &mut messenger {
                messenger.tell(entry, now);
            }
        };
        let queue = QueueSettings {
            decide_within: self.decide_within,
            ..QueueSettings::default()
        };
        let settings = DeskSettings {
            queue: Queue::new(&self.directory, queue),
            sealer,
            wait: self.wait,
            consent,
            clock: Arc::new(SystemClock),
            announce: Box::new(announce),
        };
        Desk::open(settings)
            .map(Some)
            .map_err(|error| Failure::new(ErrorKind::Io, error))
    }

    fn consent(&self, parsed: &Parsed, context: &Context<'_>) -> Result<Option<ConsentInClient>, Failure> {
        if !self.in_client {
            return Ok(None);
        }
        let private = parsed.key_source("approval-private-key", "approval-private-key-env");
        if private.path.is_none() && private.env.is_none() {
            return Err(Failure::invalid_input(
                "--approve-in-client requires --approval-private-key or --approval-private-key-env",
            ));
        }
        let resolved = keys::signing_key("prod", &private, &KeySource::default(), context.environment())?;
        Ok(Some(ConsentInClient {
            key: resolved.key,
            ttl: CONSENT_TTL,
            producer_version: context.producer_version().to_owned(),
        }))
    }
}

/// Whether approvals can be verified by a key that somebody else can have: that of the traces only where it outlives the
/// process, and where the profile takes it.
fn has_key(deployment: &DeploymentSettings) -> bool {
    let is_named = |source: &KeySource| source.path.is_some() || source.env.is_some();
    let own = &deployment.approval_key;
    is_named(&own.public)
        || is_named(&own.private)
        || (deployment.profile == Profile::Standard && is_named(&deployment.signing_key))
}

/// What seals the states of clients.
fn sealer(parsed: &Parsed, context: &Context<'_>) -> Result<Sealer, Failure> {
    let variable = parsed.text("approval-state-key-env").trim();
    if variable.is_empty() {
        return Sealer::random().map_err(|error| Failure::new(ErrorKind::Internal, error));
    }
    let secret = context.env(variable).unwrap_or_default();
    Sealer::new(secret.trim().as_bytes())
        .map_err(|error| Failure::invalid_input(format!("--approval-state-key-env: {error}")))
}

/// Tells the address of `--approval-webhook`.
struct Messenger(Option<Notifier>);

impl Messenger {
    fn tell(&mut self, entry: &Entry, now: Timestamp) {
        if let (Some(notifier), Ok(event)) = (&self.0, Event::of(entry, now)) {
            // Telling is a courtesy; whoever looks into the queue sees the request anyway.
            _ = notifier.notify(event);
        }
    }
}

impl Drop for Messenger {
    fn drop(&mut self) {
        if let Some(notifier) = self.0.take() {
            _ = notifier.finish(PATIENCE);
        }
    }
}

fn messenger(parsed: &Parsed, context: &Context<'_>) -> Result<Option<Messenger>, Failure> {
    let address = parsed.text("approval-webhook").trim();
    if address.is_empty() {
        return Ok(None);
    }
    let variable = parsed.text("approval-webhook-secret-env").trim();
    if variable.is_empty() {
        return Err(Failure::invalid_input(
            "--approval-webhook requires --approval-webhook-secret-env",
        ));
    }
    let secret = context.env(variable).unwrap_or_default();
    let secret = MacKey::new(secret.trim().as_bytes())
        .map_err(|error| Failure::invalid_input(format!("--approval-webhook-secret-env: {error}")))?;
    let host = host(address);
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let url = RemoteUrl::parse(address, &RemotePolicy::new([host], is_here))
        .map_err(|error| Failure::invalid_input(format!("--approval-webhook: {error}")))?;
    let settings = WebhookSettings {
        proxies: Proxies::from_environment(context.environment()),
        ..WebhookSettings::new(url, secret)
    };
    let notifier = Notifier::start(settings, Arc::new(SystemClock), |_| ())
        .map_err(|error| Failure::new(ErrorKind::Io, error))?;
    Ok(Some(Messenger(Some(notifier))))
}

/// The machine of an address. What is cut out wrongly here no policy lets through.
fn host(address: &str) -> &str {
    let (_, rest) = address.split_once("://").unwrap_or(("", address));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_cut_out_of_addresses() {
        for (address, expected) in [
            ("https://hooks.example/a?secret=b", "hooks.example"),
            ("http://127.0.0.1:8080/x", "127.0.0.1"),
            ("http://[::1]:8080/x", "[::1]"),
            ("http://[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(host(address), expected, "{address}");
        }
    }
}
