//! The lock of a session: `<journal>.lock`, with a content that tells who holds it.

use std::{
    fmt,
    path::Path,
    time::{Duration, SystemTime},
};

use gait_artifact::{
    Timestamp,
    session::{LOCK_SCHEMA_ID, SCHEMA_VERSION, SessionLock},
    text,
};
use gait_canon::json;
use gait_disk::{FileLock, LockError, LockPolicy};

use super::SessionError;

/// Waiters never sleep longer than this between two attempts, however long the settings let them.
///
/// A lock is held for about a millisecond. Somebody who sleeps much longer than that finds it taken by whoever came
/// in between, again and again; when everybody looks this often, everybody's turn comes equally soon.
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// How long to wait for a session, and when a lock that nobody holds any more counts as abandoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockSettings {
    /// What the settings started from.
    pub profile: LockProfile,
    /// Time after which waiting is given up. At least one attempt is made.
    pub timeout: Duration,
    /// Longest pause between two attempts.
    pub retry: Duration,
    /// Age from which the lock of a program that does not mark its locks as ours does is taken over.
    pub stale_after: Duration,
}

/// How many writers a session is expected to have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LockProfile {
    /// A few.
    #[default]
    Standard,
    /// Many agents at once.
    Swarm,
}

/// Settings that differ from those of the profile. A duration of zero stands for the standard profile's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LockOverrides {
    /// See [`LockSettings::timeout`].
    pub timeout: Option<Duration>,
    /// See [`LockSettings::retry`].
    pub retry: Option<Duration>,
    /// See [`LockSettings::stale_after`].
    pub stale_after: Option<Duration>,
}

impl LockProfile {
    /// The profile called `name`, whatever its case; any other name is the standard one.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match text::trim_lower(name).as_str() {
            "swarm" => Self::Swarm,
            _ => Self::Standard,
        }
    }

    const fn policy(self) -> LockPolicy {
        match self {
            Self::Standard => LockPolicy::SESSION_STANDARD,
            Self::Swarm => LockPolicy::SESSION_SWARM,
        }
    }
}

impl fmt::Display for LockProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Swarm => "swarm",
        })
    }
}

impl LockSettings {
    /// The settings of `profile` with some of them replaced.
    #[must_use]
    pub fn new(profile: LockProfile, overrides: LockOverrides) -> Self {
        let (own, standard) = (profile.policy(), LockProfile::Standard.policy());
        let choose = |given: Option<Duration>, own: Duration, standard: Duration| match given {
            None => own,
            Some(Duration::ZERO) => standard,
            Some(given) => given,
        };
        let timeout = choose(overrides.timeout, own.timeout, standard.timeout);
        Self {
            profile,
            timeout,
            retry: choose(overrides.retry, own.retry, standard.retry).min(timeout),
            stale_after: choose(overrides.stale_after, own.stale_after, standard.stale_after),
        }
    }

    /// Takes the lock at `path`; its directory must exist.
    pub(super) fn acquire(&self, path: &Path, now: Timestamp) -> Result<FileLock, SessionError> {
        let content = SessionLock {
            created_at: now.to_utc().whole_seconds(),
            pid: std::process::id(),
            schema_id: LOCK_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
        };
        let mut content = json::compact(&json::to_value(&content)?);
        content.push('\n');
        FileLock::acquire(path, &self.policy(), content.as_bytes()).map_err(|error| match error {
            LockError::Timeout {
                path,
                waited,
                attempts,
            } => SessionError::Contention {
                path,
                waited,
                attempts,
                settings: *self,
            },
            error => SessionError::Lock(error),
        })
    }

    fn policy(&self) -> LockPolicy {
        LockPolicy {
            retry: self.retry.min(LONGEST_PAUSE),
            timeout: self.timeout,
            stale_after: self.stale_after,
            created_at: None,
        }
        .with_created_at(created_at)
    }
}

impl Default for LockSettings {
    fn default() -> Self {
        Self::new(LockProfile::default(), LockOverrides::default())
    }
}

/// When a lock was taken, by its content. A content that does not tell leaves the age to the file's time.
fn created_at(content: &[u8]) -> Option<SystemTime> {
    let lock: SessionLock = json::read(content).ok()?;
    if lock.created_at.is_zero() {
        return None;
    }
    let seconds = u64::try_from(lock.created_at.unix_seconds()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, lock.created_at.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn settings_start_from_a_profile() {
        for (name, overrides, timeout, retry, stale_after) in [
            ("", LockOverrides::default(), 2_000, 50, 300_000),
            (" SWARM ", LockOverrides::default(), 10_000, 20, 600_000),
            ("crowd", LockOverrides::default(), 2_000, 50, 300_000),
            (
                "swarm",
                LockOverrides {
                    timeout: Some(Duration::ZERO),
                    retry: Some(Duration::ZERO),
                    stale_after: Some(Duration::ZERO),
                },
                2_000,
                50,
                300_000,
            ),
            (
                "standard",
                LockOverrides {
                    timeout: Some(ms(30)),
                    retry: Some(ms(40)),
                    stale_after: Some(ms(7)),
                },
                30,
                30,
                7,
            ),
        ] {
            let settings = LockSettings::new(LockProfile::named(name), overrides);
            assert_eq!(
                (settings.timeout, settings.retry, settings.stale_after),
                (ms(timeout), ms(retry), ms(stale_after)),
                "{name:?} {overrides:?}"
            );
        }
    }

    #[test]
    fn the_content_tells_the_age_or_nothing() {
        let tells =
            br#"{"created_at":"1970-01-01T00:01:00Z","pid":7,"schema_id":"x","schema_version":"1.0.0"}"#;
        assert_eq!(
            created_at(tells),
            Some(SystemTime::UNIX_EPOCH + Duration::from_secs(60))
        );
        for content in [
            "",
            "held",
            "{}",
            "[]",
            r#"{"created_at":"yesterday"}"#,
            r#"{"created_at":"1969-01-01T00:00:00Z"}"#,
        ] {
            assert_eq!(created_at(content.as_bytes()), None, "{content:?}");
        }
    }
}
