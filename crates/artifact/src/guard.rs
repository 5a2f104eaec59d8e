//! Audit evidence: the manifest of an evidence pack, a file that is encrypted at rest, and the report of a clean-up.
//!
//! Manifests are read leniently, as those before this program did: unknown members are ignored and absent ones are empty.
//! Encrypted files are read strictly.

use gait_canon::Signature;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::time::Timestamp;

/// The schema version of every document of this module, but for those of [`ENCRYPTED_BOUND_VERSION`].
pub const SCHEMA_VERSION: &str = "1.0.0";
/// The schema id of the manifest of an evidence pack.
pub const MANIFEST_SCHEMA_ID: &str = "gait.guard.pack_manifest";
/// The schema id of an encrypted file.
pub const ENCRYPTED_SCHEMA_ID: &str = "gait.guard.encrypted_artifact";
/// The schema version of an encrypted file whose other members are authenticated together with its content.
pub const ENCRYPTED_BOUND_VERSION: &str = "1.1.0";
/// The schema id of the report of a clean-up.
pub const RETENTION_SCHEMA_ID: &str = "gait.guard.retention_report";

/// Archive path of the summary of the run.
pub const RUNPACK_SUMMARY_PATH: &str = "runpack_summary.json";
/// Archive path of what the run looked at.
pub const REFERENCED_RUNPACKS_PATH: &str = "referenced_runpacks.json";
/// Archive path of the summary of traces.
pub const TRACE_SUMMARY_PATH: &str = "trace_summary.json";
/// Archive path of the summary of regression results.
pub const REGRESS_SUMMARY_PATH: &str = "regress_summary.json";
/// Archive path of the policies an incident was decided by.
pub const POLICY_DIGESTS_PATH: &str = "policy_digests.json";
/// Archive path of the page for people.
pub const SUMMARY_PDF_PATH: &str = "summary.pdf";
/// Archive path of the list of controls.
pub const CONTROL_INDEX_PATH: &str = "control_index.json";
/// Archive path of the list of evidence.
pub const EVIDENCE_POINTERS_PATH: &str = "evidence_pointers.json";

/// The algorithm of encrypted files: AES-256 in Galois/Counter Mode (NIST SP 800-38D).
pub const AES_256_GCM: &str = "aes-256-gcm";

/// What an entry of an evidence pack is evidence of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// The recorded run.
    Runpack,
    /// Decisions.
    Trace,
    /// What was derived from other evidence.
    Report,
    /// Anything else.
    Evidence,
}

impl EvidenceKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Runpack, Self::Trace, Self::Report, Self::Evidence];

    /// Its name in manifests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runpack => "runpack",
            Self::Trace => "trace",
            Self::Report => "report",
            Self::Evidence => "evidence",
        }
    }
}

/// What an evidence pack holds, and who vouches for it (`gait.guard.pack_manifest`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_manifest))]
#[serde(default)]
pub struct EvidenceManifest {
    /// `gait.guard.pack_manifest`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the run was recorded, in UTC.
    pub created_at: Timestamp,
    /// Version of the program that built the pack.
    pub producer_version: String,
    /// `pack_` and the first 16 hex digits of the SHA-256 of the canonical `{run_id, contents}`.
    pub pack_id: String,
    /// The run.
    pub run_id: String,
    /// The case that the pack was built for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub case_id: String,
    /// The list of controls that the evidence was ordered by.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub template_id: String,
    /// The same as `created_at`.
    pub generated_at: Timestamp,
    /// Which evidence belongs to which control.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub control_index: Vec<Control>,
    /// The evidence, sorted by path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence_pointers: Vec<EvidencePointer>,
    /// The time around the run from which evidence was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident_window: Option<IncidentWindow>,
    /// What was rendered for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rendered_artifacts: Vec<RenderedArtifact>,
    /// Every other entry of the archive, sorted by path.
    pub contents: Vec<EvidenceEntry>,
    /// Signatures over everything else here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
}

/// A control of an audit standard, and the evidence for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_control))]
#[serde(default)]
pub struct Control {
    /// Id of the control, e.g. `CC7.2`.
    pub control_id: String,
    /// What it is about.
    pub title: String,
    /// Paths in the archive, sorted.
    pub evidence_paths: Vec<String>,
}

/// A piece of evidence by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_pointer))]
#[serde(default)]
pub struct EvidencePointer {
    /// `ev_001` and so on.
    pub pointer_id: String,
    /// Path in the archive.
    pub path: String,
    /// `runpack`, `trace`, `report` or `evidence`.
    #[serde(rename = "type")]
    pub kind: String,
    /// SHA-256 of the content.
    pub sha256: String,
}

/// A time from which evidence was taken, both ends included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_window))]
#[serde(default)]
pub struct IncidentWindow {
    /// Its begin.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Whole seconds from the run to either end.
    pub window_seconds: i64,
    /// The run in its middle.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub selection_anchor: String,
}

/// A document for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_rendered))]
#[serde(default)]
pub struct RenderedArtifact {
    /// `pdf`.
    pub format: String,
    /// Path in the archive.
    pub path: String,
    /// SHA-256 of the content.
    pub sha256: String,
}

