//! Evidence packs of the guard, which are older than packs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::guard::{
    CONTROL_INDEX_PATH, Control, EVIDENCE_POINTERS_PATH, EvidenceKind, EvidenceManifest, EvidencePointer,
    MANIFEST_SCHEMA_ID, RUNPACK_SUMMARY_PATH, SCHEMA_VERSION,
};
use gait_artifact::pack::MANIFEST_PATH;
use gait_canon::json::{self, Reader, Value};
use gait_disk::Progress;
use gait_runpack::SignatureReport;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{LegacyType, Verification, VerifyError, VerifyOptions, hold, undeclared};
use crate::archive::PackArchive;
use crate::guard::{Template, pack_id, signable};
use crate::manifest::{ManifestError, same_digest};

pub(super) fn verify<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, VerifyError> {
    let text = archive.manifest_bytes().to_vec();
    let manifest: EvidenceManifest = Reader::new()
        .ignore_unknown_members()
        .read(&text)
        .map_err(|error| VerifyError::Guard(ManifestError::Json(error)))?;
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
        let undeclared = undeclared(archive, &declared).into_iter().map(|name| {
            let message = "the manifest does not declare it";
            Finding::new(FindingCode::UndeclaredEntry, name, message)
        });
        let mut findings: Vec<_> = undeclared.collect();
        findings.extend(of_form(&text, &manifest));
        findings.extend(of_contents(&manifest));
        findings.extend(of_pointers(&manifest));
        findings.extend(of_controls(&manifest));
        findings.extend(of_entries(archive, &manifest));
        let of_signatures = verification
            .signatures
            .finding(options.key.is_some(), MANIFEST_PATH);
        findings.extend(of_signatures);
        verification.findings = findings;
    }
    Ok(verification)
}

fn of_manifest(code: FindingCode, member: &str, message: impl Into<String>) -> Finding {
    Finding::new(code, format!("{MANIFEST_PATH} {member}"), message)
}

/// What the manifest says of itself, and what it says beyond what such manifests say.
fn of_form(text: &[u8], manifest: &EvidenceManifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (member, found, expected) in [
        ("schema_id", &manifest.schema_id, MANIFEST_SCHEMA_ID),
        ("schema_version", &manifest.schema_version, SCHEMA_VERSION),
    ] {
        if found != expected {
            let message = format!("is {found:?}, not {expected:?}");
            findings.push(of_manifest(FindingCode::UnknownValue, member, message));
        }
    }
    // As builders write it: nothing stands there that they would not write.
    if is_canonical_form(text, manifest) {
        return findings;
    }
    let (Ok(Value::Object(found)), Ok(Value::Object(known))) = (json::parse(text), json::to_value(manifest))
    else {
        return findings;
    };
    for (name, value) in found.iter() {
        let finding = match known.get(name) {
            None => (
                FindingCode::UncoveredMember,
                "is no member that evidence packs have",
            ),
            Some(known) if json::compact(known) != json::compact(value) => {
                (FindingCode::UnknownValue, "holds what no builder writes")
            }
            Some(_) => continue,
        };
        findings.push(of_manifest(finding.0, name, finding.1));
    }
    findings
}

fn is_canonical_form<T: Serialize>(text: &[u8], document: &T) -> bool {
    json::canonical_bytes(document).is_ok_and(|canonical| canonical == text)
}

/// Whether the declarations are those of one pack, and this one.
fn of_contents(manifest: &EvidenceManifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    let expected = pack_id(&manifest.run_id, &manifest.contents);
    if manifest.pack_id != expected {
        let message = format!("is {:?}, but follows as {expected:?}", manifest.pack_id);
        findings.push(Finding::new(FindingCode::IdMismatch, "pack_id", message));
    }
    if manifest.contents.is_empty() {
        let message = "declares nothing, so the pack is evidence of nothing";
        findings.push(of_manifest(FindingCode::Inconsistent, "contents", message));
    }
    let mut seen = BTreeSet::new();
    for entry in &manifest.contents {
        if !seen.insert(&entry.path) {
            let message = "the manifest declares it more than once";
            findings.push(Finding::new(
                FindingCode::RepeatedDeclaration,
                &entry.path,
                message,
            ));
        }
        if EvidenceKind::ALL.iter().all(|kind| kind.as_str() != entry.kind) {
            let message = format!("is declared as {:?}, which is no kind of evidence", entry.kind);
            findings.push(Finding::new(FindingCode::UnknownValue, &entry.path, message));
        }
    }
    findings
}

