//! Action contracts: a proposal is validated, and an operator may turn it into a signed activation.
//!
//! What comes in: the bytes of a proposal that another program wrote, a selection manifest that says which proposal is
//! current, and what the operator decided. What goes out: reason codes, an [`Activation`] bound to proposal, policy and
//! key, and receipts. Nothing here executes, approves or enforces anything; times and keys come in as arguments, files
//! are looked at only to tie a proposal to its selection manifest.
//!
//! [`Activation`]: gait_artifact::contract::activation::Activation
#![forbid(unsafe_code)]

mod activate;
mod consume;
mod identity;
mod proposal;
mod reason;
#[cfg(test)]
mod sample;
mod selection;
mod terms;
mod validate;
mod verify;

pub use self::activate::{ActivationRequest, Refusal, activate};
pub use self::consume::{Consumption, consume};
pub use self::proposal::{Malformed, ProposalDocument};
pub use self::reason::{Reason, Reasons};
pub use self::selection::{Candidate, SelectionError, select};
pub use self::validate::{Validation, validate};
pub use self::verify::{VerifyError, VerifyOptions, parse_activation, verify};
