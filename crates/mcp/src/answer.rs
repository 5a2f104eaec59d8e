//! What a caller is told of a decision.

use gait_artifact::{
    Verdict,
    decision::{KillSwitchDecision, McpTrustDecision},
    relationship::Relationship,
};
use serde::Serialize;

use crate::boundary::Judged;

/// What was left of a decision, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// The trace.
    pub trace_path: String,
    /// The runpack, when there is one.
    pub runpack_path: String,
    /// The pack, when there is one.
    pub pack_path: String,
    /// Its id.
    pub pack_id: String,
    /// The log that got a line.
    pub log_export: String,
    /// The collector's file that got a line.
    pub otel_export: String,
    /// The approval audit, when there is one.
    pub approval_audit_path: String,
    /// The delegation audit, when there is one.
    pub delegation_audit_path: String,
    /// The credential evidence, when there is some.
    pub credential_evidence_path: String,
    /// Whole milliseconds from the first look at the call to the decision's being written.
    pub latency_ms: u64,
    /// What the caller should know of the writing, beside what it should know of the decision.
    pub warnings: Vec<String>,
}

/// The answer to one call; what is empty, zero or false is left out, but for `ok` and `executed`.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    ok: bool,
    executed: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    adapter: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    run_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    job_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    phase: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    session_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    tool_name: &'a str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reason_codes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<String>,
    policy_digest: &'a str,
    policy_id: &'a str,
    policy_version: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    matched_rule_ids: &'a [String],
    intent_digest: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    decision_latency_ms: u64,
    trace_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    trace_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    runpack_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    log_export: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    otel_export: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kill_switch: Option<&'a KillSwitchDecision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mcp_trust: Option<&'a McpTrustDecision>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<&'a Relationship>,
    #[serde(flatten)]
    demands: Demands<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
}

/// What the decision took beside the policy, where it took something.
#[derive(Debug, Serialize)]
struct Demands<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    approval_ref: &'a str,
    #[serde(skip_serializing_if = "is_at_most_one")]
    required_approvals: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    valid_approvals: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    approval_audit_path: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    delegation_required: bool,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    valid_delegations: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    delegation_audit_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    credential_ref: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    credential_evidence_path: &'a str,
}

/// One approval is what `require_approval` says anyway.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is the serializer's"
)]
const fn is_at_most_one(count: &usize) -> bool {
    *count <= 1
}

impl<'a> Answer<'a> {
    /// The answer to the call that `judged` is about.
    #[must_use]
    pub fn of(judged: &'a Judged, artifacts: &'a Artifacts) -> Self {
        let decision = &judged.decision;
        let trace = decision.trace.record();
        let warnings = judged.warnings.iter().chain(&artifacts.warnings);
        Self {
            ok: true,
            executed: false,
            adapter: &judged.adapter,
            run_id: &judged.run_id,
            job_id: judged.job_id(),
            phase: &decision.phase,
            session_id: judged.session_id(),
            tool_name: &trace.tool_name,
            verdict: decision.verdict(),
            reason_codes: decision.outcome.reasons(),
            violations: decision.outcome.violations(),
            policy_digest: &trace.policy_digest,
            policy_id: &trace.policy_id,
            policy_version: &trace.policy_version,
            matched_rule_ids: &trace.matched_rule_ids,
            intent_digest: &trace.intent_digest,
            decision_latency_ms: artifacts.latency_ms,
            trace_id: &trace.trace_id,
            trace_path: &artifacts.trace_path,
            runpack_path: &artifacts.runpack_path,
            pack_path: &artifacts.pack_path,
            pack_id: &artifacts.pack_id,
            log_export: &artifacts.log_export,
            otel_export: &artifacts.otel_export,
            kill_switch: decision.kill_switch.as_ref(),
            mcp_trust: decision.mcp_trust.as_ref(),
            warnings: warnings.map(String::as_str).collect(),
            relationship: trace.relationship.as_ref(),
            demands: Demands {
                approval_ref: &decision.approval.reference,
                required_approvals: decision.approval.required,
                valid_approvals: decision.approval.valid,
                approval_audit_path: &artifacts.approval_audit_path,
                delegation_required: decision.delegation.required,
                valid_delegations: decision.delegation.valid,
                delegation_audit_path: &artifacts.delegation_audit_path,
                credential_ref: decision
                    .credential
                    .as_ref()
                    .map_or("", |credential| &credential.credential_ref),
                credential_evidence_path: &artifacts.credential_evidence_path,
            },
            exit_code: None,
        }
    }

    /// The answer with the session that a service used, when that is not the intent's.
    #[must_use]
    pub const fn session(mut self, session_id: &'a str) -> Self {
        self.session_id = session_id;
        self
    }

    /// The answer with the exit code that the command line would have ended with, as services give it.
    #[must_use]
    pub const fn exit_code(mut self, code: u8) -> Self {
        self.exit_code = Some(code);
        self
    }

    /// The verdict.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }
}
