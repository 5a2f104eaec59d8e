//! Evidence packs of the guard, which are older than packs.

use std::io::{Read, Seek};

use gait_artifact::finding::{Finding, FindingCode};
use gait_canon::{
    Digest, Signature,
    json::{self, Value},
};
use gait_disk::Progress;
use gait_runpack::SignatureReport;
use serde::{Deserialize, Serialize};

use super::{LegacyType, Verification, VerifyError, VerifyOptions, hold, signatures, undeclared};
use crate::archive::PackArchive;
use crate::manifest::ManifestError;

/// What verification needs of the manifest; all else is covered by its signatures.
#[derive(Default, Deserialize)]
#[serde(default)]
struct GuardManifest {
    pack_id: String,
    run_id: String,
    contents: Vec<GuardEntry>,
    signatures: Vec<Signature>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct GuardEntry {
    path: String,
    sha256: String,
    #[serde(rename = "type")]
    kind: String,
}

/// What the id of an evidence pack is made from.
#[derive(Serialize)]
struct Identity<'a> {
    run_id: &'a str,
    contents: &'a [GuardEntry],
}

pub(super) fn verify<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, VerifyError> {
    let text = archive.manifest_bytes().to_vec();
    let manifest: GuardManifest =
        json::read(&text).map_err(|error| VerifyError::Guard(ManifestError::Json(error)))?;
    let declared: Vec<_> = manifest
        .contents
        .iter()
        .map(|entry| (entry.path.as_str(), entry.sha256.as_str()))
        .collect();
    let held = hold(archive, &declared, progress)?;
    let mut report = SignatureReport::of(
        &manifest.signatures,
        || signable(&text),
        options.key,
        options.require_signature,
    );
    if manifest.signatures.is_empty() && options.require_signature {
        report.errors = vec!["pack manifest has no signatures".to_owned()];
    }
    let mut verification = Verification {
        pack_id: manifest.pack_id.clone(),
        pack_type: LegacyType::Guard.as_str().to_owned(),
        source_ref: manifest.run_id.clone(),
        files_checked: manifest.contents.len(),
        proof_records_verified: 0,
        missing_files: held.missing,
        hash_mismatches: held.mismatches,
        undeclared_files: Vec::new(),
        signatures: report,
        legacy_type: Some(LegacyType::Guard),
        findings: Vec::new(),
        strict: options.strict,
    };
    if verification.is_intact() {
        let extra = undeclared(archive, &declared).into_iter().map(|name| {
            let message = "the manifest does not declare it";
            Finding::new(FindingCode::UndeclaredEntry, name, message)
        });
        verification.findings.extend(extra);
        verification.findings.extend(of_id(&manifest));
        let of_signatures = signatures::finding(&verification.signatures, options);
        verification.findings.extend(of_signatures);
    }
    Ok(verification)
}

/// What signatures cover: the document as it is, without them.
fn signable(text: &[u8]) -> Result<Digest, json::Error> {
    let mut document = json::parse(text)?;
    if let Value::Object(members) = &mut document {
        members.remove("signatures");
    }
    Digest::of_canonical(&document)
}

/// Whether the id follows from the run and the contents, as it does in packs of this program and those before it.
fn of_id(manifest: &GuardManifest) -> Option<Finding> {
    let identity = Identity {
        run_id: &manifest.run_id,
        contents: &manifest.contents,
    };
    let digest = Digest::of_canonical(&identity).ok()?.to_string();
    let expected = format!("pack_{}", &digest[..16]);
    (manifest.pack_id != expected).then(|| {
        let message = format!("is {:?}, but follows as {expected:?}", manifest.pack_id);
        Finding::new(FindingCode::IdMismatch, "pack_id", message)
    })
}
