//! Facts that command lines name beside policy and intent.

use gait_artifact::{Timestamp, context::VerifiedEnvelope};
use gait_gate::facts::{self, InventoryFile};

use crate::error::Failure;

/// The instant that `--evaluation-time` names, in UTC; none when the flag is blank.
pub(crate) fn evaluation_time(text: &str) -> Result<Option<Timestamp>, Failure> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse::<Timestamp>() {
            Ok(time) => Ok(Some(time.to_utc())),
            Err(error) => Err(Failure::invalid_input(error).context("invalid --evaluation-time")),
        },
    }
}

/// The verified envelope in the file at `given`; none when that is blank.
pub(crate) fn context_envelope(given: &str) -> Result<Option<VerifiedEnvelope>, Failure> {
    if given.trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(facts::read_envelope(given)?))
}

/// The tool inventory in the file at `given`, with the path as records name it.
pub(crate) fn inventory(given: &str) -> Result<InventoryFile, Failure> {
    Ok(facts::read_inventory(given)?)
}
