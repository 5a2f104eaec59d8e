//! Credentials that a broker hands out. Everything here is a *reference* to a credential, never the credential.

use gait_canon::{Digest, json};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The schema id of the evidence record.
pub const SCHEMA_ID: &str = "gait.gate.broker_credential_record";
/// The schema version of the evidence record.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// What a broker is asked for. Broker programs read it with exactly these member names, all always present.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CredentialRequest {
    /// The tool that needs the credential; `script` for scripts.
    pub tool_name: String,
    /// Who calls.
    pub identity: String,
    /// From which workspace.
    pub workspace: String,
    /// The session of the call.
    #[serde(rename = "SessionID")]
    pub session_id: String,
    /// The request of the call.
    #[serde(rename = "RequestID")]
    pub request_id: String,
    /// The run of the call.
    #[serde(rename = "RunID")]
    pub run_id: String,
    /// The job of the call.
    #[serde(rename = "JobID")]
    pub job_id: String,
    /// Which credential; may be empty.
    pub reference: String,
    /// What it must be good for, lower case.
    pub scope: Vec<String>,
    /// Digest of the targets it must be bound to.
    pub target_binding: String,
}

impl CredentialRequest {
    /// SHA-256 of the RFC 8785 form: what an answer is bound to.
    pub fn digest(&self) -> Result<Digest, json::Error> {
        Digest::of_canonical(self)
    }
}

/// What a broker handed out, in normal form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuedCredential {
    /// The broker.
    pub issued_by: String,
    /// Where the credential comes from, lower case, e.g. `aws_sts`.
    pub source: String,
    /// How it was granted, lower case, e.g. `jit`; empty when the broker does not say.
    pub access_type: String,
    /// Who issued it; empty when the broker does not say.
    pub issuer: String,
    /// Whom it identifies.
    pub subject: String,
    /// Who owns it.
    pub owner: String,
    /// What it is good for, lower case.
    pub scope: Vec<String>,
    /// Its reference; never empty.
    pub credential_ref: String,
    /// Digest of the targets it is bound to.
    pub target_binding: String,
    /// The run it is bound to.
    pub run_binding: String,
    /// The job it is bound to.
    pub job_binding: String,
    /// Digest of the request it answers, lower case.
    pub request_digest: String,
    /// When it was issued; unset when the broker does not say.
    pub issued_at: Timestamp,
    /// When it ends; unset when the broker does not say.
    pub expires_at: Timestamp,
    /// Its life time in seconds; zero when unknown.
    pub ttl_seconds: i64,
}

impl IssuedCredential {
    /// Who issued the credential: the issuer, or the broker when it names none.
    #[must_use]
    pub fn issuer_or_broker(&self) -> &str {
        if self.issuer.is_empty() {
            &self.issued_by
        } else {
            &self.issuer
        }
    }

    /// The longest life in seconds that the answer admits to, whether it states it or its times do.
    #[must_use]
    pub fn longest_ttl_seconds(&self) -> i64 {
        if self.issued_at.is_zero() || self.expires_at.is_zero() {
            return self.ttl_seconds;
        }
        let between = self.expires_at.since(self.issued_at).as_secs();
        self.ttl_seconds.max(i64::try_from(between).unwrap_or(i64::MAX))
    }
}

/// Evidence that a credential was issued for a call (`gait.gate.broker_credential_record`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_evidence))]
#[serde(default, deny_unknown_fields)]
pub struct CredentialEvidence {
    /// `gait.gate.broker_credential_record`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// Creation time of the decision.
    pub created_at: Timestamp,
    /// Version of the program that decided.
    pub producer_version: String,
    /// The trace of the decision.
    pub trace_id: String,
    /// The tool the credential is for.
    pub tool_name: String,
    /// Who calls.
    pub identity: String,
    /// The broker.
    pub broker: String,
    /// What the broker was asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Where the credential comes from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_source: String,
    /// How it was granted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_access_type: String,
    /// Who issued it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_issuer: String,
    /// Whom it identifies.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_subject: String,
    /// Who owns it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_owner: String,
    /// The scopes that were requested, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// Reference of the credential.
    pub credential_ref: String,
    /// Digest of the targets it is bound to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target_binding: String,
    /// The run it is bound to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_binding: String,
    /// The job it is bound to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub job_binding: String,
    /// Digest of the request the broker answered.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_digest: String,
    /// When the credential was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its life time in seconds.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub ttl_seconds: i64,
}

/// The published form of a broker request: the members of a [`CredentialRequest`], spelt as in all other artifacts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_request))]
#[serde(default, deny_unknown_fields)]
pub struct BrokerRequest {
    /// The tool the credential is for.
    pub tool_name: String,
    /// Who calls it.
    pub identity: String,
    /// The directory or project of the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub workspace: String,
    /// Session of the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session_id: String,
    /// Request of the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// Run of the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    /// Job of the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub job_id: String,
    /// Which credential is wanted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// What it is wanted for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// Digest of the targets it is to be bound to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target_binding: String,
}

#[cfg(feature = "schema")]
fn published_request(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).filled(&["tool_name", "identity", "scope", "target_binding"]);
}

#[cfg(feature = "schema")]
fn published_evidence(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .filled(&[
            "trace_id",
            "tool_name",
            "identity",
            "broker",
            "credential_ref",
            "scope",
        ])
        .filled(&["credential_source", "credential_access_type", "credential_issuer"])
        .filled(&[
            "credential_subject",
            "credential_owner",
            "target_binding",
            "run_binding",
            "job_binding",
        ])
        .digests(&["request_digest"])
        .at_least(1, &["ttl_seconds"])
        .optional(&["issued_at", "expires_at"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stated_and_derived_life_times_are_compared() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let credential = IssuedCredential {
            issued_at: at("2026-01-01T00:00:00Z"),
            expires_at: at("2026-01-01T01:00:00Z"),
            ttl_seconds: 60,
            ..IssuedCredential::default()
        };
        assert_eq!(credential.longest_ttl_seconds(), 3600);
        assert_eq!(
            IssuedCredential {
                ttl_seconds: 7200,
                ..credential.clone()
            }
            .longest_ttl_seconds(),
            7200
        );
        assert_eq!(
            IssuedCredential {
                issued_at: Timestamp::ZERO,
                ..credential
            }
            .longest_ttl_seconds(),
            60
        );
    }

    #[test]
    fn requests_keep_all_members() {
        let text = json::compact(&json::to_value(&CredentialRequest::default()).unwrap());
        for member in [
            "ToolName",
            "SessionID",
            "RequestID",
            "RunID",
            "JobID",
            "TargetBinding",
            "\"Scope\":[]",
        ] {
            assert!(text.contains(member), "{member} missing in {text}");
        }
    }
}
