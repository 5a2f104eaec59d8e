//! What kind of failure the errors of the MCP gateway are.

use gait_disk::ledger::LedgerError;
use gait_gateway::pins::PinsError;

use crate::error::{ErrorKind, Failure};

impl From<PinsError> for Failure {
    fn from(error: PinsError) -> Self {
        match &error {
            PinsError::Write(_) => Self::new(ErrorKind::Io, error),
            PinsError::Digest { .. } => Self::new(ErrorKind::VerificationFailed, error),
            _ => Self::invalid_input(error),
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::new(ErrorKind::Io, error)
    }
}
