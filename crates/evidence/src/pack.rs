//! Building an evidence pack: a run and its evidence → entries, lists and a manifest ([`EvidencePack`]) → an archive.

use std::io::{self, Write};
use std::path::Path;

use gait_artifact::guard::{
    CONTROL_INDEX_PATH, EVIDENCE_POINTERS_PATH, EvidenceEntry, EvidenceKind, EvidenceManifest,
    EvidencePointer, MANIFEST_SCHEMA_ID, REFERENCED_RUNPACKS_PATH, RUNPACK_SUMMARY_PATH, RenderedArtifact,
    SCHEMA_VERSION, SUMMARY_PDF_PATH,
};
use gait_artifact::pack::MANIFEST_PATH;
use gait_artifact::{Timestamp, text};
use gait_canon::zip::ZipError;
use gait_canon::{Digest, PrivateKey, json, sign};
use gait_disk::atomic::Draft;
use gait_pack::guard::{self, Template};
use gait_runpack::RunSummary;
use serde::Serialize;

use crate::bundle::Bundle;
use crate::collect::Collection;
use crate::error::PackError;
use crate::incident::Incident;
use crate::summary::Summary;

/// Packs are for their owner until he shares them.
const FILE_MODE: u32 = 0o600;
/// Bytes that are written at once.
const PIECE: usize = 64 << 10;

/// How a pack is made.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// The case it is made for; may be empty.
    pub case_id: &'a str,
    /// The controls that the evidence is ordered by.
    pub template: Template,
    /// Whether there is a page for people.
    pub render_pdf: bool,
    /// Version of the program.
    pub producer_version: &'a str,
    /// The present, for runs that do not say when they were.
    pub now: Timestamp,
}

/// A pack that only has to be written.
#[derive(Debug)]
pub struct EvidencePack {
    manifest: EvidenceManifest,
    bundle: Bundle,
}

impl EvidencePack {
    /// The pack of a run and what was gathered about it.
    pub fn build(
        run: &RunSummary,
        collection: Collection,
        settings: &Settings<'_>,
    ) -> Result<Self, PackError> {
        assemble(run, collection.summarise()?, None, settings)
    }

    /// The pack of an incident.
    pub fn of_incident(
        run: &RunSummary,
        incident: Incident,
        settings: &Settings<'_>,
    ) -> Result<Self, PackError> {
        let window = incident.window();
        let mut bundle = incident.collection.summarise()?;
        bundle.add(
            gait_artifact::guard::POLICY_DIGESTS_PATH,
            EvidenceKind::Report,
            &DecidingPolicies {
                run_id: &run.run.run_id,
                window_from: window.from,
                window_to: window.to,
                policy_digests: &incident.policy_digests,
            },
        )?;
        assemble(run, bundle, Some(window), settings)
    }

    /// Adds a signature by `key`.
    pub fn sign(&mut self, key: &PrivateKey) -> Result<(), PackError> {
        let bare = EvidenceManifest {
            signatures: Vec::new(),
            ..self.manifest.clone()
        };
        let digest = Digest::of_canonical(&bare)?;
        self.manifest.signatures.push(sign::sign(&digest, key));
        Ok(())
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &EvidenceManifest {
        &self.manifest
    }

    /// The name a pack has unless it is given another.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("evidence_pack_{}.zip", self.manifest.pack_id)
    }

    /// Writes the archive at `path`: whole or not at all, mode 0600. The directory must exist.
    pub fn write(&mut self, path: &Path) -> Result<(), PackError> {
        let draft = Draft::create(path, FILE_MODE)?;
        let out = self.write_to(io::BufWriter::with_capacity(PIECE, draft))?;
        let draft = out
            .into_inner()
            .map_err(|error| ZipError::Io(error.into_error()))?;
        draft.commit()?;
        Ok(())
    }

    /// Writes the archive to `out` and gives it back.
    pub fn write_to<W: Write>(&mut self, out: W) -> Result<W, PackError> {
        let manifest = json::canonical_bytes(&self.manifest)?;
        Ok(self.bundle.write_to(out, MANIFEST_PATH, &manifest)?)
    }
}

#[derive(Serialize)]
struct DecidingPolicies<'a> {
    run_id: &'a str,
    window_from: Timestamp,
    window_to: Timestamp,
    policy_digests: &'a [String],
}

