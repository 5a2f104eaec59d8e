//! What can go wrong with a session.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use gait_canon::json;

use super::{JournalError, LockSettings};
use crate::{OutputPathError, WriteError};

/// Why an operation on a session failed. Unless a variant says otherwise, the session is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A path is not accepted because of its text.
    #[error(transparent)]
    Path(#[from] OutputPathError),
    /// An output would take the place of one of the session's own files.
    #[error("{path} is a file of the session itself")]
    OwnFile {
        /// The output, cleaned.
        path: String,
    },
    /// The journal cannot be opened.
    #[error("open session journal: open {}: {source}", path.display())]
    Open {
        /// The journal.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Others held the session for as long as this caller was willing to wait.
    #[error(
        "session state contention: lock timeout (path={} waited={}ms attempts={attempts} timeout={}ms retry={}ms profile={})",
        path.display(), waited.as_millis(), settings.timeout.as_millis(), settings.retry.as_millis(), settings.profile
    )]
    Contention {
        /// The lock file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
        /// How many times the lock was tried.
        attempts: u32,
        /// How long this caller was willing to wait, and how.
        settings: LockSettings,
    },
    /// Another program took the lock away while it was held.
    #[error("session state contention: lock {} was taken away", path.display())]
    LockLost {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock cannot be taken for a reason other than contention.
    #[error(transparent)]
    Lock(gait_disk::LockError),
    /// The journal breaks the rules of its format.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal belongs to another session or run.
    #[error("session journal already initialized with different session/run")]
    OtherSession {
        /// The session in the journal.
        session_id: String,
        /// The run in the journal.
        run_id: String,
    },
    /// A session id or run id is blank.
    #[error("session id and run id must not be blank")]
    BlankId,
    /// An event is larger than a line of a journal may be.
    #[error("session event of {size} bytes exceeds the limit of {limit} bytes")]
    EventTooLarge {
        /// Bytes the event would take.
        size: usize,
        /// Bytes a line may have.
        limit: usize,
    },
    /// No sequence number or checkpoint index is left.
    #[error("session has no sequence numbers left")]
    Exhausted,
    /// Every event is already part of a checkpoint.
    #[error("no new session events available for checkpoint")]
    NothingNew,
    /// The runpack of a checkpoint cannot be written.
    #[error("write checkpoint runpack: {0}")]
    Runpack(#[from] WriteError),
    /// The checkpoint was made, but the chain could not be written to this additional place.
    #[error("write session chain: {source}")]
    ChainOutput {
        /// Why.
        source: gait_disk::Error,
    },
    /// The compacted journal cannot be written.
    #[error("write compacted session journal: {source}")]
    Compacted {
        /// Why.
        source: gait_disk::Error,
    },
    /// A file of the session cannot be written.
    #[error(transparent)]
    Disk(#[from] gait_disk::Error),
    /// The operating system refused a step.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// The step, as a verb phrase.
        action: &'static str,
        /// The file it was done to.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A record has no JSON form.
    #[error("encode session record: {0}")]
    Encode(#[from] json::Error),
    /// The write that carried this event among others failed.
    #[error(transparent)]
    Shared(Arc<SessionError>),
}

impl SessionError {
    /// Whether others were in the way, so that the same call may succeed later.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        match self {
            Self::Contention { .. } | Self::LockLost { .. } => true,
            Self::Shared(error) => error.is_contention(),
            _ => false,
        }
    }

    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
