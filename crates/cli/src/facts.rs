//! Facts that command lines name beside policy and intent.

use std::path::Path;

use gait_artifact::{
    Timestamp,
    context::{ContextEnvelope, MAX_ENVELOPE_BYTES, VerifiedEnvelope},
    inventory::Inventory,
};
use gait_disk::{
    path,
    read::{ReadError, read_bounded},
};
use gait_gate::facts::InventoryFile;

use crate::error::Failure;

/// The largest inventory that is read, in bytes.
const MAX_INVENTORY_BYTES: usize = 16 << 20;

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
    let given = given.trim();
    if given.is_empty() {
        return Ok(None);
    }
    let path = path::local_or_absolute(Path::new(given))
        .map_err(|_| Failure::invalid_input("context envelope path must be a local filesystem path"))?;
    let bytes = read_bounded(&path, MAX_ENVELOPE_BYTES).map_err(|error| match error {
        ReadError::TooLarge { limit, .. } => {
            Failure::invalid_input(format!("context envelope exceeds size limit ({limit} bytes)"))
        }
        error => Failure::from(error).context("read context envelope"),
    })?;
    ContextEnvelope::read(&bytes)
        .map(Some)
        .map_err(|error| Failure::invalid_input(error).context("parse context envelope"))
}

/// The tool inventory in the file at `given`, with the path as records name it.
pub(crate) fn inventory(given: &str) -> Result<InventoryFile, Failure> {
    let path = path::clean(given);
    let bytes = read_bounded(Path::new(&path), MAX_INVENTORY_BYTES)?;
    let inventory = Inventory::read(&bytes).map_err(Failure::invalid_input)?;
    Ok(InventoryFile { path, inventory })
}
