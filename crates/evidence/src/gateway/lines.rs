//! The lines of a log, one at a time, however long the log and its lines are.

use std::io::{self, BufRead, BufReader, Read};

use super::LineProblem;

/// The longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 10 << 20;

const CHUNK_BYTES: usize = 64 << 10;

/// A numbered line that is not blank, without the white space around it.
pub(super) type Numbered<'a> = (u64, Result<&'a [u8], LineProblem>);

/// Cuts a log into lines. No more than [`MAX_LINE_BYTES`] and one chunk of it are held at a time.
pub(super) struct LogLines<R> {
    log: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> LogLines<R> {
    pub(super) fn new(log: R) -> Self {
        Self {
            log: BufReader::with_capacity(CHUNK_BYTES, log),
            line: Vec::new(),
            number: 0,
        }
    }

    /// The next line that is not blank; blank ones are counted, from 1. After a line that is too long comes the one behind it.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Numbered<'_>>> {
        while self.fill()? {
            self.number += 1;
            if self.line.len() > MAX_LINE_BYTES {
                self.log.skip_until(b'\n')?;
                return Ok(Some((self.number, Err(LineProblem::TooLong))));
            }
            if !trimmed(&self.line).is_empty() {
                return Ok(Some((self.number, Ok(trimmed(&self.line)))));
            }
        }
        Ok(None)
    }

    /// Reads a line without its end, or as much of it as shows that it is too long. Nothing is left when there is none.
    fn fill(&mut self) -> io::Result<bool> {
        self.line.clear();
        let limit = MAX_LINE_BYTES as u64 + 1;
        let count = self.log.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if self.line.ends_with(b"\n") {
            self.line.pop();
        }
        Ok(count > 0)
    }
}

/// `line` without Unicode `White_Space` at both ends; bytes that are not UTF-8 are none.
fn trimmed(line: &[u8]) -> &[u8] {
    if let Ok(text) = str::from_utf8(line) {
        return text.trim().as_bytes();
    }
    let head = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let blank = head.len() - head.trim_start().len();
    let tail = line
        .utf8_chunks()
        .last()
        .filter(|chunk| chunk.invalid().is_empty())
        .map_or("", |chunk| chunk.valid());
    let end = line.len() - (tail.len() - tail.trim_end().len());
    &line[blank..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &[u8]) -> Vec<(u64, Result<Vec<u8>, LineProblem>)> {
        let mut lines = LogLines::new(log);
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next_line().unwrap() {
            found.push((number, line.map(<[u8]>::to_vec)));
        }
        found
    }

    #[test]
    fn blank_lines_are_counted_and_passed_over() {
        let log = "\n a \r\n\u{a0}\u{2003}\n\u{b}b\n\n\u{3000}c".as_bytes();
        assert_eq!(
            lines(log),
            [
                (2, Ok(b"a".to_vec())),
                (4, Ok(b"b".to_vec())),
                (6, Ok(b"c".to_vec()))
            ]
        );
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        for (line, expected) in [
            (b" \xFF ".as_slice(), b"\xFF".as_slice()),
            (b"\xFF", b"\xFF"),
            (b"\xC2\xA0a\xFE b \xC2\xA0", b"a\xFE b"),
            (b"\xC2", b"\xC2"),
        ] {
            assert_eq!(trimmed(line), expected);
        }
    }

    #[test]
    fn what_follows_a_line_that_is_too_long_is_read() {
        let longest = vec![b'x'; MAX_LINE_BYTES];
        let log = [
            &longest[..],
            b"\n",
            &longest,
            b"y\nz\n",
            &longest,
            &longest,
            b"\n",
            &longest,
        ]
        .concat();
        let numbered: Vec<_> = lines(&log)
            .into_iter()
            .map(|(number, line)| (number, line.map(|line| line.len())))
            .collect();
        assert_eq!(
            numbered,
            [
                (1, Ok(MAX_LINE_BYTES)),
                (2, Err(LineProblem::TooLong)),
                (3, Ok(1)),
                (4, Err(LineProblem::TooLong)),
                (5, Ok(MAX_LINE_BYTES)),
            ]
        );
    }
}
