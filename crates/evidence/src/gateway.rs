//! What gateways logged, as proof: every event becomes a signed record, each bound to the one before it.
//!
//! A log goes line by line → event (a JSON object, under the conventions of its source) → statement (who asked for what,
//! and what became of it) → record (identified, chained, signed) → a line of the proof file. The digest of the log's line
//! is part of its record, so that the log can be held against the proof. The same log and key give the same bytes, and
//! [`gait_pack::proof::ChainReader`] reads what was written. Logs of any size pass through: memory grows with the longest
//! line alone.
//!
//! Lines of logs are in part what clients sent, so nothing about them is believed: their length, depth and number of
//! values are limited, and a line that could be understood in two ways is refused. One line that cannot be recorded stops
//! everything, unless the caller would rather have the others and a list of those that are missing.

mod chain;
mod event;
mod file;
mod instant;
mod lines;
mod source;
mod statement;

use std::io::{self, Read, Write};
use std::path::PathBuf;

use gait_artifact::proof::{Controls, ProofRecord, RECORD_VERSION};
use gait_canon::PrivateKey;
use gait_canon::json::{self, Object};
use gait_disk::{LockError, ReadError};
use gait_pack::proof::{ChainError, RecordSignatureError};

pub use file::{Existing, ingest_file};
pub use lines::MAX_LINE_BYTES;
pub use source::{GatewaySource, UnknownSource};

use chain::ChainWriter;
use lines::LogLines;
use statement::Statement;

const PRODUCT: &str = "gait";
const RECORD_TYPE: &str = "policy_enforcement";
const ARTIFACT_KIND: &str = "gait.gateway.policy_enforcement";

/// The most lines that are listed as not recorded; all are counted.
pub const MAX_LISTED: usize = 1000;
/// The most characters that are told of what is wrong with a line.
const MAX_REASON_CHARS: usize = 120;

/// How a log becomes proof.
#[derive(Debug, Clone)]
pub struct Ingest<'a> {
    /// The gateway that wrote it.
    pub source: GatewaySource,
    /// Its path, as the records name it.
    pub log_path: &'a str,
    /// The version of this program, as the records name it.
    pub producer_version: &'a str,
    /// The key that signs every record.
    pub signer: &'a PrivateKey,
    /// What becomes of lines that cannot be recorded.
    pub bad_lines: BadLines,
}

/// What becomes of lines that cannot be recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BadLines {
    /// The first one stops the work, and nothing is written.
    #[default]
    Refuse,
    /// They are left out and told of.
    Skip,
}

/// What came of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Lines that are not blank.
    pub events: u64,
    /// Records that were written.
    pub records: u64,
    /// Lines that could not be recorded, the first [`MAX_LISTED`] of them. None unless they were to be skipped.
    pub skipped: Vec<BadLine>,
}

impl Ingested {
    /// How many lines could not be recorded, listed or not.
    #[must_use]
    pub const fn skipped_count(&self) -> u64 {
        self.events - self.records
    }
}

/// A line that cannot be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("gateway log line {number}: {problem}")]
pub struct BadLine {
    /// Its number, from 1, blank lines counted.
    pub number: u64,
    /// Why.
    pub problem: LineProblem,
}

/// Why a line cannot be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is longer than [`MAX_LINE_BYTES`].
    #[error("longer than {MAX_LINE_BYTES} bytes")]
    TooLong,
    /// It, or what a container printed in it, is not JSON that has one meaning, or too large.
    #[error("not usable as JSON: {reason} at column {column}")]
    Json {
        /// What is wrong, in a few words whatever the line.
        reason: String,
        /// Where in the line or in what was printed, in characters from 1.
        column: usize,
    },
    /// It is JSON, but no object.
    #[error("not a JSON object")]
    NotAnObject,
    /// It names a time outside the years 1 to 9999.
    #[error("its time is outside the years 1 to 9999")]
    TimeOutOfRange,
    /// Its record would be longer than readers of proof take.
    #[error("its record would be longer than {MAX_LINE_BYTES} bytes")]
    RecordTooLong,
    /// Its record has no canonical form.
    #[error("its record has no canonical form: {0}")]
    Unrepresentable(json::Error),
}

