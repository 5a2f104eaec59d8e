//! Verifying runpacks: whether an archive is what its manifest says, and who vouches for the manifest.
//!
//! What decides is the digest of every declared file, the digest of the manifest and its signatures. Beside that
//! verdict stand findings: what is odd about an archive that passes, from a file nobody declared to a byte that no
//! writer puts there. In a small archive that this program wrote, every single byte that is changed shows in one or the
//! other, when verification is [thorough](VerifyOptions::thorough).
//!
//! Content streams through; only documents that readers must understand are held, one at a time.

mod digests;
mod layout;
mod oddities;
mod packing;
mod records;
mod signatures;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use gait_artifact::finding::Finding;
use gait_artifact::runpack::{DATA_PATHS, MANIFEST_PATH, Manifest};
use gait_canon::zip::{self, Limits, ZipError};
use gait_canon::{Digest, PublicKey};
use gait_disk::Progress;
use serde::Serialize;

pub use self::signatures::{SignatureReport, SignatureStatus};

use self::digests::{Examined, Task};
use self::layout::{Layout, Modes};
use self::source::Source;
use crate::content::CaptureMode;
use crate::manifest::{manifest_digest, parse_manifest, signable};
use crate::read::RunpackError;

/// What a runpack is verified against.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions<'a> {
    /// The key that signatures must be by.
    pub key: Option<&'a PublicKey>,
    /// Whether there must be such a signature.
    pub require_signature: bool,
    /// Whether to pack the content of small archives again, and so find the bytes that can be changed without changing
    /// what is unpacked. For a small runpack that costs more than all the rest.
    pub thorough: bool,
}

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The manifest, as it stands in the archive.
    pub manifest: Manifest,
    /// How many files the manifest lists, repetitions included.
    pub files_checked: usize,
    /// Files that the archive or the manifest lacks, sorted.
    pub missing_files: Vec<String>,
    /// Files that are not as declared, sorted by path.
    pub hash_mismatches: Vec<HashMismatch>,
    /// What is known of the signatures.
    pub signatures: SignatureReport,
    /// What else is odd, sorted by kind, each once.
    pub findings: Vec<Finding>,
}

/// A file whose digest is not the declared one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct HashMismatch {
    /// The file; `manifest.json` when the manifest's own digest is wrong.
    pub path: String,
    /// The digest as declared.
    pub expected: String,
    /// The digest as computed.
    pub actual: String,
}

impl Verification {
    /// Whether every file is there and as declared.
    #[must_use]
    pub const fn is_intact(&self) -> bool {
        self.missing_files.is_empty() && self.hash_mismatches.is_empty()
    }

    /// Whether the runpack passes: it is intact, and its signatures are as asked for. Findings do not count here.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.is_intact() && self.signatures.is_ok()
    }
}

