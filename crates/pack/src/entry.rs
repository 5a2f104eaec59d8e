//! What goes into a pack.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::PathBuf;

use gait_canon::json;
use gait_canon::zip::Mode;
use serde::Serialize;

use crate::lines::canonical_lines;
use gait_disk::Scratch;

/// An entry of a pack that is being built.
#[derive(Debug)]
pub struct PackEntry {
    /// Path in the archive, parts separated by `/`.
    pub path: String,
    /// Permissions.
    pub mode: Mode,
    /// The bytes.
    pub content: EntryContent,
}

/// Where the bytes of an entry are.
#[derive(Debug)]
pub enum EntryContent {
    /// In memory.
    Bytes(Vec<u8>),
    /// In a file, which is read twice and must not change in between.
    File(PathBuf),
    /// In a place of our own.
    Scratch(Scratch),
}

impl PackEntry {
    /// A plain entry.
    pub fn new(path: impl Into<String>, content: EntryContent) -> Self {
        Self {
            path: path.into(),
            mode: Mode::Plain,
            content,
        }
    }

    /// An entry with the canonical form (RFC 8785) of a document.
    pub fn canonical<T: Serialize + ?Sized>(path: &str, document: &T) -> Result<Self, json::Error> {
        let bytes = json::canonical_bytes(document)?;
        Ok(Self::new(path, EntryContent::Bytes(bytes)))
    }

    /// An entry with the canonical form of every document, a line each.
    pub fn lines<T: Serialize>(path: &str, documents: &[T]) -> Result<Self, json::Error> {
        Ok(Self::new(path, EntryContent::Bytes(canonical_lines(documents)?)))
    }
}

impl EntryContent {
    /// The bytes from their beginning.
    pub(crate) fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Self::File(path) => {
                let file = File::open(&*path)?;
                if !file.metadata()?.is_file() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
                }
                Box::new(file)
            }
            Self::Scratch(scratch) => {
                scratch.rewind()?;
                Box::new(scratch)
            }
        })
    }
}

/// What a manifest calls the content of an entry: `json`, `jsonl`, `zip` or `blob`, by the ending of its name.
#[must_use]
pub fn kind_of(path: &str) -> &'static str {
    let name = path.to_ascii_lowercase();
    for (ending, kind) in [(".json", "json"), (".jsonl", "jsonl"), (".zip", "zip")] {
        if name.ends_with(ending) {
            return kind;
        }
    }
    "blob"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_from_names() {
        for (path, kind) in [
            ("a.json", "json"),
            ("A.JSON", "json"),
            ("a/b.jsonl", "jsonl"),
            ("source/runpack.zip", "zip"),
            ("a.txt", "blob"),
            ("json", "blob"),
            (".json", "json"),
        ] {
            assert_eq!(kind_of(path), kind, "{path}");
        }
    }

    #[test]
    fn content_is_read_from_its_beginning_every_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, "content").unwrap();
        let mut scratch = Scratch::new();
        io::Write::write_all(&mut scratch, b"content").unwrap();
        for mut content in [
            EntryContent::Bytes(b"content".to_vec()),
            EntryContent::File(path),
            EntryContent::Scratch(scratch),
        ] {
            for _ in 0..2 {
                assert_eq!(io::read_to_string(content.open().unwrap()).unwrap(), "content");
            }
        }
        let mut folder = EntryContent::File(directory.path().to_owned());
        assert!(folder.open().is_err());
    }
}
