//! Follows the files of a directory that gateways write to.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::writer::{BEFORE, is_deserted, is_file_name, open_to_read};
use super::{Event, MAX_LINE_BYTES, Record};

/// Directory entries that are looked at.
const MAX_LISTED: usize = 4096;
/// Files that are followed: those that were written to last.
const MAX_FILES: usize = 256;
/// Bytes of one file that are of interest; gateways write less.
const MAX_FILE_BYTES: u64 = 8 << 20;
/// Bytes that are read at one look, shared by the files that have some.
const MAX_LOOK_BYTES: usize = 8 << 20;

/// Reads what was added to the files of a directory since the last look.
///
/// Whatever is in them: lines that are no records are counted and passed over. Files may be moved, cut and removed meanwhile.
#[derive(Debug)]
pub struct Tail {
    directory: PathBuf,
    files: HashMap<FileId, Followed>,
}

/// What came since the last look.
#[derive(Debug, Default)]
pub struct News {
    /// In the order of their times.
    pub records: Vec<Record>,
    /// Gateways, by server and process, that ended without a word after the records that were read last: nobody has the lock
    /// any more that the writers of their files hold.
    pub deserted: Vec<(String, u32)>,
    /// Lines that are no records.
    pub unreadable: u64,
    /// Whether there is more to read at once.
    pub is_behind: bool,
}

/// Device and inode: a file keeps them when it is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FileId(u64, u64);

/// How far a file was read.
#[derive(Debug, Default)]
struct Followed {
    offset: u64,
    /// The beginning of a line whose end was not there yet.
    rest: Vec<u8>,
    /// Whether what comes until the next line feed is passed over.
    passes_over: bool,
    /// The gateway that wrote to it last, by server and process, unless it is known to have ended.
    writer: Option<(String, u32)>,
}

struct Listed {
    id: FileId,
    path: PathBuf,
    length: u64,
    written: (i64, i64),
}

impl Tail {
    /// Follows the files of `directory`, which need not be there yet.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            files: HashMap::new(),
        }
    }

    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What came since the last look. Files that cannot be read are passed over; a directory that cannot be is an error,
    /// unless it is not there.
    pub fn look(&mut self) -> io::Result<News> {
        let listed = match self.list() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed?,
        };
        self.files
            .retain(|id, _| listed.iter().any(|listed| listed.id == *id));
        let grown: Vec<_> = listed.iter().filter(|listed| self.has_grown(listed)).collect();
        let share = MAX_LOOK_BYTES / grown.len().max(1);
        let mut news = News::default();
        for listed in grown {
            let followed = self.files.entry(listed.id).or_default();
            // It may be gone or somebody else's by now.
            _ = followed.read(listed, share, &mut news);
        }
        for listed in &listed {
            if let Some(followed) = self.files.get_mut(&listed.id) {
                news.deserted.extend(followed.take_deserter(listed));
            }
        }
        news.records.sort_by_key(|record| record.time);
        Ok(news)
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for entry in fs::read_dir(&self.directory)?.take(MAX_LISTED) {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(is_file_name) {
                continue;
            }
            // That of a link is the link's own.
            let Ok(status) = entry.metadata() else { continue };
            if status.is_file() {
                listed.push(Listed {
                    id: FileId::of(&status),
                    path: entry.path(),
                    length: status.len(),
                    written: (status.mtime(), status.mtime_nsec()),
                });
            }
        }
        listed.sort_by_key(|listed| std::cmp::Reverse(listed.written));
        listed.truncate(MAX_FILES);
        Ok(listed)
    }

    fn has_grown(&self, listed: &Listed) -> bool {
        let followed = self.files.get(&listed.id);
        followed.map_or(listed.length > 0, |followed| followed.offset != listed.length)
    }
}

impl FileId {
    fn of(status: &Metadata) -> Self {
        Self(status.dev(), status.ino())
    }
}

