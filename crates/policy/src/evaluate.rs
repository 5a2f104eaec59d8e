//! The decision: what a policy says of an intent.
//!
//! The order is fixed. An intent that lacks what fail-closed demands is blocked before any rule is looked at. A script is
//! judged step by step, any other intent as one call. Of the rules, those that match at the first priority at which one
//! does decide together; the strictest of them has its way.

mod check;
mod evaluation;
mod fail_closed;
mod findings;
mod script;
mod tier;

use gait_artifact::{Timestamp, intent::Intent, inventory::Inventory};

pub use self::{
    evaluation::{BrokerRequirement, Evaluation, ScriptEvaluation},
    fail_closed::fail_closed,
    tier::{Evaluator, Ruling},
};
use crate::{compile::CompiledPolicy, matching::Call};

/// What a decision rests on beside policy and intent.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The moment at which freeze windows and expiries are judged.
    pub now: Timestamp,
    /// What is known of the tools. Only this counts for conditions on the tool's classes, never a claim of the caller.
    pub inventory: Option<&'a Inventory>,
}

/// What `policy` says of a prepared `intent`.
///
/// Depends on nothing but its arguments. Evidence for the context counts as the intent carries it, so unverified claims
/// must have been taken out ([`Intent::without_context_claims`]) or replaced ([`Intent::with_evidence`]) before.
#[must_use]
pub fn evaluate(policy: &CompiledPolicy, intent: &Intent, facts: &Facts<'_>) -> Evaluation {
    if let Some(block) = fail_closed(policy, intent) {
        return block;
    }
    if let Some(script) = intent.script() {
        return script::evaluate_script(policy, intent, script, facts);
    }
    let call = Call::of_intent(intent, facts.inventory);
    let mut evaluation = Evaluation::from(Evaluator::new(policy).judge(&call, facts.now));
    evaluation.context_enriched = call.inventory.is_some();
    evaluation
}
