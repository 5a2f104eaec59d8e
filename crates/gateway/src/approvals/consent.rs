//! Approvals that whoever sits before the client gives in the client's own form.

use std::time::Duration;

use gait_approval::{Consent, DecisionError, Entry, Queue};
use gait_artifact::Timestamp;
use gait_canon::PrivateKey;

/// The risk classes of calls that can be approved so. What is riskier needs somebody who holds a key.
const RISK_CLASSES: [&str; 2] = ["low", "medium"];
/// Why, as the tokens say.
const REASON_CODE: &str = "accepted_in_client";

/// Lets an answer to a form be the approval of a call of low or medium risk.
///
/// The gateway then holds the key for approvals, and believes that people and not agents fill in the forms of its client. That
/// is for operators to know.
#[derive(Debug, Clone)]
pub struct ConsentInClient {
    /// Signs the approvals; the gate must believe it.
    pub key: PrivateKey,
    /// How long such an approval can be used.
    pub ttl: Duration,
    /// The version of the program, as tokens name it.
    pub producer_version: String,
}

impl ConsentInClient {
    /// Whether a request can be approved so.
    pub(super) fn covers(&self, entry: &Entry) -> bool {
        let risk = entry.request.intent().context().risk_class.as_str();
        RISK_CLASSES.contains(&risk) && *entry.request.approval_key() == self.key.public()
    }

    /// Approves a pending request in the name of the client. Another approval of the same client changes nothing.
    pub(super) fn approve(&self, queue: &Queue, entry: &Entry, now: Timestamp) -> Result<(), DecisionError> {
        let consent = Consent {
            approver: format!("client:{}", entry.request.principal()),
            reason_code: REASON_CODE.to_owned(),
            ttl: self.ttl,
        };
        match queue.approve(
            entry.request.id(),
            consent,
            &self.key,
            &self.producer_version,
            now,
        ) {
            // Somebody else may have been faster; where the request stands says how.
            Ok(_) | Err(DecisionError::AlreadyApproved(_) | DecisionError::Settled(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
