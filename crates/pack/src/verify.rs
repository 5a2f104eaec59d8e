//! Verifying packs: whether an archive is what its manifest says, whether its payload holds together, and who vouches
//! for it.
//!
//! What decides is the id of the pack, the digest of every entry, the proof chain, the contract of the payload and the
//! signatures. Beside that verdict stand findings about a pack that passes: parts of it that tell different things, and
//! whatever is odd or missing. The strict profile counts every finding as a failure.

mod authorization;
mod call;
mod chain;
mod contract;
mod difference;
mod guard;
mod job;
mod payload;
mod run;
mod signatures;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

use gait_artifact::Timestamp;
use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::pack::{MANIFEST_PATH, PROOF_RECORDS_PATH, PackManifest, PackType};
use gait_canon::zip::{Mode, ZipError};
use gait_canon::{Digest, Hasher, PublicKey};
use gait_disk::Progress;
use gait_runpack::{HashMismatch, RunpackError, SignatureReport};

pub use self::payload::PayloadError;

use crate::archive::{OpenError, PackArchive, PackKind, open_file};
use crate::manifest::{self, ManifestError};
use crate::proof::ChainError;

/// What a pack is verified against.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions<'a> {
    /// The key that signatures must be by.
    pub key: Option<&'a PublicKey>,
    /// Whether there must be such a signature.
    pub require_signature: bool,
    /// Whether findings fail the pack. Then archives within the archive are searched for oddities, too.
    pub strict: bool,
}

/// What an archive is that is older than packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyType {
    /// A bare runpack.
    Runpack,
    /// An evidence pack of the guard.
    Guard,
}

impl LegacyType {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runpack => "runpack",
            Self::Guard => "guard",
        }
    }
}

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Id of the pack; of a runpack, the digest of its manifest.
    pub pack_id: String,
    /// What it is about, `guard` for an evidence pack of the guard.
    pub pack_type: String,
    /// Id of the run, job, call or trace it is about.
    pub source_ref: String,
    /// How many entries the manifest declares, repetitions included.
    pub files_checked: usize,
    /// How many records the proof chain has.
    pub proof_records_verified: usize,
    /// Declared entries that are not there, sorted.
    pub missing_files: Vec<String>,
    /// Entries that are not as declared, sorted by path.
    pub hash_mismatches: Vec<HashMismatch>,
    /// Entries that nobody declares, sorted.
    pub undeclared_files: Vec<String>,
    /// What is known of the signatures.
    pub signatures: SignatureReport,
    /// What the archive is, if it is no pack.
    pub legacy_type: Option<LegacyType>,
    /// What else is wrong, sorted by kind, each once.
    pub findings: Vec<Finding>,
    /// Whether findings count.
    pub strict: bool,
}

impl Verification {
    /// Whether every entry is there and as declared, and no other.
    #[must_use]
    pub const fn is_intact(&self) -> bool {
        self.missing_files.is_empty() && self.hash_mismatches.is_empty() && self.undeclared_files.is_empty()
    }

    /// Whether the pack passes.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.is_intact() && self.signatures.is_ok() && (self.findings.is_empty() || !self.strict)
    }

    fn finish(mut self) -> Self {
        self.missing_files.sort();
        self.hash_mismatches.sort();
        self.undeclared_files.sort();
        self.findings.sort();
        self.findings.dedup();
        self
    }
}

