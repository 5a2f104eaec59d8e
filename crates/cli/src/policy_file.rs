//! Reading the policy that a command line names.

use std::path::Path;

use gait_artifact::policy::Policy;
use gait_disk::read::read_bounded;
use gait_policy::{PolicyError, document, yaml};

use crate::error::{Excerpt, Failure};

/// Reads and checks the policy at `path`. The failure shows the line that is wrong.
pub fn read(path: &str) -> Result<Policy, Failure> {
    read_with_text(path).map(|(_, policy)| policy)
}

/// As [`read`], with the bytes of the file beside the policy.
pub fn read_with_text(path: &str) -> Result<(Vec<u8>, Policy), Failure> {
    let bytes = read_bounded(Path::new(path), yaml::MAX_BYTES)
        .map_err(|error| Failure::from(error).context("read policy"))?;
    let policy = document::read(&bytes).map_err(|error| {
        let excerpt = excerpt(path, &bytes, &error);
        Failure::from(error).excerpt(excerpt)
    })?;
    Ok((bytes, policy))
}

/// The line of the policy at `path` that `error` is about.
pub(crate) fn excerpt(path: &str, text: &[u8], error: &PolicyError) -> Option<Excerpt> {
    let span = error.span()?;
    Excerpt::of(path, text, span.line, span.column)
}
