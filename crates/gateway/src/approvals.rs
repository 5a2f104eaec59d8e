//! Calls that need an approval: people are asked, the client is told, and what was approved is decided again.
//!
//! ```text
//! decision: require_approval ─▶ Petition ─▶ Desk ─▶ News
//!     Approved:  decide again with the tokens; only that decision lets the call run
//!     ComeBack:  the client is sent away with a sealed state and repeats its call (multi-round-trip results, 2026-07-28)
//!     Waits:     the call is held; a client of the era of sessions is asked meanwhile
//!     Refused:   the call does not run, and the reason says why
//! ```
//!
//! What an approval is, and that it counts once, is the business of [`gait_approval`]. The desk never lets anything run: it
//! hands out tokens that are used up already, and the gate verifies them. Whatever goes wrong on the way is a refusal.

mod consent;
mod counter;
mod desk;
mod petition;
mod presented;
mod reply;
mod settings;
mod words;
mod work;

pub use consent::ConsentInClient;
pub(crate) use counter::{Again, Arrival, Counter};
pub use desk::{Desk, Hold};
pub(crate) use petition::call_asked_about;
pub use petition::{Approved, Invitation, Medium, News, Petition, Question};
pub(crate) use presented::elicits;
pub use presented::{INPUT_KEY, Presented};
pub use reply::Reply;
pub use settings::{Announce, DeskSettings};
