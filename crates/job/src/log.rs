//! The event log of one job.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use gait_artifact::job::JobEvent;
use gait_canon::json;
use gait_disk::{LockPolicy, ReadError, append::append_line, read::read_bounded};

use crate::JobError;

/// The largest log that is read, in bytes.
const MAX_LOG_BYTES: usize = 256 << 20;

/// A writer waits for the log while it holds the job's state, so it gives up before others presume it dead.
const LOCK: LockPolicy = LockPolicy {
    timeout: std::time::Duration::from_secs(20),
    ..LockPolicy::APPEND
};

/// `events.jsonl`: one event per line, only ever appended to.
pub(crate) struct EventLog {
    path: PathBuf,
}

impl EventLog {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Every event, oldest first; a log that does not exist has none.
    pub(crate) fn read(&self) -> Result<Vec<JobEvent>, JobError> {
        let bytes = self.bytes()?;
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        lines
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(index, line)| {
                JobEvent::read(line).map_err(|source| JobError::InvalidEvent {
                    path: self.path.clone(),
                    line: index + 1,
                    source,
                })
            })
            .collect()
    }

    /// Whether an event with this revision was logged.
    pub(crate) fn holds(&self, revision: u64) -> Result<bool, JobError> {
        Ok(self.read()?.iter().any(|event| event.revision == revision))
    }

    pub(crate) fn is_empty(&self) -> Result<bool, JobError> {
        Ok(self.bytes()?.trim_ascii().is_empty())
    }

    /// Adds an event; on return it is on the disk.
    pub(crate) fn append(&self, event: &JobEvent) -> Result<(), JobError> {
        let line = json::line(event)?;
        append_line(&self.path, line.as_bytes(), 0o600, &LOCK).map_err(JobError::Write)
    }

    /// Removes a last line that a crash cut short. Its event was never acknowledged.
    pub(crate) fn cut_torn_line(&self) -> Result<(), JobError> {
        let bytes = self.bytes()?;
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |line_feed| line_feed + 1);
        let last = &bytes[whole..];
        if last.is_empty() || JobEvent::read(last).is_ok() {
            return Ok(());
        }
        let cut = || {
            let log = OpenOptions::new().write(true).open(&self.path)?;
            log.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
            log.sync_all()
        };
        cut().map_err(JobError::io("cut", &self.path))
    }

    fn bytes(&self) -> Result<Vec<u8>, JobError> {
        match read_bounded(&self.path, MAX_LOG_BYTES) {
            Err(ReadError::NotFound { .. }) => Ok(Vec::new()),
            read => Ok(read?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn event(revision: u64) -> JobEvent {
        JobEvent {
            revision,
            kind: "paused".to_owned(),
            ..JobEvent::default()
        }
    }

    #[test]
    fn events_come_back_in_order() {
        let root = tempfile::tempdir().unwrap();
        let log = EventLog::new(root.path().join("events.jsonl"));
        assert!(log.is_empty().unwrap() && log.read().unwrap().is_empty());
        for revision in 1..4 {
            log.append(&event(revision)).unwrap();
        }
        assert_eq!(log.read().unwrap(), [event(1), event(2), event(3)]);
        assert!(log.holds(3).unwrap() && !log.holds(4).unwrap() && !log.is_empty().unwrap());
    }

    #[test]
    fn only_a_torn_last_line_is_cut() {
        let root = tempfile::tempdir().unwrap();
        let log = EventLog::new(root.path().join("events.jsonl"));
        log.cut_torn_line().unwrap();
        for (before, after) in [
            ("", ""),
            ("{\"revision\":1}\n", "{\"revision\":1}\n"),
            ("{\"revision\":1}", "{\"revision\":1}"),
            ("{\"revision\":1}\n{\"rev", "{\"revision\":1}\n"),
            ("{\"rev", ""),
        ] {
            fs::write(log.path(), before).unwrap();
            log.cut_torn_line().unwrap();
            assert_eq!(fs::read_to_string(log.path()).unwrap(), after, "{before}");
        }
    }

    #[test]
    fn a_damaged_line_is_named() {
        let root = tempfile::tempdir().unwrap();
        let log = EventLog::new(root.path().join("events.jsonl"));
        fs::write(log.path(), "\n{\"revision\":1}\nx\n").unwrap();
        assert!(matches!(log.read(), Err(JobError::InvalidEvent { line: 3, .. })));
    }
}
