//! What a pack says of itself. Nothing is verified here: a payload that is missing or makes no sense is left out.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use gait_artifact::bundle::AuthorizationBundle;
use gait_artifact::job::{JobEvent, JobState};
use gait_artifact::pack::{
    AUTHORIZATION_BUNDLE_PATH, AUTHORIZATION_SCHEMA_ID, AuthorizationPayload, CALL_PAYLOAD_PATH, CallPayload,
    JOB_EVENTS_PATH, JOB_PAYLOAD_PATH, JOB_STATE_PATH, JobPayload, PackManifest, PackType, RUN_PAYLOAD_PATH,
    RUNPACK_PATH, RunPayload, SCHEMA_VERSION,
};
use gait_artifact::text;
use gait_canon::{Digest, json};
use gait_runpack::{Runpack, parse_manifest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::archive::{OpenError, PackArchive, PackKind, open_file};
use crate::lines::Lines;
use crate::run_payload::run_payload;

/// What [`Inspection::legacy_type`] says of a runpack.
const LEGACY_RUNPACK: &str = "runpack";

/// What a pack says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Id of the pack.
    pub pack_id: String,
    /// What kind of pack it is.
    pub pack_type: String,
    /// Id of the run, job, call or trace it is about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source_ref: String,
    /// The manifest; a runpack has none of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<PackManifest>,
    /// A run in numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_payload: Option<RunPayload>,
    /// What the run did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_lineage: Option<RunLineage>,
    /// A job in numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_payload: Option<JobPayload>,
    /// What became of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_lineage: Option<JobLineage>,
    /// A call in numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_payload: Option<CallPayload>,
    /// An authorization in numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_payload: Option<AuthorizationPayload>,
    /// The authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_bundle: Option<AuthorizationBundle>,
    /// `runpack` for an archive that is one.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub legacy_type: &'static str,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunLineage {
    /// Events of its time line.
    pub timeline_events: usize,
    /// Things it looked at.
    pub receipt_count: usize,
    /// What came of each intent, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intent_results: Vec<IntentResult>,
}

/// What came of an intent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IntentResult {
    /// The intent.
    pub intent_id: String,
    /// The tool it was for; empty when only a result is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tool_name: String,
    /// How its last result went; empty without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
}

/// What became of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JobLineage {
    /// Number of events.
    pub event_count: usize,
    /// The last of them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_event_type: String,
    /// Its checkpoints, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checkpoint_refs: Vec<CheckpointRef>,
}

/// A checkpoint of a job, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CheckpointRef {
    /// Names it.
    pub checkpoint_id: String,
    /// What it says about the job.
    #[serde(rename = "type")]
    pub checkpoint_type: String,
    /// Why it was left.
    pub reason_code: String,
}

/// Why an archive could not be looked into.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// It could not be opened as a pack.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is an evidence pack of the guard, of which only verification is known.
    #[error("the archive is an evidence pack of the guard, which can only be verified")]
    GuardPack,
    /// It is a runpack with a manifest that makes no sense.
    #[error(transparent)]
    RunpackManifest(#[from] gait_runpack::manifest::ManifestError),
}

/// What the pack or runpack at `path` says of itself.
pub fn inspect(path: &Path) -> Result<Inspection, InspectError> {
    Inspected::open(path).map(|inspected| inspected.inspection)
}

/// What an archive says of itself, the run it holds or is, and its manifest as bytes.
pub(crate) struct Inspected {
    pub(crate) inspection: Inspection,
    pub(crate) runpack: Option<Runpack>,
    pub(crate) runpack_manifest: Option<gait_artifact::runpack::Manifest>,
    pub(crate) manifest_bytes: Vec<u8>,
}

impl Inspected {
    pub(crate) fn open(path: &Path) -> Result<Self, InspectError> {
        Self::read(BufReader::new(open_file(path)?))
    }

    pub(crate) fn read<R: Read + Seek>(mut source: R) -> Result<Self, InspectError> {
        let mut archive = PackArchive::read_from(&mut source)?;
        let manifest_bytes = archive.manifest_bytes().to_vec();
        match archive.kind().clone() {
            PackKind::Pack(manifest) => {
                let runpack = archive.unpack(RUNPACK_PATH).ok();
                let runpack = runpack.and_then(|source| Runpack::read(source).ok());
                Ok(Self {
                    inspection: inspect_pack(&mut archive, manifest, runpack.as_ref()),
                    runpack,
                    runpack_manifest: None,
                    manifest_bytes,
                })
            }
            PackKind::Runpack => {
                let manifest = parse_manifest(&manifest_bytes)?;
                let runpack = Runpack::read(source).ok();
                Ok(Self {
                    inspection: inspect_runpack(&manifest, runpack.as_ref()),
                    runpack,
                    runpack_manifest: Some(manifest),
                    manifest_bytes,
                })
            }
            PackKind::Guard => Err(InspectError::GuardPack),
        }
    }

    /// SHA-256 of the canonical manifest, signatures included.
    pub(crate) fn manifest_digest(&self) -> Result<Digest, json::Error> {
        json::canonical_digest_of_bytes(&self.manifest_bytes)
    }

    /// The declared files and their digests as stated, in the order of the manifest.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let of_pack = self
            .inspection
            .manifest
            .iter()
            .flat_map(|manifest| &manifest.contents);
        let of_runpack = self
            .runpack_manifest
            .iter()
            .flat_map(|manifest| manifest.files.iter().flatten());
        let of_pack = of_pack.map(|entry| (entry.path.as_str(), entry.sha256.as_str()));
        of_pack.chain(of_runpack.map(|file| (file.path.as_str(), file.sha256.as_str())))
    }
}

