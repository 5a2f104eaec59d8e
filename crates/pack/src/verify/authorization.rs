//! The contract of authorization packs.

use std::io::{Read, Seek};

use gait_artifact::bundle::AuthorizationBundle;
use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::pack::{AUTHORIZATION_BUNDLE_PATH, PackManifest};
use gait_artifact::text;

use super::PayloadError;
use super::payload::{document, require};
use crate::archive::PackArchive;
use crate::authorization::{entry_name, foreign_members, verify};

/// Larger traces are not read for what they say.
const MAX_TRACE_BYTES: u64 = 4 << 20;

pub(super) fn check<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    manifest: &PackManifest,
) -> Result<Vec<Finding>, PayloadError> {
    require(archive, &[AUTHORIZATION_BUNDLE_PATH])?;
    let bundle: AuthorizationBundle = document(archive, AUTHORIZATION_BUNDLE_PATH)?;
    verify(&bundle, archive)?;
    let mut findings = Vec::new();
    if text::trim(&bundle.trace_id) != text::trim(&manifest.source_ref) {
        let message = format!(
            "is {:?}, but the pack is about {:?}",
            bundle.trace_id, manifest.source_ref
        );
        let subject = format!("{AUTHORIZATION_BUNDLE_PATH} trace_id");
        findings.push(Finding::new(FindingCode::IdMismatch, subject, message));
    }
    let trace = entry_name(&bundle.trace_path);
    if archive.size(&trace).is_ok_and(|size| size <= MAX_TRACE_BYTES)
        && let Ok(bytes) = archive.read(&trace)
    {
        findings.extend(foreign_members(&bundle, &bytes).into_iter().map(|member| {
            let message = format!("{member} is not that of the bundle");
            Finding::new(FindingCode::Inconsistent, &trace, message)
        }));
    }
    Ok(findings)
}
