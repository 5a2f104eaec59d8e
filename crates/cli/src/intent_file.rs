//! Reading the intent that a command line names.

use std::path::Path;

use gait_artifact::intent::{IntentError, IntentRequest};
use gait_disk::read::read_bounded;

use crate::error::{Excerpt, Failure};

/// The largest intent that is read, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// Reads the intent request at `path` strictly. The failure shows the line that is wrong.
pub(crate) fn read(path: &str) -> Result<IntentRequest, Failure> {
    let bytes = read_bounded(Path::new(path), MAX_BYTES)
        .map_err(|error| Failure::from(error).context("read intent"))?;
    IntentRequest::read(&bytes).map_err(|error| {
        let place = match &error {
            IntentError::Json(error) => error.position(),
            _ => None,
        };
        let place = place.and_then(|at| Excerpt::of(path, &bytes, at.line, at.column));
        Failure::invalid_input(error)
            .context("parse intent json")
            .excerpt(place)
    })
}
