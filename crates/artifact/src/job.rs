//! Durable jobs: the state of a job, its checkpoints and approvals, and the events that led there.
//!
//! The records hold words as texts, because older programs left some of them blank. The enums beside them name the words
//! that exist; what a word means for a job is decided by the job's state machine alone.

mod words;

use gait_canon::json::{self, Object, Reader};
use serde::{Deserialize, Serialize};

use crate::{text, time::Timestamp};

pub use words::{CheckpointType, JobEventType, JobStatus, StatusReason, StopReason};

/// The schema id of a job's state.
pub const STATE_SCHEMA_ID: &str = "gait.job.runtime";
/// The schema id of an event.
pub const EVENT_SCHEMA_ID: &str = "gait.job.event";
/// The schema id of a pending mutation.
pub const PENDING_SCHEMA_ID: &str = "gait.job.pending_mutation";
/// The schema version of all three.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// Other programs may know members that this one does not.
const LOOSE: Reader = Reader::new().ignore_unknown_members();

/// A job as it stands (`gait.job.runtime`): the content of `state.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_state))]
#[serde(default, deny_unknown_fields)]
pub struct JobState {
    /// `gait.job.runtime`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the job was submitted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Version of the program that submitted it.
    pub producer_version: String,
    /// Names the job.
    pub job_id: String,
    /// A [`JobStatus`].
    pub status: String,
    /// A [`StopReason`].
    pub stop_reason: String,
    /// A [`StatusReason`].
    pub status_reason_code: String,
    /// Where the job was submitted; never changes.
    pub environment_fingerprint: String,
    /// Version of the rules behind `safety_invariants`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub safety_invariant_version: String,
    /// Digest of `safety_invariants`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub safety_invariant_hash: String,
    /// What held when the job was submitted, as sorted `name=value` texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub safety_invariants: Vec<String>,
    /// Digest of the policy the job runs under.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_digest: String,
    /// Where that policy is found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_ref: String,
    /// On whose behalf the job runs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identity: String,
    /// 1 when submitted, one more with every event.
    pub revision: u64,
    /// The checkpoints, oldest first.
    pub checkpoints: Vec<JobCheckpoint>,
    /// The approvals, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<JobApproval>,
}

/// A mark that a job leaves on its way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_checkpoint))]
#[serde(default, deny_unknown_fields)]
pub struct JobCheckpoint {
    /// `cp_` and the checkpoint's number from 1, at least four digits.
    pub checkpoint_id: String,
    /// When it was left.
    pub created_at: Timestamp,
    /// A [`CheckpointType`].
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says, 1 to 512 bytes.
    pub summary: String,
    /// What somebody has to do; only with `decision-needed`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub required_action: String,
    /// The type's [`CheckpointType::reason_code`].
    pub reason_code: String,
    /// Who left it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub actor: String,
}

/// Somebody's consent to what a job asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_approval))]
#[serde(default, deny_unknown_fields)]
pub struct JobApproval {
    /// When it was given.
    pub created_at: Timestamp,
    /// Who gave it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The checkpoint it is for; blank: whichever needs one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub checkpoint_id: String,
}

/// One thing that happened to a job (`gait.job.event`): a line of `events.jsonl`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_event))]
#[serde(default, deny_unknown_fields)]
pub struct JobEvent {
    /// `gait.job.event`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When it happened: the state's `updated_at` from then on.
    pub created_at: Timestamp,
    /// The job.
    pub job_id: String,
    /// The state's revision from then on.
    pub revision: u64,
    /// A [`JobEventType`].
    #[serde(rename = "type")]
    pub kind: String,
    /// Who did it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub actor: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason_code: String,
    /// What the type has to tell, keys sorted.
    #[serde(skip_serializing_if = "Object::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")
    )]
    pub payload: Object,
}

/// A change on its way to the disk (`gait.job.pending_mutation`): what a crash leaves behind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_pending))]
#[serde(default, deny_unknown_fields)]
pub struct PendingMutation {
    /// `gait.job.pending_mutation`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the change began.
    pub created_at: Timestamp,
    /// The job.
    pub job_id: String,
    /// The state before; none when the job is being submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_state: Option<JobState>,
    /// The state after.
    pub updated_state: JobState,
    /// The event between the two.
    pub event: JobEvent,
}

/// Why a file of a job's directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidJob {
    /// The text is not JSON, or not of that shape.
    #[error(transparent)]
    Parse(#[from] json::Error),
    /// The state names no job.
    #[error("job state without job_id")]
    NoJobId,
}

