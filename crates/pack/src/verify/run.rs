//! The contract of run packs, and of runpacks in packs.

use std::io::{Read, Seek};

use gait_artifact::context::ContextEnvelope;
use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::pack::{
    CONTEXT_ENVELOPE_PATH, PackManifest, RUN_PAYLOAD_PATH, RUN_SCHEMA_ID, RUNPACK_PATH, RunPayload,
    SCHEMA_VERSION,
};
use gait_artifact::runpack::MANIFEST_PATH;
use gait_artifact::text;
use gait_artifact::vocabulary::EVIDENCE_MODES;
use gait_disk::progress::Unwatched;
use gait_runpack::{RunSummary, RunpackError, envelope_of};

use super::payload::{Members, document, require};
use super::{PayloadError, VerifyOptions, difference};
use crate::archive::PackArchive;
use crate::run_payload::run_payload;
use gait_disk::Scratch;

const CAPTURE_MODES: &[&str] = &["raw", "reference"];

pub(super) fn check<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    manifest: &PackManifest,
    options: &VerifyOptions<'_>,
) -> Result<Vec<Finding>, PayloadError> {
    require(archive, &[RUN_PAYLOAD_PATH, RUNPACK_PATH])?;
    let payload: RunPayload = document(archive, RUN_PAYLOAD_PATH)?;
    hold(&payload, manifest)?;
    let (runpack, mut findings) = embedded(archive, options)?;
    if let Some(runpack) = runpack {
        let derived = run_payload(&runpack);
        findings.extend(difference::between(
            RUN_PAYLOAD_PATH,
            &payload,
            &derived,
            RUNPACK_PATH,
        ));
        findings.extend(of_envelope(archive, &runpack)?);
    }
    Ok(findings)
}

fn hold(payload: &RunPayload, manifest: &PackManifest) -> Result<(), PayloadError> {
    let members = Members::of(RUN_PAYLOAD_PATH);
    members.schema(
        [&payload.schema_id, &payload.schema_version],
        [RUN_SCHEMA_ID, SCHEMA_VERSION],
    )?;
    members.time(payload.created_at, "created_at")?;
    members.filled(&payload.run_id, "run_id")?;
    members.word(&payload.capture_mode, CAPTURE_MODES, "capture_mode")?;
    members.digest(&payload.manifest_digest, "manifest_digest")?;
    if !text::is_blank(&payload.context_set_digest) {
        members.digest(&payload.context_set_digest, "context_set_digest")?;
    }
    if !text::is_blank(&payload.context_evidence_mode) {
        let mode = text::trim(&payload.context_evidence_mode);
        members.word(mode, EVIDENCE_MODES, "context_evidence_mode")?;
    }
    let is_source = text::trim(&payload.run_id) == text::trim(&manifest.source_ref);
    members.require(is_source, "run_id", "is not the source_ref of the pack")
}

/// The runpack in a pack, if the source is one. A source of any other kind is nobody's business here; one that claims to be
/// a runpack and does not hold is a finding.
pub(super) fn embedded<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    options: &VerifyOptions<'_>,
) -> Result<(Option<RunSummary>, Vec<Finding>), PayloadError> {
    let mut source = archive
        .unpack(RUNPACK_PATH)
        .map_err(|source| PayloadError::Entry {
            path: RUNPACK_PATH,
            source,
        })?;
    match RunSummary::read(&mut source) {
        Ok(runpack) => {
            let mut findings = Vec::new();
            if options.strict {
                findings = oddities(source);
            }
            Ok((Some(runpack), findings))
        }
        Err(RunpackError::Archive(_) | RunpackError::MissingFile(MANIFEST_PATH)) => Ok((None, Vec::new())),
        Err(error) => {
            let message = format!("the runpack in the pack does not hold: {error}");
            Ok((
                None,
                vec![Finding::new(FindingCode::Inconsistent, RUNPACK_PATH, message)],
            ))
        }
    }
}

fn oddities(mut source: Scratch) -> Vec<Finding> {
    if source.rewind().is_err() {
        return Vec::new();
    }
    let verified = gait_runpack::verify_reader(source, &gait_runpack::VerifyOptions::default(), &Unwatched);
    let mut findings = verified.map(|verified| verified.findings).unwrap_or_default();
    for finding in &mut findings {
        finding.subject = format!("{RUNPACK_PATH} {}", finding.subject)
            .trim_end()
            .to_owned();
    }
    findings
}

/// Holds the context envelope of a pack, if it has one, against the references of its runpack.
fn of_envelope<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    runpack: &RunSummary,
) -> Result<Vec<Finding>, PayloadError> {
    if !archive.contains(CONTEXT_ENVELOPE_PATH) {
        return Ok(Vec::new());
    }
    let wrong = |message: String| {
        Ok(vec![Finding::new(
            FindingCode::Inconsistent,
            CONTEXT_ENVELOPE_PATH,
            message,
        )])
    };
    let bytes = archive
        .read(CONTEXT_ENVELOPE_PATH)
        .map_err(|source| PayloadError::Entry {
            path: CONTEXT_ENVELOPE_PATH,
            source,
        })?;
    let stated = match ContextEnvelope::read(&bytes) {
        Ok(stated) => stated,
        Err(error) => return wrong(error.to_string()),
    };
    match envelope_of(&runpack.refs) {
        Ok(Some(derived)) => Ok(difference::between(
            CONTEXT_ENVELOPE_PATH,
            stated.as_envelope(),
            derived.as_envelope(),
            RUNPACK_PATH,
        )),
        _ => wrong("the runpack has no such references".to_owned()),
    }
}
