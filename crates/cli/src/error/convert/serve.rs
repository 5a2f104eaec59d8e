//! Failures of the decision service.

use gait_serve::ServeError;

use super::super::{ErrorKind, Failure};

/// An address that can't be bound is input; a ledger that can't be recovered is not.
impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let kind = match &error {
            ServeError::Listen(_) => ErrorKind::InvalidInput,
            ServeError::Start(_) | ServeError::Recover(_) => ErrorKind::Io,
        };
        Self::new(kind, error)
    }
}
