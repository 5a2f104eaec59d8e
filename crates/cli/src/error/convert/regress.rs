//! What kind of failure the errors of regression testing are.

use gait_regress::{ConfigError, FixtureError, InitError, RunError, SourceError};

use crate::error::{ErrorKind, Failure};

/// `error`, which says `text`, as it would be alone.
fn said(error: impl Into<Failure>, text: impl ToString) -> Failure {
    let failure: Failure = error.into();
    Failure::new(failure.kind(), text)
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let text = error.to_string();
        match error {
            SourceError::Runpack(error) => said(error, text),
            SourceError::Chain(error) => said(error, text),
            _ => Self::invalid_input(text),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let text = error.to_string();
        match error {
            ConfigError::Write(error) => said(error, text),
            _ => Self::invalid_input(text),
        }
    }
}

impl From<InitError> for Failure {
    fn from(error: InitError) -> Self {
        let text = error.to_string();
        match error {
            InitError::Source(error) => error.into(),
            InitError::Config(error) => error.into(),
            InitError::Write(error) => said(error, text),
            InitError::Lock(error) => error.into(),
            InitError::Copy(_) => Self::new(ErrorKind::Io, text),
            InitError::Encode(_) => Self::new(ErrorKind::Internal, text),
            _ => Self::invalid_input(text),
        }
    }
}

/// A fixture that was made to deceive fails verification; any other that cannot be used is input.
impl From<FixtureError> for Failure {
    fn from(error: FixtureError) -> Self {
        let text = error.to_string();
        match error {
            FixtureError::Runpack { source, .. } => said(source, text),
            _ => Self::invalid_input(text),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Config(error) => error.into(),
            RunError::Fixture(error) => error.into(),
            error => Self::invalid_input(error),
        }
    }
}
