//! Compaction: events that a checkpoint vouches for leave the journal.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use gait_artifact::{
    Timestamp,
    session::{JournalHeader, JournalLine, SessionState},
    text,
};
use gait_disk::atomic::Draft;
use serde::Serialize;

use super::{
    Hold, SessionError,
    files::Files,
    journal::{self, Record},
    open::{JournalFile, OpenJournal},
    state,
};
use crate::output_path;

const FILE_MODE: u32 = 0o600;

/// How a journal is to be compacted.
#[derive(Debug, Clone, Copy)]
pub struct CompactRequest<'a> {
    /// Where the compacted journal goes; blank for the place of the journal itself. The directory must exist.
    pub out: &'a str,
    /// Whether only to tell what would be done.
    pub dry_run: bool,
    /// When.
    pub now: Timestamp,
}

/// What compaction did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compaction {
    /// The journal.
    pub journal_path: String,
    /// Where the compacted journal is.
    pub output_path: String,
    /// Whether this was only asked and nothing was written.
    pub dry_run: bool,
    /// Whether the compacted journal differs from the journal or goes elsewhere.
    pub compacted: bool,
    /// Events in the journal.
    pub events_before: i64,
    /// Events in the compacted journal.
    pub events_after: i64,
    /// Checkpoints in both.
    pub checkpoints: i64,
    /// Sequence of the last event that a checkpoint vouches for.
    pub last_checkpoint_sequence: i64,
    /// Bytes of the journal.
    pub bytes_before: u64,
    /// Bytes of the compacted journal.
    pub bytes_after: u64,
}

/// Where a compacted journal goes, accepted by the path rules.
pub(super) struct Output {
    path: String,
    in_place: bool,
}

impl Output {
    pub(super) fn of(out: &str, files: &Files) -> Result<Self, SessionError> {
        let own = files.journal.to_string_lossy().into_owned();
        if text::is_blank(out) || output_path(out)? == own {
            return Ok(Self {
                path: own,
                in_place: true,
            });
        }
        Ok(Self {
            path: files.output(out)?,
            in_place: false,
        })
    }
}

/// Compacts the journal to `output`.
pub(super) fn compact(
    journal: &OpenJournal,
    hold: &Hold<'_>,
    request: &CompactRequest<'_>,
    output: &Output,
) -> Result<Compaction, SessionError> {
    let files = hold.files;
    let journal = journal.file();
    let mut compacted = if request.dry_run {
        Compacted::counted(&output.path)
    } else {
        Compacted::written(&output.path)?
    };
    let before = compacted.header_and_checkpoints(journal, request.now)?;
    let events_after = compacted.events_after(journal, before.last_checkpoint_sequence)?;
    let outcome = Compaction {
        journal_path: files.journal.to_string_lossy().into_owned(),
        output_path: output.path.clone(),
        dry_run: request.dry_run,
        compacted: events_after < before.event_count
            || !output.in_place
            || compacted.bytes != journal.length(),
        events_before: before.event_count,
        events_after,
        checkpoints: before.checkpoint_count,
        last_checkpoint_sequence: before.last_checkpoint_sequence,
        bytes_before: journal.length(),
        bytes_after: compacted.bytes,
    };
    if request.dry_run || !outcome.compacted {
        return Ok(outcome);
    }
    hold.check()?;
    compacted.commit()?;
    if output.in_place {
        let after = SessionState {
            updated_at: request.now.to_utc(),
            event_count: events_after,
            journal_size_bytes: i64::try_from(outcome.bytes_after).unwrap_or(i64::MAX),
            ..before
        };
        state::store(&files.state, &after);
    }
    Ok(outcome)
}

/// A compacted journal in the making: its bytes are counted, and written if there is a draft.
struct Compacted<'a> {
    path: &'a str,
    draft: Option<BufWriter<Draft>>,
    bytes: u64,
}

impl<'a> Compacted<'a> {
    const fn counted(path: &'a str) -> Self {
        Self {
            path,
            draft: None,
            bytes: 0,
        }
    }

    fn written(path: &'a str) -> Result<Self, SessionError> {
        let draft = Draft::create(Path::new(path), FILE_MODE).map_err(refused)?;
        Ok(Self {
            draft: Some(BufWriter::new(draft)),
            ..Self::counted(path)
        })
    }

    /// Lines are kept as they were written; only the header is written anew.
    fn header_and_checkpoints(
        &mut self,
        journal: &JournalFile,
        now: Timestamp,
    ) -> Result<SessionState, SessionError> {
        let whole = journal.read(|line, record| match record {
            Record::Header(header) => {
                let header = JournalHeader {
                    events: None,
                    checkpoints: Vec::new(),
                    ..*header
                };
                let line = journal::encode(&JournalLine::from(header))?;
                self.line(line.trim_ascii_end())
            }
            Record::Checkpoint(_) => self.line(line),
            Record::Event(_) => Ok(()),
        })?;
        Ok(whole.state(journal.length(), now))
    }

    /// Keeps the events behind `sequence`; gives their number.
    fn events_after(&mut self, journal: &JournalFile, sequence: i64) -> Result<i64, SessionError> {
        let mut kept = 0;
        journal.read(|line, record| match record {
            Record::Event(event) if event.sequence > sequence => {
                kept += 1;
                self.line(line)
            }
            _ => Ok(()),
        })?;
        Ok(kept)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), SessionError> {
        self.bytes += line.len() as u64 + 1;
        let Some(draft) = &mut self.draft else {
            return Ok(());
        };
        draft
            .write_all(line)
            .and_then(|()| draft.write_all(b"\n"))
            .map_err(|source| write_failed(self.path, source))
    }

    /// Puts what was written in its place.
    fn commit(self) -> Result<(), SessionError> {
        let Some(draft) = self.draft else { return Ok(()) };
        let draft = draft
            .into_inner()
            .map_err(|error| write_failed(self.path, error.into_error()))?;
        draft.commit().map_err(refused)
    }
}

fn refused(source: gait_disk::Error) -> SessionError {
    SessionError::Compacted { source }
}

fn write_failed(path: &str, source: io::Error) -> SessionError {
    refused(gait_disk::Error::Io {
        action: "write",
        path: path.into(),
        source,
    })
}
