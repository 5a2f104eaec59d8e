//! Why settings can't be understood or changed.

use gait_canon::json;

/// Why a text was left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// It is no TOML.
    #[error("not TOML at line {line}: {message}")]
    Toml {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A value has a form that nobody documents.
    #[error("{place} at line {line} {problem}")]
    Form {
        /// The value, as a JSON pointer (RFC 6901).
        place: String,
        /// Its line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A value names a variable that has no value.
    #[error("{place} at line {line} needs the variable {variable}")]
    Variable {
        /// The value, as a JSON pointer (RFC 6901).
        place: String,
        /// Its line, from 1.
        line: usize,
        /// The variable.
        variable: String,
    },
    /// No server has this name.
    #[error("there is no server {0:?}")]
    NoServer(String),
    /// The changed text would not say what it should. It is not used.
    #[error("{0} cannot be changed without changing something else")]
    Unsound(String),
}

/// The line of the byte at `offset`, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.split(|byte| *byte == b'\n').count()
}

/// Another segment of a JSON pointer.
pub(crate) fn below(place: &str, segment: &str) -> String {
    format!("{place}/{}", segment.replace('~', "~0").replace('/', "~1"))
}
