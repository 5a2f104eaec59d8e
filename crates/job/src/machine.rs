//! What may happen to a job, and what it makes of it.

use gait_artifact::{
    Timestamp,
    job::{
        self, CheckpointType, JobApproval, JobCheckpoint, JobEvent, JobEventType, JobState, JobStatus,
        StatusReason, StopReason,
    },
    text,
};
use gait_canon::json::{Object, Value};

use crate::{Resumption, fingerprint, invariants};

/// The longest summary of a checkpoint, in bytes.
pub const MAX_SUMMARY_BYTES: usize = 512;

/// A job to begin. Texts are trimmed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submission {
    /// Names the job: a letter or digit, then up to 127 letters, digits, `.`, `_`, `:` and `-`.
    pub job_id: String,
    /// Version of the program that submits it.
    pub producer_version: String,
    /// Who submits it.
    pub actor: String,
    /// On whose behalf it runs; blank means the actor's.
    pub identity: String,
    /// Where it runs; blank means here.
    pub environment_fingerprint: String,
    /// Digest of the policy it runs under, if it is bound to one.
    pub policy_digest: String,
    /// Where that policy is found.
    pub policy_ref: String,
}

/// A checkpoint to leave. Texts are trimmed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// A [`CheckpointType`].
    pub kind: String,
    /// 1 to [`MAX_SUMMARY_BYTES`] bytes.
    pub summary: String,
    /// What somebody has to do: needed for `decision-needed`, dropped for the others.
    pub required_action: String,
    /// Who leaves it.
    pub actor: String,
}

/// Consent to what a job asked for. Texts are trimmed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approval {
    /// Who approves; needed.
    pub actor: String,
    /// Why; blank means `approved`.
    pub reason: String,
    /// The `decision-needed` checkpoint that is approved; blank leaves it open.
    pub checkpoint_id: String,
}

/// Something that is asked of a job that exists. An `actor` is who asks, and may be blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Leave a checkpoint.
    Checkpoint(Checkpoint),
    /// Pause the work.
    Pause {
        /// Who asks.
        actor: String,
    },
    /// Record an approval.
    Approve(Approval),
    /// Go on.
    Resume(Resumption),
    /// Stop at once and for good.
    Stop {
        /// Who asks.
        actor: String,
    },
    /// Give the job up.
    Cancel {
        /// Who asks.
        actor: String,
    },
    /// Record that a call of the stopped job was refused.
    BlockDispatch {
        /// The boundary that refused it.
        actor: String,
        /// The way by which the call came.
        path: String,
    },
}

impl Command {
    /// The command as a verb phrase.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Checkpoint(_) => "add a checkpoint to",
            Self::Pause { .. } => "pause",
            Self::Approve(_) => "approve",
            Self::Resume(_) => "resume",
            Self::Stop { .. } => "stop",
            Self::Cancel { .. } => "cancel",
            Self::BlockDispatch { .. } => "block a dispatch of",
        }
    }

    /// Whether a job in `status` takes this command.
    ///
    /// Nothing leads out of `completed` and `cancelled`, and only `cancel` leads out of `emergency_stopped`.
    #[must_use]
    pub const fn is_allowed_in(&self, status: JobStatus) -> bool {
        use JobStatus::{Blocked, DecisionNeeded, EmergencyStopped, Paused, Running};
        match self {
            Self::Checkpoint(_) | Self::Approve(_) | Self::Stop { .. } => {
                matches!(status, Running | Paused | DecisionNeeded | Blocked)
            }
            Self::Pause { .. } => matches!(status, Running | DecisionNeeded),
            Self::Resume(_) => matches!(status, Paused | DecisionNeeded | Blocked),
            Self::Cancel { .. } => {
                matches!(
                    status,
                    Running | Paused | DecisionNeeded | Blocked | EmergencyStopped
                )
            }
            Self::BlockDispatch { .. } => matches!(status, EmergencyStopped),
        }
    }
}

/// A job's next state, and the event that leads there.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The state from now on.
    pub state: JobState,
    /// Why it is so.
    pub event: JobEvent,
}

