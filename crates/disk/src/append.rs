//! One line more in a log that many processes write at once.
//!
//! Two locks guard an append: the lock file `<log>.lock`, which every program that writes these logs respects, and an
//! advisory lock on the log itself, which holds among our own processes even when a plain program removes the lock
//! file under its owner.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::atomic::create_parents;
use crate::directory::Directory;
use crate::lock::AdvisoryLock;
use crate::path::local_or_absolute;
use crate::{Error, FileKind, FileLock, LockPolicy};

/// Adds `line` and a line feed to the log at `path`; on return they are on the disk.
///
/// The path must pass [`local_or_absolute`]; missing directories are made. A missing log is created with `mode`
/// (permission bits, before the umask). `line` must not contain a line feed ([`Error::LineBreak`]).
///
/// A log whose last line lacks its line feed, because its writer crashed, gets one first: the damaged record stays
/// where it is and never merges with the new one. When the write itself fails, for lack of space say, the log is cut
/// back to its former length.
pub fn append_line(path: &Path, line: &[u8], mode: u32, policy: &LockPolicy) -> Result<(), Error> {
    append_lines(path, &[line], mode, policy)
}

/// Adds `lines`, each with a line feed, as [`append_line`] does: all or none, with nobody's lines between them.
pub fn append_lines(
    path: &Path,
    lines: &[impl AsRef<[u8]>],
    mode: u32,
    policy: &LockPolicy,
) -> Result<(), Error> {
    if lines.iter().any(|line| line.as_ref().contains(&b'\n')) {
        return Err(Error::LineBreak);
    }
    let path = local_or_absolute(path)?;
    create_parents(&path)?;
    let lock = FileLock::acquire(&lock_path(&path), policy, b"")?;
    let log = open_log(&path, mode)?;
    let _exclusive = AdvisoryLock::acquire(&log, &path, policy)?;
    let length = length(&log, &path)?;
    let failed = |source| Error::Io {
        action: "append to",
        path: path.clone(),
        source,
    };
    let records = records(&log, length, lines).map_err(failed)?;
    write_or_cut_back(&log, length, &records).map_err(failed)?;
    // After the first record the name of the log is durable, unless its writer crashed before this line.
    if length == 0 || lock.taken_over() {
        Directory::holding(&path)?.0.sync();
    }
    Ok(())
}

/// The lock file that guards `path`: the same name with `.lock` added.
#[must_use]
pub fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    PathBuf::from(name)
}

fn open_log(path: &Path, mode: u32) -> Result<File, Error> {
    // Readable too, to look at the last byte; not waiting, because a pipe may stand there.
    let flags =
        OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let open = || rustix::fs::open(path, flags, Mode::from_raw_mode(mode));
    rustix::io::retry_on_intr(open)
        .map(File::from)
        .map_err(Error::io("open", path))
}

/// The length of the log in bytes, which must be a regular file.
fn length(log: &File, path: &Path) -> Result<u64, Error> {
    let stat = rustix::fs::fstat(log).map_err(Error::io("examine", path))?;
    match FileKind::of(&stat) {
        FileKind::Regular => Ok(u64::try_from(stat.st_size).unwrap_or(0)),
        kind => Err(Error::NotRegular {
            path: path.to_path_buf(),
            kind,
        }),
    }
}

/// What is written, in one piece: the lines with their line feeds, on a fresh line.
fn records(log: &File, length: u64, lines: &[impl AsRef<[u8]>]) -> io::Result<Vec<u8>> {
    let mut records = Vec::new();
    if length > 0 {
        let mut last = [0];
        rustix::io::pread(log, &mut last, length - 1)?;
        if last != *b"\n" {
            records.push(b'\n');
        }
    }
    for line in lines {
        records.extend_from_slice(line.as_ref());
        records.push(b'\n');
    }
    Ok(records)
}

