//! Lock files, held by a live process and seen by every other one.
//!
//! # The protocol
//!
//! Programs in the field lock by presence alone: they create `<file>.lock` exclusively, remove it at the end, and
//! remove somebody else's when it has become too old. Such a *plain* lock outlives its owner's crash until it is old.
//! This module takes part in that protocol and adds an owner who cannot be mistaken for a dead one:
//!
//! - Our lock file is created exclusively, so programs that look for presence are kept out, and its owner holds an
//!   advisory lock (`flock`) on it, which the operating system takes away the moment the process ends.
//! - It is created with mode 0700. Plain locks have mode 0600, so the owner's execute bit says, from the first
//!   instant on, that this file's owner holds `flock`.
//!
//! Whoever finds an existing lock file tries its `flock`, which decides:
//!
//! | `flock` | mode | meaning | then |
//! | --- | --- | --- | --- |
//! | taken | any | an owner of our kind is alive | wait |
//! | free | 0700 | that owner has crashed | take over |
//! | free | other, old | a plain lock whose owner is presumed dead | take over |
//! | free | other, young | a plain lock that may be in use | wait |
//!
//! Taking over keeps the file: the new owner already has its `flock`, marks it, renews its time and writes its own
//! content. It is never removed and made again, so two processes that find the same dead lock cannot both win. Nor
//! can the creator and a finder who comes between its `open` and its `flock`: one of the two gets the `flock`, the
//! other waits. After every successful `flock` the path is checked to still name the locked file.
//!
//! The owner removes the file at the end while it holds `flock`, and only if the path still names it.
//!
//! # What remains
//!
//! Plain programs remove any lock file older than their limit, and remove at their own end whatever is at the path.
//! An owner of ours that works longer than `stale_after`, or that took over from a plain owner who was not dead but
//! slow, can therefore lose its file to them; no protocol on that file prevents it. [`FileLock::is_current`] tells,
//! and [`crate::append`] locks the log itself besides. File systems without `flock` are an error, not a silent risk.

mod advisory;
mod policy;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW};
use rustix::io::Errno;

use crate::FileKind;

pub(crate) use advisory::try_flock;
use policy::Waiting;

pub(crate) use advisory::AdvisoryLock;
pub use policy::{CreatedAt, LockPolicy};

/// Permission bits of a lock file whose owner holds `flock` on it.
const OWNED_MODE: Mode = Mode::RWXU;

/// Permission bits of a plain lock file.
const PLAIN_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Bytes of a plain lock's content that are looked at.
const CONTENT_LIMIT: usize = 4096;

/// Why a lock was not obtained.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Others held the lock for as long as the policy allows to wait.
    #[error("lock timeout: {} is held (waited {} ms)", path.display(), waited.as_millis())]
    Timeout {
        /// The lock file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
        /// How many times the lock was tried.
        attempts: u32,
    },
    /// Something that is no lock stands at the path.
    #[error("lock {} is {kind}, not a regular file", path.display())]
    NotRegular {
        /// The lock file.
        path: PathBuf,
        /// What stands there.
        kind: FileKind,
    },
    /// The operating system refused a step.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// The step, as a verb phrase.
        action: &'static str,
        /// The lock file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl LockError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(Errno) -> Self {
        let path = path.to_path_buf();
        move |errno| Self::Io {
            action,
            path,
            source: errno.into(),
        }
    }
}

/// A held lock. Dropping it gives it back.
///
/// It excludes every other holder: other processes, other threads, and a second `acquire` in the same thread, which
/// would wait for itself.
#[derive(Debug)]
#[must_use = "the lock is given back when this value is dropped"]
pub struct FileLock {
    path: PathBuf,
    file: File,
    identity: Identity,
    taken_over: bool,
}

impl FileLock {
    /// Waits for the lock at `path`, by convention the locked file's name with `.lock` added, and puts `content` into
    /// it for others to read. The directory must exist.
    ///
    /// Waiting is polling: pauses grow to `policy.retry` and differ a little from waiter to waiter.
    pub fn acquire(path: &Path, policy: &LockPolicy, content: &[u8]) -> Result<Self, LockError> {
        let mut waiting = Waiting::new(policy);
        let mut lock = loop {
            match attempt(path, policy)? {
                Some(lock) => break lock,
                None => waiting.pause(path)?,
            }
        };
        lock.file.write_all(content).map_err(|source| LockError::Io {
            action: "write lock",
            path: path.to_path_buf(),
            source,
        })?;
        Ok(lock)
    }

    /// Whether the path still names the file that was locked. It does not after a plain program has judged this lock
    /// too old and removed it; then others may be at work too.
    #[must_use]
    pub fn is_current(&self) -> bool {
        Identity::at(&self.path) == Ok(self.identity)
    }

    /// Whether the lock was left behind by an owner that crashed, or is presumed to have. What that owner wrote last
    /// may be incomplete.
    #[must_use]
    pub fn taken_over(&self) -> bool {
        self.taken_over
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // The `flock` is still held here: no other owner of our kind can have taken the path over.
        if self.is_current() {
            let _ = rustix::fs::unlink(&self.path);
        }
    }
}

