//! What can go wrong while writing.

use std::{fmt, io, path::PathBuf};

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

use crate::{LockError, PathError};

/// Why nothing was written, or why it is not known to be on the disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The destination is not accepted because of its text.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Something that must not be replaced stands at the destination.
    #[error("{} is {kind}, not a regular file", path.display())]
    NotRegular {
        /// The destination.
        path: PathBuf,
        /// What stands there.
        kind: FileKind,
    },
    /// The destination exists and the caller asked for a new file.
    #[error("{} already exists", path.display())]
    AlreadyExists {
        /// The destination.
        path: PathBuf,
    },
    /// A log record holds a line break, so it would be read back as several records.
    #[error("a log record must be a single line")]
    LineBreak,
    /// The lock around the write was not obtained.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The operating system refused a step.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// The step, as a verb phrase: `write`, `create directory`.
        action: &'static str,
        /// The path it was done to.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(Errno) -> Self {
        let path = path.into();
        move |errno| Self::Io {
            action,
            path,
            source: errno.into(),
        }
    }
}

/// What kind of thing a name in a directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link, wherever it leads.
    Symlink,
    /// A named or inherited pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A device read and written as a stream, such as `/dev/null` or a terminal.
    CharacterDevice,
    /// A disk or a part of one.
    BlockDevice,
    /// Something the operating system does not name.
    Unknown,
}

impl FileKind {
    pub(crate) fn of(stat: &Stat) -> Self {
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Self::Regular,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            FileType::Fifo => Self::Pipe,
            FileType::Socket => Self::Socket,
            FileType::CharacterDevice => Self::CharacterDevice,
            FileType::BlockDevice => Self::BlockDevice,
            FileType::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Regular => "a regular file",
            Self::Directory => "a directory",
            Self::Symlink => "a symbolic link",
            Self::Pipe => "a pipe",
            Self::Socket => "a socket",
            Self::CharacterDevice => "a character device",
            Self::BlockDevice => "a block device",
            Self::Unknown => "of an unknown kind",
        })
    }
}
