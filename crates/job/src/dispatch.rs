//! What a tool boundary asks before every call that belongs to a job.

use gait_artifact::{
    Timestamp,
    job::{JobEventType, JobState, JobStatus, StatusReason, StopReason},
};

use crate::{Command, JobError, JobStore};

/// The reason code of a call that is blocked because nobody knows where its job stands.
pub const STATE_UNAVAILABLE: &str = "emergency_stop_state_unavailable";
/// The reason code of a call that is blocked because its job was stopped.
pub const PREEMPTED: &str = StatusReason::EmergencyStopPreempted.as_str();

/// A boundary at which calls arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchPoint<'a> {
    /// The way calls come, written to events as `dispatch_path`.
    pub path: &'a str,
    /// Who guards it.
    pub actor: &'a str,
}

impl DispatchPoint<'static> {
    /// The boundary to MCP servers.
    pub const MCP: Self = Self {
        path: "mcp.proxy",
        actor: "mcp-proxy",
    };
}

/// Whether a call may go on to the policy.
#[derive(Debug)]
#[must_use = "a call that is not let through must be blocked"]
pub enum DispatchVerdict {
    /// The job is not stopped. (Whether it is paused or done is no matter of the boundary.)
    Proceed,
    /// The job was stopped: block with [`PREEMPTED`]. The refusal was recorded, unless there is an error.
    Preempted {
        /// Why the refusal could not be recorded.
        unrecorded: Option<JobError>,
    },
    /// Where the job stands can't be known: block with [`STATE_UNAVAILABLE`].
    Unavailable(JobError),
}

impl DispatchVerdict {
    /// The reason code of the block; none when the call may go on.
    #[must_use]
    pub const fn block_reason(&self) -> Option<&'static str> {
        match self {
            Self::Proceed => None,
            Self::Preempted { .. } => Some(PREEMPTED),
            Self::Unavailable(_) => Some(STATE_UNAVAILABLE),
        }
    }
}

/// Looks at a job for a call that arrives at `point` and records the refusal when the job was stopped.
///
/// Once a stop was acknowledged, every check that begins afterwards refuses. A job that does not exist, whose state
/// makes no sense or whose lock is not to be had while a change is unfinished, blocks.
pub fn dispatch_check(
    store: &JobStore,
    job_id: &str,
    point: &DispatchPoint<'_>,
    now: Timestamp,
) -> DispatchVerdict {
    let state = match store.read(job_id) {
        Ok(state) => state,
        Err(error) => return DispatchVerdict::Unavailable(error),
    };
    match standing(store, &state) {
        Err(error) => DispatchVerdict::Unavailable(error),
        Ok(Standing::Free) => DispatchVerdict::Proceed,
        Ok(Standing::StoppedAndCancelled) => DispatchVerdict::Preempted { unrecorded: None },
        Ok(Standing::Stopped) => {
            let refusal = Command::BlockDispatch {
                actor: point.actor.to_owned(),
                path: point.path.to_owned(),
            };
            DispatchVerdict::Preempted {
                unrecorded: store.mutate(job_id, &refusal, now).err(),
            }
        }
    }
}

/// How a job stands to the emergency stop.
enum Standing {
    Free,
    Stopped,
    /// Cancelled after the stop, which must not set its calls free again. Nothing more is recorded of such a job.
    StoppedAndCancelled,
}

fn standing(store: &JobStore, state: &JobState) -> Result<Standing, JobError> {
    // A state in which only one of the two says so was written by no machine; it is as good as stopped.
    if state.status == JobStatus::EmergencyStopped.as_str()
        || state.stop_reason == StopReason::EmergencyStopped.as_str()
    {
        return Ok(Standing::Stopped);
    }
    if state.status == JobStatus::Cancelled.as_str() {
        let was_stopped = JobEventType::EmergencyStopAcknowledged.as_str();
        let events = store.history(&state.job_id)?.events;
        if events.iter().any(|event| event.kind == was_stopped) {
            return Ok(Standing::StoppedAndCancelled);
        }
    }
    Ok(Standing::Free)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Submission;

    fn now() -> Timestamp {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }

    fn check(store: &JobStore) -> DispatchVerdict {
        dispatch_check(store, "j", &DispatchPoint::MCP, now())
    }

    fn nobody() -> String {
        String::new()
    }

    fn store() -> (tempfile::TempDir, JobStore) {
        let root = tempfile::tempdir().unwrap();
        let store = JobStore::new(root.path());
        let submission = Submission {
            job_id: "j".to_owned(),
            ..Submission::default()
        };
        store.submit(&submission, now()).unwrap();
        (root, store)
    }

    #[test]
    fn only_a_stop_is_in_the_way() {
        let (_root, store) = store();
        assert_eq!(check(&store).block_reason(), None);
        store
            .mutate("j", &Command::Pause { actor: nobody() }, now())
            .unwrap();
        assert_eq!(check(&store).block_reason(), None);
        store
            .mutate("j", &Command::Cancel { actor: nobody() }, now())
            .unwrap();
        assert_eq!(check(&store).block_reason(), None);
    }

    #[test]
    fn calls_of_a_stopped_job_are_refused_and_recorded() {
        let (_root, store) = store();
        store
            .mutate("j", &Command::Stop { actor: nobody() }, now())
            .unwrap();
        assert!(matches!(
            check(&store),
            DispatchVerdict::Preempted { unrecorded: None }
        ));
        let history = store.history("j").unwrap();
        let event = history.events.last().unwrap();
        assert_eq!(
            (event.kind.as_str(), event.actor.as_str(), event.revision),
            ("dispatch_blocked", "mcp-proxy", 3)
        );
        assert_eq!(event.reason_code, PREEMPTED);
        assert_eq!(
            event.payload.get("dispatch_path").unwrap().as_str(),
            Some("mcp.proxy")
        );
        assert_eq!(history.state.status, "emergency_stopped");
        assert_eq!(history.findings, []);
    }

    #[test]
    fn cancelling_a_stopped_job_does_not_set_its_calls_free() {
        let (_root, store) = store();
        store
            .mutate("j", &Command::Stop { actor: nobody() }, now())
            .unwrap();
        store
            .mutate("j", &Command::Cancel { actor: nobody() }, now())
            .unwrap();
        assert_eq!(check(&store).block_reason(), Some(PREEMPTED));
        assert_eq!(store.read("j").unwrap().revision, 3);
    }

    #[test]
    fn what_cannot_be_read_blocks() {
        let (root, store) = store();
        for id in ["unknown", "../j", ""] {
            let verdict = dispatch_check(&store, id, &DispatchPoint::MCP, now());
            assert_eq!(verdict.block_reason(), Some(STATE_UNAVAILABLE), "{id}");
        }
        fs::write(root.path().join("j/state.json"), "{").unwrap();
        assert_eq!(check(&store).block_reason(), Some(STATE_UNAVAILABLE));
    }

    #[test]
    fn a_refusal_that_cannot_be_recorded_is_still_a_refusal() {
        let (root, store) = store();
        store
            .mutate("j", &Command::Stop { actor: nobody() }, now())
            .unwrap();
        let log = root.path().join("j/events.jsonl");
        fs::remove_file(&log).unwrap();
        fs::create_dir(&log).unwrap();
        let verdict = check(&store);
        assert!(
            matches!(verdict, DispatchVerdict::Preempted { unrecorded: Some(_) }),
            "{verdict:?}"
        );
    }
}
