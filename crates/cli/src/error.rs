//! From an error to what the caller sees: category, code, hint and exit code, decided from types alone.
//!
//! Library errors turn into a [`Failure`] here and nowhere else. The text of an error is never searched for words.

use gait_canon::json::{self, Object, Value};
use serde::Serialize;

use crate::arguments::ArgumentError;

/// What kind of failure an error is. The kind decides everything that is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The arguments, an input file or a setting cannot be used as they are.
    InvalidInput,
    /// An artifact, a signature or a token does not hold.
    VerificationFailed,
    /// Policy says no.
    PolicyBlocked,
    /// Policy asks for an approval that is not there.
    ApprovalRequired,
    /// A regression test failed.
    RegressFailed,
    /// Something outside the program is missing.
    DependencyMissing,
    /// Work with side effects that was not explicitly allowed.
    UnsafeOperation,
    /// The operating system refused to read or write state.
    Io,
    /// Another process holds the state.
    StateContention,
    /// The network failed in a way that may pass.
    NetworkTransient,
    /// The network failed in a way that will not pass.
    NetworkPermanent,
    /// The program, or a process it started, failed.
    Internal,
}

/// The exit code of success.
pub const EXIT_OK: u8 = 0;

impl ErrorKind {
    /// Every kind, by exit code.
    pub const ALL: [Self; 12] = [
        Self::Internal,
        Self::Io,
        Self::StateContention,
        Self::NetworkTransient,
        Self::NetworkPermanent,
        Self::VerificationFailed,
        Self::PolicyBlocked,
        Self::ApprovalRequired,
        Self::RegressFailed,
        Self::InvalidInput,
        Self::DependencyMissing,
        Self::UnsafeOperation,
    ];

    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Internal
            | Self::Io
            | Self::StateContention
            | Self::NetworkTransient
            | Self::NetworkPermanent => 1,
            Self::VerificationFailed => 2,
            Self::PolicyBlocked => 3,
            Self::ApprovalRequired => 4,
            Self::RegressFailed => 5,
            Self::InvalidInput => 6,
            Self::DependencyMissing => 7,
            Self::UnsafeOperation => 8,
        }
    }

    /// `error_code` of JSON errors.
    #[must_use]
    pub const fn error_code(self) -> &'static str {
        match self {
            Self::Internal
            | Self::Io
            | Self::StateContention
            | Self::NetworkTransient
            | Self::NetworkPermanent => "internal_failure",
            Self::VerificationFailed => "verification_failed",
            Self::PolicyBlocked => "policy_blocked",
            Self::ApprovalRequired => "approval_required",
            Self::RegressFailed => "regress_failed",
            Self::InvalidInput => "invalid_input",
            Self::DependencyMissing => "dependency_missing",
            Self::UnsafeOperation => "unsafe_operation",
        }
    }

    /// `error_category` of JSON errors. Callers rely on its following from the exit code, so the finer kinds of exit
    /// code 1 show in [`cause`](Self::cause) instead.
    #[must_use]
    pub const fn error_category(self) -> &'static str {
        match self {
            Self::RegressFailed | Self::UnsafeOperation => "internal_failure",
            _ => self.error_code(),
        }
    }

    /// `cause` of JSON errors: what lies behind `internal_failure`, where that is known.
    #[must_use]
    pub const fn cause(self) -> Option<&'static str> {
        match self {
            Self::Io => Some("io_failure"),
            Self::StateContention => Some("state_contention"),
            Self::NetworkTransient => Some("network_transient"),
            Self::NetworkPermanent => Some("network_permanent"),
            _ => None,
        }
    }

    /// `cause_retryable` of JSON errors: whether the same command may succeed later.
    #[must_use]
    pub const fn cause_retryable(self) -> bool {
        matches!(self, Self::StateContention | Self::NetworkTransient)
    }

    /// What to do about it, unless the error knows better.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::InvalidInput => "compare the arguments with --help, and the input file with its schema",
            Self::VerificationFailed => "check where the artifact comes from, then verify it again",
            Self::PolicyBlocked => "read the reason codes, then change the policy or the intent",
            Self::ApprovalRequired => "get an approval for this intent and pass its token",
            Self::DependencyMissing => "install or configure what is missing",
            Self::UnsafeOperation => {
                "pass the flags that allow side effects only for a replay someone approved"
            }
            Self::StateContention => "another process holds the state; try again when it is done",
            Self::NetworkTransient => "try again later",
            Self::RegressFailed | Self::Io | Self::NetworkPermanent | Self::Internal => {
                "look at the environment and the logs, then try again"
            }
        }
    }

    /// The category that the exit code of a finished command stands for, in telemetry.
    #[must_use]
    pub const fn category_of_exit(exit: u8) -> &'static str {
        match exit {
            0 => "none",
            2 => Self::VerificationFailed.error_category(),
            3 => Self::PolicyBlocked.error_category(),
            4 => Self::ApprovalRequired.error_category(),
            6 => Self::InvalidInput.error_category(),
            7 => Self::DependencyMissing.error_category(),
            _ => Self::Internal.error_category(),
        }
    }
}

