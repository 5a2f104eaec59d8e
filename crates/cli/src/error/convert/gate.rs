//! What kind of failure the errors of the gate are.

use gait_gate::{
    GateError, facts::FactFileError, load::LoadError, profile::ProfileError, rate_limit::RateLimitError,
};

use crate::error::{ErrorKind, Failure};

/// Files the caller named are input.
impl From<FactFileError> for Failure {
    fn from(error: FactFileError) -> Self {
        Self::invalid_input(error)
    }
}

/// What a deployment is configured with is input.
impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::invalid_input(error)
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        Self::invalid_input(error)
    }
}

/// A call that could not be judged. Where that alone means that policy says no, the exit code says so.
impl From<GateError> for Failure {
    fn from(error: GateError) -> Self {
        let kind = match &error {
            GateError::FactUnavailable { .. }
            | GateError::RegistryUntrusted(_)
            | GateError::UnjudgeableScript(_) => ErrorKind::PolicyBlocked,
            GateError::RateLimit(limit) if limit.is_contention() => ErrorKind::StateContention,
            GateError::RateLimit(RateLimitError::Lock(_)) => ErrorKind::Io,
            GateError::Encode { .. } => ErrorKind::Internal,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
