//! What a consumer says about a proposal it was given.

use serde::{Deserialize, Serialize};

use crate::shape::{Kind, Member, Shape};

/// A consumer's receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsumerReceipt {
    /// `gait`.
    pub consumer: String,
    /// Version of the consumer.
    pub version: String,
    /// The scenario the proposal stands for.
    pub scenario_id: String,
    /// `sha256:` and the digest of the file.
    pub artifact_sha256: String,
    /// Whether the consumer can use it.
    pub status: ReceiptStatus,
    /// Always false: a consumer does not vouch for itself.
    pub self_attestation: bool,
    /// The proposal's id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub proposal_artifact_id: String,
    /// Its contract.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contract_id: String,
    /// Its family.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contract_family_id: String,
    /// Its revision.
    #[serde(default, skip_serializing_if = "gait_canon::json::is_default")]
    pub revision: i64,
    /// What it is a resolution of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resolution_key: String,
    /// The schemas it was read by.
    pub schema_versions: SchemaVersions,
    /// What of it is understood.
    pub supported_constraints: SupportedConstraints,
    /// What it comes to.
    pub semantic_result: SemanticResult,
}

/// Whether a consumer can use a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// It can.
    Pass,
    /// It cannot.
    Reject,
}

/// The schemas a proposal was read by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaVersions {
    /// Of the envelope.
    pub artifact: String,
    /// Of the contract.
    pub contract: String,
}

/// The constraints of a contract by kind. Lists are absent (`null`) when the contract was not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SupportedConstraints {
    /// Keys of target constraints that are understood, sorted.
    pub target_constraint_keys: Option<Vec<String>>,
    /// Kinds of preconditions that are understood, sorted.
    pub precondition_kinds: Option<Vec<String>>,
    /// Kinds of authority requirements that are understood, sorted.
    pub authority_kinds: Option<Vec<String>>,
    /// What is not understood, as `target:<key>`, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<String>,
}

/// What a proposal comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SemanticResult {
    /// Whether it is what it claims to be.
    pub proposal_valid: bool,
    /// Whether it could be activated now.
    pub activation_ready: bool,
    /// What stands against it, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// Always false: reading executes nothing.
    pub execution_claim: bool,
    /// Always false: reading has no effect.
    pub effect_claim: bool,
}

const SCHEMA_VERSIONS: Shape = Shape {
    members: &[
        Member::required("artifact", Kind::Text),
        Member::required("contract", Kind::Text),
    ],
};
const SEMANTIC_RESULT: Shape = Shape {
    members: &[
        Member::required("proposal_valid", Kind::Boolean),
        Member::required("activation_ready", Kind::Boolean),
        Member::optional("reason_codes", Kind::TEXTS),
        Member::required("execution_claim", Kind::Truth(false)),
        Member::required("effect_claim", Kind::Truth(false)),
    ],
};

/// The schema of a receipt. A script that finds no consumer writes `dependency_missing`.
pub const RECEIPT: Shape = Shape {
    members: &[
        Member::required("consumer", Kind::Fixed("gait")),
        Member::required("version", Kind::FilledText),
        Member::required("scenario_id", Kind::FilledText),
        Member::required("artifact_sha256", Kind::TAGGED_DIGEST),
        Member::required("status", Kind::Words(&["pass", "reject", "dependency_missing"])),
        Member::required("self_attestation", Kind::Truth(false)),
        Member::optional("proposal_artifact_id", Kind::Text),
        Member::optional("contract_id", Kind::Text),
        Member::optional("contract_family_id", Kind::Text),
        Member::optional("revision", Kind::Integer { least: 1 }),
        Member::optional("resolution_key", Kind::Text),
        Member::required("schema_versions", Kind::One(&SCHEMA_VERSIONS)),
        Member::required("supported_constraints", Kind::Object),
        Member::required("semantic_result", Kind::One(&SEMANTIC_RESULT)),
    ],
};
