//! Whether the log of a job explains its state.

use gait_artifact::{
    finding::{Finding, FindingCode},
    job::{JobEvent, JobEventType, JobState},
    text,
};

use crate::invariants;

/// Where a job's state and events contradict each other or themselves.
///
/// Revisions rise by one from the submission to the state, every event is about the job and of a known type, nothing
/// happens after the end, and the invariants have the hash that stands beside them.
pub(crate) fn audit(state: &JobState, events: &[JobEvent]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |code, subject: String, message: &str| findings.push(Finding::new(code, subject, message));
    let mut expected = 1;
    let mut ended = false;
    for event in events {
        let subject = || format!("event {}", event.revision);
        if text::trim(&event.job_id) != text::trim(&state.job_id) {
            note(
                FindingCode::Inconsistent,
                subject(),
                "the event is about another job",
            );
        }
        if event.revision != expected {
            note(
                FindingCode::SequenceGap,
                subject(),
                &format!("revision {expected} was expected here"),
            );
        }
        let kind = JobEventType::parse(&event.kind);
        if kind.is_none() {
            note(
                FindingCode::UnknownValue,
                subject(),
                "the event is of an unknown type",
            );
        }
        let may_follow_the_end = matches!(
            kind,
            Some(JobEventType::Cancelled | JobEventType::DispatchBlocked)
        );
        if ended && !may_follow_the_end {
            note(
                FindingCode::Inconsistent,
                subject(),
                "the job had been stopped, cancelled or completed before",
            );
        }
        ended |= ends(event, kind);
        expected = event.revision.saturating_add(1);
    }
    if let Some(last) = events.last()
        && last.revision != state.revision
    {
        note(
            FindingCode::Inconsistent,
            "state".to_owned(),
            &format!(
                "the state has revision {}, the last event {}",
                state.revision, last.revision
            ),
        );
    }
    if !invariants::agree(state) {
        note(
            FindingCode::DigestMismatch,
            "safety_invariant_hash".to_owned(),
            "the hash is not that of the invariants beside it",
        );
    }
    findings
}

/// Whether no work may follow the event.
fn ends(event: &JobEvent, kind: Option<JobEventType>) -> bool {
    match kind {
        Some(JobEventType::Cancelled | JobEventType::EmergencyStopAcknowledged) => true,
        Some(JobEventType::CheckpointAdded) => {
            event.reason_code == gait_artifact::job::CheckpointType::Completed.reason_code()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkpoint, Command, Submission, machine};

    fn job() -> (JobState, Vec<JobEvent>) {
        let now = "2026-03-01T10:00:00Z".parse().unwrap();
        let submission = Submission {
            job_id: "j".to_owned(),
            ..Submission::default()
        };
        let mut next = machine::submit(&submission, now).unwrap();
        let mut events = vec![next.event.clone()];
        let checkpoint = Command::Checkpoint(Checkpoint {
            kind: "completed".to_owned(),
            summary: "done".to_owned(),
            ..Checkpoint::default()
        });
        for command in [Command::Pause { actor: String::new() }, checkpoint] {
            next = machine::apply(&next.state, &command, now).unwrap();
            events.push(next.event.clone());
        }
        (next.state, events)
    }

    #[test]
    fn a_job_that_only_the_machine_touched_is_clean() {
        let (state, events) = job();
        assert_eq!(audit(&state, &events), []);
        assert_eq!(audit(&state, &[]), []);
    }

    #[test]
    fn contradictions_are_found() {
        type Change = fn(&mut JobState, &mut Vec<JobEvent>);
        let cases: &[(Change, FindingCode, &str)] = &[
            (|state, _| state.revision = 9, FindingCode::Inconsistent, "state"),
            (
                |_, events| drop(events.remove(1)),
                FindingCode::SequenceGap,
                "event 3",
            ),
            (
                |_, events| drop(events.remove(0)),
                FindingCode::SequenceGap,
                "event 2",
            ),
            (|_, events| events.swap(0, 1), FindingCode::SequenceGap, "event 2"),
            (
                |_, events| events[1].job_id = "k".into(),
                FindingCode::Inconsistent,
                "event 2",
            ),
            (
                |_, events| events[1].kind = "danced".into(),
                FindingCode::UnknownValue,
                "event 2",
            ),
            (
                |_, events| events[1].kind = "emergency_stop_acknowledged".into(),
                FindingCode::Inconsistent,
                "event 3",
            ),
            (
                |state, _| state.safety_invariants.clear(),
                FindingCode::DigestMismatch,
                "safety_invariant_hash",
            ),
        ];
        for (change, code, subject) in cases {
            let (mut state, mut events) = job();
            change(&mut state, &mut events);
            let findings = audit(&state, &events);
            let found = findings
                .iter()
                .any(|finding| finding.code == *code && finding.subject == *subject);
            assert!(found, "{code:?} {subject}: {findings:?}");
        }
    }
}
