//! `flock`: locks that the operating system takes away when their holder ends.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::policy::Waiting;
use super::{LockError, LockPolicy};

/// Takes the advisory lock on a file without waiting; `false` when somebody else has it.
pub(crate) fn try_flock(fd: impl AsFd) -> Result<bool, Errno> {
    match rustix::io::retry_on_intr(|| rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive)) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// An advisory lock on a file of one's own, given back on drop. It binds only those who ask for it.
#[derive(Debug)]
pub(crate) struct AdvisoryLock<'a> {
    file: &'a File,
}

impl<'a> AdvisoryLock<'a> {
    /// Waits for the lock on `file`, which was opened at `path`, under the same rules as [`FileLock::acquire`].
    pub(crate) fn acquire(file: &'a File, path: &Path, policy: &LockPolicy) -> Result<Self, LockError> {
        let mut waiting = Waiting::new(policy);
        while !try_flock(file).map_err(LockError::io("lock", path))? {
            waiting.pause(path)?;
        }
        Ok(Self { file })
    }
}

impl Drop for AdvisoryLock<'_> {
    fn drop(&mut self) {
        let _ = rustix::fs::flock(self.file, FlockOperation::Unlock);
    }
}
