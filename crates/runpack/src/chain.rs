//! Session chains: whether checkpoints follow one another, and whether their runpacks are what they say.

use std::path::Path;

use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::session::{CHAIN_SCHEMA_ID, SCHEMA_VERSION, SessionChain, SessionCheckpoint};
use gait_artifact::text::is_blank;
use gait_canon::json;
use gait_disk::read::read_bounded;
use gait_disk::{Progress, ReadError};

use crate::verify::{SignatureStatus, Verification, VerifyOptions, verify};
use crate::write::{OutputPathError, output_path};

/// A chain grows by half a kilobyte with each checkpoint; this is room for a hundred thousand.
const MAX_CHAIN_BYTES: usize = 64 << 20;

/// Why a file is no session chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The path is not one that is read from.
    #[error("read session chain: {0}")]
    Path(#[from] OutputPathError),
    /// The file cannot be read.
    #[error("read session chain: {0}")]
    Read(#[from] ReadError),
    /// It is not the JSON of a chain.
    #[error("parse session chain: {0}")]
    Json(#[from] json::Error),
    /// It is something else.
    #[error("unsupported session chain schema")]
    Schema,
    /// It belongs to no session.
    #[error("session chain missing session_id/run_id")]
    MissingIds,
    /// It has no links.
    #[error("session chain has no checkpoints")]
    Empty,
}

/// Reads the session chain at `path`, which is absolute or stays inside the working directory. Nothing is established
/// about its links.
pub fn read_chain(path: &str) -> Result<SessionChain, ChainError> {
    let path = output_path(path)?;
    parse_chain(&read_bounded(Path::new(&path), MAX_CHAIN_BYTES)?)
}

/// Reads a session chain of this schema that names its session and its run and has at least one checkpoint.
pub fn parse_chain(bytes: &[u8]) -> Result<SessionChain, ChainError> {
    let mut chain: SessionChain = json::read(bytes)?;
    for (member, expected) in [
        (&mut chain.schema_id, CHAIN_SCHEMA_ID),
        (&mut chain.schema_version, SCHEMA_VERSION),
    ] {
        if is_blank(member) {
            expected.clone_into(member);
        }
        if member != expected {
            return Err(ChainError::Schema);
        }
    }
    if is_blank(&chain.session_id) || is_blank(&chain.run_id) {
        return Err(ChainError::MissingIds);
    }
    if chain.checkpoints.is_empty() {
        return Err(ChainError::Empty);
    }
    Ok(chain)
}

/// What verification of a chain found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainVerification {
    /// Links that do not follow from the one before, in the order of the chain.
    pub linkage_errors: Vec<String>,
    /// Checkpoints whose runpacks are not what the chain says, in the order of the chain.
    pub checkpoint_errors: Vec<String>,
    /// What else is odd, in the order of the chain.
    pub findings: Vec<Finding>,
}

impl ChainVerification {
    /// Whether the chain passes. Findings do not count here.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.linkage_errors.is_empty() && self.checkpoint_errors.is_empty()
    }
}

