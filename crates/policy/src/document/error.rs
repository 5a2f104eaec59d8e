//! Why a policy cannot be read.

use std::fmt;

use super::legacy::LegacyFields;
use crate::yaml::{self, Location, Span};

/// A policy that cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// The text is not YAML, or its keys or types are not those of a policy.
    #[error("parse policy yaml: {0}")]
    Document(#[from] yaml::Error),
    /// The policy is written in an older form.
    #[error("parse policy yaml: {0}")]
    Legacy(#[from] LegacyFields),
    /// A setting has a value it cannot have.
    #[error("invalid policy: {0}")]
    Setting(#[from] InvalidSetting),
}

impl PolicyError {
    fn location(&self) -> &Location {
        match self {
            Self::Document(error) => &error.location,
            Self::Legacy(error) => &error.location,
            Self::Setting(error) => &error.location,
        }
    }

    /// Where in the text the error is.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        Some(self.location().span)
    }

    /// Which setting is wrong, such as `rules[3].match.tool_names`; empty for the document as a whole.
    #[must_use]
    pub fn key_path(&self) -> &str {
        &self.location().path
    }

    /// The fields of the older form, when that is the error.
    #[must_use]
    pub fn legacy_fields(&self) -> Option<&LegacyFields> {
        match self {
            Self::Legacy(fields) => Some(fields),
            Self::Document(_) | Self::Setting(_) => None,
        }
    }
}

/// A setting with a value it cannot have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct InvalidSetting {
    /// Where.
    pub location: Location,
    /// Name of the rule, when the setting belongs to one that has a name.
    pub rule: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.fault)?;
        match &self.rule {
            Some(rule) => write!(f, " (rule {rule:?})"),
            None => Ok(()),
        }
    }
}

/// What can be wrong with a setting.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// It must be given.
    #[error("is required")]
    Required,
    /// Its value is not in the closed set.
    #[error("{value:?} is not supported; use {}", one_of(expected))]
    Unsupported {
        /// The value.
        value: String,
        /// The values that are.
        expected: Vec<&'static str>,
    },
    /// It and its alias say different things.
    #[error("contradicts {other}, which says {other_value:?}")]
    Conflict {
        /// The other key.
        other: &'static str,
        /// The other key's value.
        other_value: String,
    },
    /// It must not be below zero.
    #[error("must be 0 or more, found {0}")]
    Negative(i64),
    /// It must be above zero.
    #[error("must be more than 0")]
    NotPositive,
    /// It must be between 0 and 1.
    #[error("must be between 0 and 1, found {0}")]
    NotARatio(f64),
    /// It must be a SHA-256 digest.
    #[error("must be 64 hexadecimal digits")]
    NotADigest,
    /// It must be a duration.
    #[error("{0:?} is not a duration; write it like 90m or 24h")]
    NotADuration(String),
    /// It must be a path.
    #[error("{0:?} assigns an environment variable; a path is wanted")]
    Assignment(String),
}

fn one_of(expected: &[&'static str]) -> String {
    match expected {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