/// Whether the lists in the manifest speak of what it declares.
fn of_pointers(manifest: &EvidenceManifest) -> Vec<Finding> {
    let declared: BTreeMap<_, _> = (manifest.contents.iter())
        .map(|entry| (entry.path.as_str(), entry))
        .collect();
    let mut findings = Vec::new();
    let mut tell = |member: &str, path: &str, problem: &str| {
        findings.push(of_manifest(
            FindingCode::Inconsistent,
            member,
            format!("{path:?} {problem}"),
        ));
    };
    for control in &manifest.control_index {
        for path in &control.evidence_paths {
            if !declared.contains_key(path.as_str()) {
                tell("control_index", path, "is no declared entry");
            }
        }
    }
    let same = |path: &str, sha256: &str| {
        let entry = declared.get(path);
        entry.is_some_and(|entry| same_digest(&entry.sha256, sha256))
    };
    for rendered in &manifest.rendered_artifacts {
        if !same(&rendered.path, &rendered.sha256) {
            tell("rendered_artifacts", &rendered.path, "is not the declared entry");
        }
    }
    let mut pointed = BTreeSet::new();
    for pointer in &manifest.evidence_pointers {
        let kind = declared.get(pointer.path.as_str()).map(|entry| &entry.kind);
        if !same(&pointer.path, &pointer.sha256) || kind != Some(&pointer.kind) {
            tell("evidence_pointers", &pointer.path, "is not the declared entry");
        }
        pointed.insert(pointer.path.as_str());
    }
    for path in declared.keys() {
        let is_list = [CONTROL_INDEX_PATH, EVIDENCE_POINTERS_PATH].contains(path);
        if !is_list && !pointed.contains(path) {
            tell("evidence_pointers", path, "is left out");
        }
    }
    findings
}

/// Whether the controls are those of the template, each with the evidence that belongs to it.
fn of_controls(manifest: &EvidenceManifest) -> Option<Finding> {
    let Some(template) = Template::parse(&manifest.template_id) else {
        let message = format!("is {:?}, which is no list of controls", manifest.template_id);
        return Some(of_manifest(FindingCode::UnknownValue, "template_id", message));
    };
    let is_evidence = |path: &str| ![CONTROL_INDEX_PATH, EVIDENCE_POINTERS_PATH].contains(&path);
    let evidence = manifest.contents.iter().filter(|entry| is_evidence(&entry.path));
    let expected = template.controls(evidence);
    if manifest.control_index == expected {
        return None;
    }
    let differs = (expected.iter()).find(|control| !manifest.control_index.contains(control));
    let which = differs.map_or("a control that it does not have", |control| &control.control_id);
    let message = format!("does not follow from the template {:?}: {which}", template.id());
    Some(of_manifest(FindingCode::Inconsistent, "control_index", message))
}

/// What a summary of a run is about.
#[derive(Deserialize)]
struct RunOf {
    run_id: String,
}

/// Whether the entries that repeat what the manifest says really do.
fn of_entries<R: Read + Seek>(archive: &mut PackArchive<R>, manifest: &EvidenceManifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(repeated::<R, Vec<Control>>(
        archive,
        CONTROL_INDEX_PATH,
        &manifest.control_index,
    ));
    findings.extend(repeated::<R, Vec<EvidencePointer>>(
        archive,
        EVIDENCE_POINTERS_PATH,
        &manifest.evidence_pointers,
    ));
    if let Ok(bytes) = archive.read(RUNPACK_SUMMARY_PATH) {
        let run_id = Reader::new()
            .ignore_unknown_members()
            .read(&bytes)
            .map(|RunOf { run_id }| run_id)
            .ok();
        if run_id.as_ref() != Some(&manifest.run_id) {
            let message = format!(
                "is of run {:?}, but the manifest of {:?}",
                run_id.unwrap_or_default(),
                manifest.run_id
            );
            findings.push(Finding::new(
                FindingCode::RunIdMismatch,
                RUNPACK_SUMMARY_PATH,
                message,
            ));
        }
    } else {
        let message = "is missing, so nothing tells what was recorded";
        findings.push(Finding::new(
            FindingCode::Inconsistent,
            RUNPACK_SUMMARY_PATH,
            message,
        ));
    }
    findings
}

fn repeated<R: Read + Seek, T: DeserializeOwned + Serialize + PartialEq>(
    archive: &mut PackArchive<R>,
    path: &str,
    stated: &T,
) -> Option<Finding> {
    let bytes = archive.read(path).unwrap_or_default();
    if is_canonical_form(&bytes, stated) {
        return None;
    }
    let found: Option<T> = json::read(&bytes).ok();
    (found.as_ref() != Some(stated)).then(|| {
        let message = "is not the list that the manifest has";
        Finding::new(FindingCode::Inconsistent, path, message)
    })
}
