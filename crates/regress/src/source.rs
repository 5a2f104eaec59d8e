//! From what a caller names to the runpack that becomes a fixture.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::pack::{PackType, RUNPACK_PATH};
use gait_artifact::session::{NoCheckpoint, SessionCheckpoint};
use gait_artifact::text;
use gait_canon::json;
use gait_disk::progress::Unwatched;
use gait_disk::read::read_bounded;
use gait_pack::PackArchive;
use gait_runpack::chain::parse_chain;
use gait_runpack::{
    ChainError, Runpack, RunpackError, Verification, VerifyOptions, open_archive, verify_reader,
};
use serde::Deserialize;

/// A chain grows by half a kilobyte with each checkpoint; this is room for a hundred thousand.
const MAX_CHAIN_BYTES: usize = 64 << 20;
/// A receipt is a dozen short texts.
const MAX_RECEIPT_BYTES: usize = 1 << 20;
/// The schema id of a receipt that `gait capture` writes.
const RECEIPT_SCHEMA_ID: &str = "gait.capture.receipt";
const RECEIPT_SCHEMA_VERSION: &str = "1.0.0";
/// What archives begin with.
const ARCHIVE_MARK: &[u8] = b"PK";

/// Where the runpack of a fixture comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The runpack, or a pack with one inside.
    pub(crate) path: PathBuf,
    /// The checkpoint that it belongs to.
    pub(crate) checkpoint: Option<Taken>,
}

/// A checkpoint that was taken from a session chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The chain, as it was named.
    pub(crate) chain: String,
    /// The checkpoint.
    pub(crate) checkpoint: Box<SessionCheckpoint>,
}

