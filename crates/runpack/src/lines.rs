//! JSON lines as they come out of an archive.

use std::io::{self, Write};
use std::marker::PhantomData;

use gait_canon::{
    Digest, Hasher,
    json::{self, Reader},
};
use serde::de::DeserializeOwned;

/// The longest line that is read, in bytes: as much as an entry may hold.
const MAX_LINE_BYTES: usize = 100 << 20;
/// The most records that are read. A record written by this program takes more than 150 bytes, so that no entry holds as
/// many; empty objects would, and each costs more memory than its text.
const MAX_RECORDS: usize = 1 << 20;

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {problem}")]
pub struct LineError {
    /// Its number, from 1.
    pub number: u64,
    /// What is wrong.
    pub problem: LineProblem,
}

/// Why a line is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is not the JSON of such a record.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// There are too many before it.
    #[error("more than {MAX_RECORDS} records")]
    TooMany,
}

/// What becomes of the records of an entry.
pub(crate) trait Keep<T>: Default {
    /// Takes the next record.
    fn keep(&mut self, record: T);
    /// How many it has taken.
    fn count(&self) -> usize;
}

/// Keeps them all.
impl<T> Keep<T> for Vec<T> {
    fn keep(&mut self, record: T) {
        self.push(record);
    }

    fn count(&self) -> usize {
        self.len()
    }
}

/// Keeps their number alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted(pub(crate) usize);

impl<T> Keep<T> for Counted {
    fn keep(&mut self, _: T) {
        self.0 += 1;
    }

    fn count(&self) -> usize {
        self.0
    }
}

/// Takes an entry piece by piece, digests it and reads a record from every line. Blank lines are skipped; the last line
/// needs no end.
///
/// A line that cannot be read does not stop the digest, for a wrong digest is the graver trouble.
pub(crate) struct Lines<T, K = Vec<T>> {
    hasher: Hasher,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    number: u64,
    records: Result<K, LineError>,
    record: PhantomData<T>,
}

impl<T: DeserializeOwned, K: Keep<T>> Lines<T, K> {
    pub(crate) fn new() -> Self {
        Self {
            hasher: Hasher::new(),
            begun: Vec::new(),
            number: 0,
            records: Ok(K::default()),
            record: PhantomData,
        }
    }

    /// The digest of everything, and what became of the records or what is wrong with the first line that is none.
    pub(crate) fn finish(mut self) -> (Digest, Result<K, LineError>) {
        let last = std::mem::take(&mut self.begun);
        self.line(&last);
        (self.hasher.finish(), self.records)
    }

    fn line(&mut self, line: &[u8]) {
        self.number += 1;
        let Ok(records) = &mut self.records else { return };
        if line.trim_ascii().is_empty() {
            return;
        }
        let record = if records.count() < MAX_RECORDS {
            Reader::new()
                .max_bytes(MAX_LINE_BYTES)
                .read(line)
                .map_err(LineProblem::Json)
        } else {
            Err(LineProblem::TooMany)
        };
        match record {
            Ok(record) => records.keep(record),
            Err(problem) => {
                self.records = Err(LineError {
                    number: self.number,
                    problem,
                });
            }
        }
    }
}

impl<T: DeserializeOwned, K: Keep<T>> Write for Lines<T, K> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.hasher.update(piece);
        let mut rest = piece;
        while let Some((line, after)) = split_line(rest) {
            rest = after;
            if self.begun.is_empty() {
                self.line(line);
            } else {
                self.begun.extend_from_slice(line);
                let whole = std::mem::take(&mut self.begun);
                self.line(&whole);
            }
        }
        self.begun.extend_from_slice(rest);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b'\n', bytes)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> (Digest, Result<Vec<u32>, LineError>) {
        let mut lines = Lines::new();
        for piece in pieces {
            lines.write_all(piece).unwrap();
        }
        lines.finish()
    }

    #[test]
    fn blank_lines_and_the_last_end_do_not_matter() {
        for text in ["", "\n", "\n \t\r\n"] {
            assert_eq!(read(&[text.as_bytes()]).1, Ok(vec![]), "{text:?}");
        }
        for text in ["1\n2\n", "1\n2", "\n1\r\n\n 2 "] {
            assert_eq!(read(&[text.as_bytes()]).1, Ok(vec![1, 2]), "{text:?}");
        }
    }

    #[test]
    fn the_first_bad_line_is_named() {
        let text = b"1\n\nx\ny\n";
        let (digest, records) = read(&[text]);
        assert_eq!(digest, Digest::of(text));
        assert_eq!(records.unwrap_err().number, 3);
    }

    #[test]
    fn records_are_counted() {
        let text = b"1\n".repeat(MAX_RECORDS);
        assert_eq!(read(&[&text]).1.unwrap().len(), MAX_RECORDS);
        let error = read(&[&text, b"1"]).1.unwrap_err();
        assert_eq!(error.problem, LineProblem::TooMany);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "[1-3\n]{0,20}", cut in 0_usize..20) {
            let (head, tail) = text.as_bytes().split_at(cut.min(text.len()));
            prop_assert_eq!(read(&[head, tail]), read(&[text.as_bytes()]));
        }
    }
}
