//! The authorization bundle: one decision with links to everything that proves it.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{
    decision::{FreezeDecision, KillSwitchDecision, SandboxDecision},
    time::Timestamp,
    verdict::Verdict,
};

/// The schema id of an authorization bundle.
pub const SCHEMA_ID: &str = "gait.gate.authorization_bundle";
/// The schema version of an authorization bundle.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// One decision with links to its evidence (`gait.gate.authorization_bundle`).
///
/// A link is a path inside the bundle's directory and the digest of the file: of its canonical JSON (RFC 8785) when the name
/// ends in `.json`, else of its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
#[serde(default, deny_unknown_fields)]
pub struct AuthorizationBundle {
    /// `gait.gate.authorization_bundle`, or blank.
    pub schema_id: String,
    /// `1.0.0`, or blank.
    pub schema_version: String,
    /// When the bundle was put together.
    pub created_at: Timestamp,
    /// Version of the program that wrote it.
    pub producer_version: String,
    /// The decision.
    pub trace_id: String,
    /// Digest of the policy that decided.
    pub policy_digest: String,
    /// Digest of the intent that was judged.
    pub intent_digest: String,
    /// The trace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_path: String,
    /// Digest of the trace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_digest: String,
    /// The record of approvals.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approval_audit_path: String,
    /// Digest of the record of approvals.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approval_audit_digest: String,
    /// The evidence of the issued credential.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_evidence_path: String,
    /// Digest of the evidence of the issued credential.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_evidence_digest: String,
    /// The record of delegations.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegation_audit_path: String,
    /// Digest of the record of delegations.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegation_audit_digest: String,
    /// The context envelope.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context_evidence_path: String,
    /// Digest of the context envelope.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context_evidence_digest: String,
    /// What became of the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub outcome_path: String,
    /// Digest of what became of the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub outcome_digest: String,
    /// The verdict under which the call ended.
    #[serde(
        deserialize_with = "verdict_or_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub outcome_status: Option<Verdict>,
    /// Outcome of freeze windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_window: Option<FreezeDecision>,
    /// Outcome of the kill switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_switch: Option<KillSwitchDecision>,
    /// Outcome of the sandbox checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxDecision>,
}

/// An empty text stands for no verdict.
fn verdict_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Verdict>, D::Error> {
    let word = String::deserialize(deserializer)?;
    if word.is_empty() {
        return Ok(None);
    }
    word.parse().map(Some).map_err(D::Error::custom)
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .filled(&[
            "trace_id",
            "trace_path",
            "approval_audit_path",
            "credential_evidence_path",
        ])
        .filled(&["delegation_audit_path", "context_evidence_path", "outcome_path"])
        .digests(&[
            "policy_digest",
            "intent_digest",
            "trace_digest",
            "approval_audit_digest",
        ])
        .digests(&["credential_evidence_digest", "delegation_audit_digest"])
        .digests(&["context_evidence_digest", "outcome_digest"]);
}