/// Why a command was not carried out; the job is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The name is none.
    #[error("job id {0:?} must be a letter or digit and up to 127 letters, digits, '.', '_', ':' or '-'")]
    JobId(String),
    /// The job's status does not allow it.
    #[error("cannot {command} a job that is {}", status.as_str())]
    Status {
        /// What was asked.
        command: &'static str,
        /// Where the job stands.
        status: JobStatus,
    },
    /// The state holds a status that is none.
    #[error("job has the unknown status {0:?}")]
    UnknownStatus(String),
    /// No checkpoint has that type.
    #[error("unknown checkpoint type {0:?}: use plan, progress, decision-needed, blocked or completed")]
    CheckpointType(String),
    /// A checkpoint says nothing.
    #[error("checkpoint summary is required")]
    NoSummary,
    /// A checkpoint says too much.
    #[error("checkpoint summary has {0} bytes, more than {MAX_SUMMARY_BYTES}")]
    LongSummary(usize),
    /// A checkpoint asks for a decision and does not say which.
    #[error("a decision-needed checkpoint must say which action is required")]
    NoRequiredAction,
    /// Nobody approves.
    #[error("an approval needs an actor")]
    NoApprover,
    /// The job has no such checkpoint.
    #[error("checkpoint not found: {0:?}")]
    UnknownCheckpoint(String),
    /// The checkpoint asks for no decision.
    #[error("checkpoint {0} asks for no decision")]
    NothingToApprove(String),
    /// A decision has not been approved yet.
    #[error("approval required before the job may resume: {approved} of {decisions} decisions are approved")]
    ApprovalRequired {
        /// How many checkpoints asked for a decision.
        decisions: usize,
        /// How many of them are approved.
        approved: usize,
    },
    /// The job is bound to a policy, or a policy was named, and no digest says which one holds now.
    #[error("the policy must be evaluated again before the job may resume: its digest is required")]
    PolicyDigestRequired,
    /// Somebody else tries to resume the job.
    #[error("the job belongs to the identity {bound:?}, not to {given:?}")]
    OtherIdentity {
        /// Whose job it is.
        bound: String,
        /// Who was named.
        given: String,
    },
    /// It is to be checked whether the identity was revoked, and there is none.
    #[error("an identity is required to check whether it was revoked")]
    IdentityRequired,
    /// The identity may no longer act.
    #[error("identity {0:?} is revoked")]
    IdentityRevoked(String),
    /// The job was submitted somewhere else.
    #[error("environment fingerprint changed: the job was submitted in {expected:?}, this is {actual:?}")]
    OtherEnvironment {
        /// Where it was submitted.
        expected: String,
        /// Where it would go on.
        actual: String,
    },
    /// The revision can't grow any more.
    #[error("job revision is exhausted")]
    Exhausted,
}

/// Whether `text` can name a job (and with it a directory).
#[must_use]
pub fn is_job_id(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    text.len() <= 128
        && text.bytes().all(inner)
        && text
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
}

/// The first state of a job.
pub fn submit(submission: &Submission, now: Timestamp) -> Result<Transition, Refusal> {
    let given = |text: &String| text::trim(text).to_owned();
    let job_id = given(&submission.job_id);
    if !is_job_id(&job_id) {
        return Err(Refusal::JobId(job_id));
    }
    let identity = match text::trim(&submission.identity) {
        "" => given(&submission.actor),
        identity => identity.to_owned(),
    };
    let mut state = JobState {
        schema_id: job::STATE_SCHEMA_ID.to_owned(),
        schema_version: job::SCHEMA_VERSION.to_owned(),
        created_at: now.to_utc(),
        producer_version: submission.producer_version.clone(),
        job_id,
        environment_fingerprint: fingerprint::given_or_own(&submission.environment_fingerprint),
        policy_digest: given(&submission.policy_digest),
        policy_ref: given(&submission.policy_ref),
        identity,
        ..JobState::default()
    };
    enter(
        &mut state,
        JobStatus::Running,
        StopReason::None,
        StatusReason::Submitted,
    );
    invariants::complete(&mut state);
    let payload = payload([
        ("environment_fingerprint", Some(&state.environment_fingerprint)),
        ("identity", filled(&state.identity)),
        ("policy_digest", filled(&state.policy_digest)),
        ("policy_ref", filled(&state.policy_ref)),
    ]);
    Step {
        kind: JobEventType::Submitted,
        actor: &submission.actor,
        reason_code: StatusReason::Submitted.as_str(),
        payload,
    }
    .taken(state, now)
}

