//! The explanation of a decision: `gait gate eval --json --explain`.

use gait_artifact::{
    explain::{Enforcement, PolicyExplanation, ProofRefs},
    policy::Policy,
};
use gait_gate::{Decision, store::Written};
use gait_policy::explain::{self, Outcome, Provenance};

/// Why the policy said what it said, and what became of that.
pub(super) fn explanation(decision: &Decision, policy: &Policy, written: &Written) -> PolicyExplanation {
    let trace = decision.trace.record();
    let before = decision.before_enforcement();
    let (reason_codes, violations) = (before.reasons(), before.violations());
    let outcome = Outcome {
        verdict: before.verdict(),
        reason_codes: &reason_codes,
        violations: &violations,
    };
    let provenance = Provenance {
        created_at: trace.created_at,
        producer_version: &trace.producer_version,
    };
    PolicyExplanation {
        valid_approvals: decision.approval.valid as u64,
        kill_switch: decision.kill_switch.clone(),
        proof_refs: ProofRefs {
            trace_id: trace.trace_id.clone(),
            trace_path: written.trace.clone(),
            approval_audit_path: written.approval_audit.clone().unwrap_or_default(),
            delegation_audit_path: written.delegation_audit.clone().unwrap_or_default(),
            credential_evidence_path: written.credential_evidence.clone().unwrap_or_default(),
        },
        enforcement: Some(Enforcement {
            final_verdict: decision.verdict(),
            final_reason_codes: decision.outcome.reasons(),
            final_violations: decision.outcome.violations(),
            simulated: decision.simulation.is_some(),
        }),
        ..explain::explain(
            policy,
            &decision.intent,
            &decision.evaluation,
            outcome,
            provenance,
        )
    }
}
