//! What can be wrong with a document, and where.

use std::fmt;

/// A place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Span {
    /// The place of a byte offset. Offsets beyond the end mean the end.
    #[must_use]
    pub fn of_offset(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let (mut line, mut start) = (1, 0);
        for (index, byte) in before.iter().enumerate() {
            let is_break =
                *byte == b'\n' || (*byte == b'\r' && text.as_bytes().get(index + 1) != Some(&b'\n'));
            if is_break {
                line += 1;
                start = index + 1;
            }
        }
        // Counting the bytes that begin a character cannot split one.
        let column = before[start..]
            .iter()
            .filter(|byte| (**byte & 0xC0) != 0x80)
            .count()
            + 1;
        Self { line, column }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A value in a document: its place in the text and the keys that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Keys and positions from the root, such as `rules[3].match.tool_names`; empty for the root.
    pub path: String,
    /// Where the value begins.
    pub span: Span,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            self.span.fmt(f)
        } else {
            write!(f, "{} ({})", self.path, self.span)
        }
    }
}

/// Lengthens a path by the key of a mapping.
pub(super) fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// Lengthens a path by the position in a list.
pub(super) fn push_index(path: &mut String, index: usize) {
    path.extend(["[", &index.to_string(), "]"]);
}

/// A document that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {problem}")]
pub struct Error {
    /// Where.
    pub location: Location,
    /// What.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is too large.
    #[error("the document has {bytes} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Size of the text.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The text begins with a byte order mark.
    #[error("a byte order mark is not part of any key; save the file without it")]
    ByteOrderMark,
    /// The text holds a NUL character.
    #[error("a NUL character is not allowed")]
    Nul,
    /// Collections are nested too deeply.
    #[error("collections are nested more than {MAX} levels deep", MAX = super::MAX_DEPTH)]
    TooDeep,
    /// There are too many values.
    #[error("the document holds more than {MAX} values", MAX = super::MAX_VALUES)]
    TooManyValues,
    /// Aliases blow the document up.
    #[error("aliases enlarge the document by more than {MAX} bytes", MAX = super::MAX_ALIAS_BYTES)]
    AliasExpansion,
    /// The text breaks the grammar.
    #[error("{0}")]
    Syntax(&'static str),
    /// A second document.
    #[error("a second document; only one is read")]
    SecondDocument,
    /// An alias without a finished anchor.
    #[error("no finished value is anchored as {0:?}")]
    UnknownAnchor(String),
    /// A key that is not text.
    #[error("the key {0} is not text; put it in quotes if it is meant so")]
    KeyNotText(String),
    /// A key that is there twice.
    #[error("the key {key:?} is already given at {first}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Its first place.
        first: Span,
    },
    /// A merge key without one mapping.
    #[error("`<<` merges one mapping, found {found}")]
    MergeValue {
        /// What is there instead.
        found: &'static str,
    },
    /// A key that means nothing.
    #[error("unknown key; {}", nearest.map_or_else(|| format!("known are {}", known.join(", ")), |near| format!("did you mean {near}?")))]
    UnknownKey {
        /// The key that was meant, if it looks like a misspelling.
        nearest: Option<&'static str>,
        /// The keys that may stand there.
        known: &'static [&'static str],
    },
    /// A value of the wrong type.
    #[error("{wanted} is wanted, found {found}")]
    Type {
        /// What is wanted.
        wanted: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A number with a fraction where none makes sense.
    #[error("an integer is wanted, found the fractional number {0}")]
    Fraction(String),
    /// A number that is too large.
    #[error("{0} does not fit a 64-bit integer")]
    IntegerRange(String),
}
