//! Approved scripts: entries of the registry that lets known scripts pass.

use std::time::Duration;

use gait_canon::{Digest, Signature, json};
use serde::{Deserialize, Serialize};

use crate::{
    form::{self, FormError},
    text,
    time::Timestamp,
};

/// The schema id of a registry entry.
pub const SCHEMA_ID: &str = "gait.gate.approved_script_entry";
/// The schema version of a registry entry.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// One script that an approver let pass under one policy (`gait.gate.approved_script_entry`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
#[serde(default, deny_unknown_fields)]
pub struct ApprovedScriptEntry {
    /// `gait.gate.approved_script_entry`, or empty.
    pub schema_id: String,
    /// `1.0.0`, or empty.
    pub schema_version: String,
    /// When the script was approved.
    pub created_at: Timestamp,
    /// Version of the program that wrote the entry.
    pub producer_version: String,
    /// Names the entry in its registry.
    pub pattern_id: String,
    /// Digest of the policy.
    pub policy_digest: String,
    /// Digest of the script's steps, in their order.
    pub script_hash: String,
    /// The tools of the script, sorted and unique.
    pub tool_sequence: Vec<String>,
    /// Conditions that must all hold, e.g. `risk:low`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// Who approved.
    pub approver_identity: String,
    /// From this instant on the entry is void.
    pub expires_at: Timestamp,
    /// The signature over all other members in normal form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// What an approver lets pass.
#[derive(Debug, Clone)]
pub struct ScriptGrant {
    /// Names the entry; blank for a name made from the script's digest.
    pub pattern_id: String,
    /// Digest of the policy.
    pub policy_digest: Digest,
    /// Digest of the script's steps.
    pub script_hash: Digest,
    /// The tools of the script.
    pub tool_sequence: Vec<String>,
    /// Conditions that must all hold.
    pub scope: Vec<String>,
    /// Who approves.
    pub approver_identity: String,
    /// For how long.
    pub ttl: Duration,
}

impl ApprovedScriptEntry {
    /// The unsigned entry for `grant`, in normal form.
    pub fn issue(grant: ScriptGrant, producer_version: &str, now: Timestamp) -> Result<Self, FormError> {
        let script_hash = grant.script_hash.to_string();
        let pattern_id = if text::is_blank(&grant.pattern_id) {
            format!("pattern_{}", &script_hash[..12])
        } else {
            grant.pattern_id
        };
        Self {
            created_at: now,
            producer_version: producer_version.to_owned(),
            pattern_id,
            policy_digest: grant.policy_digest.to_string(),
            script_hash,
            tool_sequence: grant.tool_sequence,
            scope: grant.scope,
            approver_identity: grant.approver_identity,
            expires_at: now.saturating_add(grant.ttl),
            ..Self::default()
        }
        .normalized()
    }

    /// The entry in the form that is signed and stored: texts trimmed, digests and lists in lower case, lists sorted and
    /// unique, times in UTC.
    pub fn normalized(mut self) -> Result<Self, FormError> {
        text::trim_in_place(&mut self.schema_id);
        text::trim_in_place(&mut self.schema_version);
        form::fill_or_match(&mut self.schema_id, SCHEMA_ID, FormError::SchemaId)?;
        form::fill_or_match(&mut self.schema_version, SCHEMA_VERSION, FormError::SchemaVersion)?;
        form::require_text(&mut self.pattern_id, "pattern_id")?;
        form::require_digest(&mut self.policy_digest, "policy_digest")?;
        form::require_digest(&mut self.script_hash, "script_hash")?;
        form::require_list(&mut self.tool_sequence, "tool_sequence")?;
        text::list_lower_in_place(&mut self.scope);
        form::require_text(&mut self.approver_identity, "approver_identity")?;
        self.created_at = self.created_at.or(Timestamp::EPOCH_1980).to_utc();
        self.expires_at = self.expires_at.to_utc();
        if self.expires_at <= self.created_at {
            return Err(FormError::Lifetime);
        }
        Ok(self)
    }

    /// SHA-256 over the RFC 8785 form of everything but the signature: what is signed.
    pub fn digest(&self) -> Result<Digest, json::Error> {
        Digest::of_canonical(&Self {
            signature: None,
            ..self.clone()
        })
    }

    /// Whether the entry is void at `now`.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["pattern_id", "tool_sequence", "scope", "approver_identity"])
        .digests(&["policy_digest", "script_hash"])
        .not_empty(&["tool_sequence"])
        .signed();
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut ApprovedScriptEntry);

    fn grant() -> ScriptGrant {
        ScriptGrant {
            pattern_id: " ".to_owned(),
            policy_digest: Digest::of(b"policy"),
            script_hash: Digest::of(b"script"),
            tool_sequence: ["tool.write", "Tool.Read", "tool.write"]
                .map(String::from)
                .to_vec(),
            scope: vec!["RISK:Low".to_owned(), "risk:low".to_owned()],
            approver_identity: " me ".to_owned(),
            ttl: Duration::from_secs(60),
        }
    }

    fn issue(grant: ScriptGrant) -> Result<ApprovedScriptEntry, FormError> {
        ApprovedScriptEntry::issue(grant, "0.1.0", Timestamp::EPOCH_1980)
    }

    #[test]
    fn issues_entries_in_normal_form() {
        let entry = issue(grant()).unwrap();
        assert_eq!(entry.clone().normalized(), Ok(entry.clone()));
        assert_eq!(
            entry.pattern_id,
            format!("pattern_{}", &Digest::of(b"script").to_string()[..12])
        );
        assert_eq!(entry.tool_sequence, ["tool.read", "tool.write"]);
        assert_eq!(entry.scope, ["risk:low"]);
        assert!(!entry.is_expired(Timestamp::EPOCH_1980));
        assert!(entry.is_expired(entry.expires_at));
    }

    #[test]
    fn names_the_first_thing_wrong() {
        let entry = |change: Change| {
            let mut entry = issue(grant()).expect("a valid grant");
            change(&mut entry);
            entry.normalized().map(|_| ())
        };
        let cases: [(Change, FormError); 8] = [
            (
                |entry| entry.schema_id = "x".to_owned(),
                FormError::SchemaId("x".to_owned()),
            ),
            (
                |entry| entry.schema_version = "2".to_owned(),
                FormError::SchemaVersion("2".to_owned()),
            ),
            (
                |entry| entry.pattern_id = " ".to_owned(),
                FormError::Missing("pattern_id"),
            ),
            (
                |entry| entry.policy_digest = "x".to_owned(),
                FormError::NotDigest("policy_digest"),
            ),
            (
                |entry| entry.script_hash.clear(),
                FormError::NotDigest("script_hash"),
            ),
            (
                |entry| entry.tool_sequence = vec![" ".to_owned()],
                FormError::Missing("tool_sequence"),
            ),
            (
                |entry| entry.approver_identity.clear(),
                FormError::Missing("approver_identity"),
            ),
            (|entry| entry.expires_at = entry.created_at, FormError::Lifetime),
        ];
        for (change, error) in cases {
            assert_eq!(entry(change), Err(error));
        }
    }
}
