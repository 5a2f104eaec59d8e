//! What kind of failure the errors of scouting are.

use gait_scout::ScanError;
use gait_scout::adoption::AdoptionError;
use gait_scout::drift::SnapshotError;
use gait_scout::signal::SignalError;
use gait_scout::top::TopError;

use crate::error::{ErrorKind, Failure};

/// A log that is not what it should be, or that cannot be read, is input.
impl From<AdoptionError> for Failure {
    fn from(error: AdoptionError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<TopError> for Failure {
    fn from(error: TopError) -> Self {
        let text = error.to_string();
        match error {
            TopError::Runpack { source, .. } => Self::new(Self::from(source).kind(), text),
            _ => Self::invalid_input(text),
        }
    }
}

/// A directory that cannot be looked at, or a configuration that is none, is input.
impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<SignalError> for Failure {
    fn from(error: SignalError) -> Self {
        let text = error.to_string();
        match error {
            SignalError::Runpack { source, .. } => Self::new(Self::from(source).kind(), text),
            SignalError::Fingerprint { .. } => Self::new(ErrorKind::Internal, text),
            _ => Self::invalid_input(text),
        }
    }
}
