//! Facts that a decision rests on beside policy and intent, and whether they could be had.

use std::path::Path;

use gait_artifact::{
    context::{ContextEnvelope, EnvelopeError, MAX_ENVELOPE_BYTES, VerifiedEnvelope},
    inventory::{Inventory, InventoryError},
};
use gait_disk::{
    path,
    read::{ReadError, read_bounded},
};

use crate::error::GateError;

/// The largest inventory that is read, in bytes.
const MAX_INVENTORY_BYTES: usize = 16 << 20;

/// A fact that a deployment may configure.
///
/// Whether a fact that can't be had stops a call depends on the call's risk, so loading it must not fail by itself.
#[derive(Debug, Clone, Default)]
pub enum Fact<T> {
    /// The deployment doesn't use it.
    #[default]
    NotConfigured,
    /// Here it is.
    Known(T),
    /// It is configured and can't be had, for this reason.
    Unavailable(String),
}

impl<T> Fact<T> {
    /// What came of loading a configured fact.
    pub fn loaded<E: std::fmt::Display>(result: Result<T, E>) -> Self {
        match result {
            Ok(fact) => Self::Known(fact),
            Err(error) => Self::Unavailable(error.to_string()),
        }
    }

    /// The fact, when it is configured; an error when it can't be had, for those who can't do without.
    pub(crate) fn required(&self) -> Result<Option<&T>, GateError> {
        match self {
            Self::NotConfigured => Ok(None),
            Self::Known(fact) => Ok(Some(fact)),
            Self::Unavailable(reason) => Err(GateError::UnusableFact(reason.clone())),
        }
    }

    /// The fact, when it is there.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::NotConfigured | Self::Unavailable(_) => None,
        }
    }
}

/// A tool inventory and the file it was read from.
#[derive(Debug, Clone)]
pub struct InventoryFile {
    /// The cleaned path, as records name it.
    pub path: String,
    /// Its content.
    pub inventory: Inventory,
}

/// Why a file of facts can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FactFileError {
    /// The envelope would be outside of the working directory.
    #[error("context envelope path must be a local filesystem path")]
    EnvelopePath,
    /// The envelope is larger than any is.
    #[error("context envelope exceeds size limit ({0} bytes)")]
    EnvelopeTooLarge(usize),
    /// The envelope can't be read.
    #[error("read context envelope: {0}")]
    ReadEnvelope(#[source] ReadError),
    /// The envelope is malformed or was tampered with.
    #[error("parse context envelope: {0}")]
    Envelope(#[source] EnvelopeError),
    /// The inventory can't be read.
    #[error(transparent)]
    ReadInventory(#[from] ReadError),
    /// The inventory is malformed.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
}

/// The verified envelope in the file at `given`: an absolute path, or one below the working directory.
pub fn read_envelope(given: &str) -> Result<VerifiedEnvelope, FactFileError> {
    let path = path::local_or_absolute(Path::new(given.trim())).map_err(|_| FactFileError::EnvelopePath)?;
    let bytes = read_bounded(&path, MAX_ENVELOPE_BYTES).map_err(|error| match error {
        ReadError::TooLarge { limit, .. } => FactFileError::EnvelopeTooLarge(limit),
        error => FactFileError::ReadEnvelope(error),
    })?;
    ContextEnvelope::read(&bytes).map_err(FactFileError::Envelope)
}

/// The tool inventory in the file at `given`, with the path as records name it.
pub fn read_inventory(given: &str) -> Result<InventoryFile, FactFileError> {
    let path = path::clean(given);
    let bytes = read_bounded(Path::new(&path), MAX_INVENTORY_BYTES)?;
    let inventory = Inventory::read(&bytes)?;
    Ok(InventoryFile { path, inventory })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_that_cannot_be_had_is_not_one_that_nobody_wants() {
        let unavailable = Fact::<u8>::loaded(Err("gone"));
        assert_eq!(unavailable.required().unwrap_err().to_string(), "gone");
        assert_eq!(unavailable.known(), None);
        assert!(matches!(Fact::<u8>::NotConfigured.required(), Ok(None)));
        assert!(matches!(Fact::loaded::<&str>(Ok(1)).required(), Ok(Some(1))));
    }
}
