//! The intent: one tool call described before it runs.
//!
//! An [`IntentRequest`] is what a caller wrote. [`IntentRequest::normalize`] turns it into an [`Intent`]: checked, in normal
//! form and digested, which is all that the rest of the program ever looks at. Before a decision the intent is *prepared*:
//! claims about context evidence are dropped ([`Intent::without_context_claims`]) or replaced by verified facts
//! ([`Intent::with_evidence`], [`Intent::enriched`]).

mod digest;
mod error;
mod field;
mod normalize;
#[cfg(feature = "schema")]
mod published;
mod request;
mod sealed;

pub use error::{IntentError, Problem};
pub use request::{
    AgentIdentity, ArgProvenance, Context, Delegation, DelegationLink, IntentRequest, SCHEMA_ID,
    SCHEMA_VERSION, Sandbox, Script, ScriptStep, SkillProvenance, Target,
};
pub use sealed::{CONTEXT_AGE_KEY, Intent};
