//! Packs: the manifest of a portable archive, its payloads by type, and what a comparison of two packs says.
//!
//! All documents are read strictly: a member that the type does not have is refused, and so is one that is missing, unless
//! it is left out when empty.

use std::{fmt, str::FromStr};

use gait_canon::Signature;
use serde::{Deserialize, Serialize};

use crate::{time::Timestamp, verdict::Verdict};

/// The schema version of every document of this module.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// The schema id of a pack's manifest.
pub const MANIFEST_SCHEMA_ID: &str = "gait.pack.manifest";
/// The schema id of the payload of a run pack.
pub const RUN_SCHEMA_ID: &str = "gait.pack.run";
/// The schema id of the payload of a job pack.
pub const JOB_SCHEMA_ID: &str = "gait.pack.job";
/// The schema id of the payload of a call pack.
pub const CALL_SCHEMA_ID: &str = "gait.pack.call";
/// The schema id of the summary of an authorization pack.
pub const AUTHORIZATION_SCHEMA_ID: &str = "gait.pack.authorization";
/// The schema id of a comparison.
pub const DIFF_SCHEMA_ID: &str = "gait.pack.diff";

/// Archive path of the manifest.
pub const MANIFEST_PATH: &str = "pack_manifest.json";
/// Archive path of the proof records.
pub const PROOF_RECORDS_PATH: &str = "proof_records.jsonl";
/// Archive path of the source of a run or call.
pub const RUNPACK_PATH: &str = "source/runpack.zip";
/// Archive path of the payload of a run pack.
pub const RUN_PAYLOAD_PATH: &str = "run_payload.json";
/// Archive path of the context evidence of a run pack.
pub const CONTEXT_ENVELOPE_PATH: &str = "context_envelope.json";
/// Archive path of the payload of a job pack.
pub const JOB_PAYLOAD_PATH: &str = "job_payload.json";
/// Archive path of the state of a job pack.
pub const JOB_STATE_PATH: &str = "job_state.json";
/// Archive path of the events of a job pack.
pub const JOB_EVENTS_PATH: &str = "job_events.jsonl";
/// Archive path of the payload of a call pack.
pub const CALL_PAYLOAD_PATH: &str = "call_payload.json";
/// Archive path of the bundle of an authorization pack.
pub const AUTHORIZATION_BUNDLE_PATH: &str = "authorization_bundle.json";
/// Archive directory of the evidence of an authorization pack.
pub const EVIDENCE_DIRECTORY: &str = "evidence";

/// What a pack is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PackType {
    /// A recorded run.
    Run,
    /// A durable job.
    Job,
    /// A voice call.
    Call,
    /// One decision and its evidence.
    Authorization,
}

impl PackType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Run, Self::Job, Self::Call, Self::Authorization];

    /// The word used in manifests, arguments and output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Job => "job",
            Self::Call => "call",
            Self::Authorization => "authorization",
        }
    }
}

impl fmt::Display for PackType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of the pack types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a pack type (expected run, job, call or authorization)")]
pub struct UnknownPackType(pub String);

impl FromStr for PackType {
    type Err = UnknownPackType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|pack_type| pack_type.as_str() == text)
            .ok_or_else(|| UnknownPackType(text.to_owned()))
    }
}

/// What a pack holds, by digest, and who vouches for it (`gait.pack.manifest`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_manifest))]
#[serde(deny_unknown_fields)]
pub struct PackManifest {
    /// `gait.pack.manifest`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When; our own packs say 1980, so that the same content gives the same bytes.
    pub created_at: Timestamp,
    /// Version of the program that built it.
    pub producer_version: String,
    /// SHA-256 of the canonical manifest with this member empty and without signatures.
    pub pack_id: String,
    /// What it is about.
    pub pack_type: PackType,
    /// Id of the run, job, call or trace it is about.
    pub source_ref: String,
    /// Every other entry of the archive, sorted by path.
    pub contents: Vec<ContentEntry>,
    /// Signatures over the manifest, its id included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
}