#[derive(Serialize)]
struct RunpackSummary<'a> {
    run_id: &'a str,
    manifest_digest: &'a str,
    capture_mode: &'a str,
    intent_count: usize,
    result_count: usize,
    receipt_count: usize,
}

#[derive(Serialize)]
struct ReferencedRunpacks<'a> {
    run_id: &'a str,
    references: usize,
    receipts: Vec<ReferencedReceipt<'a>>,
}

#[derive(Serialize)]
struct ReferencedReceipt<'a> {
    ref_id: &'a str,
    source_type: &'a str,
    source_locator: &'a str,
    content_digest: &'a str,
    retrieved_at: Timestamp,
}

/// Adds what follows from the run, then the lists over all of it, and declares everything in a manifest.
fn assemble(
    run: &RunSummary,
    mut bundle: Bundle,
    incident_window: Option<gait_artifact::guard::IncidentWindow>,
    settings: &Settings<'_>,
) -> Result<EvidencePack, PackError> {
    add_run(&mut bundle, run)?;
    let created_at = run.run.created_at.or(settings.now).to_utc();
    let case_id = text::trim(settings.case_id);
    let mut rendered_artifacts = Vec::new();
    if settings.render_pdf {
        let evidence = bundle.declarations();
        let page = Summary {
            run_id: &run.run.run_id,
            case_id,
            template_id: settings.template.id(),
            created_at,
            paths: evidence.iter().map(|entry| entry.path.as_str()).collect(),
        }
        .pdf();
        rendered_artifacts.push(RenderedArtifact {
            format: "pdf".to_owned(),
            path: SUMMARY_PDF_PATH.to_owned(),
            sha256: Digest::of(&page).to_string(),
        });
        bundle.add_bytes(SUMMARY_PDF_PATH, EvidenceKind::Report, &page)?;
    }
    let evidence = bundle.declarations();
    let control_index = settings.template.controls(&evidence);
    let evidence_pointers = pointers(evidence);
    bundle.add(CONTROL_INDEX_PATH, EvidenceKind::Report, &control_index)?;
    bundle.add(EVIDENCE_POINTERS_PATH, EvidenceKind::Report, &evidence_pointers)?;
    let contents = bundle.declarations();
    let manifest = EvidenceManifest {
        schema_id: MANIFEST_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at,
        producer_version: settings.producer_version.to_owned(),
        pack_id: guard::pack_id(&run.run.run_id, &contents),
        run_id: run.run.run_id.clone(),
        case_id: case_id.to_owned(),
        template_id: settings.template.id().to_owned(),
        generated_at: created_at,
        control_index,
        evidence_pointers,
        incident_window,
        rendered_artifacts,
        contents,
        signatures: Vec::new(),
    };
    Ok(EvidencePack { manifest, bundle })
}

fn add_run(bundle: &mut Bundle, run: &RunSummary) -> Result<(), PackError> {
    let receipts = &run.refs.receipts;
    bundle.add(
        RUNPACK_SUMMARY_PATH,
        EvidenceKind::Runpack,
        &RunpackSummary {
            run_id: &run.run.run_id,
            manifest_digest: &run.manifest.manifest_digest,
            capture_mode: &run.manifest.capture_mode,
            intent_count: run.intents,
            result_count: run.results,
            receipt_count: receipts.len(),
        },
    )?;
    // In normal form the receipts are sorted by their ids.
    let receipts = receipts.iter().map(|receipt| ReferencedReceipt {
        ref_id: &receipt.ref_id,
        source_type: &receipt.source_type,
        source_locator: &receipt.source_locator,
        content_digest: &receipt.content_digest,
        retrieved_at: receipt.retrieved_at.to_utc(),
    });
    bundle.add(
        REFERENCED_RUNPACKS_PATH,
        EvidenceKind::Evidence,
        &ReferencedRunpacks {
            run_id: &run.run.run_id,
            references: run.refs.receipts.len(),
            receipts: receipts.collect(),
        },
    )
}

fn pointers(evidence: Vec<EvidenceEntry>) -> Vec<EvidencePointer> {
    let numbered = (1..).zip(evidence);
    numbered
        .map(|(number, entry)| EvidencePointer {
            pointer_id: format!("ev_{number:03}"),
            path: entry.path,
            kind: entry.kind,
            sha256: entry.sha256,
        })
        .collect()
}
