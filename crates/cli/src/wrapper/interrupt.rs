//! Signals that ask the wrapper to end, so that it can end its child first.

use std::{io, os::unix::net::UnixStream};

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