/// Why there is no runpack to make a fixture of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The file is no session chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The chain has no such checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] NoCheckpoint),
    /// The chain that a receipt names gives no checkpoint.
    #[error("resolve session checkpoint: {0}")]
    ReceiptChain(#[source] Box<SourceError>),
    /// A receipt is for something that is no run.
    #[error("capture receipt artifact_type {0:?} is not supported by regress add")]
    ReceiptType(String),
    /// The runpack cannot be read.
    #[error("verify source runpack: {0}")]
    Runpack(#[from] RunpackError),
    /// The runpack is not what its manifest says.
    #[error("source runpack failed integrity checks")]
    NotIntact,
}

impl Source {
    /// The file at `path`, relative to `root`: a runpack, a pack with one inside, or (if its name ends with `.json`) a
    /// session chain, from which `checkpoint` is taken: `latest` or an index.
    pub fn of_file(root: &Path, path: &str, checkpoint: &str) -> Result<Self, SourceError> {
        if !is_json(path) {
            return Ok(Self::of_archive(path));
        }
        match Self::of_chain(root, path, checkpoint) {
            // Archives may be called what they like.
            Err(SourceError::Chain(ChainError::Json(_))) if is_archive(&root.join(path)) => {
                Ok(Self::of_archive(path))
            }
            source => source,
        }
    }

    /// What the capture receipt at `path` is for; nothing if the file is no such receipt.
    ///
    /// If the runpack was a checkpoint's, `checkpoint` is taken from the same session chain instead.
    pub fn of_receipt(root: &Path, path: &str, checkpoint: &str) -> Result<Option<Self>, SourceError> {
        let Some(receipt) = Receipt::read(root, path) else {
            return Ok(None);
        };
        if receipt.artifact_type != "runpack" {
            return Err(SourceError::ReceiptType(receipt.artifact_type));
        }
        if text::is_blank(&receipt.session_chain_path) {
            return Ok(Some(Self::of_archive(&receipt.artifact_path)));
        }
        Self::of_chain(root, &receipt.session_chain_path, checkpoint)
            .map(Some)
            .map_err(|error| SourceError::ReceiptChain(Box::new(error)))
    }

    fn of_archive(path: &str) -> Self {
        Self {
            path: PathBuf::from(text::trim(path)),
            checkpoint: None,
        }
    }

    fn of_chain(root: &Path, path: &str, checkpoint: &str) -> Result<Self, SourceError> {
        let path = text::trim(path);
        let chain = read_bounded(&root.join(path), MAX_CHAIN_BYTES).map_err(ChainError::Read)?;
        let chain = parse_chain(&chain)?;
        let checkpoint = chain.checkpoint(checkpoint)?;
        Ok(Self {
            path: PathBuf::from(text::trim(&checkpoint.runpack_path)),
            checkpoint: Some(Taken {
                chain: path.to_owned(),
                checkpoint: Box::new(checkpoint.clone()),
            }),
        })
    }

    /// Opens the runpack and holds it to its manifest.
    pub(crate) fn open(&self, root: &Path) -> Result<Opened, SourceError> {
        let path = root.join(&self.path);
        let verified = open_archive(&path).and_then(Opened::verify);
        let opened = verified.or_else(|error| embedded(&path).ok_or(error))?;
        if opened.verification.is_intact() {
            Ok(opened)
        } else {
            Err(SourceError::NotIntact)
        }
    }

    /// What the session chain says of the runpack and is not so.
    pub(crate) fn findings(&self, manifest_digest: &str) -> Vec<Finding> {
        let Some(Taken { checkpoint, .. }) = &self.checkpoint else {
            return Vec::new();
        };
        let subject = format!("checkpoint {}", checkpoint.checkpoint_index);
        let mut findings = Vec::new();
        let mut find = |message: &str| {
            findings.push(Finding::new(
                FindingCode::DigestMismatch,
                subject.as_str(),
                message,
            ));
        };
        if !checkpoint.manifest_digest.eq_ignore_ascii_case(manifest_digest) {
            find("the runpack's manifest is not the one the session chain has");
        }
        let own = checkpoint.computed_digest().to_string();
        if !checkpoint.checkpoint_digest.eq_ignore_ascii_case(&own) {
            find("the checkpoint is not the one its digest was made of");
        }
        findings
    }
}

fn is_json(path: &str) -> bool {
    Path::new(text::trim(path))
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

fn is_archive(path: &Path) -> bool {
    let mut mark = [0; ARCHIVE_MARK.len()];
    File::open(path).is_ok_and(|mut file| file.read_exact(&mut mark).is_ok()) && mark == ARCHIVE_MARK
}

/// What matters of a capture receipt.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Receipt {
    schema_id: String,
    schema_version: String,
    artifact_type: String,
    artifact_path: String,
    session_chain_path: String,
}

impl Receipt {
    fn read(root: &Path, path: &str) -> Option<Self> {
        if !is_json(path) {
            return None;
        }
        let receipt: Self = json::read(&read_bounded(&root.join(path), MAX_RECEIPT_BYTES).ok()?).ok()?;
        let is_receipt = receipt.schema_id == RECEIPT_SCHEMA_ID
            && receipt.schema_version == RECEIPT_SCHEMA_VERSION
            && !text::is_blank(&receipt.artifact_path);
        is_receipt.then_some(receipt)
    }
}

/// Bytes that are read more than once, in any order.
trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// The runpack of a source. The archive stays open, so that what was verified is what is copied.
pub(crate) struct Opened {
    pub(crate) verification: Verification,
    archive: Box<dyn ReadSeek>,
}

impl Opened {
    fn verify(mut archive: impl Read + Seek + 'static) -> Result<Self, RunpackError> {
        Ok(Self {
            verification: verify_reader(&mut archive, &VerifyOptions::default(), &Unwatched)?,
            archive: Box::new(archive),
        })
    }

    /// The run; nothing if its records make no sense, whatever their digests are.
    pub(crate) fn runpack(&mut self) -> Option<Runpack> {
        self.archive.rewind().ok()?;
        Runpack::read(&mut self.archive).ok()
    }

    /// The bytes of the archive.
    pub(crate) fn copy_to(&mut self, out: &mut impl io::Write) -> io::Result<u64> {
        self.archive.rewind()?;
        io::copy(&mut self.archive, out)
    }
}

/// The runpack inside the pack at `path`; nothing if it is no pack of a run or a call.
fn embedded(path: &Path) -> Option<Opened> {
    let mut pack = PackArchive::open(path).ok()?;
    if !matches!(pack.manifest()?.pack_type, PackType::Run | PackType::Call) {
        return None;
    }
    Opened::verify(pack.unpack(RUNPACK_PATH).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use gait_artifact::session::SessionChain;
    use gait_disk::ReadError;

    use super::*;

    fn chain(indices: &[i64]) -> SessionChain {
        let checkpoints = indices.iter().map(|index| SessionCheckpoint {
            checkpoint_index: *index,
            runpack_path: format!("{index}.zip"),
            ..SessionCheckpoint::default()
        });
        SessionChain {
            session_id: "s".to_owned(),
            run_id: "r".to_owned(),
            checkpoints: checkpoints.collect(),
            ..SessionChain::default()
        }
    }

    #[test]
    fn checkpoints_are_named_by_index_or_as_the_latest() {
        let index = |reference: &str| {
            chain(&[1, 3, 2])
                .checkpoint(reference)
                .ok()
                .map(|checkpoint| checkpoint.checkpoint_index)
        };
        for (reference, expected) in [
            ("", Some(2)),
            (" Latest ", Some(2)),
            ("3", Some(3)),
            ("+1", Some(1)),
            ("1st", Some(1)),
            ("0", None),
            ("-1", None),
            ("4", None),
            ("x", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(index(reference), expected, "{reference:?}");
        }
    }

    #[test]
    fn an_error_in_a_chain_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let write = |name: &str, content: &[u8]| std::fs::write(root.join(name), content).unwrap();
        write("other.json", br#"{"a":1}"#);
        write("chain.json", json::pretty(&chain(&[1])).unwrap().as_bytes());
        write("archive.JSON", b"PK\x03\x04");
        let error = |path: &str, checkpoint: &str| Source::of_file(root, path, checkpoint).unwrap_err();
        assert!(matches!(
            error("other.json", ""),
            SourceError::Chain(ChainError::Schema | ChainError::MissingIds)
        ));
        assert!(matches!(
            error("chain.json", "2"),
            SourceError::Checkpoint(NoCheckpoint::NotFound(2))
        ));
        assert!(matches!(
            error("chain.json", "x"),
            SourceError::Checkpoint(NoCheckpoint::Unnamed(_))
        ));
        assert!(matches!(
            error("gone.json", ""),
            SourceError::Chain(ChainError::Read(ReadError::NotFound { .. }))
        ));
        let archive = Source::of_file(root, "archive.JSON", "").unwrap();
        assert_eq!(archive.checkpoint, None);
        let taken = Source::of_file(root, " chain.json", "1").unwrap();
        assert_eq!(taken.path, Path::new("1.zip"));
        assert_eq!(taken.findings("x").len(), 2);
    }
}