/// A declared entry of an evidence pack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_entry))]
#[serde(default)]
pub struct EvidenceEntry {
    /// Path in the archive.
    pub path: String,
    /// SHA-256 of the content.
    pub sha256: String,
    /// `runpack`, `trace`, `report` or `evidence`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A file encrypted at rest (`gait.guard.encrypted_artifact`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_encrypted))]
#[serde(default, deny_unknown_fields)]
pub struct EncryptedArtifact {
    /// `gait.guard.encrypted_artifact`.
    pub schema_id: String,
    /// `1.0.0`, or `1.1.0` where every other member is authenticated together with the content.
    pub schema_version: String,
    /// When it was encrypted.
    pub created_at: Timestamp,
    /// Version of the program that encrypted it.
    pub producer_version: String,
    /// `aes-256-gcm`.
    pub algorithm: String,
    /// Where the key came from; never the key.
    pub key_source: EncryptionKeySource,
    /// Base64 of the 12 random bytes that this content alone was encrypted with.
    pub nonce: String,
    /// Base64 of the encrypted content and the 16 bytes of its authentication tag.
    pub ciphertext: String,
    /// SHA-256 of the content.
    pub plain_sha256: String,
    /// Bytes of the content.
    pub plain_size: u64,
}

/// Where an encryption key came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_key_source))]
#[serde(default, deny_unknown_fields)]
pub struct EncryptionKeySource {
    /// `env` or `command`.
    pub mode: String,
    /// The environment variable.
    #[serde(rename = "ref", skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// The command, without its arguments.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub command: String,
}

/// What a clean-up looked at, and what became of it (`gait.guard.retention_report`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_report))]
#[serde(deny_unknown_fields)]
pub struct RetentionReport {
    /// `gait.guard.retention_report`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the clean-up began; ages are as of then.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// The directory.
    pub root_path: String,
    /// Whether nothing was really deleted.
    pub dry_run: bool,
    /// How long traces are kept; for ever when not above zero.
    pub trace_ttl_seconds: i64,
    /// How long packs are kept; for ever when not above zero.
    pub pack_ttl_seconds: i64,
    /// How many traces and packs there were.
    pub scanned_files: usize,
    /// Those that were, or without `dry_run` would have been, deleted; sorted by path.
    pub deleted_files: Vec<RetentionEvent>,
    /// The others, sorted by path.
    pub kept_files: Vec<RetentionEvent>,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_event))]
#[serde(deny_unknown_fields)]
pub struct RetentionEvent {
    /// Its path, that of the directory included.
    pub path: String,
    /// What it is.
    pub kind: RetentionKind,
    /// When it was last written, in UTC.
    pub modified_at: Timestamp,
    /// Whole seconds since then.
    pub age_seconds: i64,
    /// What became of it.
    pub action: RetentionAction,
}

/// The kinds of files that are cleaned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetentionKind {
    /// A trace.
    Trace,
    /// An evidence pack, encrypted or not.
    Pack,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetentionAction {
    /// It stays.
    Kept,
    /// It goes.
    Deleted,
}

#[cfg(feature = "schema")]
const KINDS: [&str; 4] = [
    EvidenceKind::Runpack.as_str(),
    EvidenceKind::Trace.as_str(),
    EvidenceKind::Report.as_str(),
    EvidenceKind::Evidence.as_str(),
];

#[cfg(feature = "schema")]
fn published_manifest(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(MANIFEST_SCHEMA_ID, SCHEMA_VERSION)
        .with("run_id", "pattern", "^run_[A-Za-z0-9_-]+$")
        .closed();
}

#[cfg(feature = "schema")]
fn published_control(schema: &mut schemars::Schema) {
    Members::of(schema).closed();
}

#[cfg(feature = "schema")]
fn published_pointer(schema: &mut schemars::Schema) {
    Members::of(schema)
        .words("type", &KINDS)
        .digests(&["sha256"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_window(schema: &mut schemars::Schema) {
    Members::of(schema).at_least(0, &["window_seconds"]).closed();
}

#[cfg(feature = "schema")]
fn published_rendered(schema: &mut schemars::Schema) {
    Members::of(schema)
        .words("format", &["pdf"])
        .digests(&["sha256"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_entry(schema: &mut schemars::Schema) {
    Members::of(schema)
        .words("type", &KINDS)
        .digests(&["sha256"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_encrypted(schema: &mut schemars::Schema) {
    Members::of(schema)
        .with("schema_id", "const", ENCRYPTED_SCHEMA_ID)
        .words("schema_version", &[SCHEMA_VERSION, ENCRYPTED_BOUND_VERSION])
        .with("algorithm", "const", AES_256_GCM)
        .digests(&["plain_sha256"])
        .at_least(0, &["plain_size"]);
}

#[cfg(feature = "schema")]
fn published_key_source(schema: &mut schemars::Schema) {
    Members::of(schema).words("mode", &["env", "command"]);
}

#[cfg(feature = "schema")]
fn published_report(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(RETENTION_SCHEMA_ID, SCHEMA_VERSION)
        .at_least(0, &["scanned_files"]);
}

#[cfg(feature = "schema")]
fn published_event(schema: &mut schemars::Schema) {
    Members::of(schema).at_least(0, &["age_seconds"]);
}