/// Verifies the links of `chain` and the runpack of every checkpoint, each at the path that the chain has for it.
#[must_use]
pub fn verify_chain(
    chain: &SessionChain,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> ChainVerification {
    let mut outcome = ChainVerification::default();
    let mut previous: Option<&SessionCheckpoint> = None;
    for (position, checkpoint) in chain.checkpoints.iter().enumerate() {
        outcome.link(position, previous, checkpoint);
        outcome.belongs(chain, checkpoint);
        outcome.runpack(checkpoint, options, progress);
        previous = Some(checkpoint);
    }
    outcome
}

impl ChainVerification {
    /// Holds a link against the one before.
    fn link(
        &mut self,
        position: usize,
        previous: Option<&SessionCheckpoint>,
        checkpoint: &SessionCheckpoint,
    ) {
        let &SessionCheckpoint {
            checkpoint_index: index,
            sequence_start: start,
            sequence_end: end,
            ..
        } = checkpoint;
        let last_index = previous.map_or(0, |previous| previous.checkpoint_index);
        let last_digest = previous.map_or("", |previous| &previous.checkpoint_digest);
        let last_end = previous.map_or(0, |previous| previous.sequence_end);
        if last_index.checked_add(1) != Some(index) {
            self.linkage_errors
                .push(format!("checkpoint index mismatch at position {position}"));
        }
        if index > 1 && checkpoint.prev_checkpoint_digest != last_digest {
            self.linkage_errors
                .push(format!("prev_checkpoint_digest mismatch at checkpoint {index}"));
        }
        if start <= last_end {
            self.linkage_errors
                .push(format!("sequence overlap at checkpoint {index}"));
        }
        if checkpoint.checkpoint_digest != checkpoint.computed_digest().to_string() {
            self.linkage_errors
                .push(format!("checkpoint_digest mismatch at checkpoint {index}"));
        }
        if start.checked_sub(1).is_some_and(|before| before > last_end) {
            let message = format!("starts at sequence {start}, the one before ends at {last_end}");
            self.find(FindingCode::SequenceGap, index, message);
        }
        if end < start {
            let message = format!("ends at sequence {end} and starts at {start}");
            self.find(FindingCode::Inconsistent, index, message);
        }
        if index <= 1 && !checkpoint.prev_checkpoint_digest.is_empty() {
            let message = "is the first and follows another".to_owned();
            self.find(FindingCode::Inconsistent, index, message);
        }
    }

    fn belongs(&mut self, chain: &SessionChain, checkpoint: &SessionCheckpoint) {
        let index = checkpoint.checkpoint_index;
        for (code, own, whole) in [
            (
                FindingCode::ForeignSession,
                &checkpoint.session_id,
                &chain.session_id,
            ),
            (FindingCode::ForeignRun, &checkpoint.run_id, &chain.run_id),
        ] {
            if own != whole {
                self.find(code, index, format!("belongs to {own:?}, the chain to {whole:?}"));
            }
        }
    }

    fn runpack(
        &mut self,
        checkpoint: &SessionCheckpoint,
        options: &VerifyOptions<'_>,
        progress: &dyn Progress,
    ) {
        let index = checkpoint.checkpoint_index;
        match verify(Path::new(&checkpoint.runpack_path), options, progress) {
            Ok(verification) => self.verified(checkpoint, verification),
            Err(error) => self
                .checkpoint_errors
                .push(format!("checkpoint {index} verify error: {error}")),
        }
    }

    fn verified(&mut self, checkpoint: &SessionCheckpoint, verification: Verification) {
        let index = checkpoint.checkpoint_index;
        let manifest = &verification.manifest;
        if manifest.manifest_digest != checkpoint.manifest_digest {
            self.checkpoint_errors
                .push(format!("checkpoint {index} manifest digest mismatch"));
        }
        if !verification.is_intact() {
            self.checkpoint_errors
                .push(format!("checkpoint {index} runpack integrity failure"));
        }
        let signatures = &verification.signatures;
        if signatures.required && signatures.status != SignatureStatus::Verified {
            self.checkpoint_errors
                .push(format!("checkpoint {index} signature verification failed"));
        } else if signatures.status == SignatureStatus::Failed {
            let message = format!(
                "its runpack has no valid signature: {}",
                signatures.errors.join("; ")
            );
            self.find(FindingCode::SignatureInvalid, index, message);
        }
        let expected = checkpoint.runpack_run_id();
        if manifest.run_id != expected {
            let message = format!("its runpack is of run {:?}, not {expected:?}", manifest.run_id);
            self.find(FindingCode::RunIdMismatch, index, message);
        }
        for mut finding in verification.findings {
            finding.subject = match finding.subject.as_str() {
                "" => subject(index),
                inner => format!("{}: {inner}", subject(index)),
            };
            self.findings.push(finding);
        }
    }

    fn find(&mut self, code: FindingCode, index: i64, message: String) {
        self.findings.push(Finding::new(code, subject(index), message));
    }
}

fn subject(index: i64) -> String {
    format!("checkpoint {index}")
}
