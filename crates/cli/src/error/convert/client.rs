//! What kind of failure the errors of clients' settings are.

use gait_client::ConfigurationError;
use gait_client::settings_file::FileError;

use crate::error::{ErrorKind, Failure};

/// Settings are input, unless it is this program that can't change them.
impl From<ConfigurationError> for Failure {
    fn from(error: ConfigurationError) -> Self {
        match error {
            ConfigurationError::Unsound(_) => Self::new(ErrorKind::Internal, error),
            _ => Self::invalid_input(error),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let kind = match &error {
            FileError::Contended(_) => ErrorKind::StateContention,
            FileError::Io { .. } => ErrorKind::Io,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
