//! What can be wrong with a JSON text, and where.

use std::fmt;

/// A place in a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Bytes before the place, from 0.
    pub offset: usize,
    /// Line, from 1; lines end at a line feed.
    pub line: usize,
    /// Column, from 1, counted in characters (a byte that is not UTF-8 counts as one).
    pub column: usize,
}

impl Position {
    /// The place `offset` bytes into `text`.
    pub(super) fn locate(text: &[u8], offset: usize) -> Self {
        let offset = offset.min(text.len());
        let before = text.get(..offset).unwrap_or(text);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |feed| feed + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = before[line_start..]
            .utf8_chunks()
            .map(|chunk| characters(&chunk))
            .sum::<usize>()
            + 1;
        Self { offset, line, column }
    }
}

fn characters(chunk: &std::str::Utf8Chunk<'_>) -> usize {
    chunk.valid().chars().count() + chunk.invalid().len()
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The reason a JSON text, or a value to be written as JSON, was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text has more bytes than the reader takes.
    #[error("text of {length} bytes is longer than the limit of {limit} bytes")]
    TooLong {
        /// Bytes in the text.
        length: usize,
        /// Bytes the reader takes.
        limit: usize,
    },
    /// Arrays and objects are nested deeper than the reader follows.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// Levels the reader follows.
        limit: usize,
    },
    /// The text holds more values than the reader takes.
    #[error("more than {limit} values")]
    TooManyValues {
        /// Values the reader takes, keys included.
        limit: usize,
    },
    /// The text starts with a byte order mark (RFC 8259 section 8.1).
    #[error("starts with a byte order mark")]
    ByteOrderMark,
    /// A byte sequence is not UTF-8.
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// The text ends within a value, or holds none.
    #[error("unexpected end, expected {expected}")]
    UnexpectedEnd {
        /// What should have followed.
        expected: &'static str,
    },
    /// A character stands where the grammar has no place for it.
    #[error("unexpected {found:?}, expected {expected}")]
    UnexpectedCharacter {
        /// The character.
        found: char,
        /// What should have stood there.
        expected: &'static str,
    },
    /// A string holds a raw control character below U+0020.
    #[error("control character U+{:04X} in a string must be escaped", u32::from(*.0))]
    ControlCharacter(char),
    /// A backslash is followed by something JSON does not define.
    #[error("invalid escape in a string")]
    InvalidEscape,
    /// A `\u` escape names half of a surrogate pair and the other half is missing.
    #[error("unpaired surrogate escape in a string")]
    LoneSurrogate,
    /// An object names a member twice.
    #[error("duplicate key {0:?}")]
    DuplicateKey(String),
    /// Something other than white space follows the value.
    #[error("unexpected bytes after the value")]
    TrailingBytes,
    /// A number lies outside the range of an IEEE 754 double, so RFC 8785 has no form for it.
    #[error("number out of range")]
    NumberOutOfRange,
    /// The value is well-formed JSON but not of the wanted type.
    #[error("{0}")]
    Mismatch(String),
    /// A Rust value has no JSON form.
    #[error("no JSON form: {0}")]
    Unrepresentable(String),
}

/// A refused JSON text or value: the reason and, where known, the path to the member and its place in the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    // Boxed so that the `Ok` path of every function here stays small.
    detail: Box<Detail>,
}

#[derive(Clone, PartialEq, Eq)]
struct Detail {
    kind: ErrorKind,
    path: Option<String>,
    position: Option<Position>,
}

impl Error {
    pub(super) fn new(kind: ErrorKind) -> Self {
        Self {
            detail: Box::new(Detail {
                kind,
                path: None,
                position: None,
            }),
        }
    }

    pub(super) fn at(mut self, position: Position) -> Self {
        self.detail.position = Some(position);
        self
    }

    pub(super) fn in_member(mut self, path: String) -> Self {
        self.detail.path = (!path.is_empty()).then_some(path);
        self
    }

    /// The reason, without path and position.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.detail.kind
    }

    /// The path to the offending member, such as `targets[0].kind`, when a typed read failed below the top level.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.detail.path.as_deref()
    }

    /// The place in the text, when the value came from one.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.detail.position
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = self.path() {
            write!(f, "{path}: ")?;
        }
        write!(f, "{}", self.detail.kind)?;
        match self.detail.position {
            Some(position) => write!(f, " at {position}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "json::Error({self})")
    }
}

impl std::error::Error for Error {}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(ErrorKind::Unrepresentable(message.to_string()))
    }
}

/// A fault found while reading, by its byte offset; it becomes an [`Error`] once the text is at hand to count lines.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: ErrorKind,
    pub(super) offset: usize,
}

impl Fault {
    pub(super) fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    pub(super) fn locate(self, text: &[u8]) -> Error {
        Error::new(self.kind).at(Position::locate(text, self.offset))
    }
}
