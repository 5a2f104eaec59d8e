//! The chain beside a journal: its checkpoints, for those who verify them.
//!
//! A chain is one document that is replaced as a whole, so another checkpoint costs a copy of the text before it. It costs
//! no more than that: the text of a chain that was written before and not touched since is taken as it is.

use std::{
    fs::{File, Metadata},
    io::{self, BufWriter, Read, Seek, SeekFrom, Take, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use gait_artifact::session::{
    CHAIN_SCHEMA_ID, JournalHeader, SCHEMA_VERSION, SessionChain, SessionCheckpoint, SessionState,
};
use gait_canon::json;
use gait_disk::{Scratch, atomic::Draft};

use super::SessionError;

const FILE_MODE: u32 = 0o600;

/// Bytes written at a time.
const BUFFER: usize = 64 << 10;

/// What the document ends with behind its last checkpoint.
const END: &str = "\n  ]\n}\n";

/// What a line of a checkpoint begins with in the document.
const NEW_LINE: &str = "\n    ";

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

/// A chain in the making. Its checkpoints are put down as text at once, so they take no more memory than a scratch place.
#[derive(Debug)]
pub(super) struct Links {
    path: PathBuf,
    /// The chain that is continued, up to the end of its last checkpoint.
    before: Option<Take<File>>,
    added: Scratch,
    has_added: bool,
}

/// A chain as it was left when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    identity: (u64, u64),
    length: u64,
}

impl Left {
    fn of(metadata: &Metadata) -> Self {
        Self {
            identity: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
        }
    }
}

impl Links {
    /// A chain at `path` without checkpoints.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            before: None,
            added: Scratch::new(),
            has_added: false,
        }
    }

    /// The chain at `path` with the checkpoints that it has, at least one, unless somebody has touched it since it was `left`.
    pub(super) fn continued(path: &Path, left: Left) -> Option<Self> {
        let file = File::open(path).ok()?;
        let is_left = file.metadata().is_ok_and(|metadata| Left::of(&metadata) == left);
        let length = left.length.checked_sub(END.len() as u64)?;
        is_left.then(|| Self {
            before: Some(file.take(length)),
            ..Self::new(path)
        })
    }

    /// Adds a checkpoint behind the others.
    pub(super) fn push(&mut self, checkpoint: &SessionCheckpoint) -> Result<(), SessionError> {
        let text = json::pretty(checkpoint)?.replace('\n', NEW_LINE);
        let follows = self.has_added || self.before.is_some();
        let separator = if follows { "," } else { "" };
        self.has_added = true;
        write!(self.added, "{separator}{NEW_LINE}{text}").map_err(SessionError::io("prepare", &self.path))
    }

    /// Writes the chain for a journal with the header `header`; its directory must exist. A chain that is continued keeps
    /// the header that it has.
    pub(super) fn write(mut self, header: &JournalHeader) -> Result<Left, SessionError> {
        let mut draft = BufWriter::with_capacity(BUFFER, Draft::create(&self.path, FILE_MODE)?);
        self.text(&head(header)?, &mut draft)
            .map_err(SessionError::io("write", &self.path))?;
        commit(draft, &self.path)?;
        let metadata = self.path.metadata();
        Ok(Left::of(
            &metadata.map_err(SessionError::io("examine", &self.path))?,
        ))
    }

    fn text(&mut self, head: &str, to: &mut impl Write) -> io::Result<()> {
        match &mut self.before {
            Some(before) => _ = io::copy(before, to)?,
            None => to.write_all(head.as_bytes())?,
        }
        self.added.rewind()?;
        io::copy(&mut self.added, to)?;
        let has_any = self.has_added || self.before.is_some();
        to.write_all(if has_any { END } else { END.trim_start() }.as_bytes())
    }
}

/// A chain up to its first checkpoint.
fn head(header: &JournalHeader) -> Result<String, json::Error> {
    let chain = SessionChain {
        schema_id: CHAIN_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: header.created_at,
        producer_version: header.producer_version.clone(),
        session_id: header.session_id.clone(),
        run_id: header.run_id.clone(),
        checkpoints: Vec::new(),
    };
    let text = json::pretty(&chain)?;
    let head = text
        .strip_suffix(END.trim())
        .expect("the checkpoints are the last member of a chain");
    Ok(head.to_owned())
}

/// Copies the chain at `from` to `to`, whose directory must exist.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), gait_disk::Error> {
    let mut draft = BufWriter::with_capacity(BUFFER, Draft::create(to, FILE_MODE)?);
    File::open(from)
        .and_then(|mut chain| io::copy(&mut chain, &mut draft))
        .map_err(failed("copy", to))?;
    commit(draft, to)
}

fn commit(draft: BufWriter<Draft>, path: &Path) -> Result<(), gait_disk::Error> {
    let draft = draft
        .into_inner()
        .map_err(|error| failed("write", path)(error.into_error()))?;
    draft.commit()
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> gait_disk::Error {
    let path = path.to_path_buf();
    move |source| gait_disk::Error::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> JournalHeader {
        JournalHeader {
            producer_version: "0.1.0".into(),
            session_id: "s \n, \"x\"".into(),
            run_id: "r".into(),
            ..JournalHeader::default()
        }
    }

    fn checkpoint(index: i64) -> SessionCheckpoint {
        SessionCheckpoint {
            checkpoint_index: index,
            runpack_path: "a\n  ]\n}\n".into(),
            ..SessionCheckpoint::default()
        }
    }

    fn expected(checkpoints: i64) -> String {
        let header = header();
        let chain = SessionChain {
            schema_id: CHAIN_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: header.created_at,
            producer_version: header.producer_version,
            session_id: header.session_id,
            run_id: header.run_id,
            checkpoints: (1..=checkpoints).map(checkpoint).collect(),
        };
        json::pretty(&chain).unwrap() + "\n"
    }

    #[test]
    fn a_chain_is_the_document_whether_it_was_written_at_once_or_continued() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("chain.json");
        for at_once in 1..3 {
            let mut links = Links::new(&path);
            for index in 1..=at_once {
                links.push(&checkpoint(index)).unwrap();
            }
            let mut left = links.write(&header()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected(at_once));
            for index in at_once + 1..=4 {
                let mut links = Links::continued(&path, left).unwrap();
                links.push(&checkpoint(index)).unwrap();
                left = links.write(&header()).unwrap();
                assert_eq!(std::fs::read_to_string(&path).unwrap(), expected(index));
            }
        }
        Links::new(&path).write(&header()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected(0));
        let copied = root.path().join("copy.json");
        copy(&path, &copied).unwrap();
        assert_eq!(std::fs::read_to_string(&copied).unwrap(), expected(0));
    }

    #[test]
    fn a_chain_that_somebody_touched_is_not_continued() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("chain.json");
        let mut links = Links::new(&path);
        links.push(&checkpoint(1)).unwrap();
        let left = links.write(&header()).unwrap();
        assert!(Links::continued(&path, left).is_some());
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.clone() + " ").unwrap();
        assert!(Links::continued(&path, left).is_none());
        let other = root.path().join("other");
        std::fs::write(&other, text).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert!(Links::continued(&path, left).is_none());
        std::fs::remove_file(&path).unwrap();
        assert!(Links::continued(&path, left).is_none());
    }
}
