//! What a command hands back: one value that becomes text or one line of JSON.

use gait_canon::json::{self, Object, Value};
use serde::Serialize;

use crate::error::{EXIT_OK, Failure};

/// A report, or a failure with an error text.
pub type CommandResult = Result<Report, Failure>;

/// The outcome of a command that got as far as having a result. That result may still be bad news, such as a verdict
/// that blocks: then the exit code says so and there is no error text.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) body: Body,
    pub(crate) exit: u8,
    pub(crate) exit_unheard: Option<u8>,
    pub(crate) diagnostics: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Members of the JSON object, and the lines of text mode. No object: it could not be encoded.
    Result {
        fields: Option<Object>,
        lines: Vec<String>,
    },
    /// Printed as it is, with or without `--json`.
    Verbatim(String),
}

impl Report {
    /// A successful result: `output` is a struct whose members become the JSON object.
    #[must_use]
    pub fn new<T: Serialize>(output: &T) -> Self {
        let fields = match json::to_value(output) {
            Ok(Value::Object(object)) => Some(object),
            _ => None,
        };
        Self {
            body: Body::Result {
                fields,
                lines: Vec::new(),
            },
            exit: EXIT_OK,
            exit_unheard: None,
            diagnostics: String::new(),
        }
    }

    /// A document that is printed on one line, its members in order, with or without `--json`.
    #[must_use]
    pub fn document<T: Serialize>(document: &T) -> Self {
        match json::line(document) {
            Ok(line) => Self::verbatim(line + "\n"),
            Err(_) => Self::new(document),
        }
    }

    /// A text that is printed as it is, with or without `--json`, such as usage.
    #[must_use]
    pub fn verbatim(text: impl Into<String>) -> Self {
        Self {
            body: Body::Verbatim(text.into()),
            exit: EXIT_OK,
            exit_unheard: None,
            diagnostics: String::new(),
        }
    }

    /// Adds one member to the JSON object.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Body::Result {
            fields: Some(fields), ..
        } = &mut self.body
        {
            fields.insert(name, value);
        }
        self
    }

    /// Adds a line of text mode.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        if let Body::Result { lines, .. } = &mut self.body {
            lines.push(line.into());
        }
        self
    }

    /// Adds lines of text mode.
    #[must_use]
    pub fn lines<S: Into<String>>(mut self, more: impl IntoIterator<Item = S>) -> Self {
        if let Body::Result { lines, .. } = &mut self.body {
            lines.extend(more.into_iter().map(Into::into));
        }
        self
    }

    /// Sets what text mode prints on standard error.
    #[must_use]
    pub fn diagnostics(mut self, text: impl Into<String>) -> Self {
        self.diagnostics = text.into();
        self
    }

    /// Sets the exit code for when the result could not be printed, for callers that take silence for consent.
    #[must_use]
    pub const fn exit_unheard(mut self, code: u8) -> Self {
        self.exit_unheard = Some(code);
        self
    }

    /// Sets the exit code of a result that is bad news.
    #[must_use]
    pub const fn exit(mut self, code: u8) -> Self {
        self.exit = code;
        self
    }
}
