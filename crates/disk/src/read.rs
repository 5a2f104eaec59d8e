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

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;
    use std::os::fd::AsRawFd;

    use rustix::fs::{CWD, FileType};

    use super::*;

    #[test]
    fn files_up_to_the_limit_are_read_whole() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        for size in [0, 1, 99, 100] {
            let content = vec![b'x'; size];
            fs::write(&path, &content).unwrap();
            assert_eq!(read_bounded(&path, 100).unwrap(), content);
        }
        fs::write(&path, [b'x'; 101]).unwrap();
        let refused = read_bounded(&path, 100).unwrap_err();
        assert!(
            matches!(refused, ReadError::TooLarge { limit: 100, .. }),
            "{refused}"
        );
        assert_eq!(read_bounded(&path, usize::MAX).unwrap().len(), 101);
    }

    #[test]
    fn what_cannot_be_read_has_a_kind() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        let read = |name: &str| read_bounded(&root.path().join(name), 100).unwrap_err();
        assert!(matches!(read("missing"), ReadError::NotFound { .. }));
        assert!(matches!(read("missing/below"), ReadError::NotFound { .. }));
        assert!(matches!(read(""), ReadError::Directory { .. }));
        assert!(matches!(read("file/below"), ReadError::Io { .. }));
        let device = read_bounded(Path::new("/dev/zero"), 100).unwrap_err();
        assert!(
            matches!(
                device,
                ReadError::NotAFile {
                    kind: FileKind::CharacterDevice,
                    ..
                }
            ),
            "{device}"
        );
    }

    #[test]
    fn files_without_a_size_are_read_to_their_end() {
        if let Ok(status) = read_bounded(Path::new("/proc/self/status"), 1 << 20) {
            assert!(status.ends_with(b"\n"));
            let refused = read_bounded(Path::new("/proc/self/status"), 10).unwrap_err();
            assert!(matches!(refused, ReadError::TooLarge { .. }), "{refused}");
        }
    }

    #[test]
    fn a_pipe_that_nobody_writes_to_is_empty() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("pipe");
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert_eq!(read_bounded(&path, 100).unwrap(), b"");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_inherited_pipe_is_read_until_its_writer_closes_it() {
        let (reader, mut writer) = io::pipe().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        let (ready, started) = std::sync::mpsc::channel();
        let read = std::thread::spawn(move || {
            ready.send(()).unwrap();
            read_bounded(&path, 200_000)
        });
        started.recv().unwrap();
        for _ in 0..10 {
            writer.write_all(&[b'x'; 10_000]).unwrap();
        }
        drop(writer);
        assert_eq!(read.join().unwrap().unwrap().len(), 100_000);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_endless_pipe_stops_at_the_limit() {
        let (reader, writer) = io::pipe().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        let mut writer = File::from(OwnedFd::from(writer));
        let endless = std::thread::spawn(move || while writer.write_all(&[b'x'; 4096]).is_ok() {});
        let refused = read_bounded(&path, 50_000).unwrap_err();
        assert!(matches!(refused, ReadError::TooLarge { .. }), "{refused}");
        drop(reader);
        endless.join().unwrap();
    }
}
