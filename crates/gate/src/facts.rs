//! Facts that a decision rests on beside policy and intent, and whether they could be had.

use gait_artifact::inventory::Inventory;

use crate::error::GateError;

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
