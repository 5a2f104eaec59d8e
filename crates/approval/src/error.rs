//! What can go wrong, each with the reason code that a caller is told.

use std::{io, path::PathBuf};

use gait_canon::{KeyId, json};
use gait_disk::{LockError, ReadError};
use gait_gate::token::MintError;

use crate::{
    call::Mismatch,
    mac::MacKeyError,
    request::{Altered, NewRequestError, RequestId},
    status::Status,
};

/// Why the queue has no answer. Nothing may run because of it.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Nobody asked for this, or it was long ago.
    #[error("there is no approval request {0}")]
    Unknown(RequestId),
    /// The file of a request is not the one that was written.
    #[error("approval request {id} is not as it was made: {source}")]
    Altered {
        /// The request.
        id: RequestId,
        /// What is wrong.
        source: Box<Altered>,
    },
    /// Too many requests wait.
    #[error("{0} approval requests are kept already; decide some of them")]
    Full(usize),
    /// The call is too large to be shown to anybody.
    #[error("the call is too large to ask for its approval ({bytes} bytes, at most {limit})")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// Others hold the queue, or its lock can't be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file can't be written.
    #[error(transparent)]
    Write(#[from] gait_disk::Error),
    /// A file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record of the queue is malformed.
    #[error("{}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: json::Error,
    },
    /// A directory can't be read or removed.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// The step, as a verb phrase.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A record has no JSON.
    #[error("encode: {0}")]
    Encode(#[from] json::Error),
    /// There is no secret, or no randomness to make one.
    #[error(transparent)]
    Secret(#[from] MacKeyError),
}

impl QueueError {
    /// The reason code.
    #[must_use]
    pub const fn reason_code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "approval_unknown",
            Self::Altered { .. } => "approval_request_altered",
            Self::Full(_) => "approval_queue_full",
            Self::TooLarge { .. } => "approval_request_too_large",
            _ => "approval_queue_unavailable",
        }
    }
}

impl From<NewRequestError> for QueueError {
    fn from(error: NewRequestError) -> Self {
        match error {
            NewRequestError::Random(error) => Self::Secret(error),
            NewRequestError::Json(error) => Self::Encode(error),
        }
    }
}

/// Why an approval can't be used. The call must not run.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not the call that was approved.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// The request is not an approved one.
    #[error("the approval request is {}", .0.name())]
    Status(Status),
    /// A token was used for another request.
    #[error("approval token {0} was used before")]
    TokenUsed(String),
    /// The queue has no answer.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl Refusal {
    /// The reason code.
    #[must_use]
    pub const fn reason_code(&self) -> &'static str {
        match self {
            Self::Mismatch(mismatch) => mismatch.code(),
            Self::Status(status) => status.reason_code(),
            Self::TokenUsed(_) => "approval_already_used",
            Self::Queue(error) => error.reason_code(),
        }
    }
}

/// Why nothing was decided about a request.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// It is too late for that.
    #[error("the approval request is {} already", .0.name())]
    Settled(Status),
    /// No gate would believe it.
    #[error("the gate believes approvals signed by key {wanted}, and the key given is {given}")]
    WrongKey {
        /// Whose approvals count.
        wanted: KeyId,
        /// Who would sign.
        given: KeyId,
    },
    /// Nobody counts twice.
    #[error("{0} has approved the request already")]
    AlreadyApproved(String),
    /// A decision says who made it and why.
    #[error("{0} is required")]
    Missing(&'static str),
    /// The approval can't be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The queue has no answer.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl DecisionError {
    /// The reason code.
    #[must_use]
    pub const fn reason_code(&self) -> &'static str {
        match self {
            Self::Settled(status) => status.reason_code(),
            Self::WrongKey { .. } => "approval_key_mismatch",
            Self::AlreadyApproved(_) => "approval_distinct_approvers_required",
            Self::Missing(_) | Self::Mint(_) => "approval_token_invalid",
            Self::Queue(error) => error.reason_code(),
        }
    }
}
