//! Writes what happens at one server to a file that others may follow.

use std::fs::{self, DirEntry, File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_disk::atomic::create_directories;
use rustix::fs::OFlags;

use super::{Event, MAX_LINE_BYTES, Record, Source};

/// Bytes of a file from which on a new one is begun; the one before it is kept.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// What is added to the name of the file before.
pub(super) const BEFORE: &str = ".1";
/// How the names of files end.
pub(super) const EXTENSION: &str = ".jsonl";
/// Files that nobody has written to for so long are removed.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);
/// Directory entries that are looked at to find those.
const MAX_LISTED: usize = 4096;
/// How often the lock of a file is tried while readers look whether somebody has it, which takes them no time.
const MAX_TRIES: usize = 64;
/// Characters of the server's name that are part of a file's name.
const MAX_NAME: usize = 100;

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
#[error("write {}: {source}", path.display())]
pub struct WriterError {
    path: PathBuf,
    source: io::Error,
}

/// Appends lines to `<directory>/<server>-<pid>.jsonl`, which others may read at any time.
///
/// Lines are handed to the operating system and not forced to the disk, and there are never more than twice 4 MiB of them:
/// then the file becomes `….jsonl.1`, in place of the one before. Files of gateways that wrote nothing for a day are removed.
/// Threads can share a writer.
///
/// As long as it lives it has a shared advisory lock (`flock`) on the file that it writes to, which the operating system takes
/// away at its end, however that comes: so readers know of the end of a gateway that was killed.
#[derive(Debug)]
pub struct Writer {
    source: Source,
    path: PathBuf,
    sink: Mutex<Sink>,
}

#[derive(Debug, Default)]
struct Sink {
    file: Option<File>,
    /// Readers can tell from its lock that somebody writes to it.
    is_held: bool,
    /// What a reader who sees only one file must know: how the tools stand.
    standing: Option<Record>,
    /// A line may have been written in part.
    is_torn: bool,
    /// Somebody was told of a failure.
    has_failed: bool,
}

impl Writer {
    /// A writer to `directory`, which is made when something happens.
    #[must_use]
    pub fn new(directory: &Path, source: Source) -> Self {
        let path = directory.join(file_name(&source));
        Self {
            source,
            path,
            sink: Mutex::default(),
        }
    }

    /// Notes that `event` happened at `time`.
    ///
    /// An error is returned once; those after it are kept quiet, and each time it is tried anew.
    pub fn record(&self, time: Timestamp, event: Event) -> Result<(), WriterError> {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let record = Record::new(&self.source, time, event);
        let Err(source) = sink.write(&self.path, &record) else {
            return Ok(());
        };
        if std::mem::replace(&mut sink.has_failed, true) {
            return Ok(());
        }
        Err(WriterError {
            path: self.path.clone(),
            source,
        })
    }
}

impl Sink {
    fn write(&mut self, path: &Path, record: &Record) -> io::Result<()> {
        if self.file.is_none() && record.event == Event::Gone {
            // The end of a gateway at which nothing happened is no news.
            return Ok(());
        }
        let line = line(record)?;
        self.make_ready(path, record.time)?;
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if self.is_torn {
            file.write_all(b"\n")?;
        }
        self.is_held = self.is_held || hold(file);
        self.is_torn = true;
        file.write_all(&line)?;
        self.is_torn = false;
        if matches!(record.event, Event::Tools(_)) {
            self.standing = Some(record.clone());
        }
        Ok(())
    }

    /// Opens the file, or another one when it was removed or is full.
    fn make_ready(&mut self, path: &Path, now: Timestamp) -> io::Result<()> {
        if let Some(file) = &self.file {
            let status = file.metadata()?;
            if status.nlink() > 0 && status.len() < MAX_FILE_BYTES {
                return Ok(());
            }
            // Another writer of the same name may have moved it already.
            if fs::symlink_metadata(path).is_ok_and(|there| is_same(&there, &status)) {
                fs::rename(path, before(path))?;
            }
        } else if let Some(directory) = path.parent() {
            create_directories(directory).map_err(io::Error::other)?;
            tidy(directory, now);
        }
        let mut file = open(path)?;
        self.is_torn = ends_torn(&file)?;
        if let Some(standing) = &self.standing
            && file.metadata()?.len() == 0
        {
            file.write_all(&line(standing)?)?;
        }
        self.file = Some(file);
        self.is_held = false;
        Ok(())
    }
}

/// Takes the lock that says that somebody writes to a file; whether that succeeded.
fn hold(file: &File) -> bool {
    (0..MAX_TRIES).any(|_| match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            thread::yield_now();
            false
        }
        // Where there are no locks, a second try has none either.
        Ok(()) | Err(TryLockError::Error(_)) => true,
    })
}