fn write_or_cut_back(mut log: &File, length: u64, record: &[u8]) -> io::Result<()> {
    log.write_all(record).inspect_err(|_| {
        // Failing that, the next append starts on a fresh line.
        let _ = log.set_len(length);
    })?;
    log.sync_data()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::time::Duration;

    use rustix::fs::{CWD, FileType};

    use super::*;
    use crate::LockError;

    const IMPATIENT: LockPolicy = LockPolicy {
        timeout: Duration::from_millis(30),
        ..LockPolicy::APPEND
    };

    #[test]
    fn lines_are_added_and_the_lock_goes_away() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("logs/deep/a.jsonl");
        for line in ["first", "", "third"] {
            append_line(&path, line.as_bytes(), 0o600, &LockPolicy::APPEND).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "first\n\nthird\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_torn_last_line_does_not_swallow_the_next() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.jsonl");
        fs::write(&path, "whole\n{\"to").unwrap();
        append_line(&path, b"next", 0o600, &LockPolicy::APPEND).unwrap();
        append_line(&path, b"last", 0o600, &LockPolicy::APPEND).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\n{\"to\nnext\nlast\n");
    }

    #[test]
    fn lines_of_one_writer_stay_together() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.jsonl");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                let lines = vec![format!("{writer}"); 8];
                scope.spawn(move || {
                    for _ in 0..5 {
                        append_lines(path, &lines, 0o600, &LockPolicy::APPEND).unwrap();
                    }
                });
            }
        });
        let log = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = log.lines().collect();
        assert_eq!(lines.len(), 160);
        for group in lines.chunks(8) {
            assert!(group.iter().all(|line| *line == group[0]), "{group:?}");
        }
    }

    #[test]
    fn a_record_is_one_line() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("below/a.jsonl");
        let refused = append_lines(&path, &["one", "two\nlines"], 0o600, &LockPolicy::APPEND).unwrap_err();
        assert!(matches!(refused, Error::LineBreak), "{refused}");
        let refused = append_line(&path, b"two\nlines", 0o600, &LockPolicy::APPEND).unwrap_err();
        assert!(matches!(refused, Error::LineBreak), "{refused}");
        assert!(!root.path().join("below").exists());
    }

    #[test]
    fn only_regular_files_and_links_to_them_are_logs() {
        let root = tempfile::tempdir().unwrap();
        let append = |name: &str| append_line(&root.path().join(name), b"x", 0o600, &IMPATIENT);
        fs::write(root.path().join("target"), "").unwrap();
        symlink("target", root.path().join("link")).unwrap();
        append("link").unwrap();
        assert_eq!(fs::read_to_string(root.path().join("target")).unwrap(), "x\n");
        fs::create_dir(root.path().join("directory")).unwrap();
        assert!(matches!(
            append("directory").unwrap_err(),
            Error::Io { action: "open", .. }
        ));
        rustix::fs::mknodat(
            CWD,
            root.path().join("pipe"),
            FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        assert!(matches!(
            append("pipe").unwrap_err(),
            Error::NotRegular {
                kind: FileKind::Pipe,
                ..
            }
        ));
        assert!(matches!(
            append("target/below").unwrap_err(),
            Error::Io {
                action: "create directory",
                ..
            }
        ));
        let outside = append_line(Path::new("../x"), b"x", 0o600, &IMPATIENT).unwrap_err();
        assert!(matches!(outside, Error::Path(_)), "{outside}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_young_plain_lock_is_contention() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.jsonl");
        fs::write(lock_path(&path), "").unwrap();
        let refused = append_line(&path, b"x", 0o600, &IMPATIENT).unwrap_err();
        assert!(
            matches!(refused, Error::Lock(LockError::Timeout { .. })),
            "{refused}"
        );
        assert!(lock_path(&path).exists());
        assert!(!path.exists());
    }

    #[test]
    fn a_locked_log_is_contention_too() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.jsonl");
        let log = File::create(&path).unwrap();
        log.lock().unwrap();
        let refused = append_line(&path, b"x", 0o600, &IMPATIENT).unwrap_err();
        assert!(
            matches!(refused, Error::Lock(LockError::Timeout { .. })),
            "{refused}"
        );
        log.unlock().unwrap();
        append_line(&path, b"x", 0o600, &IMPATIENT).unwrap();
    }

    #[test]
    fn concurrent_threads_lose_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.jsonl");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for i in 0..10 {
                        append_line(
                            path,
                            format!("{writer}-{i}").as_bytes(),
                            0o600,
                            &LockPolicy::APPEND,
                        )
                        .unwrap();
                    }
                });
            }
        });
        let log = fs::read_to_string(&path).unwrap();
        for writer in 0..8 {
            let own: Vec<_> = log
                .lines()
                .filter(|line| line.starts_with(&format!("{writer}-")))
                .collect();
            let expected: Vec<_> = (0..10).map(|i| format!("{writer}-{i}")).collect();
            assert_eq!(own, expected);
        }
        assert_eq!(log.lines().count(), 80);
    }
}
