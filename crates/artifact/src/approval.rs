//! Approvals: the token that an approver signs, and the record of the tokens a decision looked at.

use std::time::Duration;

use gait_canon::{Digest, Signature, digest::short_id, json};
use serde::{Deserialize, Serialize};

use crate::{
    form::{self, FormError},
    relationship::Relationship,
    time::Timestamp,
};

/// The schema id of an approval token.
pub const TOKEN_SCHEMA_ID: &str = "gait.gate.approval_token";
/// The schema id of an approval audit record.
pub const AUDIT_SCHEMA_ID: &str = "gait.gate.approval_audit_record";
/// The schema version of both.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// One approver's consent to one intent under one policy (`gait.gate.approval_token`), as it stands in a file.
///
/// Nothing about such a value is established: it may be malformed, unsigned, expired or for another call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_token))]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalToken {
    /// `gait.gate.approval_token`, or empty.
    pub schema_id: String,
    /// `1.0.0`, or empty.
    pub schema_version: String,
    /// When the approver consented.
    pub created_at: Timestamp,
    /// Version of the program that wrote the token.
    pub producer_version: String,
    /// Identifies the token.
    pub token_id: String,
    /// Who consented.
    pub approver_identity: String,
    /// Why, e.g. a change number.
    pub reason_code: String,
    /// Digest of the intent.
    pub intent_digest: String,
    /// Digest of the policy.
    pub policy_digest: String,
    /// Digest of the delegation that the intent must carry; empty for an intent without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegation_binding_digest: String,
    /// What the consent covers, e.g. `tool:tool.write`, or `*`.
    pub scope: Vec<String>,
    /// The largest number of targets; 0 is no bound.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub max_targets: i64,
    /// The largest number of operations; 0 is no bound.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub max_ops: i64,
    /// From this instant on the token is void.
    pub expires_at: Timestamp,
    /// The signature over all other members in normal form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// What an approver consents to.
#[derive(Debug, Clone, Default)]
pub struct ApprovalGrant {
    /// Digest of the intent.
    pub intent_digest: String,
    /// Digest of the policy.
    pub policy_digest: String,
    /// Digest of the intent's delegation; empty when it has none.
    pub delegation_binding_digest: String,
    /// Who consents.
    pub approver_identity: String,
    /// Why.
    pub reason_code: String,
    /// What the consent covers.
    pub scope: Vec<String>,
    /// The largest number of targets; 0 is no bound.
    pub max_targets: i64,
    /// The largest number of operations; 0 is no bound.
    pub max_ops: i64,
    /// For how long the consent holds.
    pub ttl: Duration,
}

impl ApprovalToken {
    /// The unsigned token for `grant`, in normal form.
    pub fn issue(grant: ApprovalGrant, producer_version: &str, now: Timestamp) -> Result<Self, FormError> {
        let now = now.to_utc();
        let mut token = Self {
            schema_id: TOKEN_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: now,
            producer_version: producer_version.to_owned(),
            token_id: String::new(),
            approver_identity: grant.approver_identity,
            reason_code: grant.reason_code,
            intent_digest: grant.intent_digest,
            policy_digest: grant.policy_digest,
            delegation_binding_digest: grant.delegation_binding_digest,
            scope: grant.scope,
            max_targets: grant.max_targets,
            max_ops: grant.max_ops,
            expires_at: now.saturating_add(grant.ttl),
            signature: None,
        };
        token.normalize_grant()?;
        if token.expires_at <= token.created_at {
            return Err(FormError::Lifetime);
        }
        token.token_id = token.derived_id();
        Ok(token)
    }

    /// The token in the form that is signed: texts trimmed, digests and scope in lower case, scope sorted and unique.
    /// Times stay as written.
    pub fn normalized(mut self) -> Result<Self, FormError> {
        form::fill_or_match(&mut self.schema_id, TOKEN_SCHEMA_ID, FormError::SchemaId)?;
        form::fill_or_match(&mut self.schema_version, SCHEMA_VERSION, FormError::SchemaVersion)?;
        form::require_text(&mut self.token_id, "token_id")?;
        self.normalize_grant()?;
        form::require_times(self.created_at, self.expires_at)?;
        Ok(self)
    }

