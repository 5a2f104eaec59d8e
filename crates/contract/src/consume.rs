//! What this program, as a consumer, says about a proposal.

use gait_artifact::{Timestamp, contract::receipt::SupportedConstraints};
use gait_canon::json;

use crate::proposal::ProposalDocument;
use crate::reason::{Reason, Reasons};
use crate::validate::validate;

/// What does not keep a consumer from using a proposal, only from activating it.
const NOT_READY: [Reason; 3] = [
    Reason::ProposalStale,
    Reason::ProposalContradictory,
    Reason::ProposalSuperseded,
];

/// What consuming a proposal comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumption {
    /// Whether it is what it claims to be.
    pub valid: bool,
    /// Whether it could be activated now.
    pub ready: bool,
    /// What stands against it, sorted.
    pub reason_codes: Vec<String>,
    /// What of its constraints is understood.
    pub supported_constraints: SupportedConstraints,
}

/// Consumes a selected proposal at an instant.
pub fn consume(document: &ProposalDocument, at: Timestamp) -> Result<Consumption, json::Error> {
    let validation = validate(document, at)?;
    let mut reasons = Reasons::default();
    reasons.extend(validation.reason_codes.iter().cloned());
    Ok(Consumption {
        valid: reasons.only(&NOT_READY),
        ready: validation.valid,
        reason_codes: validation.reason_codes,
        supported_constraints: validation.supported_constraints,
    })
}
