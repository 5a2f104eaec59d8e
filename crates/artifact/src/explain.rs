//! The explanation of a decision: what decided, what was missing, where the proof is.

use serde::{Deserialize, Serialize};

use crate::{
    decision::{FreezeDecision, KillSwitchDecision, SandboxDecision},
    time::Timestamp,
    verdict::Verdict,
};

/// The schema id of an explanation.
pub const SCHEMA_ID: &str = "gait.gate.policy_explain";
/// The schema version of an explanation.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// Why a decision came out as it did (`gait.gate.policy_explain`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
#[serde(deny_unknown_fields)]
pub struct PolicyExplanation {
    /// Always `true`: a decision was made.
    pub ok: bool,
    /// `gait.gate.policy_explain`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// Creation time of the intent, or the start of 1980.
    pub created_at: Timestamp,
    /// Version of the program that decided.
    pub producer_version: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Names of the rules that matched, joined with `,`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub matched_rule: String,
    /// The rules that matched, in policy order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matched_rules: Vec<MatchedRule>,
    /// Why, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// What was violated, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// What the intent lacked, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_fields: Vec<String>,
    /// The reason codes that come from failing closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fail_closed_reason_codes: Vec<String>,
    /// Whether an approval is needed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approval_required: bool,
    /// How many approvals are needed.
    #[serde(default, skip_serializing_if = "gait_canon::json::is_default")]
    pub required_approvals: u64,
    /// How many approvals were valid.
    #[serde(default, skip_serializing_if = "gait_canon::json::is_default")]
    pub valid_approvals: u64,
    /// Whether a broker must issue the credential.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_broker_credential: bool,
    /// What the broker is asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broker_reference: String,
    /// The scopes the broker is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broker_scopes: Vec<String>,
    /// Whether delegation tokens are needed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_delegation: bool,
    /// The scopes the delegation must carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_delegation_scopes: Vec<String>,
    /// What the intent claims of its credential.
    pub credential_posture: CredentialPosture,
    /// How the intent stands with context evidence.
    pub context_evidence_status: ContextEvidenceStatus,
    /// Outcome of freeze windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze_window: Option<FreezeDecision>,
    /// Outcome of the kill switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill_switch: Option<KillSwitchDecision>,
    /// Outcome of the sandbox checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxDecision>,
    /// Where the proof is.
    pub proof_refs: ProofRefs,
    /// What became of that verdict. The members above speak of policy and kill switch alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforcement: Option<Enforcement>,
}

/// What limits, tokens, brokers and simulation made of the policy's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Enforcement {
    /// The verdict that counts.
    pub final_verdict: Verdict,
    /// Why, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub final_reason_codes: Vec<String>,
    /// What was violated, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub final_violations: Vec<String>,
    /// Whether nothing enforces it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
}

/// A rule that matched, as the policy has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_rule))]
#[serde(deny_unknown_fields)]
pub struct MatchedRule {
    /// Its name.
    pub name: String,
    /// Its priority; smaller comes first.
    pub priority: i64,
    /// Its effect before its own checks.
    pub effect: Verdict,
}

/// What an intent claims of its credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_posture))]
#[serde(default, deny_unknown_fields)]
pub struct CredentialPosture {
    /// Whether it names a credential.
    pub present: bool,
    /// Where the credential comes from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How it was granted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub access_type: String,
    /// Who issued it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// Its life time in seconds.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub ttl_seconds: i64,
    /// Its reference.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_ref: String,
}

/// How an intent stands with context evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum ContextEvidenceStatus {
    /// The mode is `required`, and the digest or the records are missing.
    Missing,
    /// There is none, and none is demanded.
    NotRequired,
    /// There is some, in mode `best_effort`.
    Present,
    /// There is all of it, in mode `required`.
    Verified,
}

/// Where the proof of a decision is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ProofRefs {
    /// Id of the decision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
    /// The trace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_path: String,
    /// The record of approvals.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approval_audit_path: String,
    /// The record of delegations.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegation_audit_path: String,
    /// The evidence of the issued credential.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_evidence_path: String,
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .filled(&[
            "reason_codes",
            "violations",
            "missing_fields",
            "fail_closed_reason_codes",
        ])
        .filled(&["broker_scopes", "required_delegation_scopes"])
        .optional(&["credential_posture", "context_evidence_status", "proof_refs"]);
}

#[cfg(feature = "schema")]
fn published_rule(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).filled(&["name"]);
}

#[cfg(feature = "schema")]
fn published_posture(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).at_least(0, &["ttl_seconds"]);
}
