//! Rate limits and destructive budgets: how many calls may pass in a window of time.
//!
//! Windows start on the UTC minute or hour. [`RateLimiter`] is the seam: the default, [`LocalRateLimiter`], keeps the
//! counters in one file that several processes share; a shared store is another implementation of the trait.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use gait_artifact::{
    Timestamp,
    policy::{CallLimit, LimitScope, LimitWindow},
    rate_limit::{Counter, RateLimitLock, RateLimitState},
};
use gait_canon::json;
use gait_disk::{FileLock, LockError, LockPolicy, ReadError, append::lock_path, atomic, read::read_bounded};

use crate::record_file;

/// How long to wait for other processes, and from when on their lock counts as left behind.
const LOCK: LockPolicy = LockPolicy::RATE_LIMIT.with_created_at(lock_created_at);

/// The largest file of counters that is read, in bytes.
const MAX_STATE_BYTES: usize = 64 << 20;

/// The name that sets the counters of destructive budgets apart.
const BUDGET_NAMESPACE: &str = "destructive_budget";

/// What is counted. The classes never share a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CounterClass {
    /// Every call.
    RateLimit,
    /// Calls with a destructive target.
    DestructiveBudget,
}

/// The answer of a limiter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which calls are counted together.
    pub scope: LimitScope,
    /// The counter within its window and scope, e.g. `fs.write|agent.alice`.
    pub key: String,
    /// The calls let through in this window, this one included when it was.
    pub used: u64,
    /// The calls that may still come in this window.
    pub remaining: u64,
    /// Whether this call may pass.
    pub allowed: bool,
}

/// Counts calls against limits.
pub trait RateLimiter: Send + Sync {
    /// Takes one unit for a call of `tool` by `identity` at `now`, unless `limit` is used up.
    ///
    /// Two calls never take the same unit, whoever makes them.
    fn take(
        &self,
        limit: &CallLimit,
        class: CounterClass,
        tool: &str,
        identity: &str,
        now: Timestamp,
    ) -> Result<Taken, RateLimitError>;

    /// What [`take`](Self::take) would answer, without taking anything.
    fn preview(
        &self,
        limit: &CallLimit,
        class: CounterClass,
        tool: &str,
        identity: &str,
        now: Timestamp,
    ) -> Result<Taken, RateLimitError>;
}