/// Whether nobody writes any more to a file that was opened to be read. Where there are no locks nobody knows.
pub(super) fn is_deserted(file: &File) -> bool {
    // It is given back when the file is closed.
    file.try_lock().is_ok()
}

fn line(record: &Record) -> io::Result<Vec<u8>> {
    record.to_line().map_err(io::Error::other)
}

/// `<server>-<pid>.jsonl`, with only those characters of the server's name that are safe in file names.
fn file_name(source: &Source) -> String {
    let safe = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => letter,
        _ => '_',
    };
    let name: String = source.server.chars().take(MAX_NAME).map(safe).collect();
    format!("{name}-{}{EXTENSION}", source.pid)
}

fn before(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(BEFORE);
    name.into()
}

fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Opens a regular file to append to it. Readable too, to look at the last byte; nothing else that may stand there is
/// followed or waited for.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

fn ends_torn(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::FileExt as _;
    let length = file.metadata()?.len();
    let mut last = [0];
    Ok(length > 0 && file.read_at(&mut last, length - 1)? == 1 && last != *b"\n")
}

/// Removes files that nobody has written to for a day. Whether they are ours is told from their names and first lines:
/// the directory may be used for other things.
fn tidy(directory: &Path, now: Timestamp) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.take(MAX_LISTED).flatten() {
        if is_old(&entry, now) && is_activity(&entry.path()) {
            // It may be gone by now, or somebody else's.
            _ = fs::remove_file(entry.path());
        }
    }
}

fn is_old(entry: &DirEntry, now: Timestamp) -> bool {
    let name = entry.file_name();
    if !name.to_str().is_some_and(is_file_name) {
        return false;
    }
    let Ok(status) = entry.metadata() else {
        return false;
    };
    status.is_file() && now.since(Timestamp::from_unix(status.mtime(), 0)) > KEEP
}

