//! The pack of a job: where it stands, and everything that happened to it.

use gait_artifact::job::{JobEvent, JobState, JobStatus, StatusReason, StopReason};
use gait_artifact::pack::{
    JOB_EVENTS_PATH, JOB_PAYLOAD_PATH, JOB_SCHEMA_ID, JOB_STATE_PATH, JobPayload, PackType, SCHEMA_VERSION,
};
use gait_artifact::{Timestamp, text};

use super::{BuildError, Unsealed};
use crate::entry::PackEntry;
use crate::proof::PackHeader;

/// The pack of a job. `fingerprint` is that of this machine, for jobs that were submitted without one.
///
/// Readers take only the members that every reader knows, so the state goes in without the checkpoint that an approval
/// is bound to; the event of the approval tells it.
pub fn job(
    state: &JobState,
    events: &[JobEvent],
    fingerprint: &str,
    producer_version: &str,
) -> Result<Unsealed, BuildError> {
    let mut state = state.clone();
    for (word, default) in [
        (&mut state.status, JobStatus::Running.as_str()),
        (&mut state.stop_reason, StopReason::None.as_str()),
        (&mut state.status_reason_code, StatusReason::Submitted.as_str()),
        (&mut state.environment_fingerprint, fingerprint),
    ] {
        if text::is_blank(word) {
            default.clone_into(word);
        }
    }
    for approval in &mut state.approvals {
        approval.checkpoint_id.clear();
    }
    Ok(Unsealed {
        header: PackHeader {
            pack_type: PackType::Job,
            source_ref: state.job_id.clone(),
            producer_version: producer_version.to_owned(),
        },
        entries: vec![
            PackEntry::canonical(JOB_PAYLOAD_PATH, &job_payload(&state))?,
            PackEntry::canonical(JOB_STATE_PATH, &state)?,
            PackEntry::lines(JOB_EVENTS_PATH, events)?,
        ],
    })
}

/// The payload that follows from a state.
pub(crate) fn job_payload(state: &JobState) -> JobPayload {
    JobPayload {
        schema_id: JOB_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: state.created_at.or(Timestamp::EPOCH_1980),
        job_id: state.job_id.clone(),
        status: state.status.clone(),
        stop_reason: state.stop_reason.clone(),
        status_reason_code: state.status_reason_code.clone(),
        environment_fingerprint: state.environment_fingerprint.clone(),
        safety_invariant_version: text::trim(&state.safety_invariant_version).to_owned(),
        safety_invariant_hash: text::trim(&state.safety_invariant_hash).to_owned(),
        checkpoint_count: state.checkpoints.len() as u64,
        approval_count: state.approvals.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use gait_artifact::job::JobApproval;
    use gait_canon::json;

    use super::*;
    use crate::entry::EntryContent;

    #[test]
    fn blank_words_get_their_defaults_and_new_members_stay_out() {
        let state = JobState {
            job_id: "job_1".to_owned(),
            approvals: vec![JobApproval {
                actor: "a".to_owned(),
                checkpoint_id: "cp_0001".to_owned(),
                ..JobApproval::default()
            }],
            ..JobState::default()
        };
        let pack = job(&state, &[], "own", "1.0.0").unwrap();
        assert_eq!(pack.header.source_ref, "job_1");
        let documents: Vec<_> = pack
            .entries
            .iter()
            .map(|entry| match &entry.content {
                EntryContent::Bytes(bytes) => bytes.as_slice(),
                _ => b"",
            })
            .collect();
        let payload: JobPayload = json::read(documents[0]).unwrap();
        assert_eq!(
            [
                payload.status.as_str(),
                &payload.stop_reason,
                &payload.status_reason_code,
                &payload.environment_fingerprint
            ],
            ["running", "none", "submitted", "own"]
        );
        assert_eq!(payload.created_at, Timestamp::EPOCH_1980);
        assert_eq!((payload.checkpoint_count, payload.approval_count), (0, 1));
        let packed: JobState = json::read(documents[1]).unwrap();
        assert_eq!(packed.status, "running");
        assert_eq!(packed.approvals[0].checkpoint_id, "");
        assert_eq!(documents[2], b"");
    }
}