/// Why no unit could be taken.
#[derive(Debug, thiserror::Error)]
pub enum RateLimitError {
    /// Others held the lock all the time.
    #[error("acquire rate limit lock: timeout")]
    Contention,
    /// The lock can't be taken.
    #[error("acquire rate limit lock: {0}")]
    Lock(#[source] LockError),
    /// The counters can't be read.
    #[error("read rate limit state: {0}")]
    Read(#[source] ReadError),
    /// The counters are malformed.
    #[error("parse rate limit state: {0}")]
    Parse(#[source] json::Error),
    /// The counters can't be written.
    #[error("write rate limit state: {0}")]
    Write(#[source] gait_disk::Error),
    /// The counters have no written form.
    #[error("encode rate limit state: {0}")]
    Encode(#[source] json::Error),
}

impl RateLimitError {
    /// Whether trying again later can help.
    #[must_use]
    pub const fn is_contention(&self) -> bool {
        matches!(self, Self::Contention)
    }
}

/// Counters in a local file, shared by every process that uses the file.
#[derive(Debug)]
pub struct LocalRateLimiter {
    path: PathBuf,
    /// Lets the threads of this process queue instead of racing for the lock file.
    turn: Mutex<()>,
}

impl LocalRateLimiter {
    /// Counters in the file at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            turn: Mutex::new(()),
        }
    }

    fn lock(&self, now: Timestamp) -> Result<FileLock, RateLimitError> {
        let lock = RateLimitLock::new(std::process::id(), now);
        let mut content = json::line(&lock).map_err(RateLimitError::Encode)?;
        content.push('\n');
        FileLock::acquire(&lock_path(&self.path), &LOCK, content.as_bytes()).map_err(|error| match error {
            LockError::Timeout { .. } => RateLimitError::Contention,
            other => RateLimitError::Lock(other),
        })
    }

    fn read(&self) -> Result<Counters, RateLimitError> {
        let bytes = match read_bounded(&self.path, MAX_STATE_BYTES) {
            Ok(bytes) => bytes,
            Err(ReadError::NotFound { .. }) => return Ok(Counters::default()),
            Err(error) => return Err(RateLimitError::Read(error)),
        };
        json::read::<RateLimitState>(&bytes)
            .map(Counters::from)
            .map_err(RateLimitError::Parse)
    }

    fn write(&self, counters: Counters) -> Result<(), RateLimitError> {
        let bytes = record_file::to_bytes(&RateLimitState::from(counters)).map_err(RateLimitError::Encode)?;
        atomic::replace(&self.path, &bytes, 0o600).map_err(RateLimitError::Write)
    }
}

impl RateLimiter for LocalRateLimiter {
    fn take(
        &self,
        limit: &CallLimit,
        class: CounterClass,
        tool: &str,
        identity: &str,
        now: Timestamp,
    ) -> Result<Taken, RateLimitError> {
        // The mutex guards no data, so a panic of its last holder left nothing half done.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // The lock lies beside the counters, so their directory must be there first.
        atomic::create_parents(&self.path).map_err(RateLimitError::Write)?;
        let _lock = self.lock(now)?;
        let mut counters = self.read()?;
        let taken = counters.take(limit, scope_key(limit.scope, class, tool, identity), now);
        if taken.allowed {
            self.write(counters)?;
        }
        Ok(taken)
    }

    // Readers need no lock: the file is only ever replaced as a whole.
    fn preview(
        &self,
        limit: &CallLimit,
        class: CounterClass,
        tool: &str,
        identity: &str,
        now: Timestamp,
    ) -> Result<Taken, RateLimitError> {
        Ok(self
            .read()?
            .take(limit, scope_key(limit.scope, class, tool, identity), now))
    }
}

/// When the lock with this content was taken, if it says so.
fn lock_created_at(content: &[u8]) -> Option<SystemTime> {
    let lock: RateLimitLock = json::read(content).ok()?;
    let seconds = u64::try_from(lock.created_at.unix_seconds()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, lock.created_at.subsec_nanos()))
}

/// The counter that a call belongs to within its window and scope.
///
/// Different calls have different keys: an identity ends its key and may hold anything, a tool's name may not hold the
/// separator, and a rate limit's key never looks like that of a budget.
fn scope_key(scope: LimitScope, class: CounterClass, tool: &str, identity: &str) -> String {
    let tool = escape(tool);
    let counted = match scope {
        LimitScope::Tool => tool.into_owned(),
        LimitScope::Identity => identity.to_owned(),
        LimitScope::ToolIdentity => format!("{tool}|{identity}"),
    };
    match class {
        CounterClass::DestructiveBudget => format!("{BUDGET_NAMESPACE}|{counted}"),
        CounterClass::RateLimit if counted.trim_start_matches('%').starts_with(BUDGET_NAMESPACE) => {
            format!("%{counted}")
        }
        CounterClass::RateLimit => counted,
    }
}

/// Keeps the separator of keys out of a tool's name.
fn escape(tool: &str) -> Cow<'_, str> {
    if tool.contains(['|', '%']) {
        Cow::Owned(tool.replace('%', "%25").replace('|', "%7C"))
    } else {
        Cow::Borrowed(tool)
    }
}

/// How many calls each key has seen; every count is above zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Counters(BTreeMap<String, u64>);

impl Counters {
    fn take(&mut self, limit: &CallLimit, key: String, now: Timestamp) -> Taken {
        let start = start_of_window(limit.window, now).to_string();
        self.prune(limit.window, &start);
        let count = self
            .0
            .entry(format!("{}|{}|{start}|{key}", limit.window, limit.scope))
            .or_default();
        let allowed = *count < limit.requests;
        if allowed {
            *count += 1;
        }
        let used = *count;
        Taken {
            scope: limit.scope,
            key,
            used,
            remaining: limit.requests.saturating_sub(used),
            allowed,
        }
    }

