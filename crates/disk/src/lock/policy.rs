//! How long to wait, and how.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::LockError;

/// Waiting starts with this pause and doubles it up to the policy's `retry`: most locks are held for less than a
/// millisecond.
const FIRST_PAUSE: Duration = Duration::from_micros(500);

/// Reads the time of creation out of the content of a lock file; `None` when it does not tell one.
pub type CreatedAt = fn(&[u8]) -> Option<SystemTime>;

/// How long to wait for a lock and when a plain one counts as abandoned.
#[derive(Clone, Copy, Debug)]
pub struct LockPolicy {
    /// Longest pause between two attempts.
    pub retry: Duration,
    /// Time after which waiting is given up. At least one attempt is always made.
    pub timeout: Duration,
    /// Age from which a plain lock is taken over, by its modification time.
    pub stale_after: Duration,
    /// Reads the time of creation out of a plain lock's content. When it gives one, a lock that is too old by it is
    /// taken over even if its modification time is young.
    pub created_at: Option<CreatedAt>,
}

impl LockPolicy {
    /// For appending to a log.
    pub const APPEND: Self = Self::new(10, 30_000, 2 * 60);
    /// For the rate-limit counters.
    pub const RATE_LIMIT: Self = Self::new(15, 3_000, 15);
    /// For the state of a job.
    pub const JOB_STATE: Self = Self::new(10, 2_000, 30);
    /// For a session journal with few writers.
    pub const SESSION_STANDARD: Self = Self::new(50, 2_000, 5 * 60);
    /// For a session journal that many agents write to.
    pub const SESSION_SWARM: Self = Self::new(20, 10_000, 10 * 60);

    const fn new(retry_ms: u64, timeout_ms: u64, stale_after_s: u64) -> Self {
        Self {
            retry: Duration::from_millis(retry_ms),
            timeout: Duration::from_millis(timeout_ms),
            stale_after: Duration::from_secs(stale_after_s),
            created_at: None,
        }
    }

    /// The same policy, which also believes the time of creation that `parse` finds in a plain lock's content.
    #[must_use]
    pub const fn with_created_at(self, parse: CreatedAt) -> Self {
        Self {
            created_at: Some(parse),
            ..self
        }
    }
}

/// The pauses between attempts, until the time is up.
pub(super) struct Waiting<'a> {
    policy: &'a LockPolicy,
    started: Instant,
    attempts: u32,
    pause: Duration,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(policy: &'a LockPolicy) -> Self {
        Self {
            policy,
            started: Instant::now(),
            attempts: 0,
            pause: FIRST_PAUSE.min(policy.retry),
        }
    }

    /// Counts an attempt that failed and sleeps, or gives up.
    pub(super) fn pause(&mut self, path: &Path) -> Result<(), LockError> {
        self.attempts = self.attempts.saturating_add(1);
        let waited = self.started.elapsed();
        let remaining = self.policy.timeout.saturating_sub(waited);
        if remaining.is_zero() {
            return Err(LockError::Timeout {
                path: path.to_path_buf(),
                waited,
                attempts: self.attempts,
            });
        }
        std::thread::sleep(self.jittered().min(remaining));
        self.pause = self.pause.saturating_mul(2).min(self.policy.retry);
        Ok(())
    }

    /// The pause, made up to a quarter shorter by an amount that differs between processes, threads and attempts:
    /// waiters that started together do not keep waking together.
    fn jittered(&self) -> Duration {
        let mut hasher = DefaultHasher::new();
        (std::process::id(), std::thread::current().id(), self.attempts).hash(&mut hasher);
        let shorter = u32::try_from(hasher.finish() % 17).unwrap_or(0);
        self.pause.saturating_mul(64 - shorter) / 64
    }
}
