//! Which proposal is current: the selection manifest.

use std::io;
use std::path::{Component, Path, PathBuf};

use gait_artifact::contract::proposal::Proposal;
use gait_canon::{Digest, json};
use gait_disk::read::read_bounded;
use serde::Deserialize;

use crate::reason::Reason;

/// The largest manifest that is read, in bytes.
const MAX_MANIFEST_BYTES: usize = 16 << 20;
/// What a manifest must say of itself: its version, its writer, and the schemas of its artifacts.
const HEADER: [&str; 5] = ["1", "wrkr", "v1.14.0", "1", "3"];

/// A manifest: the proposals of a scan, each with what identifies it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Manifest {
    fixture_version: String,
    producer: ManifestProducer,
    schemas: ManifestSchemas,
    scenarios: Vec<Scenario>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ManifestProducer {
    name: String,
    version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ManifestSchemas {
    artifact: String,
    contract: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the document's names")]
struct Scenario {
    scenario_id: String,
    artifact_path: String,
    artifact_sha256: String,
    artifact_id: String,
    canonical_content_digest: String,
    contract_id: String,
    contract_family_id: String,
    revision: i64,
    current: bool,
}

/// A proposal file that may be the one selected.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What was read from them.
    pub proposal: &'a Proposal,
}

/// Why a proposal is not the one selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SelectionError {
    /// The kind of disagreement.
    pub reason: Reason,
    message: String,
}

impl SelectionError {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { reason, message }
    }

    fn mismatch(message: impl Into<String>) -> Self {
        Self::new(Reason::SelectionMismatch, message)
    }
}

/// Holds a proposal against the manifest at `manifest`, `directory` being the absolute working directory. Nothing on
/// the way to the file may be a symbolic link. Gives the scenario's id.
pub fn select(
    manifest: &Path,
    candidate: &Candidate<'_>,
    directory: &Path,
) -> Result<String, SelectionError> {
    let document = read(manifest)?;
    let base = directory.join(manifest);
    let base = base.parent().unwrap_or(directory);
    require_plain(manifest, base)?;
    let base = cleaned(base);
    let wanted = cleaned(&directory.join(candidate.path));
    let mut matching = Vec::new();
    for scenario in &document.scenarios {
        let path = cleaned(&base.join(scenario.artifact_path.trim_start_matches('/')));
        if !path.starts_with(&base) || path == base {
            return Err(SelectionError::mismatch(format!(
                "{} leaves the directory of the selection manifest",
                scenario.artifact_path
            )));
        }
        if path == wanted {
            require_no_links(&base, &path, candidate.path)?;
            matching.push(scenario);
        }
    }
    let scenario = match matching[..] {
        [scenario] => scenario,
        [] => {
            return Err(SelectionError::new(
                Reason::SelectionEvidenceRequired,
                "the selection manifest does not name the proposal",
            ));
        }
        _ => {
            return Err(SelectionError::new(
                Reason::SelectionAmbiguous,
                "the selection manifest names the proposal more than once",
            ));
        }
    };
    require_current(&document, scenario)?;
    require_same(scenario, candidate)?;
    Ok(scenario.scenario_id.clone())
}

fn read(path: &Path) -> Result<Manifest, SelectionError> {
    let missing = |text: String| SelectionError::new(Reason::SelectionEvidenceRequired, text);
    if path.as_os_str().is_empty() {
        return Err(missing("a selection manifest is required".to_owned()));
    }
    let bytes = read_bounded(path, MAX_MANIFEST_BYTES).map_err(|error| missing(error.to_string()))?;
    let manifest: Manifest = json::read(&bytes)
        .map_err(|error| SelectionError::new(Reason::ArtifactMalformed, error.to_string()))?;
    let header = [
        &manifest.fixture_version,
        &manifest.producer.name,
        &manifest.producer.version,
        &manifest.schemas.artifact,
        &manifest.schemas.contract,
    ];
    if header.iter().copied().ne(&HEADER) {
        return Err(SelectionError::mismatch(
            "the selection manifest is of another version or producer",
        ));
    }
    Ok(manifest)
}

/// The manifest must be a file and its directory a directory, not links to one.
fn require_plain(manifest: &Path, directory: &Path) -> Result<(), SelectionError> {
    let is_file = manifest
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file());
    let is_directory = directory
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir());
    if is_file && is_directory {
        return Ok(());
    }
    Err(SelectionError::mismatch(
        "the selection manifest is reached through a symbolic link",
    ))
}

fn require_no_links(base: &Path, path: &Path, given: &Path) -> Result<(), SelectionError> {
    let between = path.strip_prefix(base).unwrap_or(path);
    let mut way = base.to_path_buf();
    let has_link = between.components().any(|component| {
        way.push(component);
        way.is_symlink()
    });
    let same = || -> io::Result<bool> { Ok(path.canonicalize()? == given.canonicalize()?) };
    if has_link || !same().unwrap_or(false) {
        return Err(SelectionError::mismatch(
            "the proposal is reached through a symbolic link",
        ));
    }
    Ok(())
}

fn require_current(manifest: &Manifest, scenario: &Scenario) -> Result<(), SelectionError> {
    let is_outdated = manifest.scenarios.iter().any(|other| {
        other.contract_family_id == scenario.contract_family_id && other.revision > scenario.revision
    });
    if is_outdated || !scenario.current {
        return Err(SelectionError::new(
            Reason::SelectionNotCurrent,
            "the selection manifest has a newer revision of the proposal",
        ));
    }
    Ok(())
}

fn require_same(scenario: &Scenario, candidate: &Candidate<'_>) -> Result<(), SelectionError> {
    let proposal = candidate.proposal;
    let file_digest = format!("sha256:{}", Digest::of(candidate.bytes));
    for (member, listed, actual) in [
        ("artifact_id", &scenario.artifact_id, &proposal.artifact_id),
        ("artifact_sha256", &scenario.artifact_sha256, &file_digest),
        (
            "canonical_content_digest",
            &scenario.canonical_content_digest,
            &proposal.canonical_content_digest,
        ),
        ("contract_id", &scenario.contract_id, &proposal.contract_id),
        (
            "contract_family_id",
            &scenario.contract_family_id,
            &proposal.contract_family_id,
        ),
        (
            "revision",
            &scenario.revision.to_string(),
            &proposal.revision.to_string(),
        ),
    ] {
        if listed != actual {
            return Err(SelectionError::mismatch(format!(
                "the selection manifest has another {member}: {listed}, not {actual}"
            )));
        }
    }
    Ok(())
}

/// `path` without `.` and `..`, by its text alone.
fn cleaned(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                cleaned.pop();
            }
            component => cleaned.push(component),
        }
    }
    cleaned
}
