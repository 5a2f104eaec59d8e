//! What kind of failure the errors of the approval queue are.

use gait_approval::{DecisionError, QueueError};

use crate::error::{ErrorKind, Failure};

/// Requests are named by the caller, so trouble with them is input; one that was tampered with fails a check.
impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let code = error.reason_code();
        let text = error.to_string();
        let kind = match error {
            QueueError::Unknown(_) | QueueError::Full(_) | QueueError::TooLarge { .. } => {
                ErrorKind::InvalidInput
            }
            QueueError::Altered { .. } | QueueError::Malformed { .. } => ErrorKind::VerificationFailed,
            QueueError::Lock(error) => Self::from(error).kind(),
            QueueError::Write(error) => Self::from(error).kind(),
            QueueError::Read(error) => Self::from(error).kind(),
            QueueError::Io { .. } | QueueError::Secret(_) => ErrorKind::Io,
            QueueError::Encode(_) => ErrorKind::Internal,
        };
        Self::new(kind, text).field("error_code", code)
    }
}

/// A decision that cannot be made is a wrong one.
impl From<DecisionError> for Failure {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::Queue(error) => error.into(),
            error => Self::invalid_input(&error).field("error_code", error.reason_code()),
        }
    }
}
