//! Sessions: a journal of decisions that survives crashes and many writers, and checkpoints that make it evidence.
//!
//! In come decisions ([`EventDraft`]), the time and the lock settings; out go a journal, its state and its chain as
//! other programs of the field read and write them, and a runpack for every checkpoint. Whatever an operation has
//! acknowledged is on the disk and stays readable, whichever process is killed at whatever point.
//!
//! Every operation holds the session's lock, so a session has one writer at a time, in whichever process. An append costs
//! the same however long the journal is: the state file and the journal's last line tell all that must be known. Threads
//! that share a [`Session`] share their writes too: what they append at once is written and flushed to the disk as one.

mod alike;
mod chain;
mod checkpoint;
mod compact;
mod error;
mod event;
mod files;
mod form;
mod group;
mod history;
mod journal;
mod lock;
mod open;
mod recorder;
mod segment;
mod state;
mod tail;

use std::{
    fs, io,
    sync::{Arc, Mutex, PoisonError},
};

use gait_artifact::{
    Timestamp,
    session::{JOURNAL_SCHEMA_ID, JournalHeader, JournalLine, SCHEMA_VERSION, SessionEvent, SessionState},
    text,
};
use gait_disk::{FileLock, atomic};

use checkpoint::Outputs;
use event::Place;
use files::Files;
use group::GroupCommit;
use journal::MAX_LINE_BYTES;
use open::{JournalFile, OpenJournal};

pub use checkpoint::{CheckpointMade, CheckpointRequest};
pub use compact::{CompactRequest, Compaction};
pub use error::SessionError;
pub use event::EventDraft;
pub use history::{History, Moment, read_history};
pub use journal::{CheckpointRule, JournalError};
pub use lock::{LockOverrides, LockProfile, LockSettings};

const JOURNAL_MODE: u32 = 0o600;

/// A session, named by its journal. It can be shared by threads and used beside other processes.
#[derive(Debug)]
pub struct Session {
    files: Files,
    lock: LockSettings,
    producer_version: String,
    /// What the last operation left. Whoever works on the session holds this, then the lock file.
    kept: Mutex<Kept>,
    appends: GroupCommit<Append, Result<SessionEvent, SessionError>>,
}

/// Batches of appends that may follow each other under one hold of the lock file. Other processes want their turns too.
const BATCHES_IN_A_ROW: u32 = 32;

/// What one operation leaves for the next in the same process.
#[derive(Debug, Default)]
struct Kept {
    /// The journal; it may have changed since.
    journal: Option<OpenJournal>,
    /// The lock file, still held, and how many batches it has been handed on. Only while more appends wait, so that there
    /// is somebody to give it back.
    lock: Option<(FileLock, u32)>,
}

/// What becomes of the lock file after an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    GiveBack,
    /// The next batch of appends takes it over.
    HandOn,
}

/// An event that waits to be written.
#[derive(Debug)]
struct Append {
    draft: EventDraft,
    now: Timestamp,
}

/// The session's lock, held, and what whoever holds it works with.
struct Hold<'a> {
    lock: FileLock,
    files: &'a Files,
    producer_version: &'a str,
}

impl Hold<'_> {
    /// Fails when another program took the lock away: then somebody else may be writing.
    fn check(&self) -> Result<(), SessionError> {
        if self.lock.is_current() {
            return Ok(());
        }
        Err(SessionError::LockLost {
            path: self.files.lock.clone(),
        })
    }
}

impl Session {
    /// The session whose journal is at `journal`. Only the path is looked at, by its text.
    ///
    /// `producer_version` is written into records as the version of the program that made them.
    pub fn open(journal: &str, lock: LockSettings, producer_version: &str) -> Result<Self, SessionError> {
        Ok(Self {
            files: Files::of(journal)?,
            lock,
            producer_version: producer_version.to_owned(),
            kept: Mutex::default(),
            appends: GroupCommit::new(),
        })
    }

