//! Why an intent request is refused.

use std::fmt;

use gait_canon::json;

use super::field::Field;

/// Why an intent request could not be read, brought into normal form or bound to its context evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    /// The document is not the JSON of an intent request, or larger than any honest one.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// A member holds what it must not, or lacks what it must have.
    #[error("{field} {problem}")]
    Field {
        /// The member, like `targets[0].kind`.
        field: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The intent claims other context evidence than the envelope presented with it.
    #[error("{field} does not match the context envelope")]
    EvidenceConflict {
        /// The claim, `context.context_set_digest` or `context.context_evidence_mode`.
        field: &'static str,
    },
}

impl IntentError {
    pub(super) fn at(field: Field<'_>, problem: Problem) -> Self {
        Self::Field {
            field: field.to_string(),
            problem,
        }
    }

    /// Whether the intent itself is sound and only contradicts its context envelope.
    #[must_use]
    pub const fn is_evidence_conflict(&self) -> bool {
        matches!(self, Self::EvidenceConflict { .. })
    }
}

/// What is wrong with one member of an intent request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is missing or blank.
    Required,
    /// Its text is none of a closed set of words.
    Unknown {
        /// The text.
        value: String,
        /// The words it may be.
        expected: &'static [&'static str],
    },
    /// It must be one fixed text, or absent.
    NotEqual {
        /// That text.
        expected: &'static str,
    },
    /// It is not a SHA-256 in hex.
    NotADigest,
    /// It is below zero.
    Negative,
    /// It holds more or fewer items than it may.
    Length {
        /// The largest number of items; the smallest is 1.
        max: usize,
    },
    /// One of its member names is blank.
    BlankName,
    /// Two of its member names are the same once white space around them is cut.
    RepeatedName(String),
    /// It is nested more deeply than any honest value.
    TooDeep,
    /// It is a number that no IEEE 754 double can hold.
    NumberRange,
    /// It looks like a credential where only a reference or a digest belongs.
    RawCredential,
    /// It holds characters that can't be seen.
    Invisible,
    /// It is written with foreign letters and looks like this plain text.
    LookAlike(String),
    /// It reads `NAME=...`, like an environment variable.
    Assignment,
    /// It must not be earlier than the named time.
    Before(&'static str),
    /// It must be later than the named time.
    NotAfter(&'static str),
    /// It must equal another member.
    Differs {
        /// The other member.
        from: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("is required"),
            Self::Unknown { value, expected } => {
                write!(f, "is {value:?}, which is none of {}", expected.join(", "))
            }
            Self::NotEqual { expected } => write!(f, "must be {expected:?}"),
            Self::NotADigest => f.write_str("must be a SHA-256 digest of 64 hex digits"),
            Self::Negative => f.write_str("must not be negative"),
            Self::Length { max } => write!(f, "must hold 1 to {max} items"),
            Self::BlankName => f.write_str("has a member with a blank name"),
            Self::RepeatedName(name) => write!(f, "has more than one member named {name:?}"),
            Self::TooDeep => f.write_str("is nested too deeply"),
            Self::NumberRange => f.write_str("is a number out of range"),
            Self::RawCredential => {
                f.write_str("looks like a raw credential; pass a reference to it or its digest instead")
            }
            Self::Invisible => f.write_str("holds characters that can't be seen"),
            Self::LookAlike(plain) => write!(
                f,
                "looks like {plain:?} and is not: it is written with other letters"
            ),
            Self::Assignment => f.write_str("reads like an environment assignment, which may carry a secret"),
            Self::Before(other) => write!(f, "must not be before {other}"),
            Self::NotAfter(other) => write!(f, "must be after {other}"),
            Self::Differs { from } => write!(f, "must be the same as {from}"),
        }
    }
}
