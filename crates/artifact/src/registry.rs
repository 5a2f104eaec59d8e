//! What a registry hands out and what is kept of it: the manifest of a published pack, the report of a verification, and
//! the index of an ecosystem.
//!
//! All of them are read strictly. A member that the type does not have is refused: the signature of a manifest covers
//! the members named here, and nothing unsigned may travel with them.

use gait_canon::Signature;
use gait_canon::json::Object;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The schema version of every document of this module.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// The schema id of a manifest.
pub const PACK_SCHEMA_ID: &str = "gait.registry.pack";
/// The schema id of a verification report.
pub const REPORT_SCHEMA_ID: &str = "gait.registry.verification_report";
/// The schema id of an ecosystem index.
pub const INDEX_SCHEMA_ID: &str = "gait.registry.ecosystem_index";

/// What a publisher offers under a name and a version, and who vouches for it (`gait.registry.pack`).
///
/// Members that are absent are empty, and empty ones are not written, except for `artifacts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_pack))]
#[serde(default, deny_unknown_fields)]
pub struct RegistryPack {
    /// `gait.registry.pack`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Version of the program that made it.
    pub producer_version: String,
    /// What it is called.
    pub pack_name: String,
    /// Which of its versions this is.
    pub pack_version: String,
    /// What it is, such as `skill`, in lower case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pack_type: String,
    /// Who publishes it, in lower case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub publisher: String,
    /// Where it comes from, such as `community`, in lower case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How much harm it can do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub risk_class: String,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub use_case: String,
    /// What it works with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compatibility: Vec<String>,
    /// How it came to be.
    #[serde(skip_serializing_if = "Object::is_empty")]
    pub provenance: Object,
    /// The files it consists of; `null` when that was never said.
    pub artifacts: Option<Vec<RegistryArtifact>>,
    /// Signatures over the manifest without this member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
}

/// A file of a published pack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_artifact))]
#[serde(default, deny_unknown_fields)]
pub struct RegistryArtifact {
    /// Path inside the pack.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: String,
    /// Its media type (RFC 6838).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub media_type: String,
}

/// Whether everything held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerificationStatus {
    /// It did.
    Pass,
    /// Something did not.
    Fail,
}

/// What did not hold, in the order of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The pinned digest is another one.
    PinMismatch,
    /// The publisher is not one of those that were named.
    PublisherNotAllowed,
    /// No signature is by the key.
    SignatureNotVerified,
}

/// What came of verifying a manifest (`gait.registry.verification_report`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_report))]
#[serde(deny_unknown_fields)]
pub struct VerificationReport {
    /// `gait.registry.verification_report`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// The start of 1980: the same manifest gives the same report.
    pub created_at: Timestamp,
    /// Version of the program that verified.
    pub producer_version: String,
    /// The name of the pack.
    pub pack_name: String,
    /// Its version.
    pub pack_version: String,
    /// SHA-256 of its manifest.
    pub digest: String,
    /// Path of the manifest.
    pub metadata_path: String,
    /// Path of the pin that was looked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pin_path: String,
    /// What the pin says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pin_digest: String,
    /// Whether there is a pin.
    pub pin_present: bool,
    /// Whether it is of this manifest.
    pub pin_verified: bool,
    /// Whether a signature is by the key.
    pub signature_verified: bool,
    /// Who publishes the pack.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub publisher: String,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Whether the publisher is one of those that were named, or none were.
    pub publisher_allowed: bool,
    /// Whether all of this holds.
    pub status: VerificationStatus,
    /// What does not, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub failure_reasons: Vec<FailureReason>,
}

/// What there is to be had, and how far it is to be trusted (`gait.registry.ecosystem_index`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_index))]
#[serde(deny_unknown_fields)]
pub struct EcosystemIndex {
    /// `gait.registry.ecosystem_index`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When it was last changed, in UTC.
    pub updated_at: Timestamp,
    /// What there is, sorted by id.
    pub entries: Vec<EcosystemEntry>,
}

/// One thing of an ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_entry))]
#[serde(deny_unknown_fields)]
pub struct EcosystemEntry {
    /// Lower-case letters, digits and dashes; unique.
    pub id: String,
    /// What it is.
    pub kind: EcosystemKind,
    /// What it is called, in 3 to 80 characters.
    pub name: String,
    /// What it does, in 10 to 280 characters.
    pub summary: String,
    /// Its repository on GitHub.
    pub repo: String,
    /// Who looks after it.
    pub source: EcosystemSource,
    /// How far it has come.
    pub status: EcosystemStatus,
    /// What it connects to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// Who maintains it: five names at most, each of at least three characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<String>,
}

/// What an entry of the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EcosystemKind {
    /// Instructions for an agent.
    Skill,
    /// A connection to a framework.
    Adapter,
    /// Policies.
    PolicyPack,
    /// Programs around the gate.
    Tooling,
}

/// Who looks after an entry of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EcosystemSource {
    /// The project itself.
    Official,
    /// Somebody else.
    Community,
}

/// How far an entry of the index has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EcosystemStatus {
    /// It may change or go away.
    Experimental,
    /// It can be relied on.
    Stable,
    /// Something else should be used.
    Deprecated,
}

#[cfg(feature = "schema")]
fn published_pack(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).artifact(PACK_SCHEMA_ID, SCHEMA_VERSION);
}

#[cfg(feature = "schema")]
fn published_artifact(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).digests(&["sha256"]);
}

#[cfg(feature = "schema")]
fn published_report(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(REPORT_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["pack_name", "pack_version", "metadata_path"])
        .digests(&["digest"]);
}

#[cfg(feature = "schema")]
fn published_index(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).artifact(INDEX_SCHEMA_ID, SCHEMA_VERSION);
}

#[cfg(feature = "schema")]
fn published_entry(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .with("id", "pattern", "^[a-z0-9][a-z0-9-]{1,63}$")
        .with("name", "minLength", 3)
        .with("name", "maxLength", 80)
        .with("summary", "minLength", 10)
        .with("summary", "maxLength", 280)
        .with(
            "repo",
            "pattern",
            r"^https://github\.com/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
        )
        .with("maintainers", "maxItems", 5)
        .with(
            "maintainers",
            "items",
            serde_json::json!({ "type": "string", "minLength": 3 }),
        );
}
