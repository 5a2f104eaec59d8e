//! Evidence for the context a call was made in.
//!
//! A prepared intent carries such evidence only from a verified envelope.

use gait_artifact::{
    intent::{CONTEXT_AGE_KEY, Context},
    policy::ContextControls,
};
use gait_canon::json::Value;

use crate::evaluate::findings::Findings;

pub(super) fn check(wanted: ContextControls, context: &Context, findings: &mut Findings<'_>) {
    if !wanted.is_active() {
        return;
    }
    if context.context_set_digest.is_empty() {
        findings.block_for("context_evidence_missing", "missing_context_evidence");
        findings.reasons.push("context_set_digest_missing");
    }
    if wanted.required_mode && context.context_evidence_mode != "required" {
        findings.block_for(
            "context_evidence_mode_mismatch",
            "context_evidence_mode_violation",
        );
    }
    if wanted.max_context_age_seconds > 0 && !is_fresh(context, wanted.max_context_age_seconds) {
        findings.block_for("context_freshness_exceeded", "context_freshness_violation");
    }
}

fn is_fresh(context: &Context, max_seconds: u64) -> bool {
    match context.auth_context.get(CONTEXT_AGE_KEY) {
        Some(Value::Number(age)) => age
            .as_i64()
            .and_then(|seconds| u64::try_from(seconds).ok())
            .is_some_and(|seconds| seconds <= max_seconds),
        _ => false,
    }
}
