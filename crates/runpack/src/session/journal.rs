//! Reading a journal, line by line and by its rules.
//!
//! A journal of any length is read in the memory of one line. What is remembered of the lines before is a [`Summary`],
//! enough to hold the next line to the rules.

use std::io::{self, BufRead, Read};

use gait_artifact::{
    Timestamp,
    session::{
        CHECKPOINT, EVENT, HEADER, JournalHeader, JournalLine, SCHEMA_VERSION, STATE_SCHEMA_ID,
        SessionCheckpoint, SessionEvent, SessionState,
    },
    text,
};
use gait_canon::json::{self, Reader};

use super::{SessionError, alike::Shapes};

/// The longest line of a journal in bytes, without its line feed.
pub(super) const MAX_LINE_BYTES: usize = 8 << 20;

/// Why a journal is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A line is not the JSON of a record.
    #[error("session journal parse line {line}: {source}")]
    Parse {
        /// The line, from 1.
        line: u64,
        /// Why.
        source: json::Error,
    },
    /// A line is longer than readers accept.
    #[error("session journal line {line} is longer than {MAX_LINE_BYTES} bytes")]
    LineTooLong {
        /// The line, from 1.
        line: u64,
    },
    /// A line could not be read.
    #[error("scan session journal: {0}")]
    Read(#[from] io::Error),
    /// A line lacks the record that its type announces.
    #[error("session journal line {line} missing {record} payload")]
    MissingPayload {
        /// The line, from 1.
        line: u64,
        /// The record type.
        record: &'static str,
    },
    /// A line is of a type that journals do not have.
    #[error("session journal line {line} has unsupported record_type {record_type:?}")]
    UnsupportedRecord {
        /// The line, from 1.
        line: u64,
        /// The type.
        record_type: String,
    },
    /// There is no header.
    #[error("session journal missing header")]
    MissingHeader,
    /// There are two headers.
    #[error("session journal contains duplicate header")]
    DuplicateHeader,
    /// The header does not tell which session or run it is about.
    #[error("session journal header missing session_id or run_id")]
    BlankHeader,
    /// A record stands before the header.
    #[error("session journal {record} encountered before header")]
    BeforeHeader {
        /// The record type.
        record: &'static str,
    },
    /// A record belongs to another session or run.
    #[error("session {record} identity mismatch at line {line}")]
    Identity {
        /// The line, from 1.
        line: u64,
        /// The record type.
        record: &'static str,
    },
    /// An event is missing, repeated or out of order.
    #[error("session event sequence mismatch line {line}: got {found} want {expected}")]
    Sequence {
        /// The line, from 1.
        line: u64,
        /// The sequence of the event.
        found: i64,
        /// The sequence it must have.
        expected: i64,
    },
    /// A checkpoint breaks a rule.
    #[error("session checkpoint {rule} at line {line}")]
    Checkpoint {
        /// The line, from 1.
        line: u64,
        /// The rule.
        rule: CheckpointRule,
    },
}

/// The rules a checkpoint can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointRule {
    /// Indices count up from 1.
    #[error("index mismatch")]
    Index,
    /// A range begins at 1 or later and does not end before it begins.
    #[error("sequence range invalid")]
    Range,
    /// A range begins after the end of the one before.
    #[error("sequence overlap")]
    Overlap,
    /// Each checkpoint after the first names the digest of its predecessor.
    #[error("digest linkage mismatch")]
    Linkage,
    /// The digest follows from the rest.
    #[error("digest invalid")]
    Digest,
}

/// A record of a journal.
#[derive(Debug)]
pub(super) enum Record<'a> {
    Header(Box<JournalHeader>),
    /// Without its relationship, which repeats what the event says.
    Event(&'a SessionEvent),
    Checkpoint(Box<SessionCheckpoint>),
}

/// What a line holds that holds to the rules.
enum Accepted {
    Header(Box<JournalHeader>),
    Event(Box<SessionEvent>),
    Checkpoint(Box<SessionCheckpoint>),
}

/// What is known of a journal after some of its lines.
#[derive(Debug, Default)]
pub(super) struct Summary {
    header: Option<JournalHeader>,
    pub(super) events: i64,
    pub(super) checkpoints: i64,
    /// The highest sequence of an event or end of a checkpoint.
    last_sequence: i64,
    last_checkpoint: LastCheckpoint,
}

