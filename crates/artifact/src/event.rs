//! Telemetry that stays on the machine: what commands ran, how they ended, and whether the logs themselves could be
//! written. All of it is opt-in and none of it holds argument text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::time::Timestamp;

/// The schema id of an adoption event.
pub const ADOPTION_SCHEMA_ID: &str = "gait.scout.adoption_event";
/// The schema id of an operational event.
pub const OPERATIONAL_SCHEMA_ID: &str = "gait.scout.operational_event";
/// The schema id of a telemetry health snapshot.
pub const HEALTH_SCHEMA_ID: &str = "gait.scout.telemetry_health";
/// The schema version of all three.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// The kind of machine a command ran on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_platform))]
pub struct Platform {
    /// The operating system: `linux`, `darwin`, `windows`.
    pub os: String,
    /// The processor architecture: `amd64`, `arm64`.
    pub arch: String,
}

impl Platform {
    /// The platform that `os` and `arch` name in Rust's words (`macos`, `x86_64`).
    #[must_use]
    pub fn of(os: &str, arch: &str) -> Self {
        let os = if os == "macos" { "darwin" } else { os };
        let arch = match arch {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            other => other,
        };
        Self {
            os: os.to_owned(),
            arch: arch.to_owned(),
        }
    }
}

/// One finished command (`gait.scout.adoption_event`), a line of the adoption log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_adoption))]
pub struct AdoptionEvent {
    /// `gait.scout.adoption_event`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the command finished, UTC.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// The command's name, at most two words.
    pub command: String,
    /// The workflow the caller says it belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workflow_id: String,
    /// Whether the exit code was 0.
    pub success: bool,
    /// The exit code.
    pub exit_code: u8,
    /// Whole milliseconds from start to finish.
    pub elapsed_ms: u64,
    /// The steps of adoption that the command stands for, sorted: `A1` to `A4`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<String>,
    /// Where it ran.
    pub environment: Platform,
}

/// Which end of a command an operational event marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The command is about to run.
    Start,
    /// The command has run.
    End,
}

/// One end of a command (`gait.scout.operational_event`), a line of the operational log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_operation))]
pub struct OperationalEvent {
    /// `gait.scout.operational_event`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When it happened, UTC.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// Names the command line.
    pub correlation_id: String,
    /// The command's name, at most two words.
    pub command: String,
    /// Which end of the command this is.
    pub phase: Phase,
    /// The exit code; 0 at the start.
    pub exit_code: u8,
    /// `none`, or the category of the exit code.
    pub error_category: String,
    /// Whether the same command may succeed later.
    pub retryable: bool,
    /// Whole milliseconds since the start.
    pub elapsed_ms: u64,
    /// Where it runs.
    pub environment: Platform,
}

/// How often one telemetry stream was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StreamHealth {
    /// Attempts to write.
    pub attempts: u64,
    /// Attempts that succeeded.
    pub success: u64,
    /// Attempts that failed.
    pub failed: u64,
}

impl StreamHealth {
    /// Counts one more attempt.
    pub fn count(&mut self, succeeded: bool) {
        self.attempts = self.attempts.saturating_add(1);
        let outcome = if succeeded {
            &mut self.success
        } else {
            &mut self.failed
        };
        *outcome = outcome.saturating_add(1);
    }
}

/// Whether telemetry could be written (`gait.scout.telemetry_health`), a file that is replaced after every write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_health))]
pub struct TelemetryHealth {
    /// `gait.scout.telemetry_health`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the file was written, UTC.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// The counts by stream: `operational_start`, `adoption`, `operational_end`.
    pub streams: BTreeMap<String, StreamHealth>,
}

#[cfg(feature = "schema")]
fn published_platform(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["os", "arch"]).closed();
}

#[cfg(feature = "schema")]
fn published_adoption(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(ADOPTION_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["command", "workflow_id"])
        .words("milestones", &["A1", "A2", "A3", "A4", "E1", "E2", "E3"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_operation(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(OPERATIONAL_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["correlation_id", "command"])
        .words(
            "error_category",
            &[
                "none",
                "invalid_input",
                "verification_failed",
                "policy_blocked",
                "approval_required",
                "dependency_missing",
                "io_failure",
                "state_contention",
                "network_transient",
                "network_permanent",
                "internal_failure",
            ],
        )
        .closed();
}

#[cfg(feature = "schema")]
fn published_health(schema: &mut schemars::Schema) {
    Members::of(schema).artifact(HEALTH_SCHEMA_ID, SCHEMA_VERSION);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_named_as_in_existing_logs() {
        for (os, arch, want) in [
            ("linux", "x86_64", ("linux", "amd64")),
            ("macos", "aarch64", ("darwin", "arm64")),
            ("linux", "riscv64", ("linux", "riscv64")),
        ] {
            let platform = Platform::of(os, arch);
            assert_eq!((platform.os.as_str(), platform.arch.as_str()), want);
        }
    }

    #[test]
    fn attempts_are_the_sum_of_outcomes() {
        let mut health = StreamHealth::default();
        for succeeded in [true, false, true] {
            health.count(succeeded);
        }
        assert_eq!(
            health,
            StreamHealth {
                attempts: 3,
                success: 2,
                failed: 1
            }
        );
    }
}
