//! Decisions on their way into the journals of their sessions.
//!
//! Decisions of one session gather while its journal is written to; then one thread writes all of them with one flush. Those
//! who wait for it hold no thread, and sessions do not wait for each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gait_mcp::sessions::{Appended, SessionCall, SessionEntry, Sessions};
use gait_runpack::session::SessionError;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// Which journal: session, run, and the journal that the client names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Journal {
    pub(crate) session_id: String,
    pub(crate) run_id: String,
    pub(crate) named: Option<String>,
}

/// The journals that decisions wait for.
#[derive(Debug)]
pub(crate) struct Journals {
    sessions: Arc<Sessions>,
    /// A journal is in here as long as a thread writes to it.
    waiting: Mutex<HashMap<Journal, Vec<Waiting>>>,
}

#[derive(Debug)]
struct Waiting {
    entry: SessionEntry,
    tell: oneshot::Sender<Result<Appended, SessionError>>,
}

/// A thread that writes to a journal. When it ends, nobody waits for it any longer.
struct Turn<'a> {
    journals: &'a Journals,
    journal: &'a Journal,
}

impl Journals {
    pub(crate) fn new(sessions: Arc<Sessions>) -> Self {
        Self {
            sessions,
            waiting: Mutex::default(),
        }
    }

    /// Appends a decision, of which no checkpoint is to be made. On return it is on the disk. None when the service ends
    /// before that is known.
    pub(crate) async fn append(
        self: &Arc<Self>,
        journal: Journal,
        entry: SessionEntry,
    ) -> Option<Result<Appended, SessionError>> {
        let (tell, told) = oneshot::channel();
        if self.join(&journal, Waiting { entry, tell }) {
            let this = Arc::clone(self);
            spawn_blocking(move || this.write(&journal));
        }
        told.await.ok()
    }

    /// Adds a decision to those that wait for the journal. Tells whether nobody writes to it.
    fn join(&self, journal: &Journal, decision: Waiting) -> bool {
        let mut waiting = self.lock();
        if let Some(waiting) = waiting.get_mut(journal) {
            waiting.push(decision);
            return false;
        }
        waiting.insert(journal.clone(), vec![decision]);
        true
    }

    /// Writes to the journal until nobody waits for it.
    fn write(&self, journal: &Journal) {
        let turn = Turn {
            journals: self,
            journal,
        };
        let call = SessionCall {
            session_id: &journal.session_id,
            run_id: &journal.run_id,
            journal: journal.named.as_deref(),
            checkpoint_interval: 0,
        };
        while let Some(batch) = turn.next() {
            let (entries, tell): (Vec<_>, Vec<_>) = batch
                .into_iter()
                .map(|waiting| (waiting.entry, waiting.tell))
                .unzip();
            let outcomes = self.sessions.append_all(&call, &entries);
            for (tell, outcome) in tell.into_iter().zip(outcomes) {
                // Nobody may be waiting any more.
                _ = tell.send(outcome);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Journal, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The decisions that wait; none ends the turn.
    fn next(&self) -> Option<Vec<Waiting>> {
        let mut waiting = self.journals.lock();
        let batch = std::mem::take(waiting.get_mut(self.journal)?);
        if batch.is_empty() {
            waiting.remove(self.journal);
            return None;
        }
        Some(batch)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Only a thread that fell over leaves something here; whoever waits is told that it is gone.
        if std::thread::panicking() {
            self.journals.lock().remove(self.journal);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use gait_artifact::runpack::RunEnv;
    use gait_artifact::{Timestamp, Verdict};
    use gait_job::JobStore;
    use gait_mcp::sessions::SessionSettings;
    use gait_runpack::session::{EventDraft, LockProfile, LockSettings};

    use super::*;

    fn journals(directory: &Path) -> Arc<Journals> {
        let settings = SessionSettings {
            directory: directory.to_string_lossy().into_owned(),
            runpacks: String::new(),
            lock: LockSettings {
                profile: LockProfile::Standard,
                timeout: Duration::from_secs(10),
                retry: Duration::from_millis(1),
                stale_after: Duration::from_secs(60),
            },
            producer_version: "1.0.0".to_owned(),
            host: RunEnv::default(),
            jobs: JobStore::new(directory),
            open: 4,
        };
        Arc::new(Journals::new(Arc::new(Sessions::new(settings))))
    }

    fn journal(session_id: &str) -> Journal {
        Journal {
            session_id: session_id.to_owned(),
            run_id: "run".to_owned(),
            named: None,
        }
    }

    fn entry() -> SessionEntry {
        let now = Timestamp::from_unix(1_769_903_999, 0);
        SessionEntry::new(EventDraft::new("tool.read", Verdict::Allow), now)
    }

    #[tokio::test]
    async fn every_decision_gets_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let journals = journals(directory.path());
        let appending: Vec<_> = (0..200)
            .map(|number| {
                let journals = Arc::clone(&journals);
                let journal = journal(if number % 2 == 0 { "even" } else { "odd" });
                tokio::spawn(async move { journals.append(journal, entry()).await })
            })
            .collect();
        let mut places = Vec::new();
        for appended in appending {
            let appended = appended.await.unwrap().unwrap().unwrap();
            places.push((appended.journal, appended.sequence));
        }
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 200);
        assert_eq!(places.iter().map(|(_, place)| place).max(), Some(&100));
        assert_eq!(
            std::fs::read_dir(directory.path())
                .unwrap()
                .filter(is_journal)
                .count(),
            2
        );
    }

    fn is_journal(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".journal.jsonl")
    }

    #[tokio::test]
    async fn what_fails_fails_for_all_that_wait_and_nothing_stays() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("taken"), "").unwrap();
        let journals = journals(&directory.path().join("taken"));
        let appending: Vec<_> = (0..8)
            .map(|_| {
                let journals = Arc::clone(&journals);
                tokio::spawn(async move { journals.append(journal("s"), entry()).await })
            })
            .collect();
        for appended in appending {
            assert!(appended.await.unwrap().unwrap().is_err());
        }
        while !journals.lock().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