/// The end of the chain so far; all empty before the first checkpoint.
#[derive(Debug, Default)]
struct LastCheckpoint {
    index: i64,
    sequence_end: i64,
    digest: String,
}

/// A journal whose every line was read: it has a header.
#[derive(Debug)]
pub(super) struct WholeJournal {
    pub(super) header: JournalHeader,
    summary: Summary,
}

impl WholeJournal {
    /// The state that follows from the journal, whose size is `size` bytes.
    pub(super) fn state(&self, size: u64, now: Timestamp) -> SessionState {
        let Self { header, summary } = self;
        SessionState {
            schema_id: STATE_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            updated_at: now.to_utc(),
            producer_version: header.producer_version.clone(),
            session_id: header.session_id.clone(),
            run_id: header.run_id.clone(),
            created_at: header.created_at,
            started_at: header.started_at,
            event_count: summary.events,
            last_sequence: summary.last_sequence,
            checkpoint_count: summary.checkpoints,
            last_checkpoint_index: summary.last_checkpoint.index,
            last_checkpoint_sequence: summary.last_checkpoint.sequence_end,
            last_checkpoint_digest: summary.last_checkpoint.digest.clone(),
            journal_size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
        }
    }
}

/// Reads all of a journal. `each` gets every record that holds to the rules, with the text of its line, before the next
/// line is read; what it returns as an error ends the reading.
pub(super) fn read<R: BufRead>(
    journal: R,
    each: impl FnMut(&[u8], Record<'_>) -> Result<(), SessionError>,
) -> Result<WholeJournal, SessionError> {
    read_on(Summary::default(), journal, each)
}

/// As [`read`], behind the lines that `summary` is about. Errors count lines from there.
pub(super) fn read_on<R: BufRead>(
    mut summary: Summary,
    mut journal: R,
    mut each: impl FnMut(&[u8], Record<'_>) -> Result<(), SessionError>,
) -> Result<WholeJournal, SessionError> {
    let mut text = Vec::new();
    let mut shapes = Shapes::default();
    let mut line = 0;
    while next_line(&mut journal, &mut text).map_err(JournalError::Read)? {
        line += 1;
        if text.len() > MAX_LINE_BYTES {
            return Err(JournalError::LineTooLong { line }.into());
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        if let Some(event) = shapes.event(&text) {
            summary.event(line, event)?;
            each(&text, Record::Event(event))?;
            continue;
        }
        let parsed = parse(&text).map_err(|source| JournalError::Parse { line, source })?;
        let record = match summary.accept(line, parsed)? {
            Accepted::Header(header) => Record::Header(header),
            Accepted::Event(event) => Record::Event(shapes.remember(&text, *event)),
            Accepted::Checkpoint(checkpoint) => Record::Checkpoint(checkpoint),
        };
        each(&text, record)?;
    }
    let header = summary.header.take().ok_or(JournalError::MissingHeader)?;
    Ok(WholeJournal { header, summary })
}

/// A line as JSON; the rules are another matter.
pub(super) fn parse(text: &[u8]) -> Result<JournalLine, json::Error> {
    Reader::new().max_bytes(MAX_LINE_BYTES).read(text)
}

/// A record as a line with its line feed.
pub(super) fn encode(line: &JournalLine) -> Result<Vec<u8>, json::Error> {
    let mut text = json::line(line)?.into_bytes();
    text.push(b'\n');
    Ok(text)
}

/// Reads a line without its line feed, at most one byte more than a line may have; `false` at the end.
fn next_line<R: BufRead>(journal: &mut R, text: &mut Vec<u8>) -> io::Result<bool> {
    text.clear();
    let limit = MAX_LINE_BYTES as u64 + 2;
    let read = journal.by_ref().take(limit).read_until(b'\n', text)?;
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    Ok(read > 0)
}

impl Summary {
    /// What is known of a journal in the state `state`.
    pub(super) fn of(state: &SessionState) -> Self {
        Self {
            header: Some(JournalHeader {
                created_at: state.created_at,
                producer_version: state.producer_version.clone(),
                session_id: state.session_id.clone(),
                run_id: state.run_id.clone(),
                started_at: state.started_at,
                ..JournalHeader::default()
            }),
            events: state.event_count,
            checkpoints: state.checkpoint_count,
            last_sequence: state.last_sequence,
            last_checkpoint: LastCheckpoint {
                index: state.last_checkpoint_index,
                sequence_end: state.last_checkpoint_sequence,
                digest: state.last_checkpoint_digest.clone(),
            },
        }
    }

    /// Holds the next line to the rules.
    fn accept(&mut self, line: u64, parsed: JournalLine) -> Result<Accepted, JournalError> {
        let missing = |record| JournalError::MissingPayload { line, record };
        match parsed.record_type.as_str() {
            HEADER => {
                let header = parsed.header.ok_or(missing(HEADER))?;
                self.header(&header)?;
                Ok(Accepted::Header(Box::new(header)))
            }
            EVENT => {
                self.require_header(EVENT)?;
                let event = parsed.event.ok_or(missing(EVENT))?;
                self.event(line, &event)?;
                Ok(Accepted::Event(Box::new(event)))
            }
            CHECKPOINT => {
                self.require_header(CHECKPOINT)?;
                let checkpoint = parsed.checkpoint.ok_or(missing(CHECKPOINT))?;
                self.checkpoint(line, &checkpoint)?;
                Ok(Accepted::Checkpoint(Box::new(checkpoint)))
            }
            _ => Err(JournalError::UnsupportedRecord {
                line,
                record_type: parsed.record_type,
            }),
        }
    }

    fn header(&mut self, header: &JournalHeader) -> Result<(), JournalError> {
        if self.header.is_some() {
            return Err(JournalError::DuplicateHeader);
        }
        if text::is_blank(&header.session_id) || text::is_blank(&header.run_id) {
            return Err(JournalError::BlankHeader);
        }
        self.header = Some(header.clone());
        Ok(())
    }

    fn event(&mut self, line: u64, event: &SessionEvent) -> Result<(), JournalError> {
        let expected = self.last_sequence.saturating_add(1);
        if event.sequence != expected {
            return Err(JournalError::Sequence {
                line,
                found: event.sequence,
                expected,
            });
        }
        self.require_identity(line, EVENT, &event.session_id, &event.run_id)?;
        self.events += 1;
        self.last_sequence = expected;
        Ok(())
    }

    fn checkpoint(&mut self, line: u64, checkpoint: &SessionCheckpoint) -> Result<(), JournalError> {
        self.require_identity(line, CHECKPOINT, &checkpoint.session_id, &checkpoint.run_id)?;
        if let Some(rule) = self.broken_rule(checkpoint) {
            return Err(JournalError::Checkpoint { line, rule });
        }
        self.checkpoints += 1;
        self.last_sequence = self.last_sequence.max(checkpoint.sequence_end);
        self.last_checkpoint = LastCheckpoint {
            index: checkpoint.checkpoint_index,
            sequence_end: checkpoint.sequence_end,
            digest: checkpoint.checkpoint_digest.clone(),
        };
        Ok(())
    }

    fn broken_rule(&self, checkpoint: &SessionCheckpoint) -> Option<CheckpointRule> {
        let last = &self.last_checkpoint;
        let SessionCheckpoint {
            checkpoint_index: index,
            sequence_start: start,
            sequence_end: end,
            ..
        } = *checkpoint;
        if Some(index) != last.index.checked_add(1) {
            return Some(CheckpointRule::Index);
        }
        if start < 1 || end < start {
            return Some(CheckpointRule::Range);
        }
        if start <= last.sequence_end {
            return Some(CheckpointRule::Overlap);
        }
        if index > 1 && checkpoint.prev_checkpoint_digest != last.digest {
            return Some(CheckpointRule::Linkage);
        }
        let digest = checkpoint.computed_digest().to_string();
        (checkpoint.checkpoint_digest != digest).then_some(CheckpointRule::Digest)
    }

    fn require_header(&self, record: &'static str) -> Result<(), JournalError> {
        match self.header {
            Some(_) => Ok(()),
            None => Err(JournalError::BeforeHeader { record }),
        }
    }

    fn require_identity(
        &self,
        line: u64,
        record: &'static str,
        session_id: &str,
        run_id: &str,
    ) -> Result<(), JournalError> {
        let same = self
            .header
            .as_ref()
            .is_some_and(|header| header.session_id == session_id && header.run_id == run_id);
        if same {
            Ok(())
        } else {
            Err(JournalError::Identity { line, record })
        }
    }
}

#[cfg(test)]
mod tests;
