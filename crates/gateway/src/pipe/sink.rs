//! Where lines go, and how much it takes without making anybody wait.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use rustix::pipe::PIPE_BUF;

/// A stream that is written to.
#[derive(Debug)]
pub(super) struct Sink {
    file: File,
    kind: Kind,
}

/// How a stream is written to without waiting.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Piece by piece: one of [`PIPE_BUF`] bytes is taken whole, and at once by a pipe that says it takes any.
    Pipe,
    /// With a call that never waits.
    Socket,
    /// Not at all: a terminal, say.
    Other,
}

impl Sink {
    pub(super) fn new(stream: OwnedFd) -> Self {
        let file_type = fstat(&stream).map(|stat| FileType::from_raw_mode(stat.st_mode));
        let kind = match file_type {
            Ok(FileType::Fifo) => Kind::Pipe,
            Ok(FileType::Socket) => Kind::Socket,
            _ => Kind::Other,
        };
        Self {
            file: File::from(stream),
            kind,
        }
    }

    /// Writes as many of `bytes` as it takes without waiting; gives how many. The error says that nobody reads any more.
    ///
    /// The mode of the stream is left alone: other processes may have it open as well. When one of those fills a pipe in
    /// the very moment between the question and the write, this waits after all.
    pub(super) fn offer(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.kind {
            Kind::Pipe => self.offer_pieces(bytes),
            Kind::Socket => match send(&self.file, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(taken) => Ok(taken),
                Err(Errno::AGAIN | Errno::INTR) => Ok(0),
                Err(errno) => Err(errno.into()),
            },
            Kind::Other => Ok(0),
        }
    }

    fn offer_pieces(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        for piece in bytes.chunks(PIPE_BUF) {
            if !self.is_ready()? {
                break;
            }
            match (&self.file).write(piece) {
                Ok(written) => taken += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// Whether a write would not wait; one to nobody fails at once.
    fn is_ready(&self) -> io::Result<bool> {
        let mut polled = [PollFd::new(&self.file, PollFlags::OUT)];
        match poll(&mut polled, Some(&Timespec::default())) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Writes all of `bytes`, however long that takes.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)
    }
}
