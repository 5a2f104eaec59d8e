//! What kind of failure the errors of the boundary of tool calls are.

use gait_mcp::{BoundaryError, output::OutputError};

use crate::error::Failure;

/// A call that can't be judged is input, unless the gate knows better.
impl From<BoundaryError> for Failure {
    fn from(error: BoundaryError) -> Self {
        match error {
            BoundaryError::Gate(error) => error.into(),
            error => Self::invalid_input(error),
        }
    }
}

/// Files the caller named are input, so trouble with them is; a lock that others hold is not.
impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        let text = error.to_string();
        match error {
            OutputError::Export(error) => Self::new(Self::from(error.0).kind(), text),
            OutputError::Write { source, .. } => Self::new(Self::from(source).kind(), text),
            OutputError::Records(error) => error.into(),
            _ => Self::invalid_input(text),
        }
    }
}
