//! What can go wrong with a job on the disk.

use std::io;
use std::path::PathBuf;

use gait_artifact::job::InvalidJob;
use gait_canon::json;
use gait_disk::{LockError, ReadError};

use crate::Refusal;

/// Why a job was not read or not changed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// There is no such job.
    #[error("job not found: {0}")]
    NotFound(String),
    /// There is such a job already.
    #[error("job already exists: {0}")]
    AlreadyExists(String),
    /// A log of events tells of a job whose state is gone. Submitting it anew would hide what happened to it.
    #[error("{} tells of a job whose state is missing", .0.display())]
    OrphanedLog(PathBuf),
    /// The job does not take the command.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Others are changing the job, or its lock can't be used.
    #[error("lock job: {0}")]
    Lock(#[source] LockError),
    /// The lock was taken away by a program that presumed its owner dead. Nothing was acknowledged.
    #[error("lock {} was lost to another program", .0.display())]
    LockLost(PathBuf),
    /// A file of the job can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file of the job can be read and makes no sense.
    #[error("{}: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: InvalidJob,
    },
    /// The state is that of another job.
    #[error("{} is the state of another job: {job_id:?}", path.display())]
    ForeignState {
        /// The file.
        path: PathBuf,
        /// Whose state it is.
        job_id: String,
    },
    /// A line of the log makes no sense.
    #[error("{}:{line}: {source}", path.display())]
    InvalidEvent {
        /// The log.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        source: InvalidJob,
    },
    /// The marker of an unfinished change is about another job.
    #[error("{} is about another job", .0.display())]
    ForeignMarker(PathBuf),
    /// A record would be larger than what is read back.
    #[error("the state of the job would be larger than {0} bytes")]
    TooLarge(usize),
    /// A file of the job can't be written.
    #[error(transparent)]
    Write(#[from] gait_disk::Error),
    /// The operating system refused a step.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// The step, as a verb phrase.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A record has no written form.
    #[error("encode job record: {0}")]
    Encode(#[from] json::Error),
}

impl JobError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
