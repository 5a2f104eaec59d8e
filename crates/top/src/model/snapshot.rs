//! The model at one instant, for programs.

use gait_approval::Details;
use gait_artifact::Timestamp;
use serde::Serialize;

use super::{Gateway, Minute, Model, SeenCall, Verdicts};
use crate::pending::needed;

/// Calls that are told.
const MAX_CALLS: usize = 200;

/// All that is known at one instant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// When, in UTC.
    pub time: Timestamp,
    /// The last minute.
    pub last_minute: Minute,
    /// All calls that were seen, by verdict.
    pub seen: Verdicts,
    /// The gateways.
    pub gateways: Vec<Gateway>,
    /// The calls that wait for people.
    pub pending: Vec<PendingCall>,
    /// The latest calls, the latest first.
    pub calls: Vec<SeenCall>,
    /// Lines that are no records.
    pub unreadable_lines: u64,
    /// Requests for approval that can't be read.
    pub unreadable_requests: usize,
}

/// A call that waits. Its arguments are left to `gait approvals show`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingCall {
    /// The request.
    pub request_id: String,
    /// `pending`, or `approved` when the approval was not used yet.
    pub status: &'static str,
    /// The server; empty where there is none.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// Who calls.
    pub principal: String,
    /// How many approvals it takes.
    pub required_approvals: usize,
    /// Who approved so far.
    pub approvers: Vec<String>,
    /// What is missing, in words.
    pub needed: String,
    /// When the time to decide is over, in UTC.
    pub expires_at: Timestamp,
    /// Seconds until then.
    pub seconds_left: u64,
}

impl Model {
    /// All that is known at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        Snapshot {
            time: now,
            last_minute: self.minute(now),
            seen: self.seen,
            gateways: self.gateways().into_iter().cloned().collect(),
            pending: self
                .waiting()
                .iter()
                .map(|details| PendingCall::of(details, now))
                .collect(),
            calls: self.calls().take(MAX_CALLS).cloned().collect(),
            unreadable_lines: self.unreadable,
            unreadable_requests: self.waiting.unreadable,
        }
    }
}

impl PendingCall {
    fn of(details: &Details, now: Timestamp) -> Self {
        Self {
            request_id: details.request_id.to_string(),
            status: details.status,
            server: details.server.clone(),
            tool: details.tool_name.clone(),
            principal: details.principal.clone(),
            required_approvals: details.required_approvals,
            approvers: details.approvers.clone(),
            needed: needed(details),
            expires_at: details.expires_at,
            seconds_left: details.expires_at.since(now).as_secs(),
        }
    }
}
