//! The counters of rate limits and destructive budgets, as they are kept between calls.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The schema id of the counters.
pub const SCHEMA_ID: &str = "gait.gate.rate_limit_state";
/// The schema id of the lock beside the counters.
pub const LOCK_SCHEMA_ID: &str = "gait.gate.rate_limit_lock";
/// The schema version of both.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// All counters of one state file (`gait.gate.rate_limit_state`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_state))]
#[serde(default)]
pub struct RateLimitState {
    /// `gait.gate.rate_limit_state`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// The counters, sorted by key.
    pub counters: Vec<Counter>,
}

impl Default for RateLimitState {
    fn default() -> Self {
        Self {
            schema_id: SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            counters: Vec::new(),
        }
    }
}

/// How many calls one window of one key has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Counter {
    /// `WINDOW|SCOPE|START|KEY`, e.g. `hour|tool|2026-02-18T10:00:00Z|fs.write`.
    pub key: String,
    /// The calls that were let through; below 1 counts as absent.
    pub count: i64,
}

/// What the holder of the lock says about itself (`gait.gate.rate_limit_lock`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_lock))]
pub struct RateLimitLock {
    /// `gait.gate.rate_limit_lock`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// The process that holds the lock.
    pub pid: u32,
    /// When it took the lock.
    pub created_at: Timestamp,
}

impl RateLimitLock {
    /// The lock that process `pid` takes at `now`.
    #[must_use]
    pub fn new(pid: u32, now: Timestamp) -> Self {
        Self {
            schema_id: LOCK_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            pid,
            created_at: now.to_utc(),
        }
    }
}

#[cfg(feature = "schema")]
fn published_state(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .closed();
}

#[cfg(feature = "schema")]
fn published_lock(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(LOCK_SCHEMA_ID, SCHEMA_VERSION)
        .closed();
}
