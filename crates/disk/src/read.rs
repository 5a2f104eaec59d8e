//! Files read whole, with a limit.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::FileKind;

/// How long the writer of a pipe may take until the pipe is read to its end.
const PIPE_TIME_LIMIT: Duration = Duration::from_secs(10);

/// Bytes asked of the operating system at once when the size is not known.
const CHUNK: usize = 64 * 1024;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("open {}: no such file or directory", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The file holds more bytes than the caller takes.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The path as given.
        path: PathBuf,
        /// The largest accepted size, in bytes.
        limit: usize,
    },
    /// The path leads to a directory.
    #[error("read {}: is a directory", path.display())]
    Directory {
        /// The path as given.
        path: PathBuf,
    },
    /// The path leads to something that has no end, such as a terminal or a device.
    #[error("{} is {kind}, not a file", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
        /// What stands there.
        kind: FileKind,
    },
    /// The operating system refused, or the writer of a pipe took too long.
    #[error("read {}: {source}", path.display())]
    Io {
        /// The path as given.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// The content of the file at `path`, at most `limit` bytes.
///
/// Links are followed. Pipes (a shell's `<(command)`) are read to their end, for ten seconds at most; a pipe that
/// nobody writes to is empty. At no time is more than `limit` bytes and one chunk of 64 KiB held.
pub fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, ReadError> {
    let failed = |errno: Errno| match errno {
        Errno::NOENT => ReadError::NotFound {
            path: path.to_path_buf(),
        },
        Errno::ISDIR => ReadError::Directory {
            path: path.to_path_buf(),
        },
        errno => ReadError::Io {
            path: path.to_path_buf(),
            source: errno.into(),
        },
    };
    // Without NONBLOCK the mere opening of a pipe waits for a writer.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = rustix::io::retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty())).map_err(failed)?;
    let stat = rustix::fs::fstat(&file).map_err(failed)?;
    let size = usize::try_from(stat.st_size).unwrap_or(usize::MAX);
    let expected = match FileKind::of(&stat) {
        FileKind::Regular if size > limit => {
            return Err(ReadError::TooLarge {
                path: path.to_path_buf(),
                limit,
            });
        }
        FileKind::Regular => size,
        FileKind::Pipe => 0,
        FileKind::Directory => {
            return Err(ReadError::Directory {
                path: path.to_path_buf(),
            });
        }
        kind => {
            return Err(ReadError::NotAFile {
                path: path.to_path_buf(),
                kind,
            });
        }
    };
    let content = read_to_end(&file, expected, limit).map_err(failed)?;
    if content.len() > limit {
        return Err(ReadError::TooLarge {
            path: path.to_path_buf(),
            limit,
        });
    }
    Ok(content)
}

/// Reads until the end or until there is more than `limit`. A file may grow or shrink meanwhile, so `expected` only
/// sizes the first buffer.
fn read_to_end(file: &OwnedFd, expected: usize, limit: usize) -> Result<Vec<u8>, Errno> {
    // One byte more than expected, so that the end shows without growing the buffer.
    let mut content = Vec::with_capacity(expected.saturating_add(1));
    let deadline = Instant::now() + PIPE_TIME_LIMIT;
    while content.len() <= limit {
        if content.len() == content.capacity() {
            content.reserve(CHUNK);
        }
        match rustix::io::read(file, rustix::buffer::spare_capacity(&mut content)) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_readable(file, deadline)?,
            Err(errno) => return Err(errno),
        }
    }
    Ok(content)
}

fn wait_readable(file: &OwnedFd, deadline: Instant) -> Result<(), Errno> {
    let remaining = deadline.saturating_duration_since(Instant::now());
    let timeout = Timespec::try_from(remaining).map_err(|_| Errno::INVAL)?;
    match poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&timeout)) {
        Ok(0) => Err(Errno::TIMEDOUT),
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(errno),
    }
}
