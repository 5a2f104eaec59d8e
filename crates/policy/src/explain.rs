//! Why a decision came out as it did, for people and programs that have to act on it.

use gait_artifact::{
    Timestamp, Verdict,
    explain::{
        ContextEvidenceStatus, CredentialPosture, MatchedRule, PolicyExplanation, ProofRefs, SCHEMA_ID,
        SCHEMA_VERSION,
    },
    intent::{Context, Intent},
    policy::Policy,
};

use crate::evaluate::Evaluation;

/// The verdict that is explained: that of the evaluation, or what enforcement made of it.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// The verdict.
    pub verdict: Verdict,
    /// Its reason codes, sorted.
    pub reason_codes: &'a [String],
    /// Its violations, sorted.
    pub violations: &'a [String],
}

impl<'a> From<&'a Evaluation> for Outcome<'a> {
    fn from(evaluation: &'a Evaluation) -> Self {
        Self {
            verdict: evaluation.verdict,
            reason_codes: &evaluation.reason_codes,
            violations: &evaluation.violations,
        }
    }
}

/// What every record of the decision that is explained says of it.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// Creation time of its records.
    pub created_at: Timestamp,
    /// Version of the program that decided.
    pub producer_version: &'a str,
}

/// Explains `outcome`, which rests on the `evaluation` of a prepared `intent` under `policy`.
///
/// What follows from none of these is left empty for the caller to fill in: valid approvals, kill switch, proof and
/// enforcement.
#[must_use]
pub fn explain(
    policy: &Policy,
    intent: &Intent,
    evaluation: &Evaluation,
    outcome: Outcome<'_>,
    provenance: Provenance<'_>,
) -> PolicyExplanation {
    let reasons = outcome.reason_codes;
    PolicyExplanation {
        ok: true,
        schema_id: SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: provenance.created_at,
        producer_version: provenance.producer_version.to_owned(),
        verdict: outcome.verdict,
        matched_rule: evaluation.matched_rule(),
        matched_rules: matched_rules(policy, &evaluation.matched_rules),
        reason_codes: reasons.to_vec(),
        violations: outcome.violations.to_vec(),
        missing_fields: missing_fields(reasons),
        fail_closed_reason_codes: reasons
            .iter()
            .filter(|code| code.starts_with("fail_closed_"))
            .cloned()
            .collect(),
        approval_required: outcome.verdict == Verdict::RequireApproval,
        required_approvals: evaluation.required_approvals,
        valid_approvals: 0,
        require_broker_credential: evaluation.broker.required,
        broker_reference: evaluation.broker.reference.clone(),
        broker_scopes: evaluation.broker.scopes.clone(),
        require_delegation: evaluation.delegation_required,
        required_delegation_scopes: evaluation.delegation_scopes.clone(),
        credential_posture: credential_posture(intent.context()),
        context_evidence_status: context_evidence_status(intent.context()),
        freeze_window: evaluation.freeze_window.clone(),
        kill_switch: None,
        sandbox: evaluation.sandbox.clone(),
        proof_refs: ProofRefs::default(),
        enforcement: None,
    }
}

fn matched_rules(policy: &Policy, names: &[String]) -> Vec<MatchedRule> {
    let matched = policy.rules.iter().filter(|rule| names.contains(&rule.name));
    matched
        .map(|rule| MatchedRule {
            name: rule.name.clone(),
            priority: rule.priority,
            effect: rule.effect,
        })
        .collect()
}

fn missing_fields(reasons: &[String]) -> Vec<String> {
    let mut fields: Vec<String> = reasons
        .iter()
        .filter_map(|code| missing_field(code))
        .map(str::to_owned)
        .collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

fn missing_field(reason: &str) -> Option<&str> {
    match reason {
        "credential_evidence_missing" => Some("credential_evidence"),
        "sandbox_metadata_missing" => Some("sandbox"),
        "sandbox_evidence_missing" => Some("sandbox_evidence"),
        "kill_switch_state_unavailable" => Some("kill_switch_state"),
        "broker_credential_missing" => Some("broker_credential"),
        _ => reason.strip_prefix("fail_closed_missing_"),
    }
}

fn credential_posture(context: &Context) -> CredentialPosture {
    CredentialPosture {
        present: !context.credential_ref.is_empty(),
        source: context.credential_source.clone(),
        access_type: context.credential_access_type.clone(),
        issuer: context.credential_issuer.clone(),
        ttl_seconds: context.credential_ttl_seconds,
        credential_ref: context.credential_ref.clone(),
    }
}

fn context_evidence_status(context: &Context) -> ContextEvidenceStatus {
    let (has_digest, has_refs) = (
        !context.context_set_digest.is_empty(),
        !context.context_refs.is_empty(),
    );
    match context.context_evidence_mode.as_str() {
        "required" if has_digest && has_refs => ContextEvidenceStatus::Verified,
        "required" => ContextEvidenceStatus::Missing,
        _ if has_digest || has_refs => ContextEvidenceStatus::Present,
        _ => ContextEvidenceStatus::NotRequired,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_tell_what_is_missing() {
        let reasons = [
            "broker_credential_missing",
            "credential_evidence_missing",
            "default_block",
            "fail_closed_endpoint_class_unknown",
            "fail_closed_missing_run_id",
            "sandbox_evidence_missing",
            "sandbox_metadata_missing",
            "sandbox_timeout_missing",
        ]
        .map(str::to_owned);
        assert_eq!(
            missing_fields(&reasons),
            [
                "broker_credential",
                "credential_evidence",
                "run_id",
                "sandbox",
                "sandbox_evidence"
            ]
        );
    }

    #[test]
    fn context_evidence_is_verified_only_in_full() {
        for (mode, digest, refs, status) in [
            ("required", "d", &["r"][..], ContextEvidenceStatus::Verified),
            ("required", "d", &[], ContextEvidenceStatus::Missing),
            ("required", "", &["r"], ContextEvidenceStatus::Missing),
            ("best_effort", "d", &[], ContextEvidenceStatus::Present),
            ("", "", &["r"], ContextEvidenceStatus::Present),
            ("best_effort", "", &[], ContextEvidenceStatus::NotRequired),
        ] {
            let context = Context {
                context_evidence_mode: mode.to_owned(),
                context_set_digest: digest.to_owned(),
                context_refs: refs.iter().map(|id| (*id).to_owned()).collect(),
                ..Context::default()
            };
            assert_eq!(
                context_evidence_status(&context),
                status,
                "{mode} {digest} {refs:?}"
            );
        }
    }
}
