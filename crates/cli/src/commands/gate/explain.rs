//! The explanation of a decision: `gait gate eval --json --explain`.

use gait_artifact::{Timestamp, Verdict, decision::KillSwitchDecision, explain::ProofRefs, policy::Policy};
use gait_gate::{Decision, store::Written};
use gait_policy::explain::{self, Outcome};
use serde::Serialize;

/// Why the policy said what it said, and what became of that.
#[derive(Serialize)]
pub(super) struct Explanation {
    ok: bool,
    schema_id: &'static str,
    schema_version: &'static str,
    created_at: Timestamp,
    producer_version: String,
    #[serde(flatten)]
    policy: explain::Explanation,
    #[serde(skip_serializing_if = "is_zero")]
    valid_approvals: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    kill_switch: Option<KillSwitchDecision>,
    proof_refs: ProofRefs,
    /// What tokens, limits, brokers and simulation made of it. The keys above speak of the policy alone, and callers
    /// rely on that.
    enforcement: Enforcement,
}

#[derive(Serialize)]
struct Enforcement {
    final_verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    final_reason_codes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    final_violations: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulated: bool,
}

// serde hands members over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Explanation {
    pub(super) fn of(decision: &Decision, policy: &Policy, written: &Written) -> Self {
        let trace = decision.trace.record();
        let before = decision.before_enforcement();
        let (reason_codes, violations) = (before.reasons(), before.violations());
        let outcome = Outcome {
            verdict: before.verdict(),
            reason_codes: &reason_codes,
            violations: &violations,
        };
        Self {
            ok: true,
            schema_id: explain::SCHEMA_ID,
            schema_version: explain::SCHEMA_VERSION,
            created_at: trace.created_at,
            producer_version: trace.producer_version.clone(),
            policy: explain::explain(policy, &decision.intent, &decision.evaluation, outcome),
            valid_approvals: decision.approval.valid,
            kill_switch: decision.kill_switch.clone(),
            proof_refs: ProofRefs {
                trace_id: trace.trace_id.clone(),
                trace_path: written.trace.clone(),
                approval_audit_path: written.approval_audit.clone().unwrap_or_default(),
                delegation_audit_path: written.delegation_audit.clone().unwrap_or_default(),
                credential_evidence_path: written.credential_evidence.clone().unwrap_or_default(),
            },
            enforcement: Enforcement {
                final_verdict: decision.verdict(),
                final_reason_codes: decision.outcome.reasons(),
                final_violations: decision.outcome.violations(),
                simulated: decision.simulation.is_some(),
            },
        }
    }
}
