//! What a typed read reports, and the path to it.

use std::fmt::{self, Write};

use serde::de::Unexpected;

use crate::json::error::{Error, ErrorKind};

/// Why a value on the tape is not of the wanted type.
#[derive(Debug)]
pub(in crate::json) struct Mismatch {
    pub(in crate::json) message: String,
    /// Index of the innermost value the message is about.
    pub(in crate::json) node: Option<usize>,
    /// Steps to it, innermost first.
    steps: Vec<Step>,
}

#[derive(Debug)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Mismatch {
    pub(super) fn at(mut self, node: usize) -> Self {
        self.node.get_or_insert(node);
        self
    }

    pub(super) fn within(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The steps as text, such as `targets[0].kind`; empty at the top level.
    fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                // Writing to a String cannot fail.
                Step::Index(index) => _ = write!(path, "[{index}]"),
            }
        }
        path
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mismatch {}

impl From<Mismatch> for Error {
    fn from(mismatch: Mismatch) -> Self {
        let path = mismatch.path();
        Self::new(ErrorKind::Mismatch(mismatch.message)).in_member(path)
    }
}

impl serde::de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            node: None,
            steps: Vec::new(),
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::custom(format_args!(
            "invalid type: {}, expected {expected}",
            JsonName(unexpected)
        ))
    }
}

/// JSON's own word for what was found, where serde has Rust's.
struct JsonName<'a>(Unexpected<'a>);

impl fmt::Display for JsonName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Unit | Unexpected::Option => f.write_str("null"),
            Unexpected::Seq => f.write_str("array"),
            Unexpected::Map | Unexpected::StructVariant => f.write_str("object"),
            Unexpected::Float(value) => write!(f, "number `{value}`"),
            ref other => other.fmt(f),
        }
    }
}
