//! What can go wrong with a ledger.

use std::path::PathBuf;
use std::sync::Arc;

use crate::{Error, PathError};

/// Why a ledger cannot be opened, or why a record is not acknowledged.
///
/// A record that is not acknowledged may still turn up: what was written before the error stays where it is, and
/// recovery does not know who was told what.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The destination of a record is not accepted because of its text.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A record is larger than the ledger takes.
    #[error("a record of {size} bytes exceeds the ledger's limit of {limit} bytes")]
    TooLarge {
        /// Bytes of the record.
        size: usize,
        /// Bytes a record may have.
        limit: usize,
    },
    /// More is waiting to be written than the ledger keeps in memory. The same record may be taken later.
    #[error("the ledger is overloaded: {waiting} bytes are waiting")]
    Overloaded {
        /// Bytes that wait.
        waiting: usize,
    },
    /// Another file stands where the record should go. It is left alone.
    #[error("{} exists with other content", path.display())]
    Conflict {
        /// The destination.
        path: PathBuf,
    },
    /// The file of a record could not be made. The record itself is in the ledger.
    #[error("{0}")]
    File(Arc<Error>),
    /// The log could not be written, for lack of space say. Later records may succeed.
    #[error("{0}")]
    Log(Arc<Error>),
    /// The ledger could not make good what an earlier process left. Nothing of it is lost.
    #[error("recover the ledger: {0}")]
    Recovery(Arc<Error>),
    /// The disk failed to keep what was written. Nothing is acknowledged any more until the ledger is opened anew.
    #[error("the ledger takes no more records: {0}")]
    Poisoned(Arc<Error>),
    /// The ledger was closed before the record was written.
    #[error("the ledger is closed")]
    Closed,
}

impl LedgerError {
    /// Whether the same record may be taken a little later, without anybody repairing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Overloaded { .. })
    }
}
