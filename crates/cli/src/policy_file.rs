//! Reading the policy that a command line names.

use std::path::Path;

use gait_artifact::policy::Policy;
use gait_disk::read::read_bounded;
use gait_policy::{document, yaml};

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
        let excerpt = error
            .span()
            .and_then(|span| Excerpt::of(path, &bytes, span.line, span.column));
        Failure::from(error).excerpt(excerpt)
    })?;
    Ok((bytes, policy))
}
