//! What kind of failure the errors of replaying, comparing and reducing runs are.

use gait_runpack::diff::{DiffError, UnknownPrivacy};
use gait_runpack::reduce::{ReduceError, UnknownPredicate};
use gait_runpack::replay::ReplayError;

use crate::error::{ErrorKind, Failure};

impl From<UnknownPrivacy> for Failure {
    fn from(error: UnknownPrivacy) -> Self {
        Self::invalid_input(error)
    }
}

impl From<DiffError> for Failure {
    fn from(error: DiffError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<UnknownPredicate> for Failure {
    fn from(error: UnknownPredicate) -> Self {
        Self::invalid_input(error)
    }
}

impl From<ReduceError> for Failure {
    fn from(error: ReduceError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        let kind = match &error {
            ReplayError::Interrupted(_) => ErrorKind::Internal,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
