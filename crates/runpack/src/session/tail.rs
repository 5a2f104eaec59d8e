//! The end of a journal: finding the last line without reading the others, and mending it.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
};

use gait_artifact::session::JournalLine;
use gait_canon::json;

use super::journal::{self, MAX_LINE_BYTES};

/// Bytes looked at first; most last lines fit.
const FIRST_WINDOW: u64 = 4096;
/// Bytes looked at last: a line of any permitted length and some blank ones behind it.
const LARGEST_WINDOW: u64 = 2 * MAX_LINE_BYTES as u64;

/// The end of a file as far as its last lines are of interest.
struct Window {
    text: Vec<u8>,
    /// Where `text` begins in the file.
    start: u64,
}

impl Window {
    /// The end of a file of `length` bytes, long enough to hold the beginning of its last line that is not blank;
    /// `None` when that line is too long.
    fn over_last_line(file: &File, length: u64) -> io::Result<Option<Self>> {
        let mut size = FIRST_WINDOW;
        loop {
            let start = length.saturating_sub(size);
            let mut text = vec![0; usize::try_from(length - start).unwrap_or(usize::MAX)];
            file.read_exact_at(&mut text, start)?;
            let window = Self { text, start };
            if start == 0 || window.line_start() > 0 {
                return Ok(Some(window));
            }
            if size >= LARGEST_WINDOW {
                return Ok(None);
            }
            size *= 8;
        }
    }

    /// Where the last line that is not blank begins in `text`; 0 also when it begins before.
    fn line_start(&self) -> usize {
        let line = self.text.trim_ascii_end();
        line.iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1)
    }

    fn line(&self) -> &[u8] {
        self.text[self.line_start()..].trim_ascii_end()
    }
}

/// The last line of a journal of `length` bytes that is not blank, if it can be read.
pub(super) fn last_line(file: &File, length: u64) -> io::Result<Option<JournalLine>> {
    let window = Window::over_last_line(file, length)?;
    Ok(window.and_then(|window| journal::parse(window.line()).ok()))
}

/// Whether a line ends after the first `length` bytes.
pub(super) fn ends_line(file: &File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    let Some(at) = length.checked_sub(1) else {
        return Ok(false);
    };
    file.read_exact_at(&mut last, at)?;
    Ok(last == *b"\n")
}

/// Mends what a crashed writer left at the end of a journal of `length` bytes, and gives its new length.
///
/// A last line without its line feed that is complete gets one. A last line that is incomplete is cut off: nobody was
/// told that it was written.
pub(super) fn mend(mut file: &File, length: u64) -> io::Result<u64> {
    if length == 0 || ends_line(file, length)? {
        return Ok(length);
    }
    let whole = whole_length(file, length)?;
    if whole == length {
        file.write_all(b"\n")?;
        file.sync_data()?;
        return Ok(length + 1);
    }
    file.set_len(whole)?;
    file.sync_data()?;
    Ok(whole)
}

/// How much of a journal of `length` bytes is there without a last line that is incomplete.
pub(super) fn whole_length(file: &File, length: u64) -> io::Result<u64> {
    if length == 0 || ends_line(file, length)? {
        return Ok(length);
    }
    let Some(Window { text, start }) = Window::over_last_line(file, length)? else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the last line is too long and has no end",
        ));
    };
    let torn_at = text
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at + 1);
    let torn = text[torn_at..].trim_ascii();
    if torn.is_empty() || json::parse(torn).is_ok() {
        return Ok(length);
    }
    Ok(start + torn_at as u64)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};

    use super::*;

    fn journal(content: &[u8]) -> (tempfile::TempDir, File) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("j");
        fs::write(&path, content).unwrap();
        let file = OpenOptions::new().read(true).append(true).open(path).unwrap();
        (root, file)
    }

    fn content(file: &File) -> Vec<u8> {
        let mut content = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
        file.read_exact_at(&mut content, 0).unwrap();
        content
    }

    #[test]
    fn a_torn_end_is_finished_or_cut_off() {
        let long = "x".repeat(100_000);
        let long_line = format!("{{\"a\":\"{long}\"}}");
        for (before, after) in [
            (String::new(), String::new()),
            ("{}\n".into(), "{}\n".into()),
            ("{}\n\n \n".into(), "{}\n\n \n".into()),
            ("{}\n{\"a\":1}".into(), "{}\n{\"a\":1}\n".into()),
            ("{\"a\":1}".into(), "{\"a\":1}\n".into()),
            ("{}\n  ".into(), "{}\n  \n".into()),
            ("nonsense\n  ".into(), "nonsense\n  \n".into()),
            ("{}\n{\"a\":".into(), "{}\n".into()),
            ("{\"a\":".into(), String::new()),
            ("{}\n\0\0\0".into(), "{}\n".into()),
            (format!("{{}}\n{long_line}"), format!("{{}}\n{long_line}\n")),
            (format!("{{}}\n{{\"a\":\"{long}"), "{}\n".into()),
        ] {
            let (_root, file) = journal(before.as_bytes());
            let length = mend(&file, before.len() as u64).unwrap();
            let name = &before[..before.len().min(40)];
            assert_eq!(content(&file), after.as_bytes(), "{name:?}");
            assert_eq!(length, after.len() as u64, "{name:?}");
            assert_eq!(mend(&file, length).unwrap(), length, "{name:?}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_cut_off() {
        let (_root, file) = journal(b"{}\n{\"a\":\"\xFF\xFE\"}");
        assert_eq!(mend(&file, file.metadata().unwrap().len()).unwrap(), 3);
    }

    #[test]
    fn the_last_line_is_found_behind_blank_ones() {
        let event = |blanks: usize, padding: usize| {
            format!(
                "{{\"record_type\":\"header\"}}\n{{\"record_type\":\"event\",\"x\":\"{}\"}}\n{}",
                "p".repeat(padding),
                "\n".repeat(blanks)
            )
        };
        for (blanks, padding) in [(0, 0), (3, 10), (10_000, 0), (0, 50_000), (5_000, 5_000)] {
            let content = event(blanks, padding);
            let (_root, file) = journal(content.as_bytes());
            let line = last_line(&file, content.len() as u64).unwrap().unwrap();
            assert_eq!(line.record_type, "event", "{blanks} {padding}");
        }
        let (_root, file) = journal(b"{}\nnonsense\n");
        assert_eq!(last_line(&file, 12).unwrap(), None);
        let (_root, file) = journal(b"");
        assert_eq!(last_line(&file, 0).unwrap(), None);
    }
}
