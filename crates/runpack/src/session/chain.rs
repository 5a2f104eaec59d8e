//! The chain beside a journal: its checkpoints, for those who verify them.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use gait_artifact::session::{
    CHAIN_SCHEMA_ID, JournalHeader, SCHEMA_VERSION, SessionChain, SessionCheckpoint, SessionState,
};
use gait_canon::json;
use gait_disk::atomic;

const FILE_MODE: u32 = 0o600;

/// Bytes at the end of a chain in which the digest of its last checkpoint is looked for.
const TAIL: u64 = 16 << 10;

/// Whether the chain at `path` ends with the last checkpoint of `state`. The time this takes does not depend on the
/// length of the chain.
pub(super) fn is_current(path: &Path, state: &SessionState) -> bool {
    state.checkpoint_count == 0
        || tail(path).is_ok_and(|tail| {
            let digest = state.last_checkpoint_digest.as_bytes();
            !digest.is_empty() && tail.windows(digest.len()).any(|window| window == digest)
        })
}

fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Ok(Vec::new());
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(metadata.len().saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(tail)
}

/// A chain as a document.
pub(super) fn text(
    header: &JournalHeader,
    checkpoints: Vec<SessionCheckpoint>,
) -> Result<String, json::Error> {
    let chain = SessionChain {
        schema_id: CHAIN_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: header.created_at,
        producer_version: header.producer_version.clone(),
        session_id: header.session_id.clone(),
        run_id: header.run_id.clone(),
        checkpoints,
    };
    Ok(json::pretty(&chain)? + "\n")
}

/// Writes the text of a chain; its directory must exist.
pub(super) fn write(path: &Path, text: &str) -> Result<(), gait_disk::Error> {
    atomic::replace(path, text.as_bytes(), FILE_MODE)
}
