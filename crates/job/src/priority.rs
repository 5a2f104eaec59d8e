//! Letting an emergency stop go first.
//!
//! The lock of a job is a file that waiters look at again and again, so whoever looks most often gets it, and a busy
//! agent could keep a stop waiting until it gives up. Therefore a stop that waits holds an advisory lock (`flock`) on the
//! job's directory, which leaves no file behind and ends with its process. Every other change looks at it before every
//! attempt, and steps aside.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use gait_disk::{FileLock, LockError, LockPolicy};

/// How long an attempt of a change that lets a stop go first may last.
const ATTEMPT: LockPolicy = LockPolicy {
    timeout: Duration::from_millis(10),
    ..LockPolicy::JOB_STATE
};

/// How often a stop tries to announce itself. It fails only while another stop does, or for an instant beside a look.
const ANNOUNCEMENTS: usize = 50;

/// The pause between two of these tries.
const PAUSE: Duration = Duration::from_micros(200);

/// Who waits for a job's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Lets a stop go first.
    Ordinary,
    /// Goes first.
    Stop,
}

/// Takes the lock at `path` of the job in `directory`, within the time of [`LockPolicy::JOB_STATE`].
pub(crate) fn acquire(directory: &Path, path: &Path, priority: Priority) -> Result<FileLock, LockError> {
    match priority {
        Priority::Stop => {
            let _announced = announce(directory);
            FileLock::acquire(path, &LockPolicy::JOB_STATE, b"")
        }
        Priority::Ordinary => acquire_behind_stops(directory, path),
    }
}

fn acquire_behind_stops(directory: &Path, path: &Path) -> Result<FileLock, LockError> {
    let started = Instant::now();
    let mut tries = 0;
    loop {
        if stop_is_waiting(directory) {
            thread::sleep(ATTEMPT.retry);
        } else {
            match FileLock::acquire(path, &ATTEMPT, b"") {
                Err(LockError::Timeout { attempts, .. }) => tries += attempts,
                result => return result,
            }
        }
        let waited = started.elapsed();
        if waited >= LockPolicy::JOB_STATE.timeout {
            return Err(LockError::Timeout {
                path: path.to_path_buf(),
                waited,
                attempts: tries,
            });
        }
    }
}

/// Says that a stop waits, until the returned file is closed. Without it the stop waits like everybody else.
fn announce(directory: &Path) -> Option<File> {
    let directory = File::open(directory).ok()?;
    for _ in 0..ANNOUNCEMENTS {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

fn stop_is_waiting(directory: &Path) -> bool {
    let look = File::open(directory).map(|directory| directory.try_lock_shared());
    matches!(look, Ok(Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_stop_is_seen_until_it_is_over() {
        let root = tempfile::tempdir().unwrap();
        assert!(!stop_is_waiting(root.path()));
        let stop = announce(root.path());
        assert!(stop.is_some() && stop_is_waiting(root.path()));
        assert!(announce(root.path()).is_none());
        drop(stop);
        assert!(!stop_is_waiting(root.path()));
    }

    #[test]
    fn others_step_aside_and_a_stop_does_not() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state.json.lock");
        let _announced = announce(root.path()).unwrap();
        let refused = acquire(root.path(), &path, Priority::Ordinary);
        assert!(matches!(refused, Err(LockError::Timeout { .. })), "{refused:?}");
        let _lock = acquire(root.path(), &path, Priority::Stop).unwrap();
    }
}
