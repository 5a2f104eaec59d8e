//! Signed proof records, each bound to the one before it.

use std::io::{self, Write};

use gait_artifact::proof::ProofRecord;
use gait_canon::PrivateKey;
use gait_pack::lines::MAX_LINE_BYTES;
use gait_pack::proof::{SealedRecord, Sealer};

use super::LineProblem;

/// Writes a chain, a canonical record a line.
pub(super) struct ChainWriter<'a, W> {
    out: W,
    sealer: Sealer<'a>,
}

impl<'a, W: Write> ChainWriter<'a, W> {
    /// A chain whose next record follows the one with `previous_hash`, or none if that is empty.
    pub(super) fn new(out: W, signer: &'a PrivateKey, previous_hash: String) -> Self {
        let sealer = Sealer::new(Some(signer), previous_hash);
        Self { out, sealer }
    }

    /// Identifies, binds and signs `record`, unless it is longer than readers of chains take.
    pub(super) fn seal(&self, record: ProofRecord) -> Result<SealedRecord, LineProblem> {
        let sealed = self.sealer.seal(record).map_err(LineProblem::Unrepresentable)?;
        if sealed.line.len() > MAX_LINE_BYTES {
            return Err(LineProblem::RecordTooLong);
        }
        Ok(sealed)
    }

    /// Makes `record` the last one of the chain.
    pub(super) fn append(&mut self, mut record: SealedRecord) -> io::Result<()> {
        record.line.push(b'\n');
        self.out.write_all(&record.line)?;
        self.sealer.follow(record);
        Ok(())
    }
}
