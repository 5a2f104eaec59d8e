//! What kind of failure the errors of sessions are.

use gait_runpack::session::SessionError;

use crate::error::{ErrorKind, Failure};

/// What the caller named is input, the journal included; others who hold the session are not.
impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let kind = match &error {
            error if error.is_contention() => ErrorKind::StateContention,
            SessionError::Encode(_) => ErrorKind::Internal,
            SessionError::Lock(_) => ErrorKind::Io,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
