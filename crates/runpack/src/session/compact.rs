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
    journal: &mut OpenJournal,
    hold: &Hold<'_>,
    request: &CompactRequest<'_>,
    output: Output,
) -> Result<Compaction, SessionError> {
    let files = hold.files;
    let refused = |source| SessionError::Compacted { source };
    let mut compacted = if request.dry_run {
        Compacted::new(None)
    } else {
        Compacted::new(Some(
            Draft::create(Path::new(&output.path), FILE_MODE).map_err(refused)?,
        ))
    };
    let failed = |source| {
        refused(gait_disk::Error::Io {
            action: "write",
            path: output.path.clone().into(),
            source,
        })
    };
    let before = compacted.header_and_checkpoints(journal.file(), request.now, &failed)?;
    let events_after = compacted.events_after(journal.file(), before.last_checkpoint_sequence, &failed)?;
    let bytes_before = journal.file().length();
    let bytes_after = compacted.bytes;
    let outcome = Compaction {
        journal_path: files.journal.to_string_lossy().into_owned(),
        dry_run: request.dry_run,
        compacted: events_after < before.event_count || !output.in_place || bytes_after != bytes_before,
        events_before: before.event_count,
        events_after,
        checkpoints: before.checkpoint_count,
        last_checkpoint_sequence: before.last_checkpoint_sequence,
        bytes_before,
        bytes_after,
        output_path: output.path.clone(),
    };
    if !outcome.compacted {
        return Ok(outcome);
    }
    let Some(draft) = compacted.finish().map_err(failed)? else {
        return Ok(outcome);
    };
    hold.check()?;
    draft.commit().map_err(refused)?;
    if output.in_place {
        let after = SessionState {
            updated_at: request.now.to_utc(),
            event_count: events_after,
            journal_size_bytes: i64::try_from(bytes_after).unwrap_or(i64::MAX),
            ..before
        };
        state::store(&files.state, &after);
    }
    Ok(outcome)
}

/// A compacted journal in the making: its bytes are counted, and written if there is a draft.
struct Compacted {
    draft: Option<BufWriter<Draft>>,
    bytes: u64,
}

impl Compacted {
    fn new(draft: Option<Draft>) -> Self {
        Self {
            draft: draft.map(BufWriter::new),
            bytes: 0,
        }
    }

    /// Lines are kept as they were written; only the header is written anew.
    fn header_and_checkpoints(
        &mut self,
        journal: &JournalFile,
        now: Timestamp,
        failed: &impl Fn(io::Error) -> SessionError,
    ) -> Result<SessionState, SessionError> {
        let whole = journal.read(|line, record| match record {
            Record::Header(header) => {
                let header = JournalHeader {
                    events: None,
                    checkpoints: Vec::new(),
                    ..*header
                };
                let line = journal::encode(&JournalLine::from(header))?;
                self.line(line.trim_ascii_end()).map_err(failed)
            }
            Record::Checkpoint(_) => self.line(line).map_err(failed),
            Record::Event(_) => Ok(()),
        })?;
        Ok(whole.state(journal.length(), now))
    }

    /// Keeps the events behind `sequence`; gives their number.
    fn events_after(
        &mut self,
        journal: &JournalFile,
        sequence: i64,
        failed: &impl Fn(io::Error) -> SessionError,
    ) -> Result<i64, SessionError> {
        let mut kept = 0;
        journal.read(|line, record| match record {
            Record::Event(event) if event.sequence > sequence => {
                kept += 1;
                self.line(line).map_err(failed)
            }
            _ => Ok(()),
        })?;
        Ok(kept)
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.bytes += line.len() as u64 + 1;
        match &mut self.draft {
            Some(draft) => draft.write_all(line).and_then(|()| draft.write_all(b"\n")),
            None => Ok(()),
        }
    }

    fn finish(self) -> io::Result<Option<Draft>> {
        self.draft
            .map(|draft| draft.into_inner().map_err(io::IntoInnerError::into_error))
            .transpose()
    }
}
