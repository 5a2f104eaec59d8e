//! Why a decision came out as it did, for people and programs that have to act on it.

use gait_artifact::{
    Verdict,
    decision::{FreezeDecision, SandboxDecision},
    intent::{Context, Intent},
    policy::Policy,
};
use serde::Serialize;

use crate::evaluate::Evaluation;

/// The schema id of an explanation document.
pub const SCHEMA_ID: &str = "gait.gate.policy_explain";

/// The schema version of an explanation document.
pub const SCHEMA_VERSION: &str = "1.0.0";

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

/// The part of an explanation document (`gait.gate.policy_explain`) that follows from policy, intent and evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The verdict.
    pub verdict: Verdict,
    /// The names of the rules that matched, joined with `,`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub matched_rule: String,
    /// Those rules, in the order of the policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matched_rules: Vec<ExplainedRule>,
    /// Why, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// What was violated, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// What the intent lacks, as far as the reasons tell; sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_fields: Vec<String>,
    /// The reasons that fail-closed gave, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fail_closed_reason_codes: Vec<String>,
    /// Whether the call waits for approval.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub approval_required: bool,
    /// How many approvals the call needs.
    #[serde(skip_serializing_if = "is_zero")]
    pub required_approvals: u64,
    /// Whether the broker must hand out the credential.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_broker_credential: bool,
    /// What to ask the broker for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub broker_reference: String,
    /// The scopes to ask for, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broker_scopes: Vec<String>,
    /// Whether the delegation must be proved by tokens.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_delegation: bool,
    /// The scopes such tokens must cover one of, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_delegation_scopes: Vec<String>,
    /// What the intent says of its credential.
    pub credential_posture: CredentialPosture,
    /// Whether context evidence is there: `verified`, `missing`, `present` or `not_required`.
    pub context_evidence_status: &'static str,
    /// What the freeze windows said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_window: Option<FreezeDecision>,
    /// What the sandbox constraints said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxDecision>,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedRule {
    /// Its name.
    pub name: String,
    /// Its priority; a smaller number comes earlier.
    pub priority: i64,
    /// Its effect as the policy has it, before its checks.
    pub effect: Verdict,
}

/// What an intent says of the credential it will use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CredentialPosture {
    /// Whether a credential is referred to.
    pub present: bool,
    /// Where it comes from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How it was granted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub access_type: String,
    /// Who issued it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// Its life time in seconds.
    #[serde(skip_serializing_if = "is_not_positive")]
    pub ttl_seconds: i64,
    /// Its reference.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_ref: String,
}

/// Explains `outcome`, which rests on the `evaluation` of a prepared `intent` under `policy`.
#[must_use]
pub fn explain(
    policy: &Policy,
    intent: &Intent,
    evaluation: &Evaluation,
    outcome: Outcome<'_>,
) -> Explanation {
    let reasons = outcome.reason_codes;
    Explanation {
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
        require_broker_credential: evaluation.broker.required,
        broker_reference: evaluation.broker.reference.clone(),
        broker_scopes: evaluation.broker.scopes.clone(),
        require_delegation: evaluation.delegation_required,
        required_delegation_scopes: evaluation.delegation_scopes.clone(),
        credential_posture: credential_posture(intent.context()),
        context_evidence_status: context_evidence_status(intent.context()),
        freeze_window: evaluation.freeze_window.clone(),
        sandbox: evaluation.sandbox.clone(),
    }
}

fn matched_rules(policy: &Policy, names: &[String]) -> Vec<ExplainedRule> {
    let matched = policy.rules.iter().filter(|rule| names.contains(&rule.name));
    matched
        .map(|rule| ExplainedRule {
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

fn context_evidence_status(context: &Context) -> &'static str {
    let (has_digest, has_refs) = (
        !context.context_set_digest.is_empty(),
        !context.context_refs.is_empty(),
    );
    match context.context_evidence_mode.as_str() {
        "required" if has_digest && has_refs => "verified",
        "required" => "missing",
        _ if has_digest || has_refs => "present",
        _ => "not_required",
    }
}

// serde hands the members over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_not_positive(number: &i64) -> bool {
    *number <= 0
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
            ("required", "d", &["r"][..], "verified"),
            ("required", "d", &[], "missing"),
            ("required", "", &["r"], "missing"),
            ("best_effort", "d", &[], "present"),
            ("", "", &["r"], "present"),
            ("best_effort", "", &[], "not_required"),
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
