//! From an error to what the caller sees: category, code, hint and exit code, decided from types alone.
//!
//! Library errors turn into a [`Failure`] in `convert` and nowhere else. The text of an error is never searched for
//! words.

mod convert;
mod excerpt;
mod kind;
mod migration;

use std::fmt;

use gait_canon::json::{self, Object, Value};
use serde::Serialize;

pub use excerpt::Excerpt;
pub use kind::{EXIT_OK, ErrorKind, exit_code_of};
pub use migration::Migration;

/// The failed outcome of a command: an error text, its kind, and whatever else the JSON object carries.
#[derive(Clone, Debug)]
pub struct Failure(Box<Details>);

/// What a [`Failure`] says.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) kind: ErrorKind,
    pub(crate) text: String,
    pub(crate) fields: Object,
    pub(crate) lines: Vec<String>,
    pub(crate) hint: Option<String>,
    pub(crate) migration: Option<Migration>,
    pub(crate) excerpt: Option<Excerpt>,
    pub(crate) usage: bool,
    pub(crate) diagnostics: String,
}

impl Failure {
    /// A failure of `kind` that reads as `error` does.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "`map_err` hands errors over by value"
    )]
    pub fn new(kind: ErrorKind, error: impl ToString) -> Self {
        Self(Box::new(Details {
            kind,
            text: error.to_string(),
            fields: Object::new(),
            lines: Vec::new(),
            hint: None,
            migration: None,
            excerpt: None,
            usage: false,
            diagnostics: String::new(),
        }))
    }

    /// Input that cannot be used: exit code 6.
    #[must_use]
    pub fn invalid_input(error: impl ToString) -> Self {
        Self::new(ErrorKind::InvalidInput, error)
    }

    /// A positional argument where the command takes none.
    #[must_use]
    pub fn unexpected_positionals() -> Self {
        Self::invalid_input("unexpected positional arguments")
    }

    /// Puts `context: ` in front of the text.
    #[must_use]
    pub fn context(mut self, context: &str) -> Self {
        self.0.text = format!("{context}: {}", self.0.text);
        self
    }

    /// Adds the members of a serialised struct to the JSON object.
    #[must_use]
    pub fn with<T: Serialize>(mut self, fields: &T) -> Self {
        if let Ok(Value::Object(object)) = json::to_value(fields) {
            for (name, value) in object {
                self.0.fields.insert(name, value);
            }
        }
        self
    }

    /// Adds one member to the JSON object.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.fields.insert(name, value);
        self
    }

    /// Adds a line behind the error line in text mode.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.0.lines.push(line.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says what replaced a retired spelling.
    #[must_use]
    pub fn migration(mut self, migration: Migration) -> Self {
        self.0.migration = Some(migration);
        self
    }

    /// Shows the place in the input on a terminal.
    #[must_use]
    pub fn excerpt(mut self, excerpt: Option<Excerpt>) -> Self {
        self.0.excerpt = excerpt;
        self
    }

    /// Prints usage instead of an error line in text mode.
    #[must_use]
    pub const fn with_usage(mut self) -> Self {
        self.0.usage = true;
        self
    }

    /// Whether text mode prints usage instead of an error line.
    pub(crate) const fn shows_usage(&self) -> bool {
        self.0.usage
    }

    /// Sets what text mode prints on standard error.
    #[must_use]
    pub fn diagnostics(mut self, text: impl Into<String>) -> Self {
        self.0.diagnostics = text.into();
        self
    }

    /// The kind of failure.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Everything it says.
    pub(crate) const fn details(&self) -> &Details {
        &self.0
    }

    /// The JSON object without an envelope: the command's own members and the error.
    pub(crate) fn to_document(&self) -> Object {
        let mut object = self.0.fields.clone();
        object.insert("ok", false);
        object.insert("error", self.0.text.as_str());
        object
    }

    /// The JSON object: the command's own members, then the error and its envelope.
    pub(crate) fn to_object(&self) -> Object {
        let mut object = self.to_document();
        object.insert("error_category", self.0.kind.error_category());
        object.insert("retryable", false);
        if let Some(cause) = self.0.kind.cause() {
            object.insert("cause", cause);
            object.insert("cause_retryable", self.0.kind.cause_retryable());
        }
        let hint = self
            .0
            .hint
            .clone()
            .or_else(|| self.0.migration.as_ref().map(Migration::hint));
        object.insert("hint", hint.as_deref().unwrap_or(self.0.kind.hint()));
        if let Some(migration) = &self.0.migration {
            object.insert("migration", migration.to_json());
        }
        // Some commands have finer codes of their own.
        if object.get("error_code").is_none() {
            object.insert("error_code", self.0.kind.error_code());
        }
        object
    }
}

/// The text of the error alone.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

#[cfg(test)]
mod tests {
    use gait_canon::json::Value;

    use super::*;
    use crate::arguments::ArgumentError;

    #[test]
    fn the_envelope_follows_from_the_exit_code() {
        for (kind, exit, code, category) in [
            (ErrorKind::InvalidInput, 6, "invalid_input", "invalid_input"),
            (
                ErrorKind::VerificationFailed,
                2,
                "verification_failed",
                "verification_failed",
            ),
            (ErrorKind::RegressFailed, 5, "regress_failed", "internal_failure"),
            (
                ErrorKind::UnsafeOperation,
                8,
                "unsafe_operation",
                "internal_failure",
            ),
            (
                ErrorKind::StateContention,
                1,
                "internal_failure",
                "internal_failure",
            ),
        ] {
            assert_eq!(
                (kind.exit_code(), kind.error_code(), kind.error_category()),
                (exit, code, category)
            );
            assert_eq!(ErrorKind::category_of_exit(exit), category);
        }
    }

    #[test]
    fn contention_is_visible_beside_the_envelope() {
        let object = Failure::new(ErrorKind::StateContention, "append lock timeout").to_object();
        assert_eq!(object.get("retryable"), Some(&Value::Bool(false)));
        assert_eq!(
            object.get("cause").and_then(Value::as_str),
            Some("state_contention")
        );
        assert_eq!(object.get("cause_retryable"), Some(&Value::Bool(true)));
    }

    #[test]
    fn a_command_keeps_its_own_error_code() {
        let failure = Failure::new(ErrorKind::VerificationFailed, "expired")
            .field("error_code", "delegation_token_expired");
        let object = failure.to_object();
        assert_eq!(
            object.get("error_code").and_then(Value::as_str),
            Some("delegation_token_expired")
        );
    }

    #[test]
    fn a_text_that_mentions_a_lock_is_no_contention() {
        let failure = Failure::from(ArgumentError::Undefined("lockx".to_owned()));
        assert_eq!(failure.kind().exit_code(), 6);
    }
}
