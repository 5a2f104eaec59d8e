//! What keeps a voice artifact from having a normal form.

use crate::{form::FormError, text};

/// The first thing found wrong with a commitment, a token or a record of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VoiceError {
    /// What any signed document can lack.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A text is none of a closed set of words.
    #[error("unsupported {member}: {value:?} (expected {})", expected.join(", "))]
    UnknownWord {
        /// The member.
        member: &'static str,
        /// The text.
        value: String,
        /// The words it may be.
        expected: &'static [&'static str],
    },
    /// A number is too small.
    #[error("{member} must be >= {minimum}")]
    TooSmall {
        /// The member.
        member: &'static str,
        /// The least it may be.
        minimum: i64,
    },
    /// A number is so large that canonical JSON (RFC 8785) writes its neighbours alike, and a digest can't tell them apart.
    #[error("{0} must be <= {MAX_INTEGER}")]
    TooLarge(&'static str),
    /// A range of prices that holds none.
    #[error("quote_max_cents must be >= quote_min_cents")]
    EmptyRange,
    /// A row of a record belongs to another call.
    #[error("call_id is {0:?}, which is another call")]
    ForeignCall(String),
    /// A row of a record has no normal form.
    #[error("{list}[{index}]: {source}")]
    Row {
        /// The list it stands in.
        list: &'static str,
        /// Its position there, from 0.
        index: usize,
        /// What is wrong with it.
        source: Box<Self>,
    },
}

/// The largest integer that a double tells apart from the next one.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Refuses numbers below `minimum`, and those that no digest covers exactly.
pub(super) fn in_range(minimum: i64, given: i64, member: &'static str) -> Result<(), VoiceError> {
    if given < minimum {
        Err(VoiceError::TooSmall { member, minimum })
    } else if given > MAX_INTEGER {
        Err(VoiceError::TooLarge(member))
    } else {
        Ok(())
    }
}

/// Trims and lower-cases `given`, which must be one of `expected`.
pub(super) fn require_word(
    given: &mut String,
    member: &'static str,
    expected: &'static [&'static str],
) -> Result<(), VoiceError> {
    text::trim_lower_in_place(given);
    if expected.contains(&given.as_str()) {
        Ok(())
    } else {
        Err(VoiceError::UnknownWord {
            member,
            value: given.clone(),
            expected,
        })
    }
}
