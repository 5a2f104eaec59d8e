//! YAML 1.2 as configuration needs it: one document, text keys, every value with its place in the text.
//!
//! The reader is our own for four reasons. Hostile text must be refused cheaply, so size, depth, number of values and
//! alias expansion are bounded. Scalars borrow from the text, which makes loading a large policy several times faster
//! than through a general event stream. Every error names line, column and key path. And what existing documents rely
//! on is kept: a tab after a colon, `{name:n}` without a blank, a closing bracket in the first column.
//!
//! Left out, and refused with an error: keys that are not text (unless [`Keys::Scalar`] is asked for), complex keys
//! (`? key`), duplicate keys, several documents (unless [`Documents::First`] is asked for), aliases to values that are not
//! finished, byte order marks.
//! The tests compare the reader with an independent implementation.

mod block;
mod block_scalar;
mod cursor;
mod document;
mod error;
mod flow;
mod number;
mod parser;
mod quoted;
mod read;
mod scalar;
#[cfg(test)]
mod tests;
mod tree;

pub use document::{Document, Entries, Value};
pub use error::{Error, Location, Problem, Span};
pub use number::float_text;
pub(crate) use number::reads_as_number;
pub(crate) use read::record;
pub use read::{Given, Place, Read, Texts, UnknownKeys};

/// Deepest nesting of collections that is read.
pub const MAX_DEPTH: usize = 128;

/// Most bytes that are read.
pub const MAX_BYTES: usize = 64 << 20;

/// Most values (scalars and collections) a document may hold.
pub const MAX_VALUES: usize = 4_000_000;

/// Most bytes by which aliases may enlarge a document.
pub const MAX_ALIAS_BYTES: u64 = 16 << 20;

/// Which documents of a stream are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Documents {
    /// There must be at most one that is not empty.
    #[default]
    Single,
    /// The first; later ones must merely be well formed.
    First,
}

/// What may be a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// Text. A key that looks like something else is a mistake of whoever wrote the document.
    #[default]
    Text,
    /// Any scalar, as the text that a value of its kind stands for (`0x1F` is `31`), and nothing as `null`. For documents that
    /// are looked at rather than obeyed.
    Scalar,
}

/// What is read of a stream. The default, and so what a [`Documents`] alone stands for, takes text keys only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Which documents.
    pub documents: Documents,
    /// With which keys.
    pub keys: Keys,
}

impl From<Documents> for Options {
    fn from(documents: Documents) -> Self {
        Self {
            documents,
            ..Self::default()
        }
    }
}

/// Reads a YAML stream and gives the wanted document, `None` in [`Document::root`] when it is empty.
pub fn parse(text: &str, options: impl Into<Options>) -> Result<Document<'_>, Error> {
    let Options { documents, keys } = options.into();
    parser::Parser::new(text, keys)?.stream(documents)
}
