//! What an incident is named by: a file, and what kind of file that is.

use std::io::Read as _;
use std::path::Path;

use gait_artifact::session::{CHAIN_SCHEMA_ID, HEADER};
use gait_artifact::trace;
use gait_canon::json;
use gait_disk::read::read_bounded;
use gait_evidence::triage::SourceKind;
use gait_pack::{PackArchive, PackKind};
use serde::Deserialize;

use crate::context::Context;
use crate::error::Failure;
use crate::runpack_file;
use crate::wrapper::MAX_TRACE_BYTES;

/// What archives begin with.
const ARCHIVE_MARK: [u8; 2] = *b"PK";
/// The longest first line of a journal.
const MAX_HEADER_BYTES: usize = 8 << 20;
/// The largest chain: one of a hundred thousand checkpoints.
const MAX_CHAIN_BYTES: usize = 64 << 20;

/// The file that an incident was named by.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) kind: SourceKind,
}

/// The members that tell JSON documents apart.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Marks {
    schema_id: String,
    record_type: String,
    trace_id: String,
    verdict: String,
    checkpoints: Option<serde::de::IgnoredAny>,
}

impl Source {
    /// The file that `reference` means: a path where there is a file, else a run id.
    pub(super) fn find(reference: &str, context: &Context<'_>) -> Result<Self, Failure> {
        let path = if Path::new(reference).is_file() {
            reference.to_owned()
        } else {
            runpack_file::find(reference, context)?
                .to_string_lossy()
                .into_owned()
        };
        Ok(Self {
            kind: kind_of(Path::new(&path)),
            path,
        })
    }
}

/// What is in the file. A broken archive still counts as a runpack: that is what it has to be verified as.
fn kind_of(path: &Path) -> SourceKind {
    let mut mark = [0; 2];
    let has_mark = std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut mark))
        .is_ok();
    if has_mark && mark == ARCHIVE_MARK {
        return match PackArchive::open(path) {
            Ok(archive) if *archive.kind() != PackKind::Runpack => SourceKind::Pack,
            _ => SourceKind::Runpack,
        };
    }
    let marks = read_bounded(path, MAX_CHAIN_BYTES)
        .ok()
        .filter(|bytes| bytes.len() <= MAX_TRACE_BYTES.max(MAX_CHAIN_BYTES))
        .and_then(|bytes| json::read::<Marks>(&bytes).ok())
        .or_else(|| json::read(&first_line(path)?).ok())
        .unwrap_or_default();
    if marks.record_type == HEADER {
        SourceKind::SessionJournal
    } else if marks.schema_id == trace::SCHEMA_ID || !marks.trace_id.is_empty() && !marks.verdict.is_empty() {
        SourceKind::Trace
    } else if marks.schema_id == CHAIN_SCHEMA_ID || marks.checkpoints.is_some() {
        SourceKind::SessionChain
    } else {
        SourceKind::Unknown
    }
}

fn first_line(path: &Path) -> Option<Vec<u8>> {
    use std::io::{BufRead as _, BufReader};
    let file = std::fs::File::open(path).ok()?;
    let mut line = Vec::new();
    BufReader::new(file)
        .take(MAX_HEADER_BYTES as u64)
        .read_until(b'\n', &mut line)
        .ok()?;
    Some(line)
}
