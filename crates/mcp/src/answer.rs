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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Answer<'a> {
    /// Always true: the call was judged, whatever the verdict.
    ok: bool,
    /// Always false: nothing is executed here.
    executed: bool,
    /// The shape the call was read in.
    #[serde(skip_serializing_if = "str::is_empty")]
    adapter: &'a str,
    /// The run the call belongs to.
    #[serde(skip_serializing_if = "str::is_empty")]
    run_id: &'a str,
    /// The job the call belongs to.
    #[serde(skip_serializing_if = "str::is_empty")]
    job_id: &'a str,
    /// `plan` or `apply`.
    #[serde(skip_serializing_if = "str::is_empty")]
    phase: &'a str,
    /// The session the call belongs to.
    #[serde(skip_serializing_if = "str::is_empty")]
    session_id: &'a str,
    /// The tool that was to be called.
    #[serde(skip_serializing_if = "str::is_empty")]
    tool_name: &'a str,
    /// The final verdict; only `allow` may execute.
    verdict: Verdict,
    /// Why, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reason_codes: Vec<String>,
    /// What was violated, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<String>,
    /// Digest of the policy, in hexadecimal.
    policy_digest: &'a str,
    /// Schema id of the policy.
    policy_id: &'a str,
    /// Schema version of the policy.
    policy_version: &'a str,
    /// The rules that matched the steps of a script.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    matched_rule_ids: &'a [String],
    /// Digest of the intent, in hexadecimal.
    intent_digest: &'a str,
    /// Whole milliseconds until the decision was written.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    decision_latency_ms: u64,
    /// Id of the signed trace.
    trace_id: &'a str,
    /// Where the trace is.
    #[serde(skip_serializing_if = "str::is_empty")]
    trace_path: &'a str,
    /// Where the runpack is.
    #[serde(skip_serializing_if = "str::is_empty")]
    runpack_path: &'a str,
    /// Where the pack is.
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_path: &'a str,
    /// Id of the pack.
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_id: &'a str,
    /// The log that got a line.
    #[serde(skip_serializing_if = "str::is_empty")]
    log_export: &'a str,
    /// The collector's file that got a line.
    #[serde(skip_serializing_if = "str::is_empty")]
    otel_export: &'a str,
    /// What the kill switch said.
    #[serde(skip_serializing_if = "Option::is_none")]
    kill_switch: Option<&'a KillSwitchDecision>,
    /// How far the server is trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    mcp_trust: Option<&'a McpTrustDecision>,
    /// What the caller should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'a str>,
    /// How agent, tool, policy and trace belong together.
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<&'a Relationship>,
    #[serde(flatten)]
    demands: Demands<'a>,
    /// The exit code of the command line for this verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
}

/// What the decision took beside the policy, where it took something.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Demands<'a> {
    /// Ids of the tokens that granted the call.
    #[serde(skip_serializing_if = "str::is_empty")]
    approval_ref: &'a str,
    /// Approvals the call needs, where that is more than one.
    #[serde(skip_serializing_if = "is_at_most_one")]
    required_approvals: usize,
    /// Valid ones among those presented.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    valid_approvals: usize,
    /// Where the approval audit is.
    #[serde(skip_serializing_if = "str::is_empty")]
    approval_audit_path: &'a str,
    /// Whether the policy demands delegation tokens.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    delegation_required: bool,
    /// Valid ones among those presented.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    valid_delegations: usize,
    /// Where the delegation audit is.
    #[serde(skip_serializing_if = "str::is_empty")]
    delegation_audit_path: &'a str,
    /// The credential that a broker issued.
    #[serde(skip_serializing_if = "str::is_empty")]
    credential_ref: &'a str,
    /// Where the evidence of the credential is.
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
