//! What `gait gate eval` prints of a decision.

use gait_artifact::{
    Verdict,
    decision::{FreezeDecision, KillSwitchDecision, SandboxDecision, StepVerdict},
};
use gait_gate::{Decision, rate_limit::Taken, store::Written};
use serde::Serialize;

/// The JSON result of a decision; what is empty, zero or false is left out.
#[derive(Serialize)]
pub(super) struct Output<'a> {
    ok: bool,
    profile: &'static str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reason_codes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    approval_ref: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    required_approvals: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    valid_approvals: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_audit_path: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    delegation_ref: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    delegation_required: bool,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    valid_delegations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegation_audit_path: Option<&'a str>,
    trace_id: &'a str,
    trace_path: &'a str,
    policy_digest: String,
    intent_digest: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    context_set_digest: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    context_evidence_mode: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    context_ref_count: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    context_source: &'a str,
    #[serde(flatten)]
    script: Option<ScriptOutput<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pre_approved: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    pattern_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    registry_reason: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    matched_rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    freeze_window: Option<&'a FreezeDecision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<&'a SandboxDecision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kill_switch: Option<&'a KillSwitchDecision>,
    #[serde(skip_serializing_if = "str::is_empty")]
    phase: &'a str,
    #[serde(flatten)]
    rate_limit: Option<RateLimitOutput<'a>>,
    #[serde(flatten)]
    destructive_budget: Option<BudgetOutput<'a>>,
    #[serde(flatten)]
    credential: Option<CredentialOutput<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_evidence_path: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulate_mode: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    would_have_blocked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    simulated_verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    simulated_reason_codes: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct ScriptOutput<'a> {
    script: bool,
    step_count: usize,
    script_hash: String,
    composite_risk_class: &'a str,
    step_verdicts: &'a [StepVerdict],
}

// The keys of the output have these prefixes.
#[allow(clippy::struct_field_names)]
#[derive(Serialize)]
struct RateLimitOutput<'a> {
    rate_limit_scope: &'static str,
    rate_limit_key: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    rate_limit_used: u64,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    rate_limit_remaining: u64,
}

// The keys of the output have these prefixes.
#[allow(clippy::struct_field_names)]
#[derive(Serialize)]
struct BudgetOutput<'a> {
    destructive_budget_scope: &'static str,
    destructive_budget_key: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    destructive_budget_used: u64,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    destructive_budget_remaining: u64,
}

// The keys of the output have these prefixes.
#[allow(clippy::struct_field_names)]
#[derive(Serialize)]
struct CredentialOutput<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    credential_issuer: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    credential_source: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    credential_access_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    credential_ref: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    credential_ttl_seconds: i64,
}

