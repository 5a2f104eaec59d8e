//! The trace: a signed record that binds one intent, one policy and the verdict.

use gait_canon::{Digest, Signature, digest::short_id};
use serde::{Deserialize, Serialize};

use crate::{
    decision::{FreezeDecision, KillSwitchDecision, McpTrustDecision, SandboxDecision, StepVerdict},
    intent::{AgentIdentity, SkillProvenance},
    relationship::Relationship,
    time::Timestamp,
    verdict::Verdict,
};
#[cfg(feature = "schema")]
use crate::{members::Members, vocabulary::EVIDENCE_MODES};

/// The schema id of a trace.
pub const SCHEMA_ID: &str = "gait.gate.trace";
/// The schema version of a trace.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// One decision, as it is signed and kept (`gait.gate.trace`).
///
/// The signature covers the SHA-256 of the RFC 8785 form of every other member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
#[serde(deny_unknown_fields)]
pub struct TraceRecord {
    /// `gait.gate.trace`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// Creation time of the intent, or the start of 1980.
    pub created_at: Timestamp,
    /// When the decision was really made.
    #[serde(default)]
    pub observed_at: Timestamp,
    /// Version of the program that decided.
    pub producer_version: String,
    /// Identifies the decision: the same policy, intent and verdict give the same id.
    pub trace_id: String,
    /// Identifies this event of the decision.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub event_id: String,
    /// The process that decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub correlation_id: String,
    /// The tool; `script` for scripts.
    pub tool_name: String,
    /// Digest of the arguments.
    pub args_digest: String,
    /// Digest of the intent that was judged.
    pub intent_digest: String,
    /// Digest of the policy that judged it.
    pub policy_digest: String,
    /// Id of the agent, as the intent says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent_id: String,
    /// What is known of the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_identity: Option<AgentIdentity>,
    /// The run the call belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    /// The workflow the call belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workflow_id: String,
    /// The source repository.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repo: String,
    /// The deployment environment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// Reference of the credential that the intent claims; never the credential.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential_ref: String,
    /// Where the claimed credential comes from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential_source: String,
    /// How the claimed credential was granted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential_access_type: String,
    /// Who issued the claimed credential.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential_issuer: String,
    /// Whom the claimed credential identifies.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential_subject: String,
    /// Who owns the claimed credential.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential_owner: String,
    /// Digest of the targets the claimed credential is bound to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential_target_binding: String,
    /// The run the claimed credential is bound to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential_run_binding: String,
    /// The job the claimed credential is bound to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential_job_binding: String,
    /// Life time of the claimed credential in seconds.
    #[serde(default, skip_serializing_if = "gait_canon::json::is_default")]
    pub credential_ttl_seconds: i64,
    /// Reference of the credential that a broker issued.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broker_credential_ref: String,
    /// Where the issued credential comes from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broker_credential_source: String,
    /// How the issued credential was granted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broker_credential_access_type: String,
    /// Who issued the issued credential.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broker_credential_issuer: String,
    /// Digest of the request that the broker answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broker_request_digest: String,
    /// Digest of the targets the issued credential is bound to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broker_target_binding: String,
    /// The run the issued credential is bound to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broker_run_binding: String,
    /// The job the issued credential is bound to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broker_job_binding: String,
    /// Reference of an approval outside Gait.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub approval_ref: String,
    /// Reference into the tool inventory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wrkr_inventory_ref: String,
    /// Reference of the agent's bill of materials.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent_action_bom_ref: String,
    /// Schema id of the policy.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub policy_id: String,
    /// Schema version of the policy.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub policy_version: String,
    /// The rules that matched the steps of a script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matched_rule_ids: Vec<String>,
    /// The final verdict.
    pub verdict: Verdict,
    /// Digest of the verified context set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context_set_digest: String,
    /// `best_effort` or `required`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context_evidence_mode: String,
    /// Number of distinct context records.
    #[serde(default, skip_serializing_if = "gait_canon::json::is_default")]
    pub context_ref_count: usize,
    /// What enriched the intent, joined with `,`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context_source: String,
    /// Whether the intent was a script.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub script: bool,
    /// Number of its steps.
    #[serde(default, skip_serializing_if = "gait_canon::json::is_default")]
    pub step_count: usize,
    /// Digest of its steps.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub script_hash: String,
    /// The highest risk among its steps.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub composite_risk_class: String,
    /// The verdict of each step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub step_verdicts: Vec<StepVerdict>,
    /// Whether an approved script let the call through.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pre_approved: bool,
    /// The approved script that did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pattern_id: String,
    /// What the registry of approved scripts said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub registry_reason: String,
    /// What was violated, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// Milliseconds spent on the decision itself.
    #[serde(default, skip_serializing_if = "gait_canon::json::is_default")]
    pub latency_ms: f64,
    /// Ids of the approval tokens that were honoured, joined with `,`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub approval_token_ref: String,
    /// The delegation that was claimed and how it was backed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation_ref: Option<DelegationRef>,
    /// Outcome of freeze windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze_window: Option<FreezeDecision>,
    /// Outcome of the sandbox checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxDecision>,
    /// Outcome of the kill switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill_switch: Option<KillSwitchDecision>,
    /// Outcome of the trust check of an MCP server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_trust: Option<McpTrustDecision>,
    /// Links to the agents, the tool and the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Relationship>,
    /// The skill that issued the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill_provenance: Option<SkillProvenance>,
    /// The signature over all other members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

impl TraceRecord {
    /// A trace of `verdict` in which nothing else is set but the schema id and version.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        Self {
            schema_id: SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: Timestamp::ZERO,
            observed_at: Timestamp::ZERO,
            producer_version: String::new(),
            trace_id: String::new(),
            event_id: String::new(),
            correlation_id: String::new(),
            tool_name: String::new(),
            args_digest: String::new(),
            intent_digest: String::new(),
            policy_digest: String::new(),
            agent_id: String::new(),
            agent_identity: None,
            run_id: String::new(),
            workflow_id: String::new(),
            repo: String::new(),
            environment: String::new(),
            credential_ref: String::new(),
            credential_source: String::new(),
            credential_access_type: String::new(),
            credential_issuer: String::new(),
            credential_subject: String::new(),
            credential_owner: String::new(),
            credential_target_binding: String::new(),
            credential_run_binding: String::new(),
            credential_job_binding: String::new(),
            credential_ttl_seconds: 0,
            broker_credential_ref: String::new(),
            broker_credential_source: String::new(),
            broker_credential_access_type: String::new(),
            broker_credential_issuer: String::new(),
            broker_request_digest: String::new(),
            broker_target_binding: String::new(),
            broker_run_binding: String::new(),
            broker_job_binding: String::new(),
            approval_ref: String::new(),
            wrkr_inventory_ref: String::new(),
            agent_action_bom_ref: String::new(),
            policy_id: String::new(),
            policy_version: String::new(),
            matched_rule_ids: Vec::new(),
            verdict,
            context_set_digest: String::new(),
            context_evidence_mode: String::new(),
            context_ref_count: 0,
            context_source: String::new(),
            script: false,
            step_count: 0,
            script_hash: String::new(),
            composite_risk_class: String::new(),
            step_verdicts: Vec::new(),
            pre_approved: false,
            pattern_id: String::new(),
            registry_reason: String::new(),
            violations: Vec::new(),
            latency_ms: 0.0,
            approval_token_ref: String::new(),
            delegation_ref: None,
            freeze_window: None,
            sandbox: None,
            kill_switch: None,
            mcp_trust: None,
            relationship: None,
            skill_provenance: None,
            signature: None,
        }
    }
}