/// What `command`, given at `now`, makes of a job.
pub fn apply(state: &JobState, command: &Command, now: Timestamp) -> Result<Transition, Refusal> {
    allow(state, command)?;
    let mut next = state.clone();
    invariants::complete(&mut next);
    let step = match command {
        Command::Checkpoint(checkpoint) => add_checkpoint(&mut next, checkpoint, now)?,
        Command::Approve(approval) => approve(&mut next, approval, now)?,
        Command::Resume(resumption) => resumption.apply(&mut next)?,
        Command::Pause { actor } => {
            enter(
                &mut next,
                JobStatus::Paused,
                StopReason::PausedByUser,
                StatusReason::Paused,
            );
            Step::plain(JobEventType::Paused, actor, StatusReason::Paused)
        }
        Command::Stop { actor } => {
            let reason = StatusReason::EmergencyStopPreempted;
            enter(
                &mut next,
                JobStatus::EmergencyStopped,
                StopReason::EmergencyStopped,
                reason,
            );
            Step::plain(JobEventType::EmergencyStopAcknowledged, actor, reason)
        }
        Command::Cancel { actor } => {
            enter(
                &mut next,
                JobStatus::Cancelled,
                StopReason::CancelledByUser,
                StatusReason::Cancelled,
            );
            Step::plain(JobEventType::Cancelled, actor, StatusReason::Cancelled)
        }
        Command::BlockDispatch { actor, path } => Step {
            payload: payload([("dispatch_path", Some(path))]),
            ..Step::plain(
                JobEventType::DispatchBlocked,
                actor,
                StatusReason::EmergencyStopPreempted,
            )
        },
    };
    step.taken(next, now)
}

fn allow(state: &JobState, command: &Command) -> Result<(), Refusal> {
    match JobStatus::parse(&state.status) {
        Some(status) if command.is_allowed_in(status) => Ok(()),
        Some(status) => Err(Refusal::Status {
            command: command.name(),
            status,
        }),
        // Whatever a job in a status of a later program does, it can be stopped.
        None if matches!(command, Command::Stop { .. }) => Ok(()),
        None => Err(Refusal::UnknownStatus(state.status.clone())),
    }
}

fn add_checkpoint<'a>(
    state: &mut JobState,
    checkpoint: &'a Checkpoint,
    now: Timestamp,
) -> Result<Step<'a>, Refusal> {
    let kind = text::trim(&checkpoint.kind);
    let kind = CheckpointType::parse(kind).ok_or_else(|| Refusal::CheckpointType(kind.to_owned()))?;
    let summary = text::trim(&checkpoint.summary);
    match summary.len() {
        0 => return Err(Refusal::NoSummary),
        length if length > MAX_SUMMARY_BYTES => return Err(Refusal::LongSummary(length)),
        _ => {}
    }
    let required_action = match (kind, text::trim(&checkpoint.required_action)) {
        (CheckpointType::DecisionNeeded, "") => return Err(Refusal::NoRequiredAction),
        (CheckpointType::DecisionNeeded, action) => action.to_owned(),
        _ => String::new(),
    };
    match kind {
        CheckpointType::Plan | CheckpointType::Progress => {}
        CheckpointType::DecisionNeeded => enter(
            state,
            JobStatus::DecisionNeeded,
            StopReason::DecisionNeeded,
            StatusReason::DecisionNeeded,
        ),
        CheckpointType::Blocked => {
            enter(
                state,
                JobStatus::Blocked,
                StopReason::Blocked,
                StatusReason::Blocked,
            );
        }
        CheckpointType::Completed => {
            enter(
                state,
                JobStatus::Completed,
                StopReason::Completed,
                StatusReason::Completed,
            );
        }
    }
    let checkpoint_id = format!("cp_{:04}", state.checkpoints.len() + 1);
    let step = Step {
        kind: JobEventType::CheckpointAdded,
        actor: &checkpoint.actor,
        reason_code: kind.reason_code(),
        payload: payload([
            ("checkpoint_id", Some(&checkpoint_id)),
            ("checkpoint_type", Some(kind.as_str())),
            ("required_action", Some(&required_action)),
        ]),
    };
    state.checkpoints.push(JobCheckpoint {
        checkpoint_id,
        created_at: now.to_utc(),
        kind: kind.as_str().to_owned(),
        summary: summary.to_owned(),
        required_action,
        reason_code: kind.reason_code().to_owned(),
        actor: text::trim(&checkpoint.actor).to_owned(),
    });
    Ok(step)
}