impl LineProblem {
    /// What `error` says. Of a name that it quotes only the beginning is kept: names are as long as clients like.
    fn of_json(error: &json::Error) -> Self {
        let mut reason = error.kind().to_string();
        if let Some((end, _)) = reason.char_indices().nth(MAX_REASON_CHARS) {
            reason.truncate(end);
            reason.push('…');
        }
        Self::Json {
            reason,
            column: error.position().map_or(1, |position| position.column),
        }
    }
}

/// Why a log did not become proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The log could not be opened.
    #[error("open gateway log: {0}")]
    Open(#[from] ReadError),
    /// The log could not be read to its end.
    #[error("read gateway log: {0}")]
    Read(io::Error),
    /// A line cannot be recorded.
    #[error(transparent)]
    Line(#[from] BadLine),
    /// The proof would take the place of the log.
    #[error("the proof records would replace the gateway log: {}", .0.display())]
    SameFile(PathBuf),
    /// The proof could not be written.
    #[error("write proof records: {0}")]
    Write(#[from] gait_disk::Error),
    /// The proof could not be written to its end.
    #[error("write proof records: {0}")]
    Output(io::Error),
    /// Somebody else is adding to the proof.
    #[error("add to proof records: {0}")]
    Lock(#[from] LockError),
    /// The proof to be continued does not hold.
    #[error("the proof records to continue do not hold: {0}")]
    Chain(#[from] ChainError),
    /// The proof to be continued was signed by another key, or not at all.
    #[error("the proof records to continue are not signed by this key: {0}")]
    Signer(#[from] RecordSignatureError),
}

/// Writes a chain of proof records over the events of `log` to `proofs`, a canonical record a line.
///
/// After an error `proofs` holds the beginning of a chain, which is nothing to keep.
pub fn ingest<R: Read, W: Write>(log: R, proofs: W, ingest: &Ingest<'_>) -> Result<Ingested, IngestError> {
    ingest.continue_chain(log, proofs, String::new())
}

impl Ingest<'_> {
    /// The records over `log`, the first of which follows the record with `previous_hash`.
    fn continue_chain<R: Read, W: Write>(
        &self,
        log: R,
        proofs: W,
        previous_hash: String,
    ) -> Result<Ingested, IngestError> {
        let mut lines = LogLines::new(log);
        let mut chain = ChainWriter::new(proofs, self.signer, previous_hash);
        let mut ingested = Ingested::default();
        while let Some((number, line)) = lines.next_line().map_err(IngestError::Read)? {
            ingested.events += 1;
            let sealed = line
                .and_then(|line| self.record(number, line))
                .and_then(|record| chain.seal(record));
            match sealed {
                Ok(sealed) => {
                    chain.append(sealed).map_err(IngestError::Output)?;
                    ingested.records += 1;
                }
                Err(problem) if self.bad_lines == BadLines::Refuse => {
                    return Err(BadLine { number, problem }.into());
                }
                Err(problem) if ingested.skipped.len() < MAX_LISTED => {
                    ingested.skipped.push(BadLine { number, problem });
                }
                Err(_) => {}
            }
        }
        Ok(ingested)
    }

    /// What is recorded of a line, but for its place in the chain.
    fn record(&self, number: u64, line: &[u8]) -> Result<ProofRecord, LineProblem> {
        let statement = Statement::of_line(number, line, self.source)?;
        let metadata = Object::from_iter([
            ("artifact_kind", json::Value::from(ARTIFACT_KIND)),
            ("gateway_input_line", number.into()),
            ("gateway_log_path", self.log_path.into()),
        ]);
        Ok(ProofRecord {
            record_version: RECORD_VERSION.to_owned(),
            timestamp: statement.timestamp,
            source: format!("gait.gateway.{}", self.source),
            source_product: PRODUCT.to_owned(),
            agent_id: statement.agent.clone(),
            record_type: RECORD_TYPE.to_owned(),
            controls: Controls {
                permissions_enforced: statement.outcome.is_enforced(),
                ..Controls::default()
            },
            event: Some(statement.into_event(self.source, self.producer_version)),
            metadata: Some(metadata),
            ..ProofRecord::default()
        })
    }
}
