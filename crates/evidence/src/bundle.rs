//! The entries of a pack that is being built, in no more memory than one of them takes.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom, Write};

use gait_artifact::guard::{EvidenceEntry, EvidenceKind};
use gait_canon::zip::{self, ZipError};
use gait_canon::{Digest, json};
use gait_pack::Scratch;
use serde::Serialize;

use crate::error::PackError;

/// Entries one behind the other in one place, which moves to a nameless file when it grows large.
#[derive(Debug, Default)]
pub(crate) struct Bundle {
    scratch: Scratch,
    end: u64,
    entries: Vec<Stored>,
}

/// Where an entry is, and what it is.
#[derive(Debug)]
struct Stored {
    path: String,
    kind: EvidenceKind,
    digest: Digest,
    start: u64,
    length: u64,
}

impl Bundle {
    /// Adds the canonical form (RFC 8785) of a document.
    pub(crate) fn add<T: Serialize + ?Sized>(
        &mut self,
        path: impl Into<String>,
        kind: EvidenceKind,
        document: &T,
    ) -> Result<(), PackError> {
        let bytes = json::canonical_bytes(document)?;
        self.add_bytes(path, kind, &bytes)
    }

    /// Adds an entry as it is.
    pub(crate) fn add_bytes(
        &mut self,
        path: impl Into<String>,
        kind: EvidenceKind,
        bytes: &[u8],
    ) -> Result<(), PackError> {
        self.scratch.write_all(bytes).map_err(PackError::Scratch)?;
        let length = bytes.len() as u64;
        self.entries.push(Stored {
            path: path.into(),
            kind,
            digest: Digest::of(bytes),
            start: self.end,
            length,
        });
        self.end += length;
        Ok(())
    }

    /// What a manifest declares of the entries, sorted by path.
    pub(crate) fn declarations(&self) -> Vec<EvidenceEntry> {
        let mut declarations: Vec<_> = (self.entries.iter())
            .map(|entry| EvidenceEntry {
                path: entry.path.clone(),
                sha256: entry.digest.to_string(),
                kind: entry.kind.as_str().to_owned(),
            })
            .collect();
        declarations.sort_by(|a, b| a.path.cmp(&b.path));
        declarations
    }

    /// Writes an archive of the entries and one more.
    pub(crate) fn write_to<W: Write>(&mut self, out: W, path: &str, bytes: &[u8]) -> Result<W, ZipError> {
        let scratch = RefCell::new(&mut self.scratch);
        let entries = self.entries.iter().map(|entry| {
            zip::Entry::new(
                entry.path.clone(),
                Content::Stored {
                    scratch: &scratch,
                    next: entry.start,
                    end: entry.start + entry.length,
                },
            )
        });
        let last = zip::Entry::new(path, Content::Memory(bytes));
        let written = zip::write(out, entries.chain([last]).collect())?;
        // Where further entries go.
        self.scratch.seek(SeekFrom::Start(self.end))?;
        Ok(written)
    }
}

/// The content of an entry.
enum Content<'a> {
    Memory(&'a [u8]),
    Stored {
        scratch: &'a RefCell<&'a mut Scratch>,
        next: u64,
        end: u64,
    },
}

impl Read for Content<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(rest) => rest.read(bytes),
            Self::Stored { scratch, next, end } => {
                let mut scratch = scratch.borrow_mut();
                scratch.seek(SeekFrom::Start(*next))?;
                let count = (&mut **scratch).take(*end - *next).read(bytes)?;
                *next += count as u64;
                Ok(count)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use gait_canon::zip::{Limits, Reader};

    use super::*;

    #[test]
    fn entries_come_back_however_large_and_in_any_order() {
        let mut bundle = Bundle::default();
        let large = vec![b'x'; 9 << 20];
        bundle.add_bytes("b", EvidenceKind::Trace, &large).unwrap();
        bundle.add_bytes("c", EvidenceKind::Trace, b"").unwrap();
        bundle.add("a", EvidenceKind::Report, &["<"]).unwrap();
        for _ in 0..2 {
            let bytes = bundle.write_to(Vec::new(), "m", b"manifest").unwrap();
            let mut archive = Reader::open(Cursor::new(bytes), Limits::default()).unwrap();
            assert_eq!(archive.names().collect::<Vec<_>>(), ["a", "b", "c", "m"]);
            assert_eq!(archive.read("a").unwrap(), br#"["<"]"#);
            assert!(archive.read("b").unwrap() == large);
            assert_eq!(archive.read("c").unwrap(), b"");
            assert_eq!(archive.read("m").unwrap(), b"manifest");
        }
        let declared = bundle.declarations();
        let paths: Vec<_> = declared.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["a", "b", "c"]);
        assert_eq!(declared[0].sha256, Digest::of(br#"["<"]"#).to_string());
    }
}