/// Verifies the runpack in a file. Large ones are digested by as many threads as there are processors.
pub fn verify(
    path: &Path,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, RunpackError> {
    match source::open(path)? {
        Source::Memory(bytes) => verify_bytes(&bytes, options, progress),
        Source::Large(file) => {
            let mut archive = Archive::open(file)?;
            let examined = digests::in_parallel(path, &mut archive.reader, &archive.tasks, progress)?;
            Ok(archive.conclude(examined, Vec::new(), options))
        }
    }
}

/// Verifies a runpack that is part of something else.
pub fn verify_reader<R: Read + Seek>(
    reader: R,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, RunpackError> {
    match source::take(reader).map_err(not_read)? {
        Source::Memory(bytes) => verify_bytes(&bytes, options, progress),
        Source::Large(reader) => {
            let mut archive = Archive::open(reader)?;
            let examined = digests::in_order(&mut archive.reader, &archive.tasks, progress)?;
            Ok(archive.conclude(examined, Vec::new(), options))
        }
    }
}

/// What is odd about an archive around its content, whatever it holds: the same that [`verify`] looks for in runpacks,
/// save that entries may be programs. `thorough` is [`VerifyOptions::thorough`].
pub fn container_findings<R: Read + Seek>(
    mut reader: R,
    thorough: bool,
) -> Result<Vec<Finding>, RunpackError> {
    let layout = Layout::survey(&mut reader, Modes::PlainOrExecutable).map_err(not_read)?;
    let mut findings = layout.findings;
    if thorough && let Source::Memory(bytes) = source::take(reader).map_err(not_read)? {
        let archive = zip::Reader::open(Cursor::new(&bytes), Limits::default());
        let mut archive = archive.map_err(RunpackError::Archive)?;
        findings.extend(packing::damage(&bytes, &mut archive, &layout.extents));
    }
    Ok(findings)
}

fn verify_bytes(
    bytes: &[u8],
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
) -> Result<Verification, RunpackError> {
    let mut archive = Archive::open(Cursor::new(bytes))?;
    let examined = digests::in_order(&mut archive.reader, &archive.tasks, progress)?;
    let damage = if options.thorough {
        packing::damage(bytes, &mut archive.reader, &archive.layout.extents)
    } else {
        Vec::new()
    };
    Ok(archive.conclude(examined, damage, options))
}

fn not_read(error: io::Error) -> RunpackError {
    RunpackError::Archive(ZipError::Io(error))
}

/// An archive with a manifest, and what there is to do about it.
struct Archive<R> {
    layout: Layout,
    reader: zip::Reader<R>,
    manifest_text: Vec<u8>,
    manifest: Manifest,
    /// The declared files that are there, each once, in the order of the manifest.
    tasks: Vec<Task>,
}

impl<R: Read + Seek> Archive<R> {
    fn open(mut source: R) -> Result<Self, RunpackError> {
        let layout = Layout::survey(&mut source, Modes::Plain).map_err(not_read)?;
        let mut reader = zip::Reader::open(source, Limits::default()).map_err(RunpackError::Archive)?;
        if !reader.contains(MANIFEST_PATH) {
            return Err(RunpackError::MissingFile(MANIFEST_PATH));
        }
        let manifest_text = reader.read(MANIFEST_PATH).map_err(|source| RunpackError::Entry {
            name: MANIFEST_PATH.to_owned(),
            source,
        })?;
        let manifest = parse_manifest(&manifest_text)?;
        let tasks = tasks(&reader, &manifest);
        Ok(Self {
            layout,
            reader,
            manifest_text,
            manifest,
            tasks,
        })
    }

    fn conclude(
        self,
        examined: Vec<Examined>,
        damage: Vec<Finding>,
        options: &VerifyOptions<'_>,
    ) -> Verification {
        let mut findings = oddities::of_archive(self.reader.entries(), &self.manifest);
        findings.extend(oddities::of_manifest(&self.manifest_text, &self.manifest));
        findings.extend(self.layout.findings);
        findings.extend(damage);

        let digests: BTreeMap<_, _> = (self.tasks.iter().zip(&examined))
            .map(|(task, examined)| (task.path.as_str(), examined.digest))
            .collect();
        let (missing_files, hash_mismatches) = hold_to_manifest(&self.manifest, &digests);
        findings.extend(examined.into_iter().flat_map(|examined| examined.findings));

        let signatures = SignatureReport::of(
            &self.manifest.signatures,
            || signable(&self.manifest_text),
            options.key,
            options.require_signature,
        );
        findings.extend(signatures.finding(options.key.is_some(), MANIFEST_PATH));
        findings.sort();
        findings.dedup();
        Verification {
            files_checked: self.manifest.files.as_ref().map_or(0, Vec::len),
            manifest: self.manifest,
            missing_files,
            hash_mismatches,
            signatures,
            findings,
        }
    }
}

fn tasks<R: Read + Seek>(reader: &zip::Reader<R>, manifest: &Manifest) -> Vec<Task> {
    let mut seen = BTreeSet::new();
    let files = manifest.files.iter().flatten();
    files
        .filter(|file| reader.contains(&file.path) && seen.insert(file.path.as_str()))
        .map(|file| Task {
            path: file.path.clone(),
            size: reader.size(&file.path).unwrap_or_default(),
            run_id: manifest.run_id.clone(),
            raw: manifest.capture_mode.trim() == CaptureMode::Raw.as_str(),
        })
        .collect()
}

/// The names of missing files, and the files that are not as declared, by the digests of those that are there.
fn hold_to_manifest(
    manifest: &Manifest,
    digests: &BTreeMap<&str, Digest>,
) -> (Vec<String>, Vec<HashMismatch>) {
    let declared = manifest.files.as_deref().unwrap_or_default();
    let mut missing = Vec::new();
    let mut mismatches = Vec::new();
    let mut hold = |path: &str, expected: &str, actual: Digest| {
        if Digest::parse_any_case(expected) != Ok(actual) {
            mismatches.push(HashMismatch {
                path: path.to_owned(),
                expected: expected.to_owned(),
                actual: actual.to_string(),
            });
        }
    };
    for file in declared {
        match digests.get(file.path.as_str()) {
            Some(digest) => hold(&file.path, &file.sha256, *digest),
            None => missing.push(file.path.clone()),
        }
    }
    hold(
        MANIFEST_PATH,
        &manifest.manifest_digest,
        manifest_digest(manifest),
    );
    let undeclared = DATA_PATHS
        .into_iter()
        .filter(|path| declared.iter().all(|file| file.path != *path));
    missing.extend(undeclared.map(str::to_owned));
    missing.sort();
    mismatches.sort();
    (missing, mismatches)
}