/// Whether a file of this name may hold activity.
pub(super) fn is_file_name(name: &str) -> bool {
    name.strip_suffix(BEFORE)
        .unwrap_or(name)
        .strip_suffix(EXTENSION)
        .and_then(|stem| stem.rsplit_once('-'))
        .is_some_and(|(_, pid)| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_activity(path: &Path) -> bool {
    let mut first = Vec::new();
    let Ok(file) = open_to_read(path) else {
        return false;
    };
    let limit = MAX_LINE_BYTES as u64 + 1;
    let read = BufReader::new(file).take(limit).read_until(b'\n', &mut first);
    read.is_ok() && Record::read(first.trim_ascii_end()).is_ok()
}

/// Opens what is at `path` without following or waiting.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::time::SystemTime;

    use gait_artifact::verdict::Verdict;

    use super::super::Tools;
    use super::super::tests::{call, source};
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH_1980;

    fn happening() -> Event {
        call("read", Verdict::Allow, 1)
    }

    fn writer(directory: &Path) -> Writer {
        Writer::new(directory, source())
    }

    fn read(path: &Path) -> Vec<Record> {
        let text = fs::read(path).unwrap();
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Record::read(line).unwrap()).collect()
    }

    #[test]
    fn lines_are_appended_for_the_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("deep/activity");
        writer(&directory).record(NOW, Event::Gone).unwrap();
        assert!(!directory.exists());
        for _ in 0..2 {
            writer(&directory).record(NOW, happening()).unwrap();
        }
        let path = directory.join("files-7.jsonl");
        assert_eq!(read(&path).len(), 2);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn two_files_at_most_and_each_says_how_tools_stand() {
        let root = tempfile::tempdir().unwrap();
        let writer = writer(root.path());
        let path = root.path().join("files-7.jsonl");
        let tools = Event::Tools(Tools::default());
        writer.record(NOW, tools.clone()).unwrap();
        let full = || {
            let file = OpenOptions::new().append(true).open(&path).unwrap();
            file.set_len(MAX_FILE_BYTES).unwrap();
        };
        for _ in 0..3 {
            full();
            writer.record(NOW, happening()).unwrap();
            let records = read(&path);
            assert_eq!(records.len(), 2);
            assert_eq!(records[0].event, tools);
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
        assert_eq!(fs::metadata(before(&path)).unwrap().len(), MAX_FILE_BYTES);
    }

    #[test]
    fn a_file_that_was_removed_or_torn_hinders_nobody() {
        let root = tempfile::tempdir().unwrap();
        let writer = writer(root.path());
        let path = root.path().join("files-7.jsonl");
        writer.record(NOW, happening()).unwrap();
        fs::remove_file(&path).unwrap();
        writer.record(NOW, happening()).unwrap();
        assert_eq!(read(&path).len(), 1);

        fs::write(&path, "{\"ki").unwrap();
        Writer::new(root.path(), source())
            .record(NOW, happening())
            .unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("{\"ki\n{\"kind\":\"call\""), "{text}");
    }

    #[test]
    fn the_first_failure_is_told_and_no_other() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("files-7.jsonl");
        let elsewhere = root.path().join("elsewhere");
        fs::write(&elsewhere, "").unwrap();
        symlink(&elsewhere, &path).unwrap();
        let writer = writer(root.path());
        let error = writer.record(NOW, happening()).unwrap_err();
        assert!(error.to_string().contains("files-7.jsonl"), "{error}");
        writer.record(NOW, happening()).unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"");
        fs::remove_file(&path).unwrap();
        writer.record(NOW, happening()).unwrap();
        assert_eq!(read(&path).len(), 1);
    }

    #[test]
    fn only_old_files_of_ours_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let line = Record::new(&source(), NOW, Event::Gone).to_line().unwrap();
        let names: [(&str, &[u8], bool); 6] = [
            ("files-1.jsonl", &line, false),
            ("files-1.jsonl.1", &line, false),
            ("notes-2.jsonl", b"{\"mine\":true}\n", true),
            ("notes.jsonl", &line, true),
            ("files-3.json", &line, true),
            ("files-4.jsonl", b"", true),
        ];
        for (name, content, _) in names {
            fs::write(root.path().join(name), content).unwrap();
        }
        tidy(root.path(), Timestamp::EPOCH_1980);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), names.len());
        let later = SystemTime::UNIX_EPOCH.elapsed().unwrap() + KEEP * 2;
        tidy(root.path(), Timestamp::from_unix(0, 0).saturating_add(later));
        for (name, _, stays) in names {
            assert_eq!(root.path().join(name).exists(), stays, "{name}");
        }
    }

    #[test]
    fn names_of_servers_cannot_leave_the_directory() {
        for (server, expected) in [
            ("files", "files-7.jsonl"),
            ("../../etc/passwd", "______etc_passwd-7.jsonl"),
            ("", "-7.jsonl"),
            ("ä b", "__b-7.jsonl"),
        ] {
            let source = Source {
                server: server.to_owned(),
                ..source()
            };
            assert_eq!(file_name(&source), expected);
            assert!(is_file_name(expected));
        }
    }
}
