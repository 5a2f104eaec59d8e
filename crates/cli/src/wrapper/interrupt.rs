//! Signals that ask the wrapper to end, so that it can end its child first.

use std::{
    io::{self, Read as _},
    os::unix::net::UnixStream,
    time::Duration,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    low_level::pipe,
};

/// A stream that becomes readable when somebody asks this process to end.
///
/// The child runs in a process group of its own, so Ctrl-C on a terminal reaches the wrapper alone.
pub(crate) fn on_signal() -> io::Result<UnixStream> {
    let (readable, written) = UnixStream::pair()?;
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        pipe::register(signal, written.try_clone()?)?;
    }
    Ok(readable)
}

/// Whether somebody asks the program to end, for those who look at something again and again meanwhile.
pub(crate) struct Interruption(UnixStream);

impl Interruption {
    /// Asked every `interval`.
    pub(crate) fn new(interval: Duration) -> io::Result<Self> {
        let signals = on_signal()?;
        signals.set_read_timeout(Some(interval))?;
        Ok(Self(signals))
    }

    /// Waits for it until the interval is over.
    pub(crate) fn came(&mut self) -> bool {
        match self.0.read_exact(&mut [0]) {
            Ok(()) => true,
            Err(error) => !matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
            ),
        }
    }
}