/// Advice for something that was renamed: `migration` of JSON errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Migration {
    /// A retired spelling of a command.
    Command {
        /// The retired spelling.
        deprecated: &'static str,
        /// What replaced it.
        replacement: &'static str,
    },
    /// A retired spelling of a flag.
    Flag {
        /// The retired spelling.
        deprecated: &'static str,
        /// What replaced it.
        replacement: &'static str,
    },
    /// Retired keys of a policy document.
    PolicyFields(Vec<PolicyFieldMigration>),
}

/// What became of one retired key of a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFieldMigration {
    /// The retired key.
    pub field: &'static str,
    /// The keys that took its place.
    pub replacements: &'static [&'static str],
    /// How to carry its meaning over.
    pub note: &'static str,
}

impl Migration {
    fn to_json(&self) -> Value {
        let texts =
            |items: &[&str]| Value::from(items.iter().map(|item| Value::from(*item)).collect::<Vec<_>>());
        let mut object = Object::new();
        match self {
            Self::Command {
                deprecated,
                replacement,
            } => {
                object.insert("kind".to_owned(), "command".into());
                object.insert("deprecated_command".to_owned(), (*deprecated).into());
                object.insert("replacement_command".to_owned(), (*replacement).into());
            }
            Self::Flag {
                deprecated,
                replacement,
            } => {
                object.insert("kind".to_owned(), "flag".into());
                object.insert("deprecated_flag".to_owned(), (*deprecated).into());
                object.insert("replacement_flag".to_owned(), (*replacement).into());
            }
            Self::PolicyFields(fields) => {
                let names: Vec<_> = fields.iter().map(|field| field.field).collect();
                let replacements = fields.iter().map(|field| {
                    let mut entry = Object::new();
                    entry.insert("field".to_owned(), field.field.into());
                    if !field.replacements.is_empty() {
                        entry.insert("replacement_fields".to_owned(), texts(field.replacements));
                    }
                    entry.insert("note".to_owned(), field.note.into());
                    Value::from(entry)
                });
                object.insert("kind".to_owned(), "policy_fields".into());
                object.insert("deprecated_fields".to_owned(), texts(&names));
                object.insert(
                    "field_replacements".to_owned(),
                    replacements.collect::<Vec<_>>().into(),
                );
            }
        }
        object.into()
    }

    fn hint(&self) -> String {
        match self {
            Self::Command { replacement, .. } | Self::Flag { replacement, .. } => {
                format!("use `{replacement}` instead")
            }
            Self::PolicyFields(_) => {
                "rewrite the retired keys as `migration.field_replacements` says".to_owned()
            }
        }
    }
}

