//! What people decide.

use std::{path::PathBuf, time::Duration};

use gait_artifact::{
    Timestamp,
    approval::{ApprovalGrant, ApprovalToken},
    text::{is_blank, trim},
};
use gait_canon::PrivateKey;
use gait_gate::approval;

use super::{Queue, layout::Marker};
use crate::{
    error::{DecisionError, QueueError},
    request::RequestId,
    status::{Closing, Status},
};

/// Consent to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who consents.
    pub approver: String,
    /// Why, such as a change number.
    pub reason_code: String,
    /// How long the approval can be used.
    pub ttl: Duration,
}

/// Refusal of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// Who refuses.
    pub by: String,
    /// Why, such as a ticket.
    pub reason_code: String,
}

/// An approval that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The signed token.
    pub token: ApprovalToken,
    /// Its file.
    pub path: PathBuf,
    /// Where the request stands now.
    pub status: Status,
}

impl Queue {
    /// Approves a request that is pending: signs a token for exactly its call and keeps it with the request.
    ///
    /// The token's scope is what the call needs and no more. `key` must be the one that the gate believes.
    pub fn approve(
        &self,
        id: &RequestId,
        consent: Consent,
        key: &PrivateKey,
        producer_version: &str,
        now: Timestamp,
    ) -> Result<Approval, DecisionError> {
        let _lock = self.lock_known(id)?;
        let entry = self.look(id, now)?;
        if !entry.status.is_open() {
            return Err(DecisionError::Settled(entry.status));
        }
        let (wanted, given) = (entry.request.approval_key(), key.public());
        if *wanted != given {
            return Err(DecisionError::WrongKey {
                wanted: wanted.key_id(),
                given: given.key_id(),
            });
        }
        let approver = trim(&consent.approver);
        if entry
            .approvals
            .iter()
            .any(|token| token.approver_identity == approver)
        {
            return Err(DecisionError::AlreadyApproved(approver.to_owned()));
        }
        let terms = entry.request.terms();
        let grant = ApprovalGrant {
            intent_digest: terms.intent_digest.to_string(),
            policy_digest: terms.policy_digest.to_string(),
            delegation_binding_digest: terms
                .delegation_digest
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
            approver_identity: consent.approver,
            reason_code: consent.reason_code,
            scope: terms.required_scopes,
            max_targets: 0,
            max_ops: 0,
            ttl: consent.ttl,
        };
        let token = approval::mint(grant, producer_version, now, key)?;
        let path = self.layout.store_token(id, &token)?;
        let status = self.poll(id, now)?;
        Ok(Approval { token, path, status })
    }

    /// Refuses a request that is not used yet, also one that was approved before. Nothing revives it.
    pub fn deny(
        &self,
        id: &RequestId,
        objection: &Objection,
        now: Timestamp,
    ) -> Result<Closing, DecisionError> {
        self.close(id, objection, false, now)
    }

    /// Takes a request back that is not used yet, for the one who asked: nobody waits for it any more.
    pub fn withdraw(
        &self,
        id: &RequestId,
        objection: &Objection,
        now: Timestamp,
    ) -> Result<Closing, DecisionError> {
        self.close(id, objection, true, now)
    }

    fn close(
        &self,
        id: &RequestId,
        objection: &Objection,
        withdrawn: bool,
        now: Timestamp,
    ) -> Result<Closing, DecisionError> {
        for (text, name) in [
            (&objection.by, "identity"),
            (&objection.reason_code, "reason code"),
        ] {
            if is_blank(text) {
                return Err(DecisionError::Missing(name));
            }
        }
        let _lock = self.lock_known(id)?;
        let entry = self.look(id, now)?;
        if entry.status.is_final() {
            return Err(DecisionError::Settled(entry.status));
        }
        let closing = Closing {
            withdrawn,
            by: trim(&objection.by).to_owned(),
            reason_code: trim(&objection.reason_code).to_owned(),
            at: now.to_utc(),
        };
        let is_first = self.layout.mark(id, Marker::Closed, &closing)?;
        if !is_first {
            return Err(DecisionError::Settled(self.poll(id, now)?));
        }
        // Nobody shall carry the approvals it had to another request for the same call.
        for token in &entry.approvals {
            self.use_up(id, token)?;
        }
        Ok(closing)
    }

    /// The lock, for a request that is there: a wrong directory must not become a queue.
    fn lock_known(&self, id: &RequestId) -> Result<gait_disk::FileLock, QueueError> {
        self.layout.load(id)?;
        self.layout.lock()
    }
}
