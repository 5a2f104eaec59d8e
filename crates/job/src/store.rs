//! Jobs on a local disk: one directory each.

use std::path::PathBuf;

use gait_artifact::{
    Timestamp,
    finding::Finding,
    job::{JobEvent, JobState},
    text,
};
use gait_disk::{FileLock, atomic::create_directories};

use crate::machine::{self, is_job_id};
use crate::pending::JobDirectory;
use crate::priority::Priority;
use crate::{Command, JobError, Refusal, Submission, audit, invariants};

/// How often a reader that takes no lock looks again when a job keeps changing under its eyes.
const ATTEMPTS: usize = 8;

/// The jobs below one directory.
///
/// Every change is made under the job's lock and is on the disk, state and event, when the function returns. An error
/// means that nothing was acknowledged; what a crash or a failed step left behind is made whole or undone before the
/// job is looked at again. Readers take no lock unless there is something of that kind. An emergency stop takes its turn
/// before every other change that waits.
#[derive(Debug, Clone)]
pub struct JobStore {
    root: PathBuf,
}

/// A job and how it came there.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Where it stands.
    pub state: JobState,
    /// What happened, oldest first.
    pub events: Vec<JobEvent>,
    /// Where state and events tell different things.
    pub findings: Vec<Finding>,
}

impl JobStore {
    /// The jobs below `root`, which need not exist yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Begins a job; [`JobError::AlreadyExists`] when there is one of that name.
    pub fn submit(&self, submission: &Submission, now: Timestamp) -> Result<JobState, JobError> {
        let next = machine::submit(submission, now)?;
        let directory = self.directory(&next.state.job_id)?;
        create_directories(directory.path())?;
        let lock = directory.lock(Priority::Ordinary)?;
        directory.recover(&lock)?;
        if directory.load()?.is_some() {
            return Err(JobError::AlreadyExists(next.state.job_id));
        }
        let log = directory.log();
        if !log.is_empty()? {
            return Err(JobError::OrphanedLog(log.path().to_path_buf()));
        }
        directory.commit(&lock, None, &next)?;
        Ok(next.state)
    }

    /// Has a job carry out a command and gives its state from then on.
    pub fn mutate(&self, job_id: &str, command: &Command, now: Timestamp) -> Result<JobState, JobError> {
        let directory = self.directory(job_id)?;
        if !directory.path().is_dir() {
            return Err(not_found(job_id));
        }
        let priority = match command {
            Command::Stop { .. } => Priority::Stop,
            _ => Priority::Ordinary,
        };
        let lock = directory.lock(priority)?;
        let previous = settled(&directory, &lock)?.ok_or_else(|| not_found(job_id))?;
        let next = machine::apply(&previous, command, now)?;
        directory.commit(&lock, Some(previous), &next)?;
        Ok(next.state)
    }

    /// Where a job stands.
    pub fn read(&self, job_id: &str) -> Result<JobState, JobError> {
        let directory = self.directory(job_id)?;
        let mut state = load_settled(&directory)?.ok_or_else(|| not_found(job_id))?;
        invariants::complete(&mut state);
        Ok(state)
    }

    /// Where a job stands, and everything that happened to it.
    pub fn history(&self, job_id: &str) -> Result<History, JobError> {
        let directory = self.directory(job_id)?;
        let mut state = self.read(job_id)?;
        let mut events = directory.log().read()?;
        for _ in 1..ATTEMPTS {
            let again = self.read(job_id)?;
            if again == state {
                break;
            }
            state = again;
            events = directory.log().read()?;
        }
        let findings = audit::audit(&state, &events);
        Ok(History {
            state,
            events,
            findings,
        })
    }

    fn directory(&self, job_id: &str) -> Result<JobDirectory, JobError> {
        let job_id = text::trim(job_id);
        if !is_job_id(job_id) {
            return Err(Refusal::JobId(job_id.to_owned()).into());
        }
        // Jobs may lie anywhere, so the path is made absolute before the writers check it.
        let path = std::path::absolute(self.root.join(job_id)).map_err(JobError::io("find", &self.root))?;
        Ok(JobDirectory::new(path, job_id.to_owned()))
    }
}

fn not_found(job_id: &str) -> JobError {
    JobError::NotFound(text::trim(job_id).to_owned())
}

/// The state, with nothing unfinished beside it.
fn settled(directory: &JobDirectory, lock: &FileLock) -> Result<Option<JobState>, JobError> {
    directory.recover(lock)?;
    directory.load()
}

/// The same for readers, who take the lock only when a change is under way or was interrupted.
fn load_settled(directory: &JobDirectory) -> Result<Option<JobState>, JobError> {
    if !directory.has_marker() {
        let state = directory.load();
        if !directory.has_marker() {
            return state;
        }
    }
    let lock = directory.lock(Priority::Ordinary)?;
    settled(directory, &lock)
}