    fn normalize_grant(&mut self) -> Result<(), FormError> {
        form::require_digest(&mut self.intent_digest, "intent_digest")?;
        form::require_digest(&mut self.policy_digest, "policy_digest")?;
        form::optional_digest(&mut self.delegation_binding_digest, "delegation_binding_digest")?;
        form::require_text(&mut self.approver_identity, "approver identity")?;
        form::require_text(&mut self.reason_code, "reason code")?;
        form::require_list(&mut self.scope, "scope")?;
        for (bound, member) in [(self.max_targets, "max_targets"), (self.max_ops, "max_ops")] {
            if bound < 0 {
                return Err(FormError::Negative(member));
            }
        }
        Ok(())
    }

    /// The id that follows from what the token grants. The delegation it is bound to has no part in it.
    fn derived_id(&self) -> String {
        short_id(&format!(
            "{}:{}:{}:{}:{}:{}:{}:{}",
            self.intent_digest,
            self.policy_digest,
            self.approver_identity,
            self.reason_code,
            self.scope.join(","),
            self.max_targets,
            self.max_ops,
            self.expires_at
        ))
    }

    /// SHA-256 over the RFC 8785 form of everything but the signature: what is signed.
    pub fn digest(&self) -> Result<Digest, json::Error> {
        Digest::of_canonical(&Self {
            signature: None,
            ..self.clone()
        })
    }
}

/// What the approval stage of one decision found (`gait.gate.approval_audit_record`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_audit))]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalAuditRecord {
    /// `gait.gate.approval_audit_record`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// Creation time of the trace.
    pub created_at: Timestamp,
    /// Version of the program that decided.
    pub producer_version: String,
    /// The decision.
    pub trace_id: String,
    /// The tool.
    pub tool_name: String,
    /// Digest of the intent.
    pub intent_digest: String,
    /// Digest of the policy.
    pub policy_digest: String,
    /// How many approvals the policy demands.
    pub required_approvals: usize,
    /// How many tokens were valid.
    pub valid_approvals: usize,
    /// Whether there were enough of them, whoever signed.
    pub approved: bool,
    /// Who signed the valid ones, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// Links to the trace, the tool, the policy and the approvers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Relationship>,
    /// One entry for each token; `null` without tokens.
    pub entries: Option<Vec<ApprovalAuditEntry>>,
}

/// One token that the approval stage looked at. What an invalid token says of itself is repeated, not vouched for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_entry))]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalAuditEntry {
    /// Id of the token.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token_id: String,
    /// Who signed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approver_identity: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason_code: String,
    /// What it covers, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// When it ends, in UTC.
    pub expires_at: Timestamp,
    /// Whether it counted.
    pub valid: bool,
    /// Why it did not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error_code: String,
}

#[cfg(feature = "schema")]
fn published_token(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(TOKEN_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["token_id", "approver_identity", "reason_code", "scope"])
        .digests(&["intent_digest", "policy_digest", "delegation_binding_digest"])
        .not_empty(&["scope"])
        .at_least(0, &["max_targets", "max_ops"])
        .signed();
}

#[cfg(feature = "schema")]
fn published_audit(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(AUDIT_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["trace_id", "tool_name", "approvers"])
        .with("intent_digest", "pattern", "^[a-f0-9]{64}$")
        .with("policy_digest", "pattern", "^[a-f0-9]{64}$");
}

#[cfg(feature = "schema")]
fn published_entry(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .filled(&["scope"])
        .optional(&["expires_at"]);
}

#[cfg(test)]
mod tests {
    use gait_canon::json::Reader;
    use proptest::prelude::*;

    use super::*;

