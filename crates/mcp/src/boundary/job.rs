//! The emergency stop of jobs, as the gate asks for it.

use gait_artifact::{Timestamp, intent::Intent};
use gait_gate::dispatch::{DispatchBlock, DispatchGuard};
use gait_job::{
    JobError, JobStore, Refusal,
    dispatch::{DispatchPoint, DispatchVerdict, dispatch_check},
};

/// Holds back the calls of jobs that were stopped, and of jobs whose state can't be known.
///
/// A call that names no job is none of its business.
#[derive(Debug)]
pub struct JobGuard {
    jobs: JobStore,
}

impl JobGuard {
    /// A guard over `jobs`.
    #[must_use]
    pub const fn new(jobs: JobStore) -> Self {
        Self { jobs }
    }
}

impl DispatchGuard for JobGuard {
    fn check(&self, intent: &Intent, now: Timestamp) -> Option<DispatchBlock> {
        let job_id = intent.context().job_id.as_str();
        if job_id.is_empty() {
            return None;
        }
        let verdict = dispatch_check(&self.jobs, job_id, &DispatchPoint::MCP, now);
        let warning = match &verdict {
            DispatchVerdict::Proceed | DispatchVerdict::Preempted { unrecorded: None } => None,
            DispatchVerdict::Preempted {
                unrecorded: Some(error),
            } => Some(format!("blocked_dispatch_record_failed={error}")),
            DispatchVerdict::Unavailable(error) => Some(format!("job_status_unavailable={}", reason(error))),
        };
        Some(DispatchBlock {
            reason_code: verdict.block_reason()?,
            warnings: warning.into_iter().collect(),
        })
    }
}

/// Why nobody knows where a job stands, in words that callers compare. The id is theirs; it is not said again.
fn reason(error: &JobError) -> String {
    match error {
        JobError::NotFound(_) => "job not found".to_owned(),
        JobError::Refused(Refusal::JobId(_)) => {
            "job_id must match ^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$".to_owned()
        }
        JobError::Read(error) => format!("read job state: {error}"),
        JobError::Invalid { source, .. } => format!("parse job state: {source}"),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use gait_artifact::intent::IntentRequest;
    use gait_job::{Command, Submission};

    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }

    fn intent(job_id: &str) -> Intent {
        let text = format!(
            r#"{{"tool_name": "t", "args": {{}}, "targets": [],
            "context": {{"identity": "a", "workspace": "/w", "risk_class": "low", "job_id": "{job_id}"}}}}"#
        );
        IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap()
    }

    #[test]
    fn stopped_and_unknown_jobs_are_held_back() {
        let root = tempfile::tempdir().unwrap();
        let jobs = JobStore::new(root.path());
        let submission = Submission {
            job_id: "j".to_owned(),
            ..Submission::default()
        };
        jobs.submit(&submission, now()).unwrap();
        let guard = JobGuard::new(JobStore::new(root.path()));
        for free in ["", "j"] {
            assert_eq!(guard.check(&intent(free), now()), None);
        }
        let actor = "ops".to_owned();
        jobs.mutate("j", &Command::Stop { actor }, now()).unwrap();
        let held = guard.check(&intent("j"), now()).unwrap();
        assert_eq!(held.reason_code, "emergency_stop_preempted");
        assert!(held.warnings.is_empty());
        assert_eq!(jobs.history("j").unwrap().events.len(), 3);

        let unknown = guard.check(&intent("other"), now()).unwrap();
        assert_eq!(unknown.reason_code, "emergency_stop_state_unavailable");
        assert_eq!(unknown.warnings, ["job_status_unavailable=job not found"]);
        let nameless = guard.check(&intent("../j"), now()).unwrap();
        assert!(nameless.warnings[0].starts_with("job_status_unavailable=job_id must match"));
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