impl<'a> Output<'a> {
    pub(super) fn of(decision: &'a Decision, written: &'a Written) -> Self {
        let trace = decision.trace.record();
        let context = decision.intent.context();
        let simulation = decision.simulation.as_ref();
        let mut warnings = decision.warnings.clone();
        warnings.extend(
            written
                .journal_failure
                .iter()
                .map(|reason| format!("kill switch journal: {reason}")),
        );
        Self {
            ok: true,
            profile: decision.profile.as_str(),
            verdict: decision.verdict(),
            reason_codes: decision.outcome.reasons(),
            violations: decision.outcome.violations(),
            approval_ref: &decision.approval.reference,
            required_approvals: decision.approval.required,
            valid_approvals: decision.approval.valid,
            approval_audit_path: written.approval_audit.as_deref(),
            delegation_ref: &decision.delegation.reference,
            delegation_required: decision.delegation.required,
            valid_delegations: decision.delegation.valid,
            delegation_audit_path: written.delegation_audit.as_deref(),
            trace_id: &trace.trace_id,
            trace_path: &written.trace,
            policy_digest: decision.policy_digest.to_string(),
            intent_digest: decision.intent.digest().to_string(),
            context_set_digest: &context.context_set_digest,
            context_evidence_mode: &context.context_evidence_mode,
            context_ref_count: context.context_refs.len(),
            context_source: &decision.context_source,
            script: decision.evaluation.script.as_ref().map(|script| ScriptOutput {
                script: true,
                step_count: script.steps.len(),
                script_hash: decision
                    .intent
                    .script_hash()
                    .map(|hash| hash.to_string())
                    .unwrap_or_default(),
                composite_risk_class: script.composite_risk_class,
                step_verdicts: &script.steps,
            }),
            pre_approved: decision.fast_path.pre_approved,
            pattern_id: &decision.fast_path.pattern_id,
            registry_reason: &decision.fast_path.registry_reason,
            matched_rule: decision.evaluation.matched_rule(),
            freeze_window: decision.evaluation.freeze_window.as_ref(),
            sandbox: decision.evaluation.sandbox.as_ref(),
            kill_switch: decision.kill_switch.as_ref(),
            phase: &decision.phase,
            rate_limit: decision.limits.rate.as_ref().map(rate_limit),
            destructive_budget: decision.limits.destructive.as_ref().map(budget),
            credential: decision.credential.as_ref().map(|credential| CredentialOutput {
                credential_issuer: &credential.credential_issuer,
                credential_source: &credential.credential_source,
                credential_access_type: &credential.credential_access_type,
                credential_ref: &credential.credential_ref,
                credential_ttl_seconds: credential.ttl_seconds,
            }),
            credential_evidence_path: written.credential_evidence.as_deref(),
            simulate_mode: simulation.is_some(),
            would_have_blocked: simulation.is_some_and(|simulated| simulated.would_have_blocked),
            simulated_verdict: simulation.map(|simulated| simulated.verdict),
            simulated_reason_codes: simulation.map_or(&[], |simulated| &simulated.reason_codes),
            warnings,
        }
    }

    /// The lines of text mode.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("gate eval: verdict={}", self.verdict),
            format!("trace: {}", self.trace_path),
        ];
        if let Some(verdict) = self.simulated_verdict {
            let blocked = self.would_have_blocked;
            lines.push(format!(
                "simulate: would_have_blocked={blocked} simulated_verdict={verdict}"
            ));
        }
        if !self.reason_codes.is_empty() {
            lines.push(format!("reasons: {}", self.reason_codes.join(",")));
        }
        if !self.violations.is_empty() {
            lines.push(format!("violations: {}", self.violations.join(",")));
        }
        if self.required_approvals > 0 {
            lines.push(format!(
                "approvals: {}/{}",
                self.valid_approvals, self.required_approvals
            ));
        }
        lines.extend(
            self.approval_audit_path
                .map(|path| format!("approval audit: {path}")),
        );
        if self.delegation_required {
            lines.push(format!("delegations: {}", self.valid_delegations));
        }
        lines.extend(
            self.delegation_audit_path
                .map(|path| format!("delegation audit: {path}")),
        );
        if let Some(credential) = &self.credential {
            lines.push(format!(
                "credential: {} ({})",
                credential.credential_ref, credential.credential_issuer
            ));
        }
        lines.extend(
            self.credential_evidence_path
                .map(|path| format!("credential evidence: {path}")),
        );
        lines.extend(self.warnings.iter().map(|warning| format!("warning: {warning}")));
        lines
    }
}

fn rate_limit(taken: &Taken) -> RateLimitOutput<'_> {
    RateLimitOutput {
        rate_limit_scope: taken.scope.as_str(),
        rate_limit_key: &taken.key,
        rate_limit_used: taken.used,
        rate_limit_remaining: taken.remaining,
    }
}

fn budget(taken: &Taken) -> BudgetOutput<'_> {
    BudgetOutput {
        destructive_budget_scope: taken.scope.as_str(),
        destructive_budget_key: &taken.key,
        destructive_budget_used: taken.used,
        destructive_budget_remaining: taken.remaining,
    }
}
