//! Whether what is on the disk of every job tells one story. Nothing is locked, repaired or written.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use gait_artifact::job::JobState;
use gait_disk::{ReadError, read::read_bounded};

use crate::JobError;
use crate::pending::{JobDirectory, MAX_STATE_BYTES};

/// How the files of a job disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Divergence {
    /// A change was interrupted, or is being made right now.
    PendingMutation,
    /// There are events and no state.
    MissingState,
    /// The state is of a later revision than the last event.
    StateAhead,
    /// The last event is of a later revision than the state.
    LogAhead,
}

impl Divergence {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingMutation => "pending_mutation",
            Self::MissingState => "missing_state_with_events",
            Self::StateAhead => "state_ahead_of_event_log",
            Self::LogAhead => "event_log_ahead_of_state",
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The jobs below `root` whose files disagree, by name. A directory that does not exist has no jobs, and directories whose
/// name begins with a dot are none.
pub fn divergences(root: &Path) -> Result<Vec<(String, Divergence)>, JobError> {
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(JobError::io("list", root))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(JobError::io("list", root))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_job = !name.starts_with('.') && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_job {
            continue;
        }
        // A job that is at work right now looks different the second time.
        if let Some(first) = divergence(&entry.path(), &name)?
            && divergence(&entry.path(), &name)? == Some(first)
        {
            found.push((name, first));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn divergence(path: &Path, name: &str) -> Result<Option<Divergence>, JobError> {
    let job = JobDirectory::new(path.to_owned(), name.to_owned());
    if job.has_marker() {
        return Ok(Some(Divergence::PendingMutation));
    }
    let last = job.log().read()?.last().map(|event| event.revision);
    let state = revision(path)?;
    Ok(match (state, last) {
        (None, None) => None,
        (None, Some(_)) => Some(Divergence::MissingState),
        (Some(state), last) => match state.cmp(&last.unwrap_or(0)) {
            std::cmp::Ordering::Greater => Some(Divergence::StateAhead),
            std::cmp::Ordering::Less => Some(Divergence::LogAhead),
            std::cmp::Ordering::Equal => None,
        },
    })
}

/// The revision of the state in the job's directory, whatever job it says it is of.
fn revision(directory: &Path) -> Result<Option<u64>, JobError> {
    let path = directory.join("state.json");
    let bytes = match read_bounded(&path, MAX_STATE_BYTES) {
        Err(ReadError::NotFound { .. }) => return Ok(None),
        read => read?,
    };
    let state = JobState::read(&bytes).map_err(|source| JobError::Invalid { path, source })?;
    Ok(Some(state.revision))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, JobStore, Submission};

    #[test]
    fn every_disagreement_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("jobs");
        assert!(divergences(&root).unwrap().is_empty());
        let store = JobStore::new(&root);
        let now = "2026-03-01T10:00:00Z".parse().unwrap();
        for job_id in ["ahead", "behind", "clean", "lost", "pending"] {
            let submission = Submission {
                job_id: job_id.to_owned(),
                ..Submission::default()
            };
            store.submit(&submission, now).unwrap();
            let pause = Command::Pause { actor: String::new() };
            store.mutate(job_id, &pause, now).unwrap();
        }
        assert!(divergences(&root).unwrap().is_empty());

        let log = root.join("ahead/events.jsonl");
        let events = fs::read_to_string(&log).unwrap();
        fs::write(&log, events.lines().next().unwrap()).unwrap();
        let state = root.join("behind/state.json");
        let behind = fs::read_to_string(&state)
            .unwrap()
            .replace("\"revision\": 2", "\"revision\": 1");
        fs::write(&state, behind).unwrap();
        fs::remove_file(root.join("lost/state.json")).unwrap();
        fs::write(root.join("pending/pending_mutation.json"), "{}").unwrap();
        fs::create_dir(root.join(".hidden")).unwrap();
        fs::write(root.join(".hidden/pending_mutation.json"), "{}").unwrap();
        fs::write(root.join("note.txt"), "").unwrap();
        let found: Vec<String> = divergences(&root)
            .unwrap()
            .into_iter()
            .map(|(job, divergence)| format!("{job}:{divergence}"))
            .collect();
        assert_eq!(
            found,
            [
                "ahead:state_ahead_of_event_log",
                "behind:event_log_ahead_of_state",
                "lost:missing_state_with_events",
                "pending:pending_mutation"
            ]
        );
        fs::write(root.join("clean/state.json"), "no json").unwrap();
        assert!(divergences(&root).is_err());
        assert!(divergences(&root.join("note.txt/jobs")).is_err());
    }
}
