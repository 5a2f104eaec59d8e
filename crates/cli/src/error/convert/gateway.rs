//! What kind of failure the errors of gateway logs are.

use gait_evidence::gateway::IngestError;

use crate::error::{ErrorKind, Failure};

/// A log that cannot be turned into proof is input, and so is proof that cannot be continued.
impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        let text = error.to_string();
        match error {
            IngestError::Write(error) => Self::new(Self::from(error).kind(), text),
            IngestError::Lock(error) => Self::new(Self::from(error).kind(), text),
            IngestError::Output(_) => Self::new(ErrorKind::Io, text),
            IngestError::Line(_) => Self::invalid_input(text)
                .hint("correct the log, or use --skip-bad-lines to record the other lines"),
            _ => Self::invalid_input(text),
        }
    }
}
