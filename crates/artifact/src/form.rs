//! What keeps a signed document from having a normal form.

use crate::{text, time::Timestamp};

/// The first thing found wrong with a token or a registry entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The document is of another kind.
    #[error("unsupported schema_id: {0}")]
    SchemaId(String),
    /// The document is of another version.
    #[error("unsupported schema_version: {0}")]
    SchemaVersion(String),
    /// A member has nothing in it.
    #[error("{0} is required")]
    Missing(&'static str),
    /// Both parties of a delegation must be named.
    #[error("delegator and delegate identities are required")]
    Identities,
    /// A member is no SHA-256 digest.
    #[error("{0} must be sha256 hex")]
    NotDigest(&'static str),
    /// A member is given and no SHA-256 digest.
    #[error("{0} must be sha256 hex when set")]
    NotOptionalDigest(&'static str),
    /// A bound below zero.
    #[error("{0} must be >= 0")]
    Negative(&'static str),
    /// The document was never valid.
    #[error("expires_at must be after created_at")]
    Lifetime,
}

/// Fills a blank `schema_id` or `schema_version`; anything else but `expected` is an error.
pub(crate) fn fill_or_match(
    given: &mut String,
    expected: &str,
    error: fn(String) -> FormError,
) -> Result<(), FormError> {
    if text::is_blank(given) {
        expected.clone_into(given);
    }
    if given == expected {
        Ok(())
    } else {
        Err(error(given.clone()))
    }
}

/// Refuses times that were never set.
pub(crate) fn require_times(created_at: Timestamp, expires_at: Timestamp) -> Result<(), FormError> {
    for (time, member) in [(created_at, "created_at"), (expires_at, "expires_at")] {
        if time.is_zero() {
            return Err(FormError::Missing(member));
        }
    }
    Ok(())
}

/// Trims `given`, which must have something in it.
pub(crate) fn require_text(given: &mut String, member: &'static str) -> Result<(), FormError> {
    text::trim_in_place(given);
    if given.is_empty() {
        Err(FormError::Missing(member))
    } else {
        Ok(())
    }
}

/// Brings a list into its normal form: trimmed, lower case, sorted, unique, and not empty.
pub(crate) fn require_list(given: &mut Vec<String>, member: &'static str) -> Result<(), FormError> {
    text::list_lower_in_place(given);
    if given.is_empty() {
        Err(FormError::Missing(member))
    } else {
        Ok(())
    }
}

/// Lower-cases `given`, which must be a SHA-256 digest.
pub(crate) fn require_digest(given: &mut String, member: &'static str) -> Result<(), FormError> {
    text::trim_lower_in_place(given);
    if text::is_hex64(given) {
        Ok(())
    } else {
        Err(FormError::NotDigest(member))
    }
}

/// Lower-cases `given`, which must be blank or a SHA-256 digest.
pub(crate) fn optional_digest(given: &mut String, member: &'static str) -> Result<(), FormError> {
    text::trim_lower_in_place(given);
    if given.is_empty() || text::is_hex64(given) {
        Ok(())
    } else {
        Err(FormError::NotOptionalDigest(member))
    }
}
