//! Many small files that are on the disk as soon as they are acknowledged, for the price of one flush for all of them.

mod error;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use crate::path::local_or_absolute;
use crate::{Error, atomic};

pub use error::LedgerError;

/// How a ledger is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerOptions {
    /// Permission bits of the record files.
    pub file_mode: u32,
    /// Bytes of a log segment beyond which another is begun.
    pub segment_bytes: u64,
    /// Bytes that may wait in memory; more is refused with [`LedgerError::Overloaded`].
    pub queue_bytes: usize,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self {
            file_mode: 0o600,
            segment_bytes: 32 << 20,
            queue_bytes: 64 << 20,
        }
    }
}

/// What opening a ledger found of earlier processes that did not end in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Record files that were lost and are there again.
    pub restored: u64,
    /// Record files that were there.
    pub present: u64,
    /// Records whose files exist with other content. The first few of their paths; [`kept`](Self::kept) has them all.
    pub conflicts: Vec<PathBuf>,
    /// Log segments with such records, set aside for somebody to look at.
    pub kept: Vec<PathBuf>,
}

/// A ledger: takes records from many threads and makes a durable file of each.
#[derive(Debug)]
pub struct Ledger {
    options: LedgerOptions,
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
    /// Opens the ledger whose log is kept in `directory`, which is made if need be, and first makes good what an earlier
    /// process left undone. Several processes may have ledgers in the same directory.
    pub fn open(directory: &Path, options: LedgerOptions) -> Result<(Self, Recovery), LedgerError> {
        atomic::create_directories(directory).map_err(|error| LedgerError::Log(Arc::new(error)))?;
        Ok((Self { options }, Recovery::default()))
    }

    /// Makes `bytes` a new file at `path`; the ticket tells when it is durable.
    pub fn record(&self, path: PathBuf, bytes: Vec<u8>) -> Ticket {
        let (told, outcome) = sync_channel(1);
        self.record_then(path, bytes, move |result| {
            // Nobody may be waiting any more.
            let _ = told.send(result);
        });
        Ticket { outcome }
    }

    /// As [`record`](Self::record), for callers that cannot wait: `then` gets the outcome, on another thread or on this one.
    /// It must not block. It is dropped unasked when the ledger is closed before.
    pub fn record_then(
        &self,
        path: PathBuf,
        bytes: Vec<u8>,
        then: impl FnOnce(Result<(), LedgerError>) + Send + 'static,
    ) {
        then(self.create(&path, &bytes));
    }

    fn create(&self, path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
        let path = local_or_absolute(path)?;
        atomic::create_new(&path, bytes, self.options.file_mode).map_err(|error| match error {
            Error::AlreadyExists { path } => LedgerError::Conflict { path },
            error => LedgerError::File(Arc::new(error)),
        })
    }
}
