//! JSON: one strict reader and a writer for every form the artifacts need.
//!
//! Reading is all or nothing: a text that two readers could understand differently (duplicate keys, unpaired surrogates,
//! bytes that are not UTF-8) is refused with line and column, because what is digested and signed must mean one thing.
//! Numbers stay as written until they are canonicalised.
//!
//! Writing knows four forms: canonical (RFC 8785) for digests, one line with sorted keys, one line in order, and indented.
//! Typed values are written as they are visited, without a tree in between.

mod de;
mod document;
mod error;
mod layout;
mod number;
mod object;
mod parse;
mod reader;
mod scan;
mod ser;
mod tape;
mod text;
mod typed;
mod value;
mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::document::{Document, Edits, Kind, Part};
pub use self::error::{Error, ErrorKind, Position};
pub use self::number::Number;
pub use self::object::Object;
pub use self::reader::Reader;
pub use self::value::Value;

use self::layout::Layout;
use self::ser::TextSerializer;
use self::tape::Tape;
use crate::{Digest, Hasher};

/// Reads a tree with the strict [`Reader`].
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    Reader::new().parse(bytes)
}

/// Reads a typed value with the strict [`Reader`].
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    Reader::new().read(bytes)
}

/// Turns a tree into a typed value, by the rules of [`Reader::read`]; the error has a path but no place.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    T::deserialize(de::Cursor::at_root(&Tape::of_value(value))).map_err(Error::from)
}

/// Turns a typed value into a tree. Doubles that are not finite, raw bytes, keys that are not text, and objects that name
/// a member twice have no JSON form.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    value.serialize(ser::ValueSerializer)
}

/// Whether a member has the value it has when it is left out: for `skip_serializing_if`, where documents omit zeros.
#[must_use]
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The canonical form of RFC 8785 of a typed value or of a tree.
///
/// Fails on what has no JSON form (see [`to_value`]) and on numbers beyond the range of doubles.
pub fn canonical_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    canonical_counted(value).map(|(canonical, _)| canonical)
}

/// As [`canonical_bytes`], and how many JSON values the text holds, every key counted as one: what
/// [`Reader::max_values`] limits.
pub fn canonical_counted<T: Serialize + ?Sized>(value: &T) -> Result<(Vec<u8>, usize), Error> {
    let written = TextSerializer::write(value, Layout::CANONICAL)?;
    let values = written.values();
    Ok((written.into_string().into_bytes(), values))
}

/// The digest of [`canonical_bytes`], without putting them together.
pub(crate) fn canonical_digest<T: Serialize + ?Sized>(value: &T) -> Result<Digest, Error> {
    let mut hasher = Hasher::new();
    TextSerializer::write(value, Layout::CANONICAL)?.into_pieces(|piece| hasher.update(piece.as_bytes()));
    Ok(hasher.finish())
}

/// The digest of the canonical form of a strict JSON text: the fast way from bytes to [`Digest`].
pub fn canonical_digest_of_bytes(bytes: &[u8]) -> Result<Digest, Error> {
    Reader::new()
        .canonicalise(bytes)
        .map(|canonical| Digest::of(&canonical))
}

/// One line, keys of every object sorted by their UTF-8 bytes, with `<`, `>`, `&`, U+2028 and U+2029 escaped.
///
/// Integers stay as written; other numbers take the shortest form of their double.
#[must_use]
pub fn compact(value: &Value) -> String {
    plain(value, Layout::COMPACT)
}

/// Like [`compact`], keys in the order of the tree.
#[must_use]
pub fn compact_in_order(value: &Value) -> String {
    plain(value, Layout::IN_ORDER)
}

/// A typed value or a tree on one line, fields in order, numbers and escapes as in [`compact`], no final line feed.
///
/// Fails on what has no JSON form (see [`to_value`]).
pub fn line<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    TextSerializer::write(value, Layout::IN_ORDER).map(TextSerializer::into_string)
}

/// Two blanks a level, fields in order, escapes as in [`compact`], no final line feed. Empty arrays and objects are `[]`, `{}`.
///
/// Fails on what has no JSON form (see [`to_value`]).
pub fn pretty<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    TextSerializer::write(value, Layout::PRETTY).map(TextSerializer::into_string)
}

fn plain(value: &Value, layout: Layout) -> String {
    write::write(&Tape::of_value(value), layout, 0).expect("only canonical numbers can be out of range")
}
