//! What kind of failure the errors of the registry are.

use gait_disk::LockError;
use gait_registry::{CacheError, InstallError, RemoteError, VerifyError};

use crate::error::{ErrorKind, Failure};

/// Whatever keeps a pack from being installed means that it is not to be believed; others who hold the cache do not.
impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        match &error {
            InstallError::Cache(CacheError::Lock(LockError::Timeout { .. })) => {
                Self::new(ErrorKind::StateContention, error)
            }
            InstallError::Remote(RemoteError::NoHosts | RemoteError::HostNotAllowed(_)) => {
                Self::new(ErrorKind::VerificationFailed, error)
                    .hint("name the hosts you trust with --allow-host")
            }
            InstallError::Fetch(fetch) if fetch.is_transient() => {
                Self::new(ErrorKind::VerificationFailed, error).hint("the server may answer later; try again")
            }
            _ => Self::new(ErrorKind::VerificationFailed, error),
        }
    }
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        match error {
            CacheError::Lock(error) => error.into(),
            CacheError::Write(error) => error.into(),
            CacheError::List { .. } => Self::invalid_input(error),
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::invalid_input(error)
    }
}
