//! What kind of failure the errors of packs are.

use gait_canon::zip::ZipError;
use gait_pack::OpenError;
use gait_pack::attest::{AttestError, Rejection};
use gait_pack::build::BuildError;
use gait_pack::diff::DiffError;
use gait_pack::export::ExportError;
use gait_pack::inspect::InspectError;
use gait_pack::verify::VerifyError;

use crate::error::{ErrorKind, Failure};

/// A source that cannot be packed is input, unless it was made to deceive.
impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Runpack(error) => error.into(),
            BuildError::Disk(error) => error.into(),
            error @ (BuildError::Archive(ZipError::Io(_)) | BuildError::Changed(_)) => {
                Self::new(ErrorKind::Io, error)
            }
            error @ BuildError::Encode(_) => Self::new(ErrorKind::Internal, error),
            error => Self::invalid_input(error),
        }
    }
}

/// A file that was read and found to be no sound pack fails verification; one that could not be read is input.
impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        if error.is_verdict() {
            Self::new(ErrorKind::VerificationFailed, error)
        } else {
            Self::invalid_input(error)
        }
    }
}

/// What is only looked at has no verdict, unless it was made to deceive.
impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let kind = match &error {
            OpenError::Archive(ZipError::DuplicateNames(_)) => ErrorKind::VerificationFailed,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Open(error) => error.into(),
            error => Self::invalid_input(error),
        }
    }
}

impl From<DiffError> for Failure {
    fn from(error: DiffError) -> Self {
        match error {
            DiffError::Inspect(error) => error.into(),
            error => Self::invalid_input(error),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Verify(error) => error.into(),
            ExportError::Inspect(error) => error.into(),
            error => Self::invalid_input(error),
        }
    }
}

impl From<AttestError> for Failure {
    fn from(error: AttestError) -> Self {
        match error {
            AttestError::Open(error) => error.into(),
            AttestError::Verify(error) => error.into(),
            AttestError::Inspect(error) => error.into(),
            error @ AttestError::NotVerified(_) => Self::new(ErrorKind::VerificationFailed, error)
                .hint("`gait pack verify` tells what is wrong with it"),
            error @ AttestError::Changed => Self::new(ErrorKind::VerificationFailed, error),
            error => Self::invalid_input(error),
        }
    }
}

impl From<Rejection> for Failure {
    fn from(error: Rejection) -> Self {
        Self::new(ErrorKind::VerificationFailed, error)
    }
}