impl Followed {
    /// Reads at most `most` bytes more of `listed`.
    fn read(&mut self, listed: &Listed, most: usize, news: &mut News) -> io::Result<()> {
        let file = open_to_read(&listed.path)?;
        let status = file.metadata()?;
        if FileId::of(&status) != listed.id {
            return Ok(());
        }
        let length = status.len();
        if length < self.offset {
            // It was cut, or is a new file that got the number of an old one.
            *self = Self::default();
        }
        let first = length.saturating_sub(MAX_FILE_BYTES);
        if self.offset < first {
            *self = Self {
                offset: first,
                passes_over: true,
                ..Self::default()
            };
        }
        let wanted = usize::try_from(length - self.offset).map_or(most, |there| there.min(most));
        let mut bytes = vec![0; wanted];
        let mut read = 0;
        while read < wanted {
            match file.read_at(&mut bytes[read..], self.offset) {
                Ok(0) => break,
                Ok(count) => {
                    read += count;
                    self.offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let known = news.records.len();
        self.take(&bytes[..read], news);
        if let Some(last) = news.records[known..].last() {
            let has_ended = last.event == Event::Gone;
            self.writer = (!has_ended).then(|| (last.server.clone(), last.pid));
        }
        news.is_behind |= read > 0 && self.offset < length;
        Ok(())
    }

    /// The gateway that has ended without a word since it wrote the last that was read, if it has. What was written
    /// meanwhile is read first.
    fn take_deserter(&mut self, listed: &Listed) -> Option<(String, u32)> {
        // What was moved away is written to no more, whoever lives.
        let is_current = !listed.path.as_os_str().as_bytes().ends_with(BEFORE.as_bytes());
        if self.writer.is_none() || !is_current {
            return None;
        }
        let file = open_to_read(&listed.path).ok()?;
        let is_over = is_deserted(&file);
        let status = file.metadata().ok()?;
        let is_read = FileId::of(&status) == listed.id && status.len() == self.offset;
        if is_over && is_read {
            self.writer.take()
        } else {
            None
        }
    }

    /// Takes in the next bytes of the file.
    fn take(&mut self, mut bytes: &[u8], news: &mut News) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, more) = (&bytes[..end], &bytes[end + 1..]);
            if std::mem::take(&mut self.passes_over) {
                self.rest.clear();
            } else if self.rest.is_empty() {
                news.line(line);
            } else {
                self.rest.extend_from_slice(line);
                news.line(&self.rest);
                self.rest.clear();
            }
            bytes = more;
        }
        if self.passes_over {
            return;
        }
        if self.rest.len() + bytes.len() > MAX_LINE_BYTES {
            self.rest = Vec::new();
            self.passes_over = true;
            news.unreadable += 1;
        } else {
            self.rest.extend_from_slice(bytes);
        }
    }
}

impl News {
    fn line(&mut self, line: &[u8]) {
        match Record::read(line) {
            Ok(record) => self.records.push(record),
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(_) => self.unreadable += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;
    use std::os::unix::fs::symlink;

    use gait_artifact::{Timestamp, verdict::Verdict};
    use proptest::prelude::*;

    use super::super::Source;
    use super::super::tests::{call, source};
    use super::*;

    fn line(second: i64) -> Vec<u8> {
        let event = call("read", Verdict::Allow, 1);
        Record::new(&source(), Timestamp::from_unix(second, 0), event)
            .to_line()
            .unwrap()
    }

    fn append(path: &Path, bytes: &[u8]) {
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }

    /// The seconds of the records that came, and the lines that were none.
    fn look(tail: &mut Tail) -> (Vec<i64>, u64) {
        let news = tail.look().unwrap();
        let seconds = news.records.iter().map(|record| record.time.unix_seconds());
        (seconds.collect(), news.unreadable)
    }

    #[test]
    fn every_line_is_read_once_in_the_order_of_time() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("activity");
        let mut tail = Tail::new(&directory);
        assert_eq!(look(&mut tail), (vec![], 0));
        fs::create_dir(&directory).unwrap();
        let (one, other) = (directory.join("a-1.jsonl"), directory.join("b-2.jsonl"));
        append(&one, &[line(3), line(5)].concat());
        append(&other, &line(4));
        assert_eq!(look(&mut tail), (vec![3, 4, 5], 0));
        assert_eq!(look(&mut tail), (vec![], 0));
        let more = line(6);
        append(&one, &more[..20]);
        assert_eq!(look(&mut tail), (vec![], 0));
        append(&one, &more[20..]);
        assert_eq!(look(&mut tail), (vec![6], 0));
    }

    #[test]
    fn files_that_are_moved_cut_and_removed_are_followed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a-1.jsonl");
        let mut tail = Tail::new(root.path());
        append(&path, &line(1));
        assert_eq!(look(&mut tail), (vec![1], 0));
        append(&path, &line(2));
        fs::rename(&path, root.path().join("a-1.jsonl.1")).unwrap();
        append(&path, &line(3));
        assert_eq!(look(&mut tail), (vec![2, 3], 0));
        append(&path, &line(4));
        assert_eq!(look(&mut tail), (vec![4], 0));
        OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(0)
            .unwrap();
        append(&path, &line(5));
        assert_eq!(look(&mut tail), (vec![5], 0));
        fs::remove_file(&path).unwrap();
        assert_eq!(look(&mut tail), (vec![], 0));
        assert_eq!(tail.files.len(), 1);
    }

