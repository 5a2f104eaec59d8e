//! Making a change whole: a marker, the state, the event, and the marker away again.
//!
//! The marker (`pending_mutation.json`) holds both states and the event. Whoever finds one knows that a change was
//! interrupted, and the log says on which side of the line: with the event in the log the change has happened and the
//! state follows, without it the change is undone. So after a crash at any moment state and log tell the same.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gait_artifact::{
    job::{self, InvalidJob, JobState, PendingMutation},
    text,
};
use gait_canon::json;
use gait_disk::{FileLock, ReadError, append::lock_path, atomic, read::read_bounded};

use crate::log::EventLog;
use crate::priority::{self, Priority};
use crate::{JobError, Transition};

/// The largest state that is read or written, in bytes. A marker holds two of them.
pub(crate) const MAX_STATE_BYTES: usize = 16 << 20;

/// The directory of one job, by its name.
pub(crate) struct JobDirectory {
    path: PathBuf,
    job_id: String,
}

impl JobDirectory {
    pub(crate) const fn new(path: PathBuf, job_id: String) -> Self {
        Self { path, job_id }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn log(&self) -> EventLog {
        EventLog::new(self.path.join("events.jsonl"))
    }

    fn state_path(&self) -> PathBuf {
        self.path.join("state.json")
    }

    fn marker_path(&self) -> PathBuf {
        self.path.join("pending_mutation.json")
    }

    fn lock_path(&self) -> PathBuf {
        lock_path(&self.state_path())
    }

    /// Takes the lock that every change of the job is made under.
    pub(crate) fn lock(&self, priority: Priority) -> Result<FileLock, JobError> {
        priority::acquire(&self.path, &self.lock_path(), priority).map_err(JobError::Lock)
    }

    /// Whether a change is being made, or was interrupted.
    pub(crate) fn has_marker(&self) -> bool {
        self.marker_path().symlink_metadata().is_ok()
    }

    /// The state as it is on the disk; none when there is none.
    pub(crate) fn load(&self) -> Result<Option<JobState>, JobError> {
        let path = self.state_path();
        let bytes = match read_bounded(&path, MAX_STATE_BYTES) {
            Err(ReadError::NotFound { .. }) => return Ok(None),
            read => read?,
        };
        let invalid = |source| JobError::Invalid {
            path: path.clone(),
            source,
        };
        let state = JobState::read(&bytes).map_err(invalid)?;
        if text::trim(&state.job_id) == self.job_id {
            Ok(Some(state))
        } else {
            Err(JobError::ForeignState {
                path,
                job_id: state.job_id,
            })
        }
    }

    /// Makes a transition from `previous` durable. On return both state and event are on the disk.
    pub(crate) fn commit(
        &self,
        lock: &FileLock,
        previous: Option<JobState>,
        next: &Transition,
    ) -> Result<(), JobError> {
        let state = encode(&next.state, MAX_STATE_BYTES)?;
        let pending = PendingMutation {
            schema_id: job::PENDING_SCHEMA_ID.to_owned(),
            schema_version: job::SCHEMA_VERSION.to_owned(),
            created_at: next.event.created_at,
            job_id: self.job_id.clone(),
            previous_state: previous,
            updated_state: next.state.clone(),
            event: next.event.clone(),
        };
        let marker = encode(&pending, usize::MAX)?;
        self.still_locked(lock)?;
        atomic::replace(&self.marker_path(), &marker, 0o600)?;
        self.still_locked(lock)?;
        if let Err(error) = atomic::replace(&self.state_path(), &state, 0o600) {
            self.remove_marker()?;
            return Err(error.into());
        }
        self.still_locked(lock)?;
        if let Err(error) = self.log().append(&next.event) {
            // With the event in the log after all, the marker stays and the next command completes the change.
            if !self.log().holds(next.event.revision)? {
                self.restore(pending.previous_state.as_ref())?;
                self.remove_marker()?;
            }
            return Err(error);
        }
        // The change has happened; a marker that can't be removed only makes the next command look at it once more.
        let _ = self.remove_marker();
        Ok(())
    }

    /// Completes or undoes a change that was interrupted. The lock must be held.
    pub(crate) fn recover(&self, lock: &FileLock) -> Result<(), JobError> {
        let Some(pending) = self.read_marker()? else {
            return Ok(());
        };
        let log = self.log();
        log.cut_torn_line()?;
        let current = self.load()?;
        let happened = log.holds(pending.event.revision)?;
        self.still_locked(lock)?;
        // A marker that a later change has left behind must not take the job back to where it was.
        let is_outdated = |current: &JobState| happened && current.revision > pending.updated_state.revision;
        if !current.as_ref().is_some_and(is_outdated) {
            let state = if happened {
                Some(&pending.updated_state)
            } else {
                pending.previous_state.as_ref()
            };
            if current.as_ref() != state {
                self.restore(state)?;
            }
        }
        self.remove_marker()
    }

    fn read_marker(&self) -> Result<Option<PendingMutation>, JobError> {
        let path = self.marker_path();
        let bytes = match read_bounded(&path, 4 * MAX_STATE_BYTES) {
            Err(ReadError::NotFound { .. }) => return Ok(None),
            read => read?,
        };
        let pending = PendingMutation::read(&bytes).map_err(|source: InvalidJob| JobError::Invalid {
            path: path.clone(),
            source,
        })?;
        let previous = pending.previous_state.as_ref().map(|state| &state.job_id);
        let ids = [
            Some(&pending.job_id),
            Some(&pending.updated_state.job_id),
            previous,
            Some(&pending.event.job_id),
        ];
        if ids.into_iter().flatten().all(|id| text::trim(id) == self.job_id) {
            Ok(Some(pending))
        } else {
            Err(JobError::ForeignMarker(path))
        }
    }

    /// Makes `state` the state on the disk; none removes it.
    fn restore(&self, state: Option<&JobState>) -> Result<(), JobError> {
        match state {
            Some(state) => Ok(atomic::replace(
                &self.state_path(),
                &encode(state, usize::MAX)?,
                0o600,
            )?),
            None => remove(&self.state_path()),
        }
    }

    fn remove_marker(&self) -> Result<(), JobError> {
        remove(&self.marker_path())
    }

    fn still_locked(&self, lock: &FileLock) -> Result<(), JobError> {
        if lock.is_current() {
            Ok(())
        } else {
            Err(JobError::LockLost(self.lock_path()))
        }
    }
}

fn remove(path: &Path) -> Result<(), JobError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JobError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

fn encode<T: serde::Serialize>(record: &T, limit: usize) -> Result<Vec<u8>, JobError> {
    let mut bytes = json::pretty(record)?.into_bytes();
    bytes.push(b'\n');
    if bytes.len() > limit {
        return Err(JobError::TooLarge(limit));
    }
    Ok(bytes)
}
