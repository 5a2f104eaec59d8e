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
    if line.contains(&b'\n') {
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
    let record = record(&log, length, line).map_err(failed)?;
    write_or_cut_back(&log, length, &record).map_err(failed)?;
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

/// What is written, in one piece: the line with its line feed, on a fresh line.
fn record(log: &File, length: u64, line: &[u8]) -> io::Result<Vec<u8>> {
    let mut record = Vec::with_capacity(line.len() + 2);
    if length > 0 {
        let mut last = [0];
        rustix::io::pread(log, &mut last, length - 1)?;
        if last != *b"\n" {
            record.push(b'\n');
        }
    }
    record.extend_from_slice(line);
    record.push(b'\n');
    Ok(record)
}

fn write_or_cut_back(mut log: &File, length: u64, record: &[u8]) -> io::Result<()> {
    log.write_all(record).inspect_err(|_| {
        // Failing that, the next append starts on a fresh line.
        let _ = log.set_len(length);
    })?;
    log.sync_data()
}
