//! The contracts of payloads: what a pack of each type must hold, and what its parts must agree on.

use std::io::{Read, Seek};

use gait_artifact::finding::Finding;
use gait_artifact::pack::{PackManifest, PackType};

use super::payload::PayloadError;
use super::{VerifyOptions, authorization, call, job, run};
use crate::archive::PackArchive;

/// Checks the contract of the pack's type. What is odd beyond it is found.
pub(super) fn check<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    manifest: &PackManifest,
    options: &VerifyOptions<'_>,
) -> Result<Vec<Finding>, PayloadError> {
    match manifest.pack_type {
        PackType::Run => run::check(archive, manifest, options),
        PackType::Job => job::check(archive, manifest),
        PackType::Call => call::check(archive, manifest, options),
        PackType::Authorization => authorization::check(archive, manifest),
    }
}