    /// Drops what no call can ask for any more: other starts of the same window, and what is no key.
    fn prune(&mut self, window: LimitWindow, start: &str) {
        self.0.retain(|key, _| {
            let parts: Vec<&str> = key.splitn(4, '|').collect();
            parts.len() == 4 && (parts[0] != window.as_str() || parts[2] == start)
        });
    }
}

impl From<RateLimitState> for Counters {
    fn from(state: RateLimitState) -> Self {
        let mut counters = BTreeMap::new();
        for Counter { key, count } in state.counters {
            if key.trim().is_empty() {
                continue;
            }
            match u64::try_from(count) {
                Ok(count) if count > 0 => counters.insert(key, count),
                _ => counters.remove(&key),
            };
        }
        Self(counters)
    }
}

impl From<Counters> for RateLimitState {
    fn from(counters: Counters) -> Self {
        let counters = counters.0.into_iter();
        Self {
            counters: counters
                .map(|(key, count)| Counter {
                    key,
                    count: i64::try_from(count).unwrap_or(i64::MAX),
                })
                .collect(),
            ..Self::default()
        }
    }
}

fn start_of_window(window: LimitWindow, now: Timestamp) -> Timestamp {
    now.start_of_period(match window {
        LimitWindow::Minute => 60,
        LimitWindow::Hour => 3600,
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use proptest::prelude::*;

    use super::*;

    const HOURLY: CallLimit = CallLimit {
        requests: 2,
        window: LimitWindow::Hour,
        scope: LimitScope::Tool,
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn noon() -> Timestamp {
        at("2026-02-18T12:10:00.5Z")
    }

    fn take(limiter: &LocalRateLimiter, limit: CallLimit, now: Timestamp) -> Taken {
        limiter
            .take(&limit, CounterClass::RateLimit, "fs.write", "alice", now)
            .unwrap()
    }

    #[test]
    fn the_limit_is_inclusive_and_a_denied_call_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("not/there/yet/counters.json");
        let limiter = LocalRateLimiter::new(&path);
        let first = take(&limiter, HOURLY, noon());
        assert_eq!((first.allowed, first.used, first.remaining), (true, 1, 1));
        assert_eq!(first.key, "fs.write");
        let second = take(&limiter, HOURLY, noon());
        assert_eq!((second.allowed, second.used, second.remaining), (true, 2, 0));
        let before = fs::read_to_string(&path).unwrap();
        let third = take(&limiter, HOURLY, noon());
        assert_eq!((third.allowed, third.used, third.remaining), (false, 2, 0));
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
        assert!(
            before.contains("\"hour|tool|2026-02-18T12:00:00Z|fs.write\""),
            "{before}"
        );
        assert!(!lock_path(&path).exists());
        assert!(take(&limiter, HOURLY, at("2026-02-18T13:00:00Z")).allowed);
    }

    #[test]
    fn classes_scopes_and_names_never_share_a_counter() {
        let names = [
            "a",
            "b",
            "a|b",
            "b|c",
            "%7C",
            "|",
            "",
            "destructive_budget",
            "destructive_budget|a",
            "script",
        ];
        let mut seen = BTreeMap::new();
        for class in [CounterClass::RateLimit, CounterClass::DestructiveBudget] {
            for tool in names {
                for identity in names {
                    for &scope in LimitScope::ALL {
                        let counted = match scope {
                            LimitScope::Tool => (tool, ""),
                            LimitScope::Identity => ("", identity),
                            LimitScope::ToolIdentity => (tool, identity),
                        };
                        let key = format!("{scope}|{}", scope_key(scope, class, tool, identity));
                        let first = seen.entry(key.clone()).or_insert((class, counted));
                        assert_eq!(*first, (class, counted), "{key} counts two things");
                    }
                }
            }
        }
    }

    #[test]
    fn budgets_show_their_name_in_the_key() {
        let key = |scope| scope_key(scope, CounterClass::DestructiveBudget, "fs.delete", "alice");
        assert_eq!(key(LimitScope::Tool), "destructive_budget|fs.delete");
        assert_eq!(key(LimitScope::Identity), "destructive_budget|alice");
        assert_eq!(
            key(LimitScope::ToolIdentity),
            "destructive_budget|fs.delete|alice"
        );
    }

    #[test]
    fn old_windows_and_junk_are_dropped_and_other_windows_stay() {
        let keys = [
            ("hour|tool|2020-01-01T00:00:00Z|fs.write", 7),
            ("minute|tool|2020-01-01T00:00:00Z|fs.write", 7),
            ("junk", 7),
            ("hour|tool|x", 7),
            (" ", 7),
            ("hour|tool|2026-02-18T12:00:00Z|none", 0),
            ("hour|tool|2026-02-18T12:00:00Z|fs.write", 9),
            ("hour|tool|2026-02-18T12:00:00Z|fs.write", 1),
        ];
        let counters = keys
            .map(|(key, count)| Counter {
                key: key.to_owned(),
                count,
            })
            .to_vec();
        let mut counters = Counters::from(RateLimitState {
            counters,
            ..RateLimitState::default()
        });
        assert_eq!(counters.take(&HOURLY, "fs.write".to_owned(), noon()).used, 2);
        let left: Vec<_> = counters.0.into_iter().collect();
        let expected = [
            ("hour|tool|2026-02-18T12:00:00Z|fs.write".to_owned(), 2),
            ("minute|tool|2020-01-01T00:00:00Z|fs.write".to_owned(), 7),
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn a_malformed_state_denies_the_call() {
        let dir = tempfile::tempdir().unwrap();
        for text in [
            "",
            "{",
            "[]",
            r#"{"counters":[{"key":"k","count":"1"}]}"#,
            r#"{"counters":[{"count":1.5}]}"#,
        ] {
            let path = dir.path().join("counters.json");
            fs::write(&path, text).unwrap();
            let limiter = LocalRateLimiter::new(&path);
            let result = limiter.take(&HOURLY, CounterClass::RateLimit, "t", "i", noon());
            assert!(
                matches!(result, Err(RateLimitError::Parse(_))),
                "{text:?} gave {result:?}"
            );
            assert!(!lock_path(&path).exists());
        }
    }

    #[test]
    fn exactly_the_limit_passes_whoever_calls() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("counters.json");
        let limit = CallLimit {
            requests: 25,
            ..HOURLY
        };
        // Two limiters on one file stand for two processes: they share nothing but the file.
        let limiters = [LocalRateLimiter::new(&path), LocalRateLimiter::new(&path)];
        let allowed: usize = thread::scope(|scope| {
            let callers: Vec<_> = (0..8)
                .map(|caller| {
                    let limiter = &limiters[caller % 2];
                    scope.spawn(move || (0..5).filter(|_| take(limiter, limit, noon()).allowed).count())
                })
                .collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).sum()
        });
        assert_eq!(allowed, 25);
    }

    proptest! {
        #[test]
        fn units_never_exceed_the_limit(requests in 1_u64..5, calls in 0_usize..10) {
            let limit = CallLimit { requests, ..HOURLY };
            let mut counters = Counters::default();
            for number in 1..=calls as u64 {
                let taken = counters.take(&limit, "k".to_owned(), noon());
                prop_assert_eq!(taken.allowed, number <= requests);
                prop_assert_eq!(taken.used, number.min(requests));
                prop_assert_eq!(taken.used + taken.remaining, requests);
            }
        }
    }
}
