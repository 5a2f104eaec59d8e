//! Opt-in telemetry on the local disk: adoption events, operational events and the health of both.
//!
//! It never changes what a command prints on standard output or its exit code, and never holds a command up for long:
//! a log that is locked by someone else is given up after [`LOCK_PATIENCE`].

mod name;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_artifact::event::{
    ADOPTION_SCHEMA_ID, AdoptionEvent, HEALTH_SCHEMA_ID, OPERATIONAL_SCHEMA_ID, OperationalEvent, Phase,
    Platform, SCHEMA_VERSION, StreamHealth, TelemetryHealth,
};
use gait_canon::json;
use gait_disk::lock::LockPolicy;
use gait_disk::{append, atomic};
use serde::Serialize;

use crate::context::Context;
use crate::env;
use crate::error::{EXIT_OK, ErrorKind};

/// How long a command waits for a log that another process has locked.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
/// Logs and health files are for their owner.
const FILE_MODE: u32 = 0o600;
/// No health file of ours is longer, so a longer one is not read.
const HEALTH_BYTES: u64 = 64 << 10;

/// The telemetry of one invocation.
pub(crate) struct Telemetry<'a> {
    context: &'a Context<'a>,
    adoption_log: Option<String>,
    operational_log: Option<String>,
    command: String,
}

impl<'a> Telemetry<'a> {
    /// The telemetry that the environment asks for, if it asks for any.
    pub(crate) fn of_environment(context: &'a Context<'a>) -> Option<Self> {
        let adoption_log = env::ADOPTION_LOG.read(context);
        let operational_log = env::OPERATIONAL_LOG.read(context);
        if adoption_log.is_none() && operational_log.is_none() {
            return None;
        }
        let command = name::command_name(context.arguments().get(1..).unwrap_or_default());
        Some(Self {
            context,
            adoption_log,
            operational_log,
            command,
        })
    }

    /// Records that the command is about to run.
    pub(crate) fn start(&self) {
        if let Some(log) = &self.operational_log {
            let event = self.operational(Phase::Start, EXIT_OK, self.context.now());
            self.append("operational_start", log, &event);
        }
    }

    /// Records that the command has run.
    pub(crate) fn end(&self, exit: u8) {
        let finished = self.context.now();
        if let Some(log) = &self.adoption_log {
            self.append("adoption", log, &self.adoption(exit, finished));
        }
        if let Some(log) = &self.operational_log {
            self.append(
                "operational_end",
                log,
                &self.operational(Phase::End, exit, finished),
            );
        }
    }

    fn operational(&self, phase: Phase, exit_code: u8, created_at: Timestamp) -> OperationalEvent {
        OperationalEvent {
            schema_id: OPERATIONAL_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at,
            producer_version: self.context.producer_version().to_owned(),
            correlation_id: self.context.correlation_id().to_owned(),
            command: self.command.clone(),
            phase,
            exit_code,
            error_category: ErrorKind::category_of_exit(exit_code).to_owned(),
            retryable: false,
            elapsed_ms: if phase == Phase::Start {
                0
            } else {
                self.context.elapsed_ms()
            },
            environment: platform(),
        }
    }

    fn adoption(&self, exit_code: u8, created_at: Timestamp) -> AdoptionEvent {
        let success = exit_code == EXIT_OK;
        let milestone = name::milestone(&self.command).filter(|_| success);
        AdoptionEvent {
            schema_id: ADOPTION_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at,
            producer_version: self.context.producer_version().to_owned(),
            command: self.command.clone(),
            workflow_id: env::ADOPTION_WORKFLOW.read(self.context).unwrap_or_default(),
            success,
            exit_code,
            elapsed_ms: self.context.elapsed_ms(),
            milestones: milestone.into_iter().map(str::to_owned).collect(),
            environment: platform(),
        }
    }

    /// Appends one event to a log, and counts the attempt.
    fn append(&self, stream: &str, log: &str, event: &impl Serialize) {
        let patience = LockPolicy {
            timeout: LOCK_PATIENCE,
            ..LockPolicy::APPEND
        };
        let written = json::to_value(event)
            .map_err(|error| error.to_string())
            .and_then(|event| {
                let line = json::compact_in_order(&event);
                append::append_line(Path::new(log), line.as_bytes(), FILE_MODE, &patience)
                    .map_err(|error| error.to_string())
            });
        if let Err(text) = &written {
            self.warn(stream, text);
        }
        if let Some(path) = env::TELEMETRY_HEALTH_PATH.read(self.context)
            && let Err(text) = self.count(Path::new(&path), stream, written.is_ok())
        {
            self.warn("telemetry_health", &text);
        }
    }

    /// Adds one attempt to the health file. Two commands that end at the same instant may count as one.
    fn count(&self, path: &Path, stream: &str, succeeded: bool) -> Result<(), String> {
        let mut streams = read_counts(path);
        streams.entry(stream.to_owned()).or_default().count(succeeded);
        let health = TelemetryHealth {
            schema_id: HEALTH_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: self.context.now(),
            producer_version: self.context.producer_version().to_owned(),
            streams,
        };
        let mut text = json::pretty(&health).map_err(|error| error.to_string())?;
        text.push('\n');
        atomic::replace(path, text.as_bytes(), FILE_MODE).map_err(|error| error.to_string())
    }

    fn warn(&self, stream: &str, text: &str) {
        if env::TELEMETRY_WARN
            .read(self.context)
            .is_some_and(|value| value.eq_ignore_ascii_case("off"))
        {
            return;
        }
        // There is nowhere left to report that standard error cannot be written.
        let _ = writeln!(
            std::io::stderr(),
            "gait warning: telemetry stream={stream} write failed: {text}"
        );
    }
}

/// The counts of an earlier health file; none when it is missing or not ours.
fn read_counts(path: &Path) -> BTreeMap<String, StreamHealth> {
    let readable =
        std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= HEALTH_BYTES);
    if !readable {
        return BTreeMap::new();
    }
    let health = std::fs::read(path)
        .ok()
        .and_then(|bytes| json::read::<TelemetryHealth>(&bytes).ok());
    health
        .filter(|health| health.schema_id == HEALTH_SCHEMA_ID)
        .map(|health| health.streams)
        .unwrap_or_default()
}

fn platform() -> Platform {
    Platform::of(std::env::consts::OS, std::env::consts::ARCH)
}
