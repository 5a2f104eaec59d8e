//! What kind of failure the errors of pages are.

use gait_page::PageError;

use crate::error::{ErrorKind, Failure};

impl From<PageError> for Failure {
    fn from(error: PageError) -> Self {
        Self::new(ErrorKind::Internal, error)
    }
}
