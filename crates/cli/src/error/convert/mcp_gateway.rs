//! What kind of failure the errors of the MCP gateway are.

use gait_disk::ledger::LedgerError;
use gait_gateway::http::{ServeError, UpstreamError};
use gait_gateway::pins::PinsError;

use crate::error::{ErrorKind, Failure};

impl From<PinsError> for Failure {
    fn from(error: PinsError) -> Self {
        match error {
            PinsError::Busy(error) => error.into(),
            PinsError::Write(_) => Self::new(ErrorKind::Io, error),
            PinsError::Digest { .. } => Self::new(ErrorKind::VerificationFailed, error),
            error => Self::invalid_input(error),
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::new(ErrorKind::Io, error)
    }
}

/// An address that cannot be bound is input.
impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let kind = match &error {
            ServeError::Listen(_) => ErrorKind::InvalidInput,
            ServeError::Start(_) => ErrorKind::Io,
        };
        Self::new(kind, error)
    }
}

impl From<UpstreamError> for Failure {
    fn from(error: UpstreamError) -> Self {
        match &error {
            UpstreamError::Tls(_) | UpstreamError::NoRoots => Self::new(ErrorKind::Internal, error),
            _ => Self::invalid_input(error),
        }
    }
}
