//! Where a request stands.

use gait_artifact::Timestamp;
use serde::{Deserialize, Serialize};

use crate::request::RequestId;

/// Where a request stands at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nobody has said no, and there are too few approvals so far.
    Pending {
        /// Valid approvals so far.
        approvals: usize,
    },
    /// There are enough approvals, and none is used.
    Approved {
        /// Who approved, sorted.
        approvers: Vec<String>,
    },
    /// Somebody said no.
    Denied(Closing),
    /// The one who asked wants no answer any more.
    Withdrawn(Closing),
    /// The time to decide is over and nobody said no.
    TimedOut,
    /// There were approvals, which ended before they were used.
    Lapsed,
    /// The approval was used.
    Redeemed(Redemption),
}

/// Why a request came to an end without being approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// Whether the asker withdrew the request; otherwise it was denied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// Who ended it.
    pub by: String,
    /// Why, such as a ticket.
    pub reason_code: String,
    /// When, in UTC.
    pub at: Timestamp,
}

/// The use of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redemption {
    /// The request.
    pub request_id: RequestId,
    /// When, in UTC.
    pub at: Timestamp,
    /// The trace of the decision that the approval was used for.
    pub trace_id: String,
    /// The tokens, sorted by their ids.
    pub token_ids: Vec<String>,
}

impl Status {
    /// One word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Approved { .. } => "approved",
            Self::Denied(_) => "denied",
            Self::Withdrawn(_) => "withdrawn",
            Self::TimedOut => "timed_out",
            Self::Lapsed => "lapsed",
            Self::Redeemed(_) => "redeemed",
        }
    }

    /// The reason code.
    #[must_use]
    pub const fn reason_code(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "approval_pending",
            Self::Approved { .. } => "approval_granted",
            Self::Denied(_) => "approval_denied",
            Self::Withdrawn(_) => "approval_withdrawn",
            Self::TimedOut => "approval_timeout",
            Self::Lapsed => "approval_token_expired",
            Self::Redeemed(_) => "approval_already_used",
        }
    }

    /// Whether people can still decide.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Pending { .. })
    }

    /// Whether nothing can change it any more.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Pending { .. } | Self::Approved { .. })
    }
}