/// A declared entry of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_content))]
#[serde(deny_unknown_fields)]
pub struct ContentEntry {
    /// Path in the archive.
    pub path: String,
    /// SHA-256 of the content.
    pub sha256: String,
    /// `json`, `jsonl`, `zip` or `blob`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The payload of a run pack (`gait.pack.run`): what its runpack records, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_run))]
#[serde(deny_unknown_fields)]
pub struct RunPayload {
    /// `gait.pack.run`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the run began.
    pub created_at: Timestamp,
    /// Id of the run.
    pub run_id: String,
    /// `reference` or `raw`.
    pub capture_mode: String,
    /// Digest of the runpack's manifest.
    pub manifest_digest: String,
    /// Number of intents.
    pub intents_count: u64,
    /// Number of results.
    pub results_count: u64,
    /// Number of references.
    pub refs_count: u64,
    /// Digest of the context set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context_set_digest: String,
    /// Number of references, again.
    #[serde(default, skip_serializing_if = "gait_canon::json::is_default")]
    pub context_ref_count: u64,
    /// `best_effort` or `required`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context_evidence_mode: String,
    /// The redaction all references share, or `mixed`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context_privacy_mode: String,
}

/// The payload of a job pack (`gait.pack.job`): where the job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_job))]
#[serde(deny_unknown_fields)]
pub struct JobPayload {
    /// `gait.pack.job`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the job was submitted.
    pub created_at: Timestamp,
    /// Id of the job.
    pub job_id: String,
    /// Where the job stands.
    pub status: String,
    /// Why it stopped, or `none`.
    pub stop_reason: String,
    /// What brought it where it stands.
    pub status_reason_code: String,
    /// The environment it belongs to.
    pub environment_fingerprint: String,
    /// Version of the rules its safety invariants are hashed by.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub safety_invariant_version: String,
    /// SHA-256 of its safety invariants.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub safety_invariant_hash: String,
    /// Number of checkpoints.
    pub checkpoint_count: u64,
    /// Number of approvals.
    pub approval_count: u64,
}

/// The payload of a call pack (`gait.pack.call`): what was recorded of the call, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_call))]
#[serde(deny_unknown_fields)]
pub struct CallPayload {
    /// `gait.pack.call`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the call was recorded.
    pub created_at: Timestamp,
    /// Id of the call.
    pub call_id: String,
    /// Id of the run behind it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    /// `hash_only` or `dispute_encrypted`.
    pub privacy_mode: String,
    /// Number of events.
    pub event_count: u64,
    /// Number of commitments.
    pub commitment_count: u64,
    /// Number of gate decisions.
    pub decision_count: u64,
    /// Number of receipts of speech.
    pub speak_receipt_count: u64,
    /// Number of reference digests.
    pub reference_digest_count: u64,
    /// The environment the call was made in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment_fingerprint: String,
}

/// An authorization bundle in short (`gait.pack.authorization`): shown on inspection, never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationPayload {
    /// `gait.pack.authorization`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the bundle was put together.
    pub created_at: Timestamp,
    /// The decision.
    pub trace_id: String,
    /// Digest of the policy that decided.
    pub policy_digest: String,
    /// Digest of the intent that was judged.
    pub intent_digest: String,
    /// The verdict under which the call ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_status: Option<Verdict>,
    /// Number of linked files.
    pub linked_evidence_count: u64,
    /// How many of trace and outcome are linked with their digests, 0 to 2.
    pub required_evidence_count: u64,
}

/// How two packs differ (`gait.pack.diff`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_diff))]
#[serde(deny_unknown_fields)]
pub struct PackDiff {
    /// `gait.pack.diff`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// 1980, so that the same packs give the same bytes.
    pub created_at: Timestamp,
    /// Id of the one pack.
    pub left_pack_id: String,
    /// Id of the other pack.
    pub right_pack_id: String,
    /// Type of the one pack.
    pub left_pack_type: String,
    /// Type of the other pack.
    pub right_pack_type: String,
    /// What differs.
    pub summary: DiffSummary,
}

/// What differs between two packs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_diff_summary))]
#[serde(deny_unknown_fields)]
pub struct DiffSummary {
    /// Whether anything does.
    pub changed: bool,
    /// Paths that only the other pack declares, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_files: Vec<String>,
    /// Paths that only the one pack declares, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_files: Vec<String>,
    /// Paths that both declare with different digests, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_files: Vec<String>,
    /// Whether manifests or types differ.
    pub manifest_delta: bool,
    /// Whether the context of two runs differs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub context_changed: bool,
    /// Whether it differs only in when it was retrieved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub context_runtime_only_changes: bool,
    /// `none`, `runtime_only` or `semantic`.
    pub context_drift_classification: String,
}

#[cfg(feature = "schema")]
fn published_manifest(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(MANIFEST_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["producer_version", "source_ref"])
        .digests(&["pack_id"]);
}

#[cfg(feature = "schema")]
fn published_content(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .filled(&["path", "type"])
        .digests(&["sha256"]);
}

#[cfg(feature = "schema")]
fn published_run(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(RUN_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["run_id", "context_privacy_mode"])
        .words("capture_mode", &["raw", "reference"])
        .words("context_evidence_mode", crate::vocabulary::EVIDENCE_MODES)
        .digests(&["manifest_digest", "context_set_digest"]);
}

#[cfg(feature = "schema")]
fn published_job(schema: &mut schemars::Schema) {
    const STATUSES: &[&str] = &[
        "blocked",
        "cancelled",
        "completed",
        "decision_needed",
        "emergency_stopped",
        "paused",
        "running",
    ];
    crate::members::Members::of(schema)
        .artifact(JOB_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["job_id", "stop_reason", "status_reason_code"])
        .filled(&["environment_fingerprint", "safety_invariant_version"])
        .words("status", STATUSES)
        .digests(&["safety_invariant_hash"]);
}

#[cfg(feature = "schema")]
fn published_call(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(CALL_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["call_id", "run_id", "environment_fingerprint"])
        .words("privacy_mode", &["dispute_encrypted", "hash_only"]);
}

#[cfg(feature = "schema")]
fn published_diff(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(DIFF_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["left_pack_id", "right_pack_id"])
        .filled(&["left_pack_type", "right_pack_type"]);
}

#[cfg(feature = "schema")]
fn published_diff_summary(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .filled(&["added_files", "removed_files", "changed_files"])
        .words(
            "context_drift_classification",
            &["none", "runtime_only", "semantic"],
        )
        .optional(&["context_drift_classification"]);
}
