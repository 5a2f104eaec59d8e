//! The call that waits.

use gait_artifact::intent::Intent;
use gait_canon::{Digest, PublicKey};
use gait_gate::{Decision, approval::ApprovalTerms};

/// A call that the gate lets run only with approval, exactly as the gate judged it.
///
/// Asking and redeeming take the same value, made from the decision about the call each time: what was approved is what
/// runs.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingCall {
    /// The call in the form that was judged.
    pub intent: Intent,
    /// Digest of the policy that wants the approval.
    pub policy_digest: Digest,
    /// Who calls, as established by the one who asks and not by the call.
    pub principal: String,
    /// The server that the call goes to; empty where there is none.
    pub server: String,
    /// How many approvals it takes; at least one.
    pub required_approvals: usize,
    /// Whether they must come from different approvers.
    pub distinct_approvers: bool,
    /// Why, as the gate says.
    pub reason_codes: Vec<String>,
    /// The trace of the decision.
    pub trace_id: String,
    /// What approvals must be signed by; see [`gait_gate::Gate::approval_key`].
    pub approval_key: PublicKey,
}

/// In what a call is not the one that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another call, or the same with other arguments.
    #[error("the call is not the one that was asked for")]
    Intent,
    /// The policy has changed since.
    #[error("the policy is not the one under which it was asked")]
    Policy,
    /// Somebody else calls.
    #[error("the caller is not the one who asked")]
    Principal,
    /// It goes to another server.
    #[error("the server is not the one that was asked for")]
    Server,
    /// Approvals are signed by another key now.
    #[error("approvals are verified by another key than when it was asked")]
    ApprovalKey,
}

impl Mismatch {
    /// The reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Intent => "approval_token_intent_mismatch",
            Self::Policy => "approval_token_policy_mismatch",
            Self::Principal => "approval_principal_mismatch",
            Self::Server => "approval_server_mismatch",
            Self::ApprovalKey => "approval_key_mismatch",
        }
    }
}

impl PendingCall {
    /// The call that `decision` is about, when that wants an approval, made by `principal`. The server is left empty.
    #[must_use]
    pub fn of(decision: &Decision, principal: &str, approval_key: PublicKey) -> Self {
        Self {
            intent: decision.intent.clone(),
            policy_digest: decision.policy_digest,
            principal: principal.to_owned(),
            server: String::new(),
            required_approvals: decision.approval.required.max(1),
            distinct_approvers: decision.evaluation.distinct_approvers,
            reason_codes: decision.outcome.reasons(),
            trace_id: decision.trace.record().trace_id.clone(),
            approval_key,
        }
    }

    /// What approval tokens must be good for.
    #[must_use]
    pub fn terms(&self) -> ApprovalTerms {
        ApprovalTerms::of(&self.intent, self.policy_digest)
    }
}