/// The delegation that an intent claimed and how tokens backed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_delegation))]
#[serde(default, deny_unknown_fields)]
pub struct DelegationRef {
    /// Ids of the tokens that cover the chain, joined with `,`; without complete cover the first id that the intent claims.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegation_token_ref: String,
    /// The identity that makes the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub requester_identity: String,
    /// Number of links in the chain.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub delegation_depth: usize,
    /// The class of work delegated.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope_class: String,
    /// Digest of the claimed delegation; approvals are bound to it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub chain_digest: String,
    /// What the check of the tokens said, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
}

/// The id of the decision in which `policy` judged `intent` with `verdict`.
#[must_use]
pub fn trace_id(policy: &Digest, intent: &Digest, verdict: Verdict) -> String {
    short_id(&format!("{policy}:{intent}:{verdict}"))
}

/// The id of one event of the decision `trace_id`, observed at `observed_at`.
#[must_use]
pub fn event_id(trace_id: &str, observed_at: Timestamp) -> String {
    short_id(&format!("{trace_id}:{observed_at}"))
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .filled(&[
            "agent_id",
            "run_id",
            "workflow_id",
            "repo",
            "environment",
            "policy_id",
            "policy_version",
        ])
        .filled(&[
            "credential_ref",
            "credential_source",
            "credential_access_type",
            "credential_issuer",
        ])
        .filled(&[
            "credential_subject",
            "credential_owner",
            "credential_target_binding",
        ])
        .filled(&[
            "credential_run_binding",
            "credential_job_binding",
            "broker_credential_ref",
        ])
        .filled(&[
            "broker_credential_source",
            "broker_credential_access_type",
            "broker_credential_issuer",
        ])
        .filled(&[
            "broker_target_binding",
            "broker_run_binding",
            "broker_job_binding",
            "approval_ref",
        ])
        .filled(&["wrkr_inventory_ref", "agent_action_bom_ref", "matched_rule_ids"])
        .digests(&[
            "args_digest",
            "intent_digest",
            "policy_digest",
            "broker_request_digest",
        ])
        .digests(&["context_set_digest", "script_hash"])
        .words("context_evidence_mode", EVIDENCE_MODES)
        .at_least(1, &["credential_ttl_seconds"])
        .optional(&["observed_at"])
        .signed();
}

#[cfg(feature = "schema")]
fn published_delegation(schema: &mut schemars::Schema) {
    Members::of(schema).digests(&["chain_digest"]);
}
