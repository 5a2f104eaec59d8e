//! Approvals that are asked for while a call waits: a queue of requests on the local disk.
//!
//! ```text
//! gate says require_approval ─▶ PendingCall ─▶ Queue::ask ─▶ Request on the disk
//!   people, from any terminal: Queue::approve (signs an approval token) or Queue::deny
//! the caller comes back ─▶ Queue::redeem ─▶ Redeemed: token files that the gate verifies like any others
//! ```
//!
//! What an attacker may hold: everything an agent can say, every sealed state a client was given, and the directory of
//! the queue itself as far as reading and adding files goes. What is relied upon:
//!
//! * **A request is what its name says.** The id of a request is a digest of the whole of it, and the intent in it is
//!   digested anew whenever it is read. Who changes a byte makes another request, so people see what they approve.
//! * **Consent is a signature.** An approval counts when its token verifies under the key of the gate that asks, for
//!   exactly this intent, policy and delegation. Files that do not verify are not there. The gate checks again.
//! * **Consent is used once.** Redeeming creates a file that nobody can create twice, durably, before the caller learns
//!   the tokens. Of many processes that redeem at once one succeeds; a crash in between uses the approval up.
//! * **No is final.** A denial ends a request whatever approvals it has, and asking again for the same call finds the
//!   denial until the time to decide is over. Denied, timed out, withdrawn and unknown have codes of their own.
//!
//! Clocks and keys come in as arguments. Randomness is asked of the operating system, and waiting is done by looking.
#![forbid(unsafe_code)]

mod call;
pub mod details;
mod error;
mod mac;
mod queue;
mod request;
pub mod state;
mod status;
pub mod webhook;

pub use call::{Mismatch, PendingCall};
pub use details::Details;
pub use error::{DecisionError, QueueError, Refusal};
pub use mac::{MacKey, MacKeyError, nonce};
pub use queue::{Approval, Asked, Consent, Entry, Objection, Queue, QueueSettings, Redeemed};
pub use request::{Altered, Request, RequestId, RequestIdError};
pub use status::{Closing, Redemption, Status};
