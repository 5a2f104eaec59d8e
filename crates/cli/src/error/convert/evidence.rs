//! What kind of failure the errors of audit evidence are.

use gait_canon::zip::ZipError;
use gait_evidence::PackError;
use gait_evidence::record::RecordError;
use gait_evidence::retain::RetentionError;
use gait_evidence::seal::SealError;
use gait_pack::OpenError;
use gait_pack::verify::VerifyError;

use crate::error::{ErrorKind, Failure};

/// Evidence that is none is input.
impl From<PackError> for Failure {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Disk(error) => error.into(),
            error @ (PackError::Scratch(_) | PackError::Archive(ZipError::Io(_))) => {
                Self::new(ErrorKind::Io, error)
            }
            error @ PackError::Encode(_) => Self::new(ErrorKind::Internal, error),
            error @ PackError::Record(RecordError::Unsigned(_) | RecordError::OtherSigner(_)) => {
                Self::new(ErrorKind::VerificationFailed, error)
            }
            error => Self::invalid_input(error),
        }
    }
}

impl From<RetentionError> for Failure {
    fn from(error: RetentionError) -> Self {
        match error {
            RetentionError::Report(error) => Self::from(error).context("write the report"),
            error @ RetentionError::Encode(_) => Self::new(ErrorKind::Internal, error),
            error => Self::invalid_input(error),
        }
    }
}

/// Scripts rely on its being input that does not decrypt.
impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        let kind = match error {
            SealError::NoRandomness => ErrorKind::Internal,
            SealError::Write(_) => ErrorKind::Io,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

impl Failure {
    /// An evidence pack that could not be verified to the end is input, unless it was made to deceive.
    #[must_use]
    pub(crate) fn of_evidence(error: VerifyError) -> Self {
        match error {
            VerifyError::Open(OpenError::Archive(ZipError::DuplicateNames(_))) => {
                Self::new(ErrorKind::VerificationFailed, error)
            }
            error => Self::invalid_input(error),
        }
    }
}
