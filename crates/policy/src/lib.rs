//! The policy language: from the text of a policy to a decision about a tool call.
//!
//! * **In** comes YAML. It is read strictly and becomes a checked `gait_artifact::policy::Policy`, which is compiled once
//!   ([`CompiledPolicy`]): rules indexed by tool, patterns read, freeze windows turned into instants.
//! * **Out** goes an [`Evaluation`]: the verdict, the reasons for it, and what else must hold before the call may execute
//!   (approvals, delegation, limits, a brokered credential). [`explain`] tells it to people, [`simulate`] compares two
//!   policies by it.
//!
//! Evaluating is a pure function of policy, intent and [`Facts`]. It reads no clock, file or network, keeps no state, and
//! panics on no input. What is unclear is decided against the call: a pattern that can't be read lets nothing through, a
//! freeze window that can't be understood freezes, and claims of callers about their tools never loosen anything.
#![forbid(unsafe_code)]

pub mod compile;
pub mod digest;
pub mod document;
pub mod evaluate;
pub mod explain;
pub mod format;
mod matching;
pub mod reach;
pub mod shell;
pub mod simulate;
pub mod template;
pub mod yaml;

pub use compile::CompiledPolicy;
pub use document::PolicyError;
pub use evaluate::{
    BrokerRequirement, Evaluation, Evaluator, Facts, Ruling, ScriptEvaluation, evaluate, fail_closed,
};
pub use matching::Call;