/// Which file a path or handle leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    // The widths of these members differ between platforms.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, clippy::cast_sign_loss)]
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: u64::from(stat.st_ino),
        }
    }

    pub(crate) fn at(path: &Path) -> Result<Self, Errno> {
        rustix::fs::lstat(path).map(|stat| Self::of(&stat))
    }
}

/// Tries once; `None` when somebody else has the lock or just changed it.
fn attempt(path: &Path, policy: &LockPolicy) -> Result<Option<FileLock>, LockError> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::io::retry_on_intr(|| rustix::fs::open(path, flags, OWNED_MODE)) {
        Ok(fd) => {
            let Some((fd, stat)) = flock_named(fd, path)? else {
                return Ok(None);
            };
            Ok(acquired_if_named(fd, &stat, path, false))
        }
        Err(Errno::EXIST) => attempt_existing(path, policy),
        Err(errno) => Err(LockError::io("create lock", path)(errno)),
    }
}

fn attempt_existing(path: &Path, policy: &LockPolicy) -> Result<Option<FileLock>, LockError> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
    let fd = match rustix::io::retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty())) {
        Ok(fd) => fd,
        // Given back just now, or another user's: what cannot be examined counts as held.
        Err(Errno::NOENT | Errno::ACCESS | Errno::PERM) => return Ok(None),
        Err(errno) => return Err(obstructed(path, errno)),
    };
    let Some((fd, stat)) = flock_named(fd, path)? else {
        return Ok(None);
    };
    if FileKind::of(&stat) != FileKind::Regular {
        return Err(LockError::NotRegular {
            path: path.to_path_buf(),
            kind: FileKind::of(&stat),
        });
    }
    if Identity::at(path) != Ok(Identity::of(&stat)) {
        return Ok(None);
    }
    if is_owned(&fd, &stat) || is_stale(&fd, &stat, policy) {
        take_over(&fd).map_err(LockError::io("take over lock", path))?;
        return Ok(acquired_if_named(fd, &stat, path, true));
    }
    Ok(None)
}

/// Takes the advisory lock without waiting; `None` when somebody else has it.
fn flock_named(fd: OwnedFd, path: &Path) -> Result<Option<(OwnedFd, Stat)>, LockError> {
    if !try_flock(&fd).map_err(LockError::io("lock", path))? {
        return Ok(None);
    }
    let stat = rustix::fs::fstat(&fd).map_err(LockError::io("examine lock", path))?;
    Ok(Some((fd, stat)))
}

fn acquired_if_named(fd: OwnedFd, stat: &Stat, path: &Path, taken_over: bool) -> Option<FileLock> {
    let identity = Identity::of(stat);
    if Identity::at(path) != Ok(identity) {
        return None;
    }
    Some(FileLock {
        path: path.to_path_buf(),
        file: File::from(fd),
        identity,
        taken_over,
    })
}

/// Whether the file's mode says that its owner holds `flock`.
///
/// Some file systems keep no modes and show the same one for every file; there a plain lock could pass for one of
/// ours. So the mode only counts where it can be changed.
fn is_owned(fd: &OwnedFd, stat: &Stat) -> bool {
    permissions(stat) == OWNED_MODE
        && rustix::fs::fchmod(fd, PLAIN_MODE).is_ok()
        && rustix::fs::fstat(fd).is_ok_and(|stat| permissions(&stat) == PLAIN_MODE)
}

fn permissions(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode)
}

fn is_stale(fd: &OwnedFd, stat: &Stat, policy: &LockPolicy) -> bool {
    let now = SystemTime::now();
    // A time in the future has no age: the lock is young.
    let too_old = |time: SystemTime| now.duration_since(time).is_ok_and(|age| age > policy.stale_after);
    modified(stat).is_some_and(too_old)
        || policy.created_at.is_some_and(|created_at| {
            let mut content = [0; CONTENT_LIMIT];
            let read = rustix::io::pread(fd, &mut content, 0).unwrap_or(0);
            created_at(&content[..read]).is_some_and(too_old)
        })
}

// The widths of these members differ between platforms.
#[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
fn modified(stat: &Stat) -> Option<SystemTime> {
    let seconds = u64::try_from(stat.st_mtime).ok()?;
    let nanoseconds = u32::try_from(stat.st_mtime_nsec).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))
}

/// Makes an existing, now locked file ours. The time comes first: it keeps plain programs from removing the file.
fn take_over(fd: &OwnedFd) -> Result<(), Errno> {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    rustix::fs::futimens(
        fd,
        &Timestamps {
            last_access: now,
            last_modification: now,
        },
    )?;
    rustix::fs::fchmod(fd, OWNED_MODE)?;
    rustix::fs::ftruncate(fd, 0)
}

fn obstructed(path: &Path, errno: Errno) -> LockError {
    match rustix::fs::lstat(path).map(|stat| FileKind::of(&stat)) {
        Ok(kind) if kind != FileKind::Regular => LockError::NotRegular {
            path: path.to_path_buf(),
            kind,
        },
        _ => LockError::io("open lock", path)(errno),
    }
}