    fn grant() -> ApprovalGrant {
        ApprovalGrant {
            intent_digest: "AB".repeat(32),
            policy_digest: format!(" {} ", "cd".repeat(32)),
            approver_identity: " Approver A ".to_owned(),
            reason_code: " CHG 1 ".to_owned(),
            scope: [" Tool:Tool.Write", "b", "", "B "].map(String::from).to_vec(),
            ttl: Duration::from_millis(1500),
            ..ApprovalGrant::default()
        }
    }

    fn issue(grant: ApprovalGrant) -> Result<ApprovalToken, FormError> {
        let now = "2026-02-18T10:00:00.25+02:00".parse().expect("a valid time");
        ApprovalToken::issue(grant, "0.1.0", now)
    }

    #[test]
    fn issues_tokens_in_normal_form() {
        let token = issue(grant()).unwrap();
        assert_eq!(token.clone().normalized(), Ok(token.clone()));
        assert_eq!(token.approver_identity, "Approver A");
        assert_eq!(token.scope, ["b", "tool:tool.write"]);
        assert_eq!(token.expires_at.to_string(), "2026-02-18T08:00:01.75Z");
        let formula = format!(
            "{}:{}:Approver A:CHG 1:b,tool:tool.write:0:0:2026-02-18T08:00:01.75Z",
            "ab".repeat(32),
            "cd".repeat(32)
        );
        assert_eq!(token.token_id, short_id(&formula));
    }

    #[test]
    fn names_the_first_thing_missing() {
        let mut bare = ApprovalGrant {
            ttl: Duration::from_secs(1),
            ..ApprovalGrant::default()
        };
        assert_eq!(issue(bare.clone()), Err(FormError::NotDigest("intent_digest")));
        bare.intent_digest = "a".repeat(64);
        assert_eq!(issue(bare.clone()), Err(FormError::NotDigest("policy_digest")));
        bare.policy_digest = "a".repeat(64);
        bare.delegation_binding_digest = "x".to_owned();
        assert_eq!(
            issue(bare.clone()),
            Err(FormError::NotOptionalDigest("delegation_binding_digest"))
        );
        bare.delegation_binding_digest = " ".to_owned();
        assert_eq!(issue(bare.clone()), Err(FormError::Missing("approver identity")));
        bare.approver_identity = "a".to_owned();
        assert_eq!(issue(bare.clone()), Err(FormError::Missing("reason code")));
        bare.reason_code = "r".to_owned();
        assert_eq!(issue(bare.clone()), Err(FormError::Missing("scope")));
        bare.scope = vec!["*".to_owned()];
        bare.max_ops = -1;
        assert_eq!(issue(bare.clone()), Err(FormError::Negative("max_ops")));
        bare.max_ops = 0;
        assert!(issue(bare.clone()).is_ok());
        bare.ttl = Duration::ZERO;
        assert_eq!(issue(bare), Err(FormError::Lifetime));
    }

    #[test]
    fn reads_only_known_members_once() {
        let read = |text: &str| Reader::new().read::<ApprovalToken>(text.as_bytes());
        assert_eq!(read("{}").ok(), Some(ApprovalToken::default()));
        for text in [
            "",
            "[]",
            r#"{"Token_Id":"a"}"#,
            r#"{"note":1}"#,
            r#"{"token_id":"a","token_id":"b"}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_keep_their_offset() {
        let mut token = issue(grant()).unwrap();
        token.created_at = "2026-01-01T01:00:00+01:00".parse().unwrap();
        let text = json::pretty(&token.normalized().unwrap()).unwrap();
        assert!(text.contains("2026-01-01T01:00:00+01:00"), "{text}");
    }

    proptest! {
        #[test]
        fn the_normal_form_is_a_fixed_point(scope in proptest::collection::vec("[ A-Za-z*:.]{0,6}", 0..5), who in ".{0,6}") {
            if let Ok(token) = issue(ApprovalGrant { scope, approver_identity: who, ..grant() }) {
                prop_assert_eq!(token.clone().normalized(), Ok(token));
            }
        }
    }
}