    /// Starts the session: makes the journal, and its directory if need be. A session that is started already stays as it
    /// is, provided that its ids are the same.
    pub fn start(
        &self,
        session_id: &str,
        run_id: &str,
        now: Timestamp,
    ) -> Result<SessionState, SessionError> {
        let (session_id, run_id) = (text::trim(session_id), text::trim(run_id));
        if session_id.is_empty() || run_id.is_empty() {
            return Err(SessionError::BlankId);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        atomic::create_parents(&self.files.journal)?;
        let (hold, _) = self.hold(&mut kept, now)?;
        kept.journal = None;
        let header = journal::encode(&JournalLine::from(self.header(session_id, run_id, now)))?;
        let file = match fs::symlink_metadata(&self.files.journal) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                atomic::create_new(&self.files.journal, &header, JOURNAL_MODE)?;
                JournalFile::open(&self.files.journal)?
            }
            _ => {
                let mut file = JournalFile::open(&self.files.journal)?;
                // Somebody crashed before there was a header.
                if file.length() == 0 {
                    file.append(&hold, &header)?;
                }
                file
            }
        };
        let journal = OpenJournal::with_state(file, &self.files, now)?;
        let state = &journal.state;
        if (state.session_id.as_str(), state.run_id.as_str()) != (session_id, run_id) {
            return Err(SessionError::OtherSession {
                session_id: state.session_id.clone(),
                run_id: state.run_id.clone(),
            });
        }
        Ok(journal.state)
    }

    /// Appends an event. When this returns it is on the disk and has its place in the session.
    pub fn append(&self, draft: EventDraft, now: Timestamp) -> Result<SessionEvent, SessionError> {
        let append = Append {
            draft: draft.normalized(),
            now,
        };
        self.appends.run(append, |batch| self.append_all(batch))
    }

    /// Appends events one behind the other, with one write and one flush; gives what came of each, in their order. When
    /// this returns they are on the disk.
    pub fn append_batch(
        &self,
        drafts: Vec<(EventDraft, Timestamp)>,
    ) -> Vec<Result<SessionEvent, SessionError>> {
        let append = |(draft, now): (EventDraft, Timestamp)| Append {
            draft: draft.normalized(),
            now,
        };
        self.append_all(drafts.into_iter().map(append).collect())
    }

    /// What is known of the session.
    pub fn status(&self, now: Timestamp) -> Result<SessionState, SessionError> {
        self.exclusively(now, |journal, _| Ok(journal.state.clone()))
    }

    /// Makes a checkpoint of the events that are in none yet. A session that has more of them than one runpack can hold
    /// needs several.
    pub fn checkpoint(&self, request: &CheckpointRequest<'_>) -> Result<CheckpointMade, SessionError> {
        let outputs = Outputs::of(request, &self.files)?;
        let made = self.exclusively(request.now, |journal, hold| {
            match checkpoint::make(journal, hold, request, outputs) {
                // The journal is as good as before.
                Err(SessionError::NothingNew) => Ok(None),
                made => made.map(Some),
            }
        })?;
        made.ok_or(SessionError::NothingNew)
    }

    /// Writes the journal without the events that a checkpoint vouches for.
    pub fn compact(&self, request: &CompactRequest<'_>) -> Result<Compaction, SessionError> {
        let output = compact::Output::of(request.out, &self.files)?;
        self.exclusively(request.now, |journal, hold| {
            compact::compact(journal, hold, request, &output)
        })
    }

    fn header(&self, session_id: &str, run_id: &str, now: Timestamp) -> JournalHeader {
        JournalHeader {
            schema_id: JOURNAL_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: now.to_utc(),
            producer_version: self.producer_version.clone(),
            session_id: session_id.to_owned(),
            run_id: run_id.to_owned(),
            started_at: now.to_utc(),
            events: Some(Vec::new()),
            checkpoints: Vec::new(),
        }
    }

    /// The lock file: the one that was handed on, else a new hold of it; and how many batches it has been handed on.
    fn hold(&self, kept: &mut Kept, now: Timestamp) -> Result<(Hold<'_>, u32), SessionError> {
        let (lock, handed_on) = if let Some(handed_on) = kept.lock.take() {
            handed_on
        } else {
            let lock = self.lock.acquire(&self.files.lock, now)?;
            if lock.taken_over() {
                // Whoever crashed with it may have left something to be made good.
                kept.journal = None;
            }
            (lock, 0)
        };
        let hold = Hold {
            lock,
            files: &self.files,
            producer_version: &self.producer_version,
        };
        Ok((hold, handed_on))
    }

    /// Does `work` on the journal, which must exist, while nobody else does.
    fn exclusively<T>(
        &self,
        now: Timestamp,
        work: impl FnOnce(&mut OpenJournal, &Hold<'_>) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        self.exclusively_then(now, work, || Afterwards::GiveBack)
    }

    /// As [`exclusively`](Self::exclusively); `afterwards` is asked when the work is done. After a failure the lock file is
    /// given back and the journal is looked at anew.
    fn exclusively_then<T>(
        &self,
        now: Timestamp,
        work: impl FnOnce(&mut OpenJournal, &Hold<'_>) -> Result<T, SessionError>,
        afterwards: impl FnOnce() -> Afterwards,
    ) -> Result<T, SessionError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the lock is taken: asking for a session that is not there leaves nothing behind.
        fs::metadata(&self.files.journal).map_err(|source| {
            kept.lock = None;
            SessionError::Open {
                path: self.files.journal.clone(),
                source,
            }
        })?;
        let (hold, handed_on) = self.hold(&mut kept, now)?;
        let mut journal = match kept.journal.take() {
            Some(journal) if journal.is_current(&self.files) => journal,
            _ => OpenJournal::open(&self.files, now)?,
        };
        let done = work(&mut journal, &hold)?;
        if handed_on < BATCHES_IN_A_ROW && afterwards() == Afterwards::HandOn {
            kept.lock = Some((hold.lock, handed_on + 1));
        } else {
            journal.save(&self.files);
        }
        kept.journal = Some(journal);
        Ok(done)
    }

    /// Appends a batch with one write. A failure of the write is every event's failure.
    fn append_all(&self, batch: Vec<Append>) -> Vec<Result<SessionEvent, SessionError>> {
        let size = batch.len();
        let now = batch.last().map_or(Timestamp::ZERO, |append| append.now);
        let append = |journal: &mut OpenJournal, hold: &Hold<'_>| {
            let mut advanced = SessionState {
                updated_at: now.to_utc(),
                ..journal.state.clone()
            };
            let mut lines = Vec::new();
            let outcomes = batch
                .into_iter()
                .map(|append| self.next_event(append, &mut advanced, &mut lines))
                .collect();
            if !lines.is_empty() {
                journal.append(hold, &lines, advanced)?;
            }
            Ok(outcomes)
        };
        let afterwards = || {
            if self.appends.has_waiting() {
                Afterwards::HandOn
            } else {
                Afterwards::GiveBack
            }
        };
        match self.exclusively_then(now, append, afterwards) {
            Ok(outcomes) => outcomes,
            Err(error) if size == 1 => vec![Err(error)],
            Err(error) => {
                let error = Arc::new(error);
                (0..size)
                    .map(|_| Err(SessionError::Shared(Arc::clone(&error))))
                    .collect()
            }
        }
    }

    /// Gives the next event its place behind `state`, and adds its line to `lines`. An event that cannot be written takes
    /// no place.
    fn next_event(
        &self,
        append: Append,
        state: &mut SessionState,
        lines: &mut Vec<u8>,
    ) -> Result<SessionEvent, SessionError> {
        let sequence = state
            .last_sequence
            .checked_add(1)
            .ok_or(SessionError::Exhausted)?;
        let event = append.draft.event(&Place {
            session_id: &state.session_id,
            run_id: &state.run_id,
            producer_version: &self.producer_version,
            sequence,
            now: append.now,
        });
        let line = JournalLine::from(event);
        let text = journal::encode(&line)?;
        if text.len() > MAX_LINE_BYTES {
            return Err(SessionError::EventTooLarge {
                size: text.len(),
                limit: MAX_LINE_BYTES,
            });
        }
        lines.extend_from_slice(&text);
        state.last_sequence = sequence;
        state.event_count += 1;
        Ok(line.event.unwrap_or_default())
    }
}
