//! The thread that writes journals.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_artifact::mcp::CallResult;
use gait_canon::json::{self, Object, Part};
use gait_disk::{LockPolicy, append::append_lines};
use gait_mcp::run_id;
use gait_mcp::sessions::{SessionCall, SessionEntry, SessionSettings, Sessions};
use gait_runpack::session::SessionError;

/// Entries that may wait; beyond that calls wait.
const MAX_WAITING: usize = 1024;
/// How long the first entry waits for others. A call that is under way then shares the processor with no writing, and wakes
/// the thread once at most.
const GATHERING: Duration = Duration::from_millis(5);
/// Bytes of a result whose content is recorded.
const MAX_CONTENT: usize = 64 << 10;
/// Journals are readable by their owner alone.
const MODE: u32 = 0o600;

/// How calls are recorded.
#[derive(Debug)]
pub struct RecordSettings {
    /// How sessions are kept.
    pub sessions: SessionSettings,
    /// What is recorded of results.
    pub contents: Contents,
}

/// What is recorded of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Contents {
    /// Their digests, which say whether a result is the one that was returned.
    #[default]
    Digests,
    /// What is in them, too, if it is not too large.
    Whole,
}

/// Something to be written into the journals of a session.
#[derive(Debug)]
pub(super) enum Entry {
    Decided(Box<SessionEntry>, Timestamp),
    Ended(Box<CallResult>),
    /// Somebody waits until everything before it is written.
    Flush(SyncSender<()>),
}

/// Writes journals, on a thread of its own.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<SyncSender<(String, Entry)>>,
    thread: Option<JoinHandle<()>>,
    contents: Contents,
}

/// What is to be written into the journals of one session.
#[derive(Debug, Default)]
struct Lot {
    events: Vec<SessionEntry>,
    results: Vec<CallResult>,
    /// When the last of them came about.
    now: Timestamp,
}

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
enum Unwritten {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Encode(#[from] json::Error),
    #[error(transparent)]
    Disk(#[from] gait_disk::Error),
}

impl Writer {
    pub(super) fn start(
        settings: RecordSettings,
        warn: impl Fn(&str) + Send + 'static,
    ) -> Result<Self, io::Error> {
        let (queue, waiting) = sync_channel(MAX_WAITING);
        let journals = Journals {
            producer_version: settings.sessions.producer_version.clone(),
            sessions: Sessions::new(settings.sessions),
        };
        let thread = thread::Builder::new()
            .name("session-writer".to_owned())
            .spawn(move || journals.write_all(&waiting, &warn))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            contents: settings.contents,
        })
    }

    /// Has `entry` written. Waits only where much waits already.
    pub(super) fn write(&self, session_id: &str, entry: Entry) {
        if let Some(queue) = &self.queue {
            // The thread lives as long as the queue.
            _ = queue.send((session_id.to_owned(), entry));
        }
    }

    /// Waits until everything that was written before is on the disk.
    pub(super) fn flush(&self) {
        let (done, waiting) = sync_channel(1);
        self.write("", Entry::Flush(done));
        // When the thread is gone, nothing is written any more.
        _ = waiting.recv();
    }

    /// What is recorded of a content of `size` bytes, and whether that is too much.
    pub(super) fn content(&self, content: Option<Part<'_>>, size: usize) -> (Option<Object>, bool) {
        match content {
            Some(content) if self.contents == Contents::Whole => {
                let read = (size <= MAX_CONTENT).then(|| content.read().ok()).flatten();
                let is_omitted = read.is_none();
                (read, is_omitted)
            }
            _ => (None, false),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            // The last owner may be a callback.
            && thread.thread().id() != thread::current().id()
        {
            _ = thread.join();
        }
    }
}

/// The journals of all sessions.
struct Journals {
    sessions: Sessions,
    producer_version: String,
}

impl Journals {
    fn write_all(&self, waiting: &Receiver<(String, Entry)>, warn: &dyn Fn(&str)) {
        while let Ok(first) = waiting.recv() {
            thread::sleep(GATHERING);
            let mut lots = BTreeMap::<String, Lot>::new();
            let mut waiters = Vec::new();
            let gathered = waiting.try_iter().take(MAX_WAITING);
            for (session_id, entry) in [first].into_iter().chain(gathered) {
                let lot = lots.entry(session_id).or_default();
                match entry {
                    Entry::Decided(event, now) => {
                        lot.events.push(*event);
                        lot.now = now;
                    }
                    Entry::Ended(result) => {
                        lot.now = result.created_at;
                        lot.results.push(*result);
                    }
                    Entry::Flush(done) => waiters.push(done),
                }
            }
            for (session_id, lot) in lots {
                if let Err(error) = self.write(&session_id, lot) {
                    warn(&format!("not recorded in session {session_id}: {error}"));
                }
            }
            for done in waiters {
                // It may wait no more.
                _ = done.send(());
            }
        }
    }

    fn write(&self, session_id: &str, lot: Lot) -> Result<(), Unwritten> {
        let run_id = run_id::normalize(session_id).unwrap_or_else(|| session_id.to_owned());
        let call = SessionCall {
            session_id,
            run_id: &run_id,
            journal: None,
            checkpoint_interval: 0,
        };
        if !lot.events.is_empty() {
            let appended = self.sessions.append_all(&call, &lot.events);
            appended.into_iter().try_for_each(|event| event.map(drop))?;
        }
        if lot.results.is_empty() {
            return Ok(());
        }
        let journal = self.sessions.journal(&call, lot.now)?;
        let line = |result| {
            let result = CallResult {
                producer_version: self.producer_version.clone(),
                run_id: run_id.clone(),
                ..result
            };
            json::line(&result)
        };
        let lines: Result<Vec<_>, _> = lot.results.into_iter().map(line).collect();
        Ok(append_lines(
            &beside(&journal),
            &lines?,
            MODE,
            &LockPolicy::APPEND,
        )?)
    }
}

/// The journal of results beside that of a session.
fn beside(journal: &str) -> PathBuf {
    let base = journal.strip_suffix(".jsonl").unwrap_or(journal);
    let base = base.strip_suffix(".journal").unwrap_or(base);
    Path::new(&format!("{base}.results.jsonl")).to_path_buf()
}