    #[test]
    fn what_is_no_record_is_counted_and_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a-1.jsonl");
        let long = vec![b'x'; 3 * MAX_LINE_BYTES];
        let parts: [&[u8]; 7] = [b"\xff\xfe\n", b"\n", b"{}\n", &line(1), &long, b"y\n", &line(2)];
        append(&path, &parts.concat());
        for name in ["other.txt", "b.jsonl", "c-x.jsonl"] {
            append(&root.path().join(name), &line(9));
        }
        symlink(&path, root.path().join("d-4.jsonl")).unwrap();
        fs::create_dir(root.path().join("e-5.jsonl")).unwrap();
        let mut tail = Tail::new(root.path());
        assert_eq!(look(&mut tail), (vec![1, 2], 3));
    }

    #[test]
    fn one_look_reads_no_more_than_its_share() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a-1.jsonl");
        let mut noise = vec![b'\n'; usize::try_from(2 * MAX_FILE_BYTES).unwrap()];
        noise.extend(line(1));
        append(&path, &noise);
        let mut tail = Tail::new(root.path());
        assert_eq!(look(&mut tail), (vec![1], 0));
        // Only what is of interest in a file that is too long was read.
        noise.extend(line(2));
        append(&path, &noise);
        let news = tail.look().unwrap();
        assert!(!news.is_behind);
        assert_eq!(news.records.len(), 2);
    }

    proptest! {
        #[test]
        fn how_bytes_arrive_makes_no_difference(
            chunks in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..40),
                    (0..100i64).prop_map(line),
                    Just(vec![b'\n']),
                ],
                0..20,
            ),
            cuts in proptest::collection::vec(1..600usize, 1..20),
        ) {
            let bytes = chunks.concat();
            let mut whole = News::default();
            Followed::default().take(&bytes, &mut whole);
            let (mut pieces, mut followed) = (News::default(), Followed::default());
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, more) = rest.split_at((*cut).min(rest.len()));
                followed.take(piece, &mut pieces);
                rest = more;
            }
            prop_assert_eq!(whole.records, pieces.records);
            prop_assert_eq!(whole.unreadable, pieces.unreadable);
        }
    }

    #[test]
    fn a_writer_can_be_followed() {
        let root = tempfile::tempdir().unwrap();
        let writer = super::super::Writer::new(root.path(), Source { pid: 3, ..source() });
        let mut tail = Tail::new(root.path());
        let event = call("read", Verdict::Allow, 1);
        writer.record(Timestamp::from_unix(1, 0), event).unwrap();
        assert_eq!(look(&mut tail), (vec![1], 0));
    }

    #[test]
    fn a_writer_that_went_without_a_word_is_told_of_once() {
        let root = tempfile::tempdir().unwrap();
        let open = || super::super::Writer::new(root.path(), Source { pid: 3, ..source() });
        let record = |writer: &super::super::Writer, second, event| {
            writer.record(Timestamp::from_unix(second, 0), event).unwrap();
        };
        let happening = || call("read", Verdict::Allow, 1);
        let mut tail = Tail::new(root.path());
        let mut deserted = || tail.look().unwrap().deserted;
        let gone = [("files".to_owned(), 3)];

        let writer = open();
        record(&writer, 1, happening());
        assert_eq!(deserted(), []);
        assert_eq!(deserted(), []);
        drop(writer);
        assert_eq!(deserted(), gone);
        assert_eq!(deserted(), []);
        // Another process may get the same number.
        let (one, other) = (open(), open());
        record(&one, 2, happening());
        record(&other, 3, happening());
        assert_eq!(deserted(), []);
        drop(one);
        assert_eq!(deserted(), []);
        record(&other, 4, Event::Gone);
        drop(other);
        assert_eq!(deserted(), []);
        // What is moved away is written to no more by those who live.
        let writer = open();
        record(&writer, 5, happening());
        fs::rename(
            root.path().join("files-3.jsonl"),
            root.path().join("files-3.jsonl.1"),
        )
        .unwrap();
        assert_eq!(deserted(), []);
    }
}
