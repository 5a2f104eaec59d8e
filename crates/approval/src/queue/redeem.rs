//! The one use of an approval.

use std::path::PathBuf;

use gait_artifact::{Timestamp, approval::ApprovalToken};

use super::{
    Demand, Queue,
    layout::{Marker, Used},
};
use crate::{
    call::PendingCall,
    error::{QueueError, Refusal},
    request::RequestId,
    state::{OpenState, Sealer, StateError},
    status::Redemption,
};

/// Approvals that are used up by this, and by nothing else.
///
/// The call still has to pass the gate, which verifies the tokens itself. Whatever becomes of it, they are used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the approval is used up"]
pub struct Redeemed {
    /// The request.
    pub id: RequestId,
    /// The token files to present to the gate, sorted.
    pub tokens: Vec<PathBuf>,
    /// Who approved, sorted.
    pub approvers: Vec<String>,
}

impl Queue {
    /// Uses the approval of the request `id` for `call`. Once: the use is on the disk when this returns.
    ///
    /// Everything is held against `call` as the gate judged it now, with the demands that the policy makes now. A refusal
    /// uses nothing up.
    pub fn redeem(&self, id: &RequestId, call: &PendingCall, now: Timestamp) -> Result<Redeemed, Refusal> {
        let request = self.layout.load(id)?;
        request.check(call)?;
        let _lock = self.layout.lock().map_err(Refusal::Queue)?;
        if let Some(status) = self.settled(id)? {
            return Err(Refusal::Status(status));
        }
        let terms = call.terms();
        let approvals = self.approvals(
            id,
            &Demand {
                terms: &terms,
                key: &call.approval_key,
                required: call.required_approvals,
                distinct: call.distinct_approvers,
                now,
            },
        )?;
        if !approvals.are_enough {
            return Err(Refusal::Status(approvals.status(&request, now)));
        }

        let tokens = || approvals.valid.iter().map(|(_, token)| token);
        let mut redemption = Redemption {
            request_id: id.clone(),
            at: now.to_utc(),
            trace_id: call.trace_id.clone(),
            token_ids: tokens().map(|token| token.token_id.clone()).collect(),
        };
        redemption.token_ids.sort_unstable();
        if !self.layout.mark(id, Marker::Redeemed, &redemption)? {
            return Err(Refusal::Status(self.poll(id, now)?));
        }
        // The same token may lie with another request. It counts for one of them.
        for token in tokens() {
            if !self.use_up(id, token)? {
                return Err(Refusal::TokenUsed(token.token_id.clone()));
            }
        }
        Ok(Redeemed {
            id: id.clone(),
            tokens: approvals.valid.into_iter().map(|(path, _)| path).collect(),
            approvers: approvals.approvers,
        })
    }

    /// Remembers that a token is used; `false` when it was used before.
    pub(super) fn use_up(&self, id: &RequestId, token: &ApprovalToken) -> Result<bool, QueueError> {
        let used = Used {
            request_id: id.clone(),
            token_id: token.token_id.clone(),
            expires_at: token.expires_at,
        };
        self.layout.use_up(&token.digest()?, &used)
    }

    /// What seals the state that clients carry from one request to the next. All processes of a queue share its secret.
    pub fn sealer(&self) -> Result<Sealer, QueueError> {
        let secret = self.layout.secret(|| {
            let secret = format!("{}{}", crate::mac::nonce()?, crate::mac::nonce()?);
            Ok(secret.into_bytes())
        })?;
        Ok(Sealer::new(&secret)?)
    }

    /// Takes note that a state was presented. The second time it is a replay.
    pub fn spend(&self, state: &OpenState) -> Result<(), StateError> {
        if self.layout.spend(&state.nonce, state.expires_at)? {
            Ok(())
        } else {
            Err(StateError::Replayed)
        }
    }
}