fn approve<'a>(state: &mut JobState, approval: &'a Approval, now: Timestamp) -> Result<Step<'a>, Refusal> {
    let actor = filled(&approval.actor).ok_or(Refusal::NoApprover)?;
    let reason = filled(&approval.reason).unwrap_or("approved");
    let checkpoint_id = filled(&approval.checkpoint_id);
    if let Some(id) = checkpoint_id {
        let checkpoint = state
            .checkpoints
            .iter()
            .find(|checkpoint| checkpoint.checkpoint_id == id);
        let checkpoint = checkpoint.ok_or_else(|| Refusal::UnknownCheckpoint(id.to_owned()))?;
        if checkpoint.kind != CheckpointType::DecisionNeeded.as_str() {
            return Err(Refusal::NothingToApprove(id.to_owned()));
        }
    }
    StatusReason::ApprovalRecorded
        .as_str()
        .clone_into(&mut state.status_reason_code);
    state.approvals.push(JobApproval {
        created_at: now.to_utc(),
        actor: actor.to_owned(),
        reason: reason.to_owned(),
        checkpoint_id: checkpoint_id.unwrap_or_default().to_owned(),
    });
    Ok(Step {
        payload: payload([("checkpoint_id", checkpoint_id), ("reason", Some(reason))]),
        ..Step::plain(
            JobEventType::Approved,
            &approval.actor,
            StatusReason::ApprovalRecorded,
        )
    })
}

/// Brings a job into a status.
pub(crate) fn enter(state: &mut JobState, status: JobStatus, stop: StopReason, reason: StatusReason) {
    status.as_str().clone_into(&mut state.status);
    stop.as_str().clone_into(&mut state.stop_reason);
    reason.as_str().clone_into(&mut state.status_reason_code);
}

/// What an event tells beside time and revision.
pub(crate) struct Step<'a> {
    pub(crate) kind: JobEventType,
    pub(crate) actor: &'a str,
    pub(crate) reason_code: &'static str,
    pub(crate) payload: Object,
}

impl<'a> Step<'a> {
    pub(crate) fn plain(kind: JobEventType, actor: &'a str, reason: StatusReason) -> Self {
        Self {
            kind,
            actor,
            reason_code: reason.as_str(),
            payload: Object::new(),
        }
    }

    /// Gives the changed state its revision and time, and the event the same.
    fn taken(self, mut state: JobState, now: Timestamp) -> Result<Transition, Refusal> {
        state.revision = state.revision.checked_add(1).ok_or(Refusal::Exhausted)?;
        state.updated_at = now.to_utc();
        let event = JobEvent {
            schema_id: job::EVENT_SCHEMA_ID.to_owned(),
            schema_version: job::SCHEMA_VERSION.to_owned(),
            created_at: state.updated_at,
            job_id: state.job_id.clone(),
            revision: state.revision,
            kind: self.kind.as_str().to_owned(),
            actor: text::trim(self.actor).to_owned(),
            reason_code: self.reason_code.to_owned(),
            payload: self.payload,
        };
        Ok(Transition { state, event })
    }
}

/// The trimmed text, unless it is blank.
pub(crate) fn filled(text: &str) -> Option<&str> {
    Some(text::trim(text)).filter(|text| !text.is_empty())
}

/// The members that have a value, in the order given.
pub(crate) fn payload<const N: usize>(members: [(&str, Option<&str>); N]) -> Object {
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name, Value::from(value?))))
        .collect()
}

#[cfg(test)]
mod tests;
