//! ZIP archives that depend on nothing but their content, and a reader that takes nothing on trust.

mod normal;
mod reader;
mod writer;

use std::io;

pub use self::normal::{Deviation, check_normal_form};
pub use self::reader::{EntryInfo, EntryKind, Limits, Reader};
pub use self::writer::{Effort, Entry, Mode, write};

/// Why an archive could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// The bytes are no archive, or an entry does not hold what the directory says.
    #[error("zip: not a valid zip file")]
    Invalid,
    /// An entry's data ends early.
    #[error("unexpected EOF")]
    UnexpectedEnd,
    /// An entry's data does not have the CRC-32 the directory says.
    #[error("zip: checksum error")]
    Checksum,
    /// An entry is neither stored nor deflated.
    #[error("zip: unsupported compression algorithm")]
    Method,
    /// Entries whose names are the same once trimmed, sorted.
    #[error("zip contains duplicate entries: {}", .0.join(", "))]
    DuplicateNames(Vec<String>),
    /// A name that is empty, absolute, climbs with `..`, or holds a backslash or a NUL.
    #[error("zip entry has an unsafe name: {0:?}")]
    UnsafeName(String),
    /// An entry is encrypted.
    #[error("zip entry is encrypted: {0:?}")]
    Encrypted(String),
    /// An entry is a symbolic link.
    #[error("zip entry is a symbolic link: {0:?}")]
    SymbolicLink(String),
    /// More entries than the limit.
    #[error("zip has too many entries: {0}")]
    TooManyEntries(usize),
    /// An entry declares more bytes than the limit.
    #[error("zip entry too large: {0}")]
    EntryTooLarge(u64),
    /// All entries together declare more bytes than the limit.
    #[error("zip content too large: {0}")]
    ContentTooLarge(u64),
    /// An entry is packed tighter than any honest content.
    #[error("zip entry is compressed too tightly: {0:?}")]
    Ratio(String),
    /// No entry of this name.
    #[error("zip has no entry {0:?}")]
    NotFound(String),
    /// The file below, or the content given, could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<zip::result::ZipError> for ZipError {
    fn from(error: zip::result::ZipError) -> Self {
        use zip::result::ZipError as Source;
        match error {
            Source::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => Self::Invalid,
            Source::Io(error) => Self::Io(error),
            Source::CompressionMethodNotSupported(_) | Source::UnsupportedArchive(_) => Self::Method,
            _ => Self::Invalid,
        }
    }
}

/// Whether `name` stays inside whatever directory it may one day be joined to.
fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('/')
        && !name.contains(['\\', '\0'])
        && name.split('/').all(|part| part != "..")
}
