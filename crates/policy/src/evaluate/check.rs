//! The checks that a matching rule makes of a call.
//!
//! Each check is a function that adds to the rule's findings. None of them can make the effect of the rule laxer.

mod agent;
mod context;
mod credential;
mod dataflow;
mod destructive;
mod endpoint;
mod freeze;
pub(crate) mod sandbox;

use gait_artifact::Timestamp;

use super::findings::Findings;
use crate::{compile::RuleRef, matching::Call};

/// Works out what `rule`, which matches `call`, says of it at the moment `now`.
pub(crate) fn judge<'p>(rule: RuleRef<'p>, call: &Call<'_>, now: Timestamp, findings: &mut Findings<'p>) {
    findings.restart(rule.rule.effect);
    findings.reasons.extend(rule.compiled.own_reason.as_deref());
    findings
        .reasons
        .extend(rule.rule.reason_codes.iter().map(String::as_str));
    findings
        .violations
        .extend(rule.rule.violations.iter().map(String::as_str));

    dataflow::check(rule.rule, call, findings);
    endpoint::check(rule, call, findings);
    context::check(rule.rule.context, call.context, findings);
    agent::check(&rule.rule.agent, call.context, now, findings);
    credential::check(&rule.rule.credential, call, findings);
    freeze::check(rule, call.context, now, findings);
    sandbox::check(rule.rule, call.context, findings);
    destructive::check(call, findings);
}
