//! Delegations: the token by which one agent lets another act for it, and the record of the tokens a decision looked at.

use std::time::Duration;

use gait_canon::{Digest, Signature, digest::short_id, json};
use serde::{Deserialize, Serialize};

use crate::{
    form::{self, FormError},
    intent::Intent,
    relationship::Relationship,
    text,
    time::Timestamp,
};

/// The schema id of a delegation token.
pub const TOKEN_SCHEMA_ID: &str = "gait.gate.delegation_token";
/// The schema id of a delegation audit record.
pub const AUDIT_SCHEMA_ID: &str = "gait.gate.delegation_audit_record";
/// The schema version of both.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// One hand-over from a delegator to a delegate (`gait.gate.delegation_token`), as it stands in a file.
///
/// Nothing about such a value is established: it may be malformed, unsigned, expired or for another call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_token))]
#[serde(default, deny_unknown_fields)]
pub struct DelegationToken {
    /// `gait.gate.delegation_token`, or empty.
    pub schema_id: String,
    /// `1.0.0`, or empty.
    pub schema_version: String,
    /// When the delegator handed over.
    pub created_at: Timestamp,
    /// Version of the program that wrote the token.
    pub producer_version: String,
    /// Identifies the token.
    pub token_id: String,
    /// Who hands over.
    pub delegator_identity: String,
    /// Who receives.
    pub delegate_identity: String,
    /// What is handed over, e.g. `write`, or `*`.
    pub scope: Vec<String>,
    /// The class of work; counts as one more scope.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope_class: String,
    /// Digest of the one intent the token is for; empty for any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_digest: String,
    /// Digest of the one policy the token is for; empty for any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_digest: String,
    /// From this instant on the token is void.
    pub expires_at: Timestamp,
    /// The signature over all other members in normal form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// What a delegator hands over.
#[derive(Debug, Clone, Default)]
pub struct DelegationGrant {
    /// Who hands over.
    pub delegator_identity: String,
    /// Who receives.
    pub delegate_identity: String,
    /// What is handed over.
    pub scope: Vec<String>,
    /// The class of work; may be empty.
    pub scope_class: String,
    /// Digest of the one intent; empty for any.
    pub intent_digest: String,
    /// Digest of the one policy; empty for any.
    pub policy_digest: String,
    /// For how long.
    pub ttl: Duration,
}

impl DelegationToken {
    /// The unsigned token for `grant`, in normal form.
    pub fn issue(grant: DelegationGrant, producer_version: &str, now: Timestamp) -> Result<Self, FormError> {
        let now = now.to_utc();
        let mut token = Self {
            schema_id: TOKEN_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: now,
            producer_version: producer_version.to_owned(),
            token_id: String::new(),
            delegator_identity: grant.delegator_identity,
            delegate_identity: grant.delegate_identity,
            scope: grant.scope,
            scope_class: grant.scope_class,
            intent_digest: grant.intent_digest,
            policy_digest: grant.policy_digest,
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

    /// The token in the form that is signed: texts trimmed, digests and scopes in lower case, scope sorted and unique.
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
        text::trim_in_place(&mut self.delegator_identity);
        text::trim_in_place(&mut self.delegate_identity);
        if self.delegator_identity.is_empty() || self.delegate_identity.is_empty() {
            return Err(FormError::Identities);
        }
        form::require_list(&mut self.scope, "scope")?;
        text::trim_lower_in_place(&mut self.scope_class);
        form::optional_digest(&mut self.intent_digest, "intent_digest")?;
        form::optional_digest(&mut self.policy_digest, "policy_digest")
    }

    /// The id that follows from what the token hands over.
    fn derived_id(&self) -> String {
        short_id(&format!(
            "{}:{}:{}:{}:{}:{}:{}",
            self.delegator_identity,
            self.delegate_identity,
            self.scope.join(","),
            self.scope_class,
            self.intent_digest,
            self.policy_digest,
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

impl Intent {
    /// The digest that binds an approval to the delegation this intent claims: SHA-256 over the RFC 8785 form of the claim,
    /// in which its times always stand.
    #[must_use]
    #[allow(clippy::missing_panics_doc)]
    pub fn delegation_digest(&self) -> Option<Digest> {
        self.delegation().map(|claim| {
            Digest::of_canonical(claim).expect("the intent's own digest covers the same canonical form")
        })
    }
}

/// What the delegation stage of one decision found (`gait.gate.delegation_audit_record`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_audit))]
#[serde(default, deny_unknown_fields)]
pub struct DelegationAuditRecord {
    /// `gait.gate.delegation_audit_record`.
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
    /// Whether the policy demands a delegation.
    pub delegation_required: bool,
    /// How many links have a valid token.
    pub valid_delegations: usize,
    /// Whether any link has one, even if the chain is incomplete.
    pub delegated: bool,
    /// Ids of the tokens that cover the whole chain, joined with `,`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegation_ref: String,
    /// Links to the trace, the tool, the policy and the agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Relationship>,
    /// One entry for each link and each token beside them.
    pub entries: Vec<DelegationAuditEntry>,
}

/// One link or token that the delegation stage looked at. What an invalid token says of itself is repeated, not vouched
/// for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_entry))]
#[serde(default, deny_unknown_fields)]
pub struct DelegationAuditEntry {
    /// Id of the token; empty for a link without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token_id: String,
    /// Who hands over.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegator_identity: String,
    /// Who receives.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegate_identity: String,
    /// What is handed over, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// When it ends; unset for a link without token.
    pub expires_at: Timestamp,
    /// Whether it covers a link.
    pub valid: bool,
    /// Why it does not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error_code: String,
}

#[cfg(feature = "schema")]
fn published_token(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(TOKEN_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["token_id", "delegator_identity", "delegate_identity", "scope"])
        .digests(&["intent_digest", "policy_digest"])
        .not_empty(&["scope"])
        .signed();
}

#[cfg(feature = "schema")]
fn published_audit(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(AUDIT_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["trace_id", "tool_name"])
        .digests(&["intent_digest", "policy_digest"]);
}

#[cfg(feature = "schema")]
fn published_entry(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).optional(&["expires_at"]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::IntentRequest;

    type Change = fn(&mut DelegationToken);

    fn grant() -> DelegationGrant {
        DelegationGrant {
            delegator_identity: " A ".to_owned(),
            delegate_identity: " B ".to_owned(),
            scope: ["Write", " ", "ADMIN", "write"].map(String::from).to_vec(),
            scope_class: " Deploy ".to_owned(),
            ttl: Duration::from_secs(1800),
            ..DelegationGrant::default()
        }
    }

    fn issue(grant: DelegationGrant) -> Result<DelegationToken, FormError> {
        DelegationToken::issue(grant, "0.1.0", Timestamp::EPOCH_1980)
    }

    #[test]
    fn issues_tokens_in_normal_form() {
        let token = issue(grant()).unwrap();
        assert_eq!(token.clone().normalized(), Ok(token.clone()));
        assert_eq!(
            token.token_id,
            short_id("A:B:admin,write:deploy:::1980-01-01T00:30:00Z")
        );
    }

    #[test]
    fn names_the_first_thing_missing() {
        let token = |change: Change| {
            let mut token = issue(grant()).expect("a valid grant");
            change(&mut token);
            token.normalized().map(|_| ())
        };
        let cases: [(Change, FormError); 8] = [
            (
                |token| token.schema_id = "x".to_owned(),
                FormError::SchemaId("x".to_owned()),
            ),
            (
                |token| token.schema_version = "2".to_owned(),
                FormError::SchemaVersion("2".to_owned()),
            ),
            (
                |token| token.token_id = " ".to_owned(),
                FormError::Missing("token_id"),
            ),
            (|token| token.delegate_identity.clear(), FormError::Identities),
            (|token| token.scope.clear(), FormError::Missing("scope")),
            (
                |token| token.policy_digest = "x".to_owned(),
                FormError::NotOptionalDigest("policy_digest"),
            ),
            (
                |token| token.created_at = Timestamp::ZERO,
                FormError::Missing("created_at"),
            ),
            (
                |token| token.expires_at = Timestamp::ZERO,
                FormError::Missing("expires_at"),
            ),
        ];
        for (change, error) in cases {
            assert_eq!(token(change), Err(error));
        }
    }

    #[test]
    fn the_binding_digest_covers_unset_times() {
        let text = r#"{"tool_name":"t","args":{},"targets":[],
            "context":{"identity":"agent.worker","workspace":"/srv","risk_class":"low"},
            "delegation":{"requester_identity":"agent.worker","scope_class":"write","chain":[
                {"delegator_identity":"agent.lead","delegate_identity":"agent.worker","scope_class":"write"}]}}"#;
        let intent = IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap();
        assert_eq!(
            intent.delegation_digest().unwrap().to_string(),
            "64828d61c39bad611aa1b9b75cbfe0b4872d65546fbd8f80d2c96bd69e9e6c8b"
        );
    }
}
