//! What kind of failure each library error is.

mod approval;
mod boundary;
mod client;
mod evidence;
mod gate;
mod gateway;
mod mcp_gateway;
mod pack;
mod page;
mod registry;
mod regress;
mod run;
mod scout;
mod serve;
mod session;

use gait_canon::{json, keys::KeyError, zip::ZipError};
use gait_disk::{LockError, ReadError};
use gait_gate::kill_switch::KillSwitchError;
use gait_job::JobError;
use gait_policy::PolicyError;
use gait_runpack::{ChainError, LocateError, OutputPathError, RunpackError, WriteError, record::RecordError};
use gait_scout::lint::LintError;

use super::{ErrorKind, Failure, Migration};
use crate::arguments::ArgumentError;

/// The caller's arguments are input.
impl From<ArgumentError> for Failure {
    fn from(error: ArgumentError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<json::Error> for Failure {
    fn from(error: json::Error) -> Self {
        Self::invalid_input(error)
    }
}

/// Files the caller named are input, so trouble with them is; a lock that others hold is not.
impl From<gait_disk::Error> for Failure {
    fn from(error: gait_disk::Error) -> Self {
        match &error {
            gait_disk::Error::Lock(lock) => Self::new(kind_of_lock(lock), error),
            _ => Self::invalid_input(error),
        }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        Self::new(kind_of_lock(&error), error)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::invalid_input(error)
    }
}

/// Retired fields come with directions.
impl From<PolicyError> for Failure {
    fn from(error: PolicyError) -> Self {
        let failure = Self::invalid_input(&error);
        match error.legacy_fields() {
            Some(legacy) => failure.migration(Migration::PolicyFields(legacy.fields.clone())),
            None => failure,
        }
    }
}

const fn kind_of_lock(error: &LockError) -> ErrorKind {
    match error {
        LockError::Timeout { .. } => ErrorKind::StateContention,
        _ => ErrorKind::Io,
    }
}

impl From<KillSwitchError> for Failure {
    fn from(error: KillSwitchError) -> Self {
        let kind = match &error {
            KillSwitchError::Lock(lock) | KillSwitchError::Write(gait_disk::Error::Lock(lock)) => {
                kind_of_lock(lock)
            }
            KillSwitchError::Encode(_) => ErrorKind::Internal,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

/// An archive with two entries of one name was made to deceive; whatever else cannot be read is input.
impl From<RunpackError> for Failure {
    fn from(error: RunpackError) -> Self {
        let kind = match &error {
            RunpackError::Archive(ZipError::DuplicateNames(_)) => ErrorKind::VerificationFailed,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Disk(error) => error.into(),
            error => Self::invalid_input(error),
        }
    }
}

impl From<OutputPathError> for Failure {
    fn from(error: OutputPathError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<LocateError> for Failure {
    fn from(error: LocateError) -> Self {
        Self::invalid_input(error)
    }
}

/// A command that the job does not take is a wrong command, whatever words its refusal holds.
impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        let kind = match &error {
            JobError::Lock(lock) | JobError::Write(gait_disk::Error::Lock(lock)) => kind_of_lock(lock),
            JobError::LockLost(_) => ErrorKind::StateContention,
            JobError::Io { .. } => ErrorKind::Io,
            JobError::Encode(_) => ErrorKind::Internal,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

/// The files to look at are input.
impl From<LintError> for Failure {
    fn from(error: LintError) -> Self {
        Self::invalid_input(error)
    }
}
