//! Many small files that are durable as soon as they are acknowledged, for the price of one flush for all of them.
//!
//! A record is a file that does not exist yet: a destination and its content. Records from many threads gather while the
//! disk is busy; then one thread writes all of them to a log with one write and one flush, makes the file of each without
//! waiting for the disk, and tells those who wait. From then on the log vouches for the files: whoever opens the ledger
//! after a crash makes every file again that was lost, so a path that was told once keeps leading to its content.
//!
//! # The log
//!
//! The log is a handful of *segments* in one directory, `ledger-<16 hex digits>.segment`, mode 0600. A segment begins with a
//! header of 32 bytes (the format and a random nonce) and holds frames: length and CRC-32 of the payload, four bytes each,
//! little endian; then permission bits, time, destination (absolute, no links) and content. The nonce is part of every
//! checksum. What follows the last whole frame was never acknowledged and is not looked at.
//!
//! A full segment is used again once the disk has all of its files (`syncfs` where there is one, else file by file). Two
//! or so are in use at a time, whatever the number of records.
//!
//! Every process has segments of its own and holds an advisory lock on each while it lives, so several can keep their
//! ledgers in the same directory: those of living processes are left alone, those of dead ones are recovered by whoever
//! comes first. A ledger that is dropped has its files flushed and leaves no segment.
//!
//! # What can go wrong
//!
//! - A write to the log fails, for lack of space say: everybody in that batch is told, and the next batch is tried.
//! - A flush fails: what the disk has is unknown, so nobody is told otherwise until the ledger is opened anew.
//! - A file cannot be made: its writer is told. The record is in the log, so the file may turn up after a crash.
//! - Another file stands at the destination: it stays, in use as in recovery, and the record is reported.
//! - Files that were removed on purpose come back after a crash if their segment was still in use. They keep the time of
//!   their records, so that retention by age finds them again.
//!
//! Segments that other users own or may write to are never recovered: they could make files appear anywhere.

mod error;
mod files;
mod frame;
mod intake;
mod keeper;
mod recovery;
mod segment;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use crate::path::local_or_absolute;
use crate::{Error, atomic};

use intake::{Attended, Intake, Job};
use keeper::Keeper;
use segment::Segment;
use writer::Writer;

pub use error::LedgerError;
pub use recovery::Recovery;

/// Bytes a record may have.
pub const MAX_RECORD_BYTES: usize = 16 << 20;

/// How a ledger is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerOptions {
    /// Permission bits of the record files.
    pub file_mode: u32,
    /// Bytes of a log segment beyond which another is begun.
    pub segment_bytes: u64,
    /// Bytes that may wait in memory; more is refused with [`LedgerError::Overloaded`].
    pub queue_bytes: usize,
    /// How long records gather before they are written.
    pub gather: Gather,
}

/// How long records gather before they are written together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gather {
    /// Until about as many wait as came together the last time, or a fifth of a millisecond is over.
    AsManyAsBefore,
    /// Until somebody says with [`Hurry`] that nothing follows soon, or a millisecond is over: for threads that know when
    /// they have nothing else to do.
    UntilHurried,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self {
            file_mode: 0o600,
            segment_bytes: 32 << 20,
            queue_bytes: 64 << 20,
            gather: Gather::AsManyAsBefore,
        }
    }
}

/// A ledger: takes records from many threads and makes a durable file of each.
///
/// Dropping it writes what waits and removes the log.
#[derive(Debug)]
pub struct Ledger {
    intake: Arc<Intake>,
    writer: Option<JoinHandle<()>>,
}

/// Has a ledger write what waits. Does not keep the ledger from being dropped.
#[derive(Debug, Clone)]
pub struct Hurry(Arc<Intake>);

impl Hurry {
    /// Says that nothing follows soon on this thread: what waits need not wait for more. Costs next to nothing when nothing
    /// waits.
    pub fn now(&self) {
        self.0.hurry();
    }
}

/// A record on its way to the disk.
#[derive(Debug)]
#[must_use = "a record counts only once its ticket says so"]
pub struct Ticket {
    outcome: Receiver<Result<(), LedgerError>>,
}

impl Ticket {
    /// Waits until the record is durable and its file is there.
    pub fn wait(self) -> Result<(), LedgerError> {
        self.outcome.recv().unwrap_or(Err(LedgerError::Closed))
    }
}

impl Ledger {
    /// Opens the ledger whose log is kept in `directory`, which is made if need be, and first makes good what earlier
    /// processes left undone.
    pub fn open(directory: &Path, options: LedgerOptions) -> Result<(Self, Recovery), LedgerError> {
        let failed = |error| LedgerError::Log(Arc::new(error));
        atomic::create_directories(directory).map_err(failed)?;
        let recovery = recovery::recover(directory)?;
        let segment = Segment::create(directory).map_err(failed)?;
        let keeper = Keeper::start(directory.to_path_buf(), options.segment_bytes).map_err(failed)?;
        let intake = Arc::new(Intake::new(options.queue_bytes, options.gather));
        let writer = Writer::new(Attended(Arc::clone(&intake)), options.file_mode, segment, keeper);
        let writer = thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| Error::Io {
                action: "start the writer of",
                path: directory.to_path_buf(),
                source,
            })
            .map_err(failed)?;
        let ledger = Self {
            intake,
            writer: Some(writer),
        };
        Ok((ledger, recovery))
    }

    /// Makes `bytes` a new file at `path`; the ticket tells when it is durable.
    ///
    /// The path must pass [`local_or_absolute`]; missing directories are made. A file that is there already and has the
    /// same content counts as made, any other is a [`LedgerError::Conflict`].
    pub fn record(&self, path: impl AsRef<Path>, bytes: Vec<u8>) -> Ticket {
        let (told, outcome) = sync_channel(1);
        self.record_then(path, bytes, move |result, _| {
            // Nobody may be waiting any more.
            let _ = told.send(result);
        });
        Ticket { outcome }
    }

    /// As [`record`](Self::record), for callers that cannot wait: `then` gets the outcome and `bytes`, on the ledger's thread
    /// or, when the record is refused, on this one. All records wait while it runs.
    ///
    /// Memory is best given back by the thread that took it; elsewhere the allocator of that thread is held up.
    pub fn record_then(
        &self,
        path: impl AsRef<Path>,
        bytes: Vec<u8>,
        then: impl FnOnce(Result<(), LedgerError>, Vec<u8>) + Send + 'static,
    ) {
        if bytes.len() > MAX_RECORD_BYTES {
            let refusal = LedgerError::TooLarge {
                size: bytes.len(),
                limit: MAX_RECORD_BYTES,
            };
            return then(Err(refusal), bytes);
        }
        match local_or_absolute(path.as_ref()) {
            Ok(path) => self.intake.push(Job {
                path,
                bytes,
                then: Box::new(then),
            }),
            Err(error) => then(Err(error.into()), bytes),
        }
    }

    /// For those who know when nothing follows; see [`Gather::UntilHurried`].
    #[must_use]
    pub fn hurry(&self) -> Hurry {
        Hurry(Arc::clone(&self.intake))
    }

    /// Why the ledger takes no more records, if it does not: the disk failed.
    #[must_use]
    pub fn failure(&self) -> Option<LedgerError> {
        self.intake.poisoned().map(LedgerError::Poisoned)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.intake.close();
        if let Some(writer) = self.writer.take()
            // The last owner may be a callback.
            && writer.thread().id() != thread::current().id()
        {
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests;