/// Why a pack could not be verified to the end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The file is none that can be verified.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A bare runpack is none that can be verified.
    #[error(transparent)]
    Runpack(#[from] RunpackError),
    /// The manifest of an evidence pack of the guard is malformed.
    #[error(transparent)]
    Guard(ManifestError),
    /// The id of the pack does not follow from its manifest.
    #[error("pack_id is {stated}, but the manifest's is {computed}")]
    PackId {
        /// The id as stated.
        stated: String,
        /// The id that follows.
        computed: Digest,
    },
    /// An entry can't be unpacked.
    #[error("hash {path}: {source}")]
    Entry {
        /// Its path.
        path: String,
        /// Why.
        source: ZipError,
    },
    /// The proof chain does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The payload does not hold.
    #[error(transparent)]
    Payload(#[from] PayloadError),
}

impl VerifyError {
    /// Whether the file was read and found to be no sound pack; otherwise it is none that could be read at all.
    #[must_use]
    pub const fn is_verdict(&self) -> bool {
        match self {
            Self::Open(error) => matches!(
                error,
                OpenError::Manifest(_) | OpenError::Archive(ZipError::DuplicateNames(_))
            ),
            Self::Runpack(error) => matches!(error, RunpackError::Archive(ZipError::DuplicateNames(_))),
            Self::Guard(_) => false,
            Self::Entry { source, .. } => !matches!(source, ZipError::EntryTooLarge(_) | ZipError::Io(_)),
            Self::PackId { .. } | Self::Chain(_) | Self::Payload(_) => true,
        }
    }
}

/// Verifies the pack, runpack or evidence pack in a file.
pub fn verify(
    path: &Path,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, VerifyError> {
    let mut source = BufReader::new(open_file(path)?);
    match known(&mut source, options, progress)? {
        Some(verification) => Ok(verification),
        // A runpack is best verified from its file, in which several threads can read.
        None => Ok(legacy_runpack(
            gait_runpack::verify(path, &runpack_options(options), progress)?,
            options,
        )),
    }
}

/// The same for an archive that is not a file.
pub fn verify_reader<R: Read + Seek>(
    mut source: R,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, VerifyError> {
    match known(&mut source, options, progress)? {
        Some(verification) => Ok(verification),
        None => Ok(legacy_runpack(
            gait_runpack::verify_reader(source, &runpack_options(options), progress)?,
            options,
        )),
    }
}

/// Verifies the evidence pack in a file, which is held to be one whatever it says of itself.
pub fn verify_evidence(
    path: &Path,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, VerifyError> {
    evidence_from(BufReader::new(open_file(path)?), options, progress)
}

/// The same for an archive that is not a file.
pub fn evidence_from<R: Read + Seek>(
    mut source: R,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, VerifyError> {
    let mut archive = PackArchive::read_guard(&mut source)?;
    let verification = guard::verify(&mut archive, options, progress)?;
    with_container(verification, source, true)
}

fn runpack_options<'a>(options: &VerifyOptions<'a>) -> gait_runpack::VerifyOptions<'a> {
    gait_runpack::VerifyOptions {
        key: options.key,
        require_signature: options.require_signature,
        thorough: options.strict,
    }
}

/// Verifies anything but a runpack.
fn known<R: Read + Seek>(
    source: &mut R,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Option<Verification>, VerifyError> {
    let mut archive = PackArchive::read_from(&mut *source)?;
    let (verification, is_ours) = match archive.kind().clone() {
        PackKind::Runpack => return Ok(None),
        PackKind::Guard => (guard::verify(&mut archive, options, progress)?, true),
        PackKind::Pack(manifest) => (
            pack(&mut archive, &manifest, options, progress)?,
            is_ours(&manifest),
        ),
    };
    with_container(verification, source, is_ours).map(Some)
}

/// Adds what is odd about the archive itself to what was found of an intact pack.
fn with_container<R: Read + Seek>(
    mut verification: Verification,
    source: R,
    is_ours: bool,
) -> Result<Verification, VerifyError> {
    if verification.is_intact() {
        let mut findings = gait_runpack::verify::container_findings(source, verification.strict)?;
        // Other producers pack as they like, as long as there is nothing between the entries.
        findings.retain(|finding| is_ours || finding.code != FindingCode::UnusualEntry);
        verification.findings.extend(findings);
    }
    Ok(verification.finish())
}

/// Whether a pack says that this program, or those before it, built it: they know no time.
fn is_ours(manifest: &PackManifest) -> bool {
    manifest.created_at == Timestamp::EPOCH_1980
}

fn legacy_runpack(found: gait_runpack::Verification, options: &VerifyOptions<'_>) -> Verification {
    let verification = Verification {
        pack_id: found.manifest.manifest_digest,
        pack_type: PackType::Run.as_str().to_owned(),
        source_ref: found.manifest.run_id,
        files_checked: found.files_checked,
        proof_records_verified: 0,
        missing_files: found.missing_files,
        hash_mismatches: found.hash_mismatches,
        undeclared_files: Vec::new(),
        signatures: found.signatures,
        legacy_type: Some(LegacyType::Runpack),
        findings: found.findings,
        strict: options.strict,
    };
    verification.finish()
}

fn pack<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    manifest: &PackManifest,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, VerifyError> {
    let computed = manifest::pack_id(manifest);
    if Digest::parse_any_case(&manifest.pack_id) != Ok(computed) {
        return Err(VerifyError::PackId {
            stated: manifest.pack_id.clone(),
            computed,
        });
    }
    let declared: Vec<_> = manifest
        .contents
        .iter()
        .map(|entry| (entry.path.as_str(), entry.sha256.as_str()))
        .collect();
    let held = hold(archive, &declared, progress)?;
    let mut verification = Verification {
        pack_id: manifest.pack_id.clone(),
        pack_type: manifest.pack_type.as_str().to_owned(),
        source_ref: manifest.source_ref.clone(),
        files_checked: manifest.contents.len(),
        proof_records_verified: 0,
        undeclared_files: undeclared(archive, &declared),
        missing_files: held.missing,
        hash_mismatches: held.mismatches,
        signatures: signatures::of_pack(manifest, options),
        legacy_type: None,
        findings: Vec::new(),
        strict: options.strict,
    };
    let is_mismatched = |path: &str| {
        let mut mismatches = verification.hash_mismatches.iter();
        mismatches.any(|mismatch| mismatch.path == path)
    };
    let mut of_chain = Vec::new();
    if archive.contains(PROOF_RECORDS_PATH) && !is_mismatched(PROOF_RECORDS_PATH) {
        let chain = chain::examine(archive, manifest, &held.entries, options)?;
        verification.proof_records_verified = chain.records;
        verification.signatures = signatures::with_records(verification.signatures, chain.signature_errors);
        of_chain = chain.findings;
    } else {
        of_chain.extend(chain::missing(manifest));
    }
    if verification.is_intact() {
        let mut findings = contract::check(archive, manifest, options)?;
        findings.extend(of_chain);
        findings.extend(repeated(manifest));
        findings.extend(
            verification
                .signatures
                .finding(options.key.is_some(), MANIFEST_PATH),
        );
        verification.findings = findings;
    }
    Ok(verification)
}

/// An entry that was unpacked.
struct Held {
    size: u64,
    mode: Mode,
}

/// The outcome of holding an archive to its declarations.
struct Outcome<'a> {
    entries: BTreeMap<&'a str, Held>,
    missing: Vec<String>,
    mismatches: Vec<HashMismatch>,
}

/// Digests every declared entry, given as path and digest, and compares.
fn hold<'a, R: Read + Seek>(
    archive: &mut PackArchive<R>,
    declared: &[(&'a str, &str)],
    progress: &dyn Progress,
) -> Result<Outcome<'a>, VerifyError> {
    let size = |path: &str| archive.size(path).unwrap_or_default();
    progress.expect(declared.iter().map(|(path, _)| size(path)).sum());
    let mut outcome = Outcome {
        entries: BTreeMap::new(),
        missing: Vec::new(),
        mismatches: Vec::new(),
    };
    let executable = archive.entries().iter().filter(|entry| entry.executable);
    let executable: BTreeSet<_> = executable.map(|entry| entry.name.clone()).collect();
    for &(path, expected) in declared {
        if !archive.contains(path) {
            outcome.missing.push(path.to_owned());
            continue;
        }
        let mut sink = Sink {
            hasher: Hasher::new(),
            progress,
        };
        let size = archive
            .copy(path, &mut sink)
            .map_err(|source| VerifyError::Entry {
                path: path.to_owned(),
                source,
            })?;
        let digest = sink.hasher.finish();
        if Digest::parse_any_case(expected) != Ok(digest) {
            outcome.mismatches.push(HashMismatch {
                path: path.to_owned(),
                expected: expected.to_owned(),
                actual: digest.to_string(),
            });
        }
        let mode = if executable.contains(path) {
            Mode::Executable
        } else {
            Mode::Plain
        };
        outcome.entries.insert(path, Held { size, mode });
    }
    Ok(outcome)
}

struct Sink<'a> {
    hasher: Hasher,
    progress: &'a dyn Progress,
}

impl Write for Sink<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.hasher.update(piece);
        self.progress.advance(piece.len() as u64);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The entries, directories among them, that no declaration names.
fn undeclared<R: Read + Seek>(archive: &PackArchive<R>, declared: &[(&str, &str)]) -> Vec<String> {
    let declared: BTreeSet<_> = declared.iter().map(|(path, _)| *path).collect();
    let names = archive.entries().iter().map(|entry| &entry.name);
    names
        .filter(|name| *name != MANIFEST_PATH && !declared.contains(name.as_str()))
        .cloned()
        .collect()
}

fn repeated(manifest: &PackManifest) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let again = manifest.contents.iter().filter(|entry| !seen.insert(&entry.path));
    again
        .map(|entry| {
            let message = "the manifest declares it more than once";
            Finding::new(FindingCode::RepeatedDeclaration, &entry.path, message)
        })
        .collect()
}