/// A place in a text the user wrote, shown under the error on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The file's name as the user gave it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The text of the line.
    pub text: String,
}

impl Excerpt {
    /// The place at `line` and `column` (both counted from 1) of `source`; none when there is no such line.
    #[must_use]
    pub fn of(file: &str, source: &[u8], line: usize, column: usize) -> Option<Self> {
        let bytes = source.split(|byte| *byte == b'\n').nth(line.checked_sub(1)?)?;
        let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
        Some(Self {
            file: file.to_owned(),
            line,
            column: column.max(1),
            text,
        })
    }
}

/// The failed outcome of a command: an error text, its kind, and whatever else the JSON object carries.
#[derive(Clone, Debug)]
pub struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) text: String,
    pub(crate) fields: Object,
    pub(crate) lines: Vec<String>,
    pub(crate) hint: Option<String>,
    pub(crate) migration: Option<Migration>,
    pub(crate) excerpt: Option<Box<Excerpt>>,
    pub(crate) usage: bool,
}

impl Failure {
    /// A failure of `kind` that reads as `error` does.
    #[must_use]
    pub fn new(kind: ErrorKind, error: impl ToString) -> Self {
        Self {
            kind,
            text: error.to_string(),
            fields: Object::new(),
            lines: Vec::new(),
            hint: None,
            migration: None,
            excerpt: None,
            usage: false,
        }
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
        self.text = format!("{context}: {}", self.text);
        self
    }

    /// Adds the members of a serialised struct to the JSON object.
    #[must_use]
    pub fn with<T: Serialize>(mut self, fields: &T) -> Self {
        if let Ok(Value::Object(object)) = json::to_value(fields) {
            for (name, value) in object {
                self.fields.insert(name, value);
            }
        }
        self
    }

    /// Adds one member to the JSON object.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a line behind the error line in text mode.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what replaced a retired spelling.
    #[must_use]
    pub fn migration(mut self, migration: Migration) -> Self {
        self.migration = Some(migration);
        self
    }

    /// Shows the place in the input on a terminal.
    #[must_use]
    pub fn excerpt(mut self, excerpt: Option<Excerpt>) -> Self {
        self.excerpt = excerpt.map(Box::new);
        self
    }

    /// Prints usage instead of an error line in text mode.
    #[must_use]
    pub const fn with_usage(mut self) -> Self {
        self.usage = true;
        self
    }

    /// The kind of failure.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The JSON object: the command's own members, then the error and its envelope.
    pub(crate) fn to_object(&self) -> Object {
        let mut object = self.fields.clone();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("ok", false.into());
        put("error", self.text.as_str().into());
        put("error_category", self.kind.error_category().into());
        put("retryable", false.into());
        if let Some(cause) = self.kind.cause() {
            put("cause", cause.into());
            put("cause_retryable", self.kind.cause_retryable().into());
        }
        let hint = self
            .hint
            .clone()
            .or_else(|| self.migration.as_ref().map(Migration::hint));
        put("hint", hint.as_deref().unwrap_or(self.kind.hint()).into());
        if let Some(migration) = &self.migration {
            put("migration", migration.to_json());
        }
        // Some commands have finer codes of their own.
        if object.get("error_code").is_none() {
            object.insert("error_code".to_owned(), self.kind.error_code().into());
        }
        object
    }
}

impl From<ArgumentError> for Failure {
    fn from(error: ArgumentError) -> Self {
        Self::invalid_input(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn excerpts_know_their_line() {
        let excerpt = Excerpt::of("p.yaml", b"a: 1\r\nb: 2\n", 1, 4).unwrap();
        assert_eq!((excerpt.text.as_str(), excerpt.column), ("a: 1", 4));
        assert_eq!(Excerpt::of("p.yaml", b"a", 3, 1), None);
        assert_eq!(Excerpt::of("p.yaml", b"a", 0, 1), None);
    }
}
