//! Reading untrusted bytes: limits first, then text, then the tree or a type.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::de::{Cursor, Mismatch};
use super::error::{Error, ErrorKind, Fault, Position};
use super::parse::{self, Rules};
use super::tape::Tape;
use super::value::Value;
use super::write::{self, Layout};

/// A JSON reader and what it puts up with. The default puts up with nothing.
///
/// Refused unless an option says otherwise: duplicate keys, unpaired surrogate escapes, invalid UTF-8, a byte order mark,
/// nesting beyond 128 levels, more than 64 MiB, and anything but white space after the value.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    max_bytes: usize,
    replace_invalid_text: bool,
    rules: Rules,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

/// A parsed tape costs up to 16 times the bytes of its text; this keeps the worst case near a gibibyte.
const DEFAULT_MAX_BYTES: usize = 64 << 20;
const DEFAULT_MAX_DEPTH: usize = 128;
/// Deeper trees could exhaust the stack when they are turned into Rust values.
const DEEPEST: usize = 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Reader {
    /// The strict reader.
    #[must_use]
    pub const fn new() -> Self {
        let rules = Rules {
            max_depth: DEFAULT_MAX_DEPTH,
            replace_lone_surrogates: false,
            allow_trailing: false,
        };
        Self {
            max_bytes: DEFAULT_MAX_BYTES,
            replace_invalid_text: false,
            rules,
        }
    }

    /// Takes texts of up to `limit` bytes. Memory for a text of small values is about 16 times its length.
    #[must_use]
    pub const fn max_bytes(mut self, limit: usize) -> Self {
        self.max_bytes = limit;
        self
    }

    /// Follows arrays and objects `limit` levels deep, at most 1,024.
    #[must_use]
    pub const fn max_depth(mut self, limit: usize) -> Self {
        self.rules.max_depth = if limit < DEEPEST { limit } else { DEEPEST };
        self
    }

    /// Reads every byte in a string that is not part of valid UTF-8, and every unpaired surrogate escape, as U+FFFD.
    #[must_use]
    pub const fn replace_invalid_text(mut self) -> Self {
        self.replace_invalid_text = true;
        self.rules.replace_lone_surrogates = true;
        self
    }

    /// Ignores whatever follows the first value (which still has to be UTF-8 unless that is replaced).
    #[must_use]
    pub const fn allow_trailing(mut self) -> Self {
        self.rules.allow_trailing = true;
        self
    }

    /// Reads a tree.
    pub fn parse(&self, bytes: &[u8]) -> Result<Value, Error> {
        let text = self.decode(bytes)?;
        Ok(self.tape(&text, bytes)?.into_value())
    }

    /// Reads a typed value.
    ///
    /// Members of structs that are `null` count as absent; integers must be written without fraction and exponent. When
    /// the text is JSON but not of the type, the error names the member's path and its place.
    pub fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Error> {
        let text = self.decode(bytes)?;
        let tape = self.tape(&text, bytes)?;
        T::deserialize(Cursor::at_root(&tape)).map_err(|mismatch| {
            let position = mismatch
                .node
                .map(|node| place(bytes, &text, tape.nodes[node].offset));
            let error = mismatch_error(mismatch);
            match position {
                Some(position) => error.at(position),
                None => error,
            }
        })
    }

    /// Reads a text and writes it in the canonical form of RFC 8785, never building an owned tree.
    pub fn canonicalise(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let text = self.decode(bytes)?;
        let tape = self.tape(&text, bytes)?;
        match write::write(&tape, Layout::CANONICAL, text.len()) {
            Ok(canonical) => Ok(canonical.into_bytes()),
            Err(write::OutOfRange(node)) => {
                let position = place(bytes, &text, tape.nodes[node].offset);
                Err(Error::new(ErrorKind::NumberOutOfRange).at(position))
            }
        }
    }

    fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, str>, Error> {
        if bytes.len() > self.max_bytes {
            return Err(Error::new(ErrorKind::TooLong {
                length: bytes.len(),
                limit: self.max_bytes,
            }));
        }
        if bytes.starts_with(BYTE_ORDER_MARK) {
            return Err(Fault::new(ErrorKind::ByteOrderMark, 0).locate(bytes));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) if self.replace_invalid_text => Ok(Cow::Owned(replace_invalid(bytes))),
            Err(error) => Err(Fault::new(ErrorKind::InvalidUtf8, error.valid_up_to()).locate(bytes)),
        }
    }

    fn tape<'a>(&self, text: &'a str, bytes: &[u8]) -> Result<Tape<'a>, Error> {
        parse::parse(text, self.rules)
            .map_err(|fault| Error::new(fault.kind).at(place(bytes, text, fault.offset)))
    }
}

pub(super) fn mismatch_error(mismatch: Mismatch) -> Error {
    let path = mismatch.path();
    Error::new(ErrorKind::Mismatch(mismatch.message)).in_member(path)
}

/// One U+FFFD for each byte that is not part of valid UTF-8. The parser refuses them outside strings.
fn replace_invalid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// The place in `bytes` of what is `offset` bytes into the decoded `text`.
fn place(bytes: &[u8], text: &str, offset: usize) -> Position {
    if bytes.len() == text.len() {
        return Position::locate(bytes, offset);
    }
    let (mut original, mut decoded) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid().len();
        if decoded + valid >= offset {
            break;
        }
        decoded += valid;
        original += valid;
        for _ in chunk.invalid() {
            if decoded >= offset {
                break;
            }
            decoded += char::REPLACEMENT_CHARACTER.len_utf8();
            original += 1;
        }
    }
    Position::locate(bytes, original + offset.saturating_sub(decoded))
}
