//! One page about an incident: what happened, what policy said, what changed since, and what keeps it from happening again.
//!
//! * **In** come [`Facts`]: what was read and verified, by whoever may read; the decisions that were recorded
//!   ([`Recorded`]); and a [`Library`] of policies and intents, found by their digests.
//! * **Out** goes a [`Triage`], a document that is told as text, JSON or HTML.
//!
//! Every recorded decision is made again, by the policy that made it and by the policy in force, of the same intent and for
//! the instant at which it was made. So what differs is the policy. What only the gate knew (approvals, limits, the kill
//! switch) counts in neither, and where the policy of then says something else than was recorded, the document says that.
//!
//! Evidence that is missing is a [`Gap`] with a way to come by it. Evidence that does not hold makes the triage
//! [contradicted](Status::Contradicted). Neither keeps the rest from being told. The same facts give the same document: it
//! does not say when it was made.

mod change;
mod ci;
mod conclude;
mod decision;
mod facts;

pub use change::changes;
pub use ci::{WORKFLOW_PATH, automation, shell_word};
pub use conclude::conclude;
pub use decision::{KnownPolicy, Library};
pub use facts::Facts;
pub use gait_artifact::triage::{
    Answer, Automation, Call, Comparison, Decision, DoctorCheck, Examined, Gap, GapKind, Holding, Made,
    PolicyUse, Recorded, RuleChange, Rules, SCHEMA_ID, SCHEMA_VERSION, SourceKind, Status, Subject, Triage,
    Unanswered,
};

#[cfg(test)]
mod tests;
