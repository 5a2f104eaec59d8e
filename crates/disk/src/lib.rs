//! Bytes that survive: files that are whole or absent, logs that lose no line, locks that a crash cannot hold.
//!
//! What comes in are paths, bytes and modes; what comes out is on the disk when the function returns. Nothing
//! here knows what the bytes mean.
//!
//! - [`path`]: which destinations are accepted, by their text alone.
//! - [`atomic`]: a file is replaced whole or not at all; a crash leaves the old content or the new.
//! - [`append`]: one line more in a log that many processes write at once.
//! - [`open_beneath`]: a file below a directory, and no link on the way.
//! - [`cache`]: a file whose loss costs time and nothing else is replaced without waiting for the disk.
//! - [`ledger`]: many small files that are durable as soon as they are acknowledged, for one flush.
//! - [`lock`]: lock files that are also understood by programs that know only the file's presence and age.
//! - [`progress`]: how callers watch long work.
//! - [`read`]: a file read whole, with a limit, without ever waiting on a pipe for good.
//! - [`reload`]: what was read from files, exchanged for another when they change.
//! - [`retain`]: old files are found, and exactly those are removed.
//! - [`stamp`]: whether files are still the ones that were read.
//!
//! Times inside this crate are compared with the modification times that the kernel gives to files, so the
//! clock is the system's and not an argument.

pub mod append;
pub mod atomic;
mod beneath;
pub mod cache;
mod directory;
mod draft;
mod error;
pub mod ledger;
pub mod lock;
pub mod path;
pub mod progress;
pub mod read;
pub mod reload;
pub mod retain;
mod scratch;
pub mod stamp;

pub use beneath::open_beneath;
pub use error::{Error, FileKind};
pub use lock::{FileLock, LockError, LockPolicy};
pub use path::PathError;
pub use progress::Progress;
pub use read::ReadError;
pub use scratch::Scratch;
