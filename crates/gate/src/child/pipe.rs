//! The pipes between the program and its caller, read and written without waiting.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ChildStdin;

use rustix::io::{Errno, ioctl_fionbio};

use super::Captured;

/// The bytes on their way to the program.
pub(super) struct Input<'a> {
    pub(super) pipe: Option<ChildStdin>,
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) fn new(pipe: Option<ChildStdin>, rest: &'a [u8]) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            ioctl_fionbio(pipe, true)?;
        }
        Ok(Self { pipe, rest })
    }

    pub(super) fn write_some(&mut self) -> io::Result<()> {
        let Some(pipe) = &self.pipe else { return Ok(()) };
        match rustix::io::write(pipe, self.rest) {
            Ok(count) => self.rest = self.rest.get(count..).unwrap_or_default(),
            Err(Errno::AGAIN | Errno::INTR) => {}
            // The program does not want the rest.
            Err(Errno::PIPE) => self.rest = b"",
            Err(errno) => return Err(errno.into()),
        }
        if self.rest.is_empty() {
            self.close();
        }
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.pipe = None;
    }
}

/// The bytes on their way from the program.
pub(super) struct Stream {
    pub(super) pipe: Option<OwnedFd>,
    limit: usize,
    captured: Captured,
}

impl Stream {
    pub(super) fn new(pipe: Option<OwnedFd>, limit: usize) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            ioctl_fionbio(pipe, true)?;
        }
        let captured = Captured::default();
        Ok(Self {
            pipe,
            limit,
            captured,
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    pub(super) fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let Some(pipe) = &self.pipe else { return Ok(()) };
        match rustix::io::read(pipe, &mut *buffer) {
            Ok(0) => self.pipe = None,
            Ok(count) => {
                let room = self.limit.saturating_sub(self.captured.bytes.len());
                self.captured.truncated |= count > room;
                self.captured.bytes.extend_from_slice(&buffer[..count.min(room)]);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }

    pub(super) fn into_captured(self) -> Captured {
        Captured {
            cut_off: self.pipe.is_some(),
            ..self.captured
        }
    }
}
