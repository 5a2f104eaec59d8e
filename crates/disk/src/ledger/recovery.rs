//! What processes that did not end in order have left: records whose files may be lost.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LedgerError;
use super::files::{Standing, make_durable, restore, standing};
use super::segment::{Claim, Segment, io_error};
use crate::Error;

/// Conflicts that are told one by one.
const TOLD: usize = 16;

/// What opening a ledger found of earlier processes that did not end in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Record files that were lost, or not whole, and are there again.
    pub restored: u64,
    /// Record files that were there.
    pub present: u64,
    /// Where other files stand in the place of records: the first few of these paths. The records themselves are in
    /// [`kept`](Self::kept).
    pub conflicts: Vec<PathBuf>,
    /// Log segments that were set aside, or left alone, for somebody to look at: they hold records with conflicts, belong
    /// to another user or are of another version.
    pub kept: Vec<PathBuf>,
}

/// Makes good what is in the segments in `directory` that no living process holds, and removes them.
pub(super) fn recover(directory: &Path) -> Result<Recovery, LedgerError> {
    let failed = |error| LedgerError::Recovery(Arc::new(error));
    let mut recovery = Recovery::default();
    for path in Segment::all(directory).map_err(failed)? {
        match Segment::claim(&path).map_err(failed)? {
            Claim::Held => {}
            Claim::Foreign => recovery.kept.push(path),
            Claim::Ours(segment) => recovery.make_good(segment).map_err(failed)?,
        }
    }
    Ok(recovery)
}

impl Recovery {
    fn make_good(&mut self, segment: Segment) -> Result<(), Error> {
        let mut records = segment.records()?;
        let mut count = 0;
        let mut conflict = false;
        while let Some(record) = records.next().map_err(io_error("read", segment.path()))? {
            count += 1;
            match standing(&record)? {
                Standing::Whole => self.present += 1,
                lost @ (Standing::Absent | Standing::Remnant) => {
                    restore(&record, lost)?;
                    self.restored += 1;
                }
                Standing::Other => {
                    conflict = true;
                    if self.conflicts.len() < TOLD {
                        self.conflicts.push(record.path.to_path_buf());
                    }
                }
            }
        }
        if count > 0 {
            make_durable(&segment, count)?;
        }
        if conflict {
            self.kept.push(segment.set_aside()?);
            return Ok(());
        }
        segment.remove()
    }
}
