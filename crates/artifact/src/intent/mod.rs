//! The intent: one tool call described before it runs.
//!
//! An [`IntentRequest`] is what a caller wrote. [`IntentRequest::normalize`] turns it into an [`Intent`]: checked,
//! in normal form and digested, which is all that the rest of the program ever looks at.

mod request;

pub use request::{
    AgentIdentity, ArgProvenance, Context, Delegation, DelegationLink, IntentRequest, Sandbox, Script, ScriptStep,
    SkillProvenance, Target,
};
