//! JSON Lines as packs hold them: one document a line, blank lines mean nothing.

use std::io::{self, BufRead, BufReader, Read};

use gait_canon::json;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 10 << 20;

/// Why a line is refused.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// A line is longer than [`MAX_LINE_BYTES`].
    #[error("line {0} is longer than {MAX_LINE_BYTES} bytes")]
    TooLong(u64),
    /// A line is not the JSON it should be.
    #[error("line {number}: {source}")]
    Json {
        /// Its number, from 1.
        number: u64,
        /// Where in the line and why.
        source: json::Error,
    },
    /// The lines could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The lines of a source that hold anything, each with its number.
#[derive(Debug)]
pub struct Lines<R> {
    source: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    /// The lines of `source`.
    pub fn new(source: R) -> Self {
        Self {
            source: BufReader::with_capacity(64 << 10, source),
            line: Vec::new(),
            number: 0,
        }
    }

    /// The next line that is not blank, trimmed, and its number, counted from 1 with blank lines.
    pub fn next_line(&mut self) -> Result<Option<(u64, &[u8])>, LineError> {
        loop {
            self.line.clear();
            let limit = MAX_LINE_BYTES as u64 + 1;
            let count = self
                .source
                .by_ref()
                .take(limit)
                .read_until(b'\n', &mut self.line)?;
            if count == 0 {
                return Ok(None);
            }
            self.number += 1;
            if count > MAX_LINE_BYTES && !self.line.ends_with(b"\n") {
                return Err(LineError::TooLong(self.number));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some((self.number, self.line.trim_ascii())));
            }
        }
    }

    /// The next line as a document of type `T`.
    pub fn next_document<T: DeserializeOwned>(&mut self) -> Result<Option<(u64, T)>, LineError> {
        let Some((number, line)) = self.next_line()? else {
            return Ok(None);
        };
        let document = json::Reader::new()
            .max_bytes(MAX_LINE_BYTES)
            .read(line)
            .map_err(|source| LineError::Json { number, source })?;
        Ok(Some((number, document)))
    }

    /// All documents.
    pub fn all<T: DeserializeOwned>(mut self) -> Result<Vec<T>, LineError> {
        let mut documents = Vec::new();
        while let Some((_, document)) = self.next_document()? {
            documents.push(document);
        }
        Ok(documents)
    }
}

/// The canonical form of every document, each line ended.
pub fn canonical_lines<T: Serialize>(documents: &[T]) -> Result<Vec<u8>, json::Error> {
    let mut lines = Vec::new();
    for document in documents {
        lines.extend(json::canonical_bytes(document)?);
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use gait_canon::json::Value;

    use super::*;

    #[test]
    fn blank_lines_are_counted_and_skipped() {
        let mut lines = Lines::new(b"\n {} \r\n\t\n1\n\n2".as_slice());
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next_line().unwrap() {
            found.push((number, line.to_vec()));
        }
        assert_eq!(
            found,
            [(2, b"{}".to_vec()), (4, b"1".to_vec()), (6, b"2".to_vec())]
        );
        let error = Lines::new(b"{}\n\n{".as_slice()).all::<Value>().unwrap_err();
        assert!(error.to_string().starts_with("line 3: "), "{error}");
    }

    #[test]
    fn long_lines_are_refused() {
        let long = [vec![b' '; MAX_LINE_BYTES], b"1\n".to_vec()].concat();
        assert!(matches!(
            Lines::new([b"0\n".as_slice(), &long].concat().as_slice()).all::<Value>(),
            Err(LineError::TooLong(2))
        ));
        let longest = [vec![b' '; MAX_LINE_BYTES - 1], b"1\n2".to_vec()].concat();
        assert_eq!(Lines::new(longest.as_slice()).all::<i64>().unwrap(), [1, 2]);
    }
}
