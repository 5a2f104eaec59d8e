//! Signed proof records, each bound to the one before it.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gait_artifact::proof::{ProofRecord, SIGNATURE_PREFIX};
use gait_canon::sign::sign_message;
use gait_canon::{PrivateKey, json};
use gait_pack::lines::MAX_LINE_BYTES;

use super::LineProblem;

/// Writes a chain, a canonical record a line.
pub(super) struct ChainWriter<'a, W> {
    out: W,
    signer: &'a PrivateKey,
    key_id: String,
    previous_hash: String,
}

/// A record that is bound to the last one of a chain and not yet part of it.
pub(super) struct Sealed {
    line: Vec<u8>,
    hash: String,
}

impl<'a, W: Write> ChainWriter<'a, W> {
    /// A chain whose next record follows the one with `previous_hash`, or none if that is empty.
    pub(super) fn new(out: W, signer: &'a PrivateKey, previous_hash: String) -> Self {
        Self {
            out,
            signer,
            key_id: signer.public().key_id().to_string(),
            previous_hash,
        }
    }

    /// Identifies, binds and signs `record`, unless it is longer than readers of chains take.
    pub(super) fn seal(&self, mut record: ProofRecord) -> Result<Sealed, LineProblem> {
        let unrepresentable = LineProblem::Unrepresentable;
        record.record_id = record.derived_id().map_err(unrepresentable)?;
        record
            .integrity
            .previous_record_hash
            .clone_from(&self.previous_hash);
        let hash = record.derived_hash().map_err(unrepresentable)?;
        let signature = STANDARD.encode(sign_message(hash.as_bytes(), self.signer));
        record.integrity.record_hash.clone_from(&hash);
        record.integrity.signature = format!("{SIGNATURE_PREFIX}{signature}");
        record.integrity.signing_key_id.clone_from(&self.key_id);
        let mut line = json::to_value(&record)
            .and_then(|record| json::canonical_bytes(&record))
            .map_err(unrepresentable)?;
        if line.len() > MAX_LINE_BYTES {
            return Err(LineProblem::RecordTooLong);
        }
        line.push(b'\n');
        Ok(Sealed { line, hash })
    }

    /// Makes `record` the last one of the chain.
    pub(super) fn append(&mut self, record: Sealed) -> io::Result<()> {
        self.out.write_all(&record.line)?;
        self.previous_hash = record.hash;
        Ok(())
    }
}
