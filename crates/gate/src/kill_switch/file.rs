//! A kill switch in a local file.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use gait_artifact::{
    Timestamp,
    kill_switch::{InvalidKillSwitch, KillSwitchEntry, KillSwitchJournalEntry, KillSwitchState},
};
use gait_canon::json;
use gait_disk::{
    FileLock, LockError, LockPolicy, ReadError,
    append::{append_line, lock_path},
    atomic,
    read::read_bounded,
};

use crate::record_file;

/// An emergency stop must not wait long for a process that died: its lock is taken over before the time is up.
const LOCK: LockPolicy = LockPolicy {
    retry: Duration::from_millis(10),
    timeout: Duration::from_secs(20),
    stale_after: Duration::from_secs(15),
    created_at: None,
};

/// The largest state that is read, in bytes.
const MAX_STATE_BYTES: usize = 64 << 20;

/// Why a kill switch could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KillSwitchError {
    /// The state can't be read.
    #[error("read kill switch state: {0}")]
    Read(#[source] ReadError),
    /// The state or the entry can't be used.
    #[error(transparent)]
    Invalid(#[from] InvalidKillSwitch),
    /// No entry has that id.
    #[error("kill switch entry not found: {0}")]
    NotFound(String),
    /// The state is being changed by others.
    #[error("lock kill switch state: {0}")]
    Lock(#[source] LockError),
    /// The state can't be written.
    #[error("write kill switch state: {0}")]
    Write(#[source] gait_disk::Error),
    /// The journal can't be written.
    #[error("append kill switch journal record: {0}")]
    Journal(#[source] gait_disk::Error),
    /// The journal's directory is unknown.
    #[error("append kill switch journal record: {0}")]
    JournalPath(#[source] io::Error),
    /// A record has no written form.
    #[error("encode kill switch state: {0}")]
    Encode(#[source] json::Error),
}

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The entry that was added or changed.
    pub entry: KillSwitchEntry,
    /// The state it is now part of; an entry that was added comes last.
    pub state: KillSwitchState,
}

/// A kill switch in a local file, with its journal beside it.
#[derive(Debug, Clone)]
pub struct KillSwitchFile {
    path: PathBuf,
}

impl KillSwitchFile {
    /// The kill switch in the file at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: &str) -> Self {
        Self {
            path: PathBuf::from(path.trim()),
        }
    }

    /// Reads the state; a file that is not there is an error.
    pub fn load(&self) -> Result<KillSwitchState, KillSwitchError> {
        let bytes = read_bounded(&self.path, MAX_STATE_BYTES).map_err(KillSwitchError::Read)?;
        Ok(KillSwitchState::read(&bytes)?)
    }

    /// Reads the state; a file that is not there is an empty state made at `now`.
    pub fn load_or_empty(
        &self,
        producer_version: &str,
        now: Timestamp,
    ) -> Result<KillSwitchState, KillSwitchError> {
        match self.load() {
            Err(KillSwitchError::Read(ReadError::NotFound { .. })) => {
                Ok(KillSwitchState::empty(producer_version, now))
            }
            loaded => loaded,
        }
    }

    /// Adds `entry`, switched on at `now`.
    ///
    /// An entry without selectors is refused even if it has an id: it would stop every call.
    pub fn add(
        &self,
        mut entry: KillSwitchEntry,
        producer_version: &str,
        now: Timestamp,
    ) -> Result<Change, KillSwitchError> {
        entry.enabled = true;
        entry.created_at = now;
        entry.normalize()?;
        if !entry.has_selector() {
            return Err(InvalidKillSwitch::NoSelector.into());
        }
        let _lock = self.lock()?;
        let mut state = self.load_or_empty(producer_version, now)?;
        state.entries.push(entry.clone());
        state.updated_at = now.to_utc();
        self.write(&state)?;
        Ok(Change { entry, state })
    }

    /// Switches every entry called `entry_id` off.
    pub fn disable(&self, entry_id: &str, now: Timestamp) -> Result<Change, KillSwitchError> {
        self.change(entry_id, now, |entry| entry.enabled = false)
    }

    /// Lets every entry called `entry_id` end at `expires_at`.
    pub fn expire(
        &self,
        entry_id: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Change, KillSwitchError> {
        self.change(entry_id, now, |entry| entry.expires_at = expires_at.to_utc())
    }

    /// Changes the entries called `entry_id`: all of them, since an id need not be unique and a switch that stays on
    /// after it was switched off would be a surprise.
    fn change(
        &self,
        entry_id: &str,
        now: Timestamp,
        change: impl Fn(&mut KillSwitchEntry),
    ) -> Result<Change, KillSwitchError> {
        let entry_id = entry_id.trim();
        // Without a state there is nothing to lock, and no directory to make for the lock.
        self.load()?;
        let _lock = self.lock()?;
        let mut state = self.load()?;
        let called = |entry: &&mut KillSwitchEntry| entry.entry_id == entry_id;
        state.entries.iter_mut().filter(called).for_each(change);
        let Some(entry) = state
            .entries
            .iter()
            .find(|entry| entry.entry_id == entry_id)
            .cloned()
        else {
            return Err(KillSwitchError::NotFound(entry_id.to_owned()));
        };
        state.updated_at = now.to_utc();
        self.write(&state)?;
        Ok(Change { entry, state })
    }

    fn lock(&self) -> Result<FileLock, KillSwitchError> {
        atomic::create_parents(&self.path).map_err(KillSwitchError::Write)?;
        FileLock::acquire(&lock_path(&self.path), &LOCK, b"").map_err(KillSwitchError::Lock)
    }

    fn write(&self, state: &KillSwitchState) -> Result<(), KillSwitchError> {
        let mut sorted = state.clone();
        sorted.sort();
        let bytes = record_file::to_bytes(&sorted).map_err(KillSwitchError::Encode)?;
        atomic::replace(&self.path, &bytes, 0o600).map_err(KillSwitchError::Write)
    }
}

/// Appends a line to the journal at `path`, wherever that lies, and flushes it.
pub fn append_journal(path: &Path, entry: &KillSwitchJournalEntry) -> Result<(), KillSwitchError> {
    let line = json::line(entry).map_err(KillSwitchError::Encode)?;
    // A journal belongs beside its state, also when that is outside of the working directory.
    let path = std::path::absolute(path).map_err(KillSwitchError::JournalPath)?;
    append_line(&path, line.as_bytes(), 0o600, &LockPolicy::APPEND).map_err(KillSwitchError::Journal)
}

impl AsRef<Path> for KillSwitchFile {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;

    fn now() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    fn stop(identity: &str) -> KillSwitchEntry {
        KillSwitchEntry {
            identity: identity.to_owned(),
            ..KillSwitchEntry::default()
        }
    }

    fn in_new_directory() -> (tempfile::TempDir, KillSwitchFile) {
        let dir = tempfile::tempdir().unwrap();
        let file = KillSwitchFile::new(&format!(" {}/fresh/state.json ", dir.path().display()));
        (dir, file)
    }

    #[test]
    fn the_first_entry_makes_directory_and_state() {
        let (_dir, file) = in_new_directory();
        assert!(matches!(
            file.load(),
            Err(KillSwitchError::Read(ReadError::NotFound { .. }))
        ));
        assert!(file.load_or_empty("1.0.0", now()).unwrap().entries.is_empty());
        let change = file.add(stop("alice"), "1.0.0", now()).unwrap();
        assert!(change.entry.enabled);
        assert_eq!(change.entry.entry_id, change.entry.derived_id());
        assert_eq!(file.load().unwrap(), change.state);
    }

    #[test]
    fn an_entry_that_would_stop_everything_is_refused() {
        let (_dir, file) = in_new_directory();
        let named = KillSwitchEntry {
            entry_id: "x".to_owned(),
            ..KillSwitchEntry::default()
        };
        for entry in [
            named,
            KillSwitchEntry::default(),
            KillSwitchEntry {
                reason: "r".to_owned(),
                ..stop(" ")
            },
        ] {
            let error = file.add(entry, "1.0.0", now()).unwrap_err();
            assert!(
                matches!(error, KillSwitchError::Invalid(InvalidKillSwitch::NoSelector)),
                "{error}"
            );
        }
        assert!(!file.as_ref().parent().unwrap().exists());
    }

    #[test]
    fn a_new_entry_is_shown_last_and_kept_sorted() {
        let (_dir, file) = in_new_directory();
        for id in ["b", "a"] {
            let entry = KillSwitchEntry {
                entry_id: id.to_owned(),
                ..stop("alice")
            };
            let change = file.add(entry, "1.0.0", now()).unwrap();
            assert_eq!(change.state.entries.last().unwrap().entry_id, id);
        }
        let ids: Vec<_> = file
            .load()
            .unwrap()
            .entries
            .into_iter()
            .map(|entry| entry.entry_id)
            .collect();
        assert_eq!(ids, ["a", "b"]);
    }

    #[test]
    fn disabling_and_expiring_reach_every_entry_of_that_name() {
        let (_dir, file) = in_new_directory();
        for identity in ["alice", "bob"] {
            let entry = KillSwitchEntry {
                entry_id: "x".to_owned(),
                ..stop(identity)
            };
            file.add(entry, "1.0.0", now()).unwrap();
        }
        let later: Timestamp = "2026-06-01T14:00:00+01:00".parse().unwrap();
        let change = file.expire(" x ", later, now()).unwrap();
        assert_eq!(change.entry.expires_at.to_string(), "2026-06-01T13:00:00Z");
        assert!(change.state.entries.iter().all(|entry| entry.expires_at == later));
        assert!(
            file.disable("x", later)
                .unwrap()
                .state
                .entries
                .iter()
                .all(|entry| !entry.enabled)
        );
        assert_eq!(file.load().unwrap().updated_at, later);
        assert!(matches!(file.disable("nope", now()), Err(KillSwitchError::NotFound(id)) if id == "nope"));
    }

    #[test]
    fn changes_made_at_once_lose_nothing() {
        let (_dir, file) = in_new_directory();
        thread::scope(|scope| {
            for caller in 0..8 {
                let file = &file;
                scope.spawn(move || {
                    for number in 0..3 {
                        file.add(stop(&format!("{caller}-{number}")), "1.0.0", now())
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(file.load().unwrap().entries.len(), 24);
    }

    #[test]
    fn the_journal_grows_line_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/kill_switch_journal.jsonl");
        for trace_id in ["t1", "t2"] {
            let entry = KillSwitchJournalEntry {
                trace_id: trace_id.to_owned(),
                ..Default::default()
            };
            append_journal(&path, &entry).unwrap();
        }
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].starts_with(r#"{"schema_id":"#) && lines[1].contains(r#""trace_id":"t2""#),
            "{text}"
        );
    }
}