impl JobState {
    /// Reads the content of `state.json`. Unknown members are dropped; a job id is needed.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidJob> {
        let state: Self = LOOSE.read(bytes)?;
        if text::is_blank(&state.job_id) {
            return Err(InvalidJob::NoJobId);
        }
        Ok(state)
    }
}

impl JobEvent {
    /// Reads a line of `events.jsonl`. Unknown members are dropped.
    pub fn read(line: &[u8]) -> Result<Self, InvalidJob> {
        Ok(LOOSE.read(line)?)
    }
}

impl PendingMutation {
    /// Reads the content of `pending_mutation.json`. Unknown members are dropped at every level.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidJob> {
        Ok(LOOSE.read(bytes)?)
    }
}

#[cfg(feature = "schema")]
fn published_state(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(STATE_SCHEMA_ID, SCHEMA_VERSION)
        .words("status", JobStatus::WORDS)
        .words("stop_reason", StopReason::WORDS)
        .words("status_reason_code", StatusReason::WORDS)
        .filled(&["job_id", "environment_fingerprint", "safety_invariants"])
        .filled(&[
            "safety_invariant_version",
            "policy_digest",
            "policy_ref",
            "identity",
        ])
        .digests(&["safety_invariant_hash"])
        .at_least(1, &["revision"]);
}

#[cfg(feature = "schema")]
fn published_checkpoint(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .words("type", CheckpointType::WORDS)
        .filled(&[
            "checkpoint_id",
            "summary",
            "required_action",
            "reason_code",
            "actor",
        ]);
}

#[cfg(feature = "schema")]
fn published_approval(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).filled(&["actor", "reason", "checkpoint_id"]);
}

#[cfg(feature = "schema")]
fn published_event(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(EVENT_SCHEMA_ID, SCHEMA_VERSION)
        .words("type", JobEventType::WORDS)
        .filled(&["job_id", "actor", "reason_code"])
        .at_least(1, &["revision"]);
}

#[cfg(feature = "schema")]
fn published_pending(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(PENDING_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["job_id"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        "x".to_owned()
    }

    #[test]
    fn unknown_members_are_dropped_at_every_level() {
        let state = br#"{"job_id":"j","new":1,"checkpoints":[{"checkpoint_id":"cp_0001","new":[]}],"approvals":[{"new":{}}]}"#;
        let read = JobState::read(state).unwrap();
        assert_eq!(read.checkpoints[0].checkpoint_id, "cp_0001");
        assert_eq!(read.approvals.len(), 1);
        let event =
            br#"{"job_id":"j","revision":3,"type":"paused","previous_digest":"00","payload":{"kept":true}}"#;
        let read = JobEvent::read(event).unwrap();
        assert_eq!((read.revision, read.payload.len()), (3, 1));
        let pending = format!(
            r#"{{"job_id":"j","new":0,"previous_state":{0},"updated_state":{0},"event":{1}}}"#,
            std::str::from_utf8(state).unwrap(),
            std::str::from_utf8(event).unwrap()
        );
        let read = PendingMutation::read(pending.as_bytes()).unwrap();
        assert_eq!(read.previous_state, Some(read.updated_state.clone()));
        assert_eq!(read.event.kind, "paused");
    }

    #[test]
    fn what_is_no_state_is_refused() {
        for bytes in [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"job_id":" "}"#,
            r#"{"job_id":"j","revision":"1"}"#,
            r#"{"job_id":"j","revision":-1}"#,
            r#"{"job_id":"j","job_id":"j"}"#,
            r#"{"job_id":"j"} x"#,
            r#"{"job_id":"j","checkpoints":{}}"#,
            r#"{"job_id":"j","created_at":"yesterday"}"#,
        ] {
            assert!(JobState::read(bytes.as_bytes()).is_err(), "{bytes}");
        }
    }

    #[test]
    fn members_without_content_are_left_out() {
        let state = JobState {
            job_id: text(),
            ..JobState::default()
        };
        let value = json::to_value(&state).unwrap();
        assert_eq!(value.get("checkpoints").unwrap().as_array().unwrap().len(), 0);
        for absent in ["approvals", "policy_digest", "safety_invariants"] {
            assert!(value.get(absent).is_none(), "{absent}");
        }
        assert!(
            json::to_value(&JobEvent::default())
                .unwrap()
                .get("payload")
                .is_none()
        );
    }
}
