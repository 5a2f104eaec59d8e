//! JSON lines as they come out of an archive.

use std::io::{self, Write};
use std::marker::PhantomData;

use gait_canon::{Digest, Hasher, json};
use serde::de::DeserializeOwned;

use crate::document;

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
    /// It holds, with those before it, too many values.
    #[error("more than {} values", document::MAX_VALUES)]
    TooManyValues,
}

/// Takes JSON lines piece by piece and hands out the record in every line. Blank lines are skipped; the last line needs no
/// end. What follows the first line that cannot be read is ignored.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    number: u64,
    count: usize,
    values: usize,
    broken: bool,
}

/// A record and the number of its line, from 1.
type Numbered<T> = (u64, Result<T, LineProblem>);

impl Records {
    /// Takes the next piece.
    pub(crate) fn push<T: DeserializeOwned>(&mut self, piece: &[u8], each: &mut impl FnMut(Numbered<T>)) {
        let mut rest = piece;
        while !self.broken
            && let Some(end) = memchr::memchr(b'\n', rest)
        {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            if self.begun.is_empty() {
                self.line(line, each);
            } else {
                let mut whole = std::mem::take(&mut self.begun);
                whole.extend_from_slice(line);
                self.line(&whole, each);
                whole.clear();
                self.begun = whole;
            }
        }
        if !self.broken {
            self.begun.extend_from_slice(rest);
        }
    }

    /// Takes the end.
    pub(crate) fn finish<T: DeserializeOwned>(mut self, each: &mut impl FnMut(Numbered<T>)) {
        if !self.broken {
            let last = std::mem::take(&mut self.begun);
            self.line(&last, each);
        }
    }

    fn line<T: DeserializeOwned>(&mut self, line: &[u8], each: &mut impl FnMut(Numbered<T>)) {
        self.number += 1;
        if line.trim_ascii().is_empty() {
            return;
        }
        let record = self.record(line);
        self.broken = record.is_err();
        each((self.number, record));
    }

    fn record<T: DeserializeOwned>(&mut self, line: &[u8]) -> Result<T, LineProblem> {
        if self.count == MAX_RECORDS {
            return Err(LineProblem::TooMany);
        }
        let reader = document::reader().max_values(document::MAX_VALUES - self.values);
        let (record, values) = reader.read_counted(line).map_err(|error| match error.kind() {
            json::ErrorKind::TooManyValues { .. } => LineProblem::TooManyValues,
            _ => LineProblem::Json(error),
        })?;
        self.count += 1;
        self.values += values;
        Ok(record)
    }
}

/// What becomes of the records of an entry.
pub(crate) trait Keep<T>: Default {
    /// Takes the next record.
    fn keep(&mut self, record: T);
}

/// Keeps them all.
impl<T> Keep<T> for Vec<T> {
    fn keep(&mut self, record: T) {
        self.push(record);
    }
}

/// Keeps their number alone.
impl<T> Keep<T> for usize {
    fn keep(&mut self, _: T) {
        *self += 1;
    }
}

/// Takes an entry piece by piece, digests it and keeps its records.
///
/// A line that cannot be read does not stop the digest, for a wrong digest is the graver trouble.
pub(crate) struct Lines<T, K = Vec<T>> {
    hasher: Hasher,
    records: Records,
    kept: Kept<T, K>,
}

/// The records so far, or what is wrong with the first line that holds none.
struct Kept<T, K> {
    records: Result<K, LineError>,
    record: PhantomData<T>,
}

impl<T, K: Keep<T>> Kept<T, K> {
    fn take(&mut self, (number, record): Numbered<T>) {
        match (record, &mut self.records) {
            (Ok(record), Ok(records)) => records.keep(record),
            (Err(problem), Ok(_)) => self.records = Err(LineError { number, problem }),
            (_, Err(_)) => {}
        }
    }
}

impl<T: DeserializeOwned, K: Keep<T>> Lines<T, K> {
    pub(crate) fn new() -> Self {
        Self {
            hasher: Hasher::new(),
            records: Records::default(),
            kept: Kept {
                records: Ok(K::default()),
                record: PhantomData,
            },
        }
    }

    /// The digest of everything, and what became of the records or what is wrong with the first line that is none.
    pub(crate) fn finish(mut self) -> (Digest, Result<K, LineError>) {
        self.records.finish(&mut |record| self.kept.take(record));
        (self.hasher.finish(), self.kept.records)
    }
}

impl<T: DeserializeOwned, K: Keep<T>> Write for Lines<T, K> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.hasher.update(piece);
        self.records.push(piece, &mut |record| self.kept.take(record));
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

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

    #[test]
    fn values_are_counted_over_all_lines() {
        let list = format!("[{}0]\n", "0,".repeat(document::MAX_VALUES / 2 - 3));
        let mut lines = Lines::<IgnoredAny>::new();
        for piece in [list.as_bytes(), list.as_bytes(), b"0\n0\n0"] {
            lines.write_all(piece).unwrap();
        }
        let error = lines.finish().1.map(|records| records.len()).unwrap_err();
        assert_eq!((error.number, error.problem), (5, LineProblem::TooManyValues));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "[1-3\n]{0,20}", cut in 0_usize..20) {
            let (head, tail) = text.as_bytes().split_at(cut.min(text.len()));
            prop_assert_eq!(read(&[head, tail]), read(&[text.as_bytes()]));
        }
    }
}
