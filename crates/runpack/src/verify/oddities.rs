//! What is odd about an archive and its manifest although every digest is right.

use std::collections::BTreeSet;

use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::runpack::{MANIFEST_PATH, Manifest};
use gait_canon::json::{self, Value};
use gait_canon::zip::{EntryInfo, EntryKind};
use serde::de::IgnoredAny;

use crate::content::CaptureMode;
use crate::manifest::document;

/// The members of a manifest that its digest covers, and the two that it leaves out.
const MEMBERS: [&str; 9] = [
    "schema_id",
    "schema_version",
    "created_at",
    "producer_version",
    "run_id",
    "capture_mode",
    "files",
    "manifest_digest",
    "signatures",
];
/// The members of a declaration.
const FILE_MEMBERS: [&str; 2] = ["path", "sha256"];

/// Entries that nobody declared, or that no writer of runpacks makes.
pub(super) fn of_archive(entries: &[EntryInfo], manifest: &Manifest) -> Vec<Finding> {
    let declared: BTreeSet<_> = manifest
        .files
        .iter()
        .flatten()
        .map(|file| file.path.as_str())
        .collect();
    let mut findings = Vec::new();
    for entry in entries {
        let mut find = |code, message: &str| findings.push(Finding::new(code, &entry.name, message));
        if entry.name != MANIFEST_PATH && !declared.contains(entry.name.as_str()) {
            find(FindingCode::UndeclaredEntry, "the manifest does not declare it");
        }
        if entry.has_unsafe_name() {
            find(
                FindingCode::UnsafeEntryName,
                "its name would leave the directory it is unpacked into",
            );
        }
        match entry.kind {
            EntryKind::SymbolicLink => find(FindingCode::UnusualEntry, "it is a symbolic link"),
            EntryKind::Directory => find(FindingCode::UnusualEntry, "it is a directory"),
            EntryKind::File => {}
        }
        if entry.encrypted {
            find(FindingCode::UnusualEntry, "it is encrypted");
        }
    }
    findings
}

/// What a manifest says beyond, or beside, what its digest covers.
pub(super) fn of_manifest(text: &[u8], manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for file in manifest.files.iter().flatten() {
        if !seen.insert(&file.path) {
            let code = FindingCode::RepeatedDeclaration;
            findings.push(Finding::new(
                code,
                &file.path,
                "the manifest declares it more than once",
            ));
        }
    }
    let modes = [CaptureMode::Reference, CaptureMode::Raw].map(CaptureMode::as_str);
    if !modes.contains(&manifest.capture_mode.as_str()) {
        findings.push(Finding::new(
            FindingCode::UnknownValue,
            "capture_mode",
            format!("{:?} is neither reference nor raw", manifest.capture_mode),
        ));
    }
    if let Err(error) = json::read::<IgnoredAny>(text)
        && let json::ErrorKind::DuplicateKey(name) = error.kind()
    {
        let message = "the manifest has this member more than once, and the last counts";
        findings.push(Finding::new(FindingCode::RepeatedMember, name, message));
    }
    if let Ok(Value::Object(members)) = document(text) {
        findings.extend(uncovered_members(&members));
    }
    findings
}

/// Members of the manifest and of its declarations that are not part of the digest.
fn uncovered_members(manifest: &json::Object) -> Vec<Finding> {
    let mut subjects: Vec<_> = manifest
        .keys()
        .filter(|name| !MEMBERS.contains(name))
        .map(str::to_owned)
        .collect();
    let files = manifest.get("files").and_then(Value::as_array);
    for (index, file) in files.into_iter().flatten().enumerate() {
        let names = file.as_object().into_iter().flat_map(json::Object::keys);
        let unknown = names.filter(|name| !FILE_MEMBERS.contains(name));
        subjects.extend(unknown.map(|name| format!("files[{index}].{name}")));
    }
    let message = "the digest of the manifest does not cover this member";
    subjects
        .into_iter()
        .map(|subject| Finding::new(FindingCode::UncoveredMember, subject, message))
        .collect()
}
