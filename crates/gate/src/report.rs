//! What callers are told of a decision: the result of `gait gate eval`, whoever asks for it.

use gait_artifact::{
    Verdict,
    decision::{FreezeDecision, KillSwitchDecision, SandboxDecision, StepVerdict},
};
use serde::Serialize;

use crate::{decision::Decision, rate_limit::Taken, store::Written};

/// The result of a decision as JSON has it; what is empty, zero or false is left out.
#[derive(Debug, Serialize)]
pub struct GateReport<'a> {
    /// Always true: the call was judged, whatever the verdict.
    pub ok: bool,
    /// The profile in force.
    pub profile: &'static str,
    /// The final verdict.
    pub verdict: Verdict,
    /// Why, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// What was violated, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// Ids of the tokens that granted the call, or the caller's own reference.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub approval_ref: &'a str,
    /// Approvals the call needs.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub required_approvals: usize,
    /// Valid ones among those presented.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub valid_approvals: usize,
    /// The approval audit, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_audit_path: Option<&'a str>,
    /// Ids of the tokens that cover the claimed chain.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub delegation_ref: &'a str,
    /// Whether the policy demands delegation tokens.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub delegation_required: bool,
    /// Valid ones among those presented.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub valid_delegations: usize,
    /// The delegation audit, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation_audit_path: Option<&'a str>,
    /// The decision's id.
    pub trace_id: &'a str,
    /// The signed trace.
    pub trace_path: &'a str,
    /// Digest of the policy, in hexadecimal.
    pub policy_digest: String,
    /// Digest of the judged intent, in hexadecimal.
    pub intent_digest: String,
    /// Digest of the verified context.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub context_set_digest: &'a str,
    /// How strictly its evidence is taken.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub context_evidence_mode: &'a str,
    /// How many references it has.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub context_ref_count: usize,
    /// What the intent's facts came from.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub context_source: &'a str,
    /// What was found of a script.
    #[serde(flatten)]
    pub script: Option<ScriptReport<'a>>,
    /// Whether an approved script let the call through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pre_approved: bool,
    /// That script's entry.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub pattern_id: &'a str,
    /// What the registry of approved scripts said.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub registry_reason: &'a str,
    /// The rules that decided.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub matched_rule: String,
    /// The freeze window in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_window: Option<&'a FreezeDecision>,
    /// What the sandbox rules said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<&'a SandboxDecision>,
    /// What the kill switch said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_switch: Option<&'a KillSwitchDecision>,
    /// `plan` or `apply`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub phase: &'a str,
    /// The rate limit the call was held against.
    #[serde(flatten)]
    pub rate_limit: Option<RateLimitReport<'a>>,
    /// The destructive budget it was held against.
    #[serde(flatten)]
    pub destructive_budget: Option<BudgetReport<'a>>,
    /// What a broker issued.
    #[serde(flatten)]
    pub credential: Option<CredentialReport<'a>>,
    /// The evidence of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_evidence_path: Option<&'a str>,
    /// Whether the call was only simulated.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub simulate_mode: bool,
    /// Whether enforcement would have stopped it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub would_have_blocked: bool,
    /// The verdict that enforcement would have given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulated_verdict: Option<Verdict>,
    /// Its reason codes.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub simulated_reason_codes: &'a [String],
    /// What the operator should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What was found of a script.
#[derive(Debug, Serialize)]
pub struct ScriptReport<'a> {
    /// Always true.
    pub script: bool,
    /// How many steps it has.
    pub step_count: usize,
    /// Digest of the script, in hexadecimal.
    pub script_hash: String,
    /// The highest risk among them.
    pub composite_risk_class: &'a str,
    /// What was said of each.
    pub step_verdicts: &'a [StepVerdict],
}

/// A rate limit and what is left of it.
#[allow(
    clippy::struct_field_names,
    reason = "the keys of the result have these prefixes"
)]
#[derive(Debug, Serialize)]
pub struct RateLimitReport<'a> {
    /// Which calls are counted together.
    pub rate_limit_scope: &'static str,
    /// The counter.
    pub rate_limit_key: &'a str,
    /// Calls counted so far.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub rate_limit_used: u64,
    /// Calls left.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub rate_limit_remaining: u64,
}

/// A destructive budget and what is left of it.
#[allow(
    clippy::struct_field_names,
    reason = "the keys of the result have these prefixes"
)]
#[derive(Debug, Serialize)]
pub struct BudgetReport<'a> {
    /// Which calls are counted together.
    pub destructive_budget_scope: &'static str,
    /// The counter.
    pub destructive_budget_key: &'a str,
    /// Calls counted so far.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub destructive_budget_used: u64,
    /// Calls left.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub destructive_budget_remaining: u64,
}

/// What a broker issued.
#[allow(
    clippy::struct_field_names,
    reason = "the keys of the result have these prefixes"
)]
#[derive(Debug, Serialize)]
pub struct CredentialReport<'a> {
    /// Who issued it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub credential_issuer: &'a str,
    /// Where it came from.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub credential_source: &'a str,
    /// How it is used.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub credential_access_type: &'a str,
    /// Its reference, never the secret.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub credential_ref: &'a str,
    /// How long it is valid, in seconds.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub credential_ttl_seconds: i64,
}

impl<'a> GateReport<'a> {
    /// The result of `decision`, whose records were written to `written`.
    #[must_use]
    pub fn of(decision: &'a Decision, written: &'a Written) -> Self {
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
            script: decision.evaluation.script.as_ref().map(|script| ScriptReport {
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
            credential: decision.credential.as_ref().map(|credential| CredentialReport {
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
}

fn rate_limit(taken: &Taken) -> RateLimitReport<'_> {
    RateLimitReport {
        rate_limit_scope: taken.scope.as_str(),
        rate_limit_key: &taken.key,
        rate_limit_used: taken.used,
        rate_limit_remaining: taken.remaining,
    }
}

fn budget(taken: &Taken) -> BudgetReport<'_> {
    BudgetReport {
        destructive_budget_scope: taken.scope.as_str(),
        destructive_budget_key: &taken.key,
        destructive_budget_used: taken.used,
        destructive_budget_remaining: taken.remaining,
    }
}