fn inspect_runpack(manifest: &gait_artifact::runpack::Manifest, runpack: Option<&Runpack>) -> Inspection {
    Inspection {
        run_payload: runpack.map(run_payload),
        run_lineage: runpack.map(RunLineage::of),
        legacy_type: LEGACY_RUNPACK,
        ..Inspection::new(
            manifest.manifest_digest.clone(),
            PackType::Run,
            manifest.run_id.clone(),
        )
    }
}

fn inspect_pack<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    manifest: PackManifest,
    runpack: Option<&Runpack>,
) -> Inspection {
    let pack_type = manifest.pack_type;
    let mut inspection = Inspection::new(manifest.pack_id.clone(), pack_type, manifest.source_ref.clone());
    inspection.manifest = Some(manifest);
    match pack_type {
        PackType::Run => {
            inspection.run_payload = document(archive, RUN_PAYLOAD_PATH);
            inspection.run_lineage = runpack.map(RunLineage::of);
        }
        PackType::Job => {
            inspection.job_payload = document(archive, JOB_PAYLOAD_PATH);
            inspection.job_lineage = job_lineage(archive);
        }
        PackType::Call => inspection.call_payload = document(archive, CALL_PAYLOAD_PATH),
        PackType::Authorization => {
            let bundle = document(archive, AUTHORIZATION_BUNDLE_PATH);
            inspection.authorization_payload = bundle.as_ref().map(authorization_payload);
            inspection.authorization_bundle = bundle;
        }
    }
    inspection
}

/// A JSON entry of the archive, if it is there and is what it should be.
fn document<T: DeserializeOwned, R: Read + Seek>(archive: &mut PackArchive<R>, name: &str) -> Option<T> {
    json::read(&archive.read(name).ok()?).ok()
}

fn job_lineage<R: Read + Seek>(archive: &mut PackArchive<R>) -> Option<JobLineage> {
    let state: JobState = document(archive, JOB_STATE_PATH)?;
    let events = archive.read(JOB_EVENTS_PATH).ok()?;
    let events: Vec<JobEvent> = Lines::new(events.as_slice()).all().ok()?;
    Some(JobLineage::of(state, &events))
}

impl Inspection {
    fn new(pack_id: String, pack_type: PackType, source_ref: String) -> Self {
        Self {
            pack_id,
            pack_type: pack_type.to_string(),
            source_ref,
            manifest: None,
            run_payload: None,
            run_lineage: None,
            job_payload: None,
            job_lineage: None,
            call_payload: None,
            authorization_payload: None,
            authorization_bundle: None,
            legacy_type: "",
        }
    }
}

impl RunLineage {
    fn of(runpack: &Runpack) -> Self {
        let mut outcomes: BTreeMap<&str, IntentResult> = BTreeMap::new();
        for intent in &runpack.intents {
            outcomes.entry(&intent.intent_id).or_default().tool_name = intent.tool_name.clone();
        }
        for result in &runpack.results {
            outcomes.entry(&result.intent_id).or_default().status = result.status.clone();
        }
        let intent_results = outcomes.into_iter().map(|(id, outcome)| IntentResult {
            intent_id: id.to_owned(),
            ..outcome
        });
        Self {
            timeline_events: runpack.run.timeline.as_ref().map_or(0, Vec::len),
            receipt_count: runpack.refs.receipts.len(),
            intent_results: intent_results.collect(),
        }
    }
}

impl JobLineage {
    fn of(state: JobState, events: &[JobEvent]) -> Self {
        let checkpoints = state.checkpoints.into_iter().map(|checkpoint| CheckpointRef {
            checkpoint_id: checkpoint.checkpoint_id,
            checkpoint_type: checkpoint.kind,
            reason_code: checkpoint.reason_code,
        });
        let mut checkpoint_refs: Vec<_> = checkpoints.collect();
        checkpoint_refs.sort();
        Self {
            event_count: events.len(),
            last_event_type: events.last().map(|event| event.kind.clone()).unwrap_or_default(),
            checkpoint_refs,
        }
    }
}

fn authorization_payload(bundle: &AuthorizationBundle) -> AuthorizationPayload {
    let linked = [
        &bundle.trace_path,
        &bundle.approval_audit_path,
        &bundle.credential_evidence_path,
        &bundle.delegation_audit_path,
        &bundle.context_evidence_path,
        &bundle.outcome_path,
    ];
    let required = [
        (&bundle.trace_path, &bundle.trace_digest),
        (&bundle.outcome_path, &bundle.outcome_digest),
    ];
    AuthorizationPayload {
        schema_id: AUTHORIZATION_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: bundle.created_at,
        trace_id: bundle.trace_id.clone(),
        policy_digest: bundle.policy_digest.clone(),
        intent_digest: bundle.intent_digest.clone(),
        outcome_status: bundle.outcome_status,
        linked_evidence_count: count(linked.iter().filter(|path| !text::is_blank(path))),
        required_evidence_count: count(
            required
                .iter()
                .filter(|(path, digest)| !text::is_blank(path) && !text::is_blank(digest)),
        ),
    }
}

fn count(items: impl Iterator) -> u64 {
    items.count() as u64
}
