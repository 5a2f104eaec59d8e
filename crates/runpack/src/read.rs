//! Reading runpacks: everything is held to the manifest before anything is believed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use gait_artifact::runpack::{
    DATA_PATHS, INTENTS_PATH, IntentRecord, MANIFEST_PATH, Manifest, REFS_PATH, RESULTS_PATH, RUN_PATH, Refs,
    ResultRecord, Run,
};
use gait_canon::{
    Digest, Hasher, json,
    zip::{self, Limits, ZipError},
};
use gait_disk::progress::{Progress, Watched};
use serde::de::DeserializeOwned;

use crate::document;
use crate::lines::{Keep, LineError, Lines};
use crate::manifest::{ManifestError, manifest_digest, parse_manifest};
use crate::refs::{RefsError, normalize_refs, require_evidence};

/// What was read of a runpack whose files are those of its manifest. Its signatures have not been looked at.
///
/// The parameters are what was kept of the records.
#[derive(Debug, Clone, PartialEq)]
pub struct RunpackOf<Intents, Results> {
    /// What the archive declares.
    pub manifest: Manifest,
    /// The run.
    pub run: Run,
    /// What was meant to be done, in order.
    pub intents: Intents,
    /// What came of it, in order.
    pub results: Results,
    /// What was looked at, in normal form.
    pub refs: Refs,
}

/// A whole runpack.
pub type Runpack = RunpackOf<Vec<IntentRecord>, Vec<ResultRecord>>;

/// A runpack of whose records only the numbers were kept: it fits into memory however much the agent did.
pub type RunSummary = RunpackOf<usize, usize>;

/// Why a runpack cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunpackError {
    /// The file cannot be opened.
    #[error("open {}: {source}", path.display())]
    Open {
        /// Its path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// It is no archive, or one that nobody should trust.
    #[error("open zip: {0}")]
    Archive(#[source] ZipError),
    /// It lacks a file that every runpack has.
    #[error("missing {0}")]
    MissingFile(&'static str),
    /// A file in it cannot be unpacked.
    #[error("read {name}: {source}")]
    Entry {
        /// The file.
        name: String,
        /// Why.
        source: ZipError,
    },
    /// Its manifest is none.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest and the archive do not hold the same files: the names of those that one of them lacks.
    #[error("missing runpack files: {}", .0.join(", "))]
    Incomplete(Vec<String>),
    /// Files that are not what the manifest says; `manifest.json` when it is not what it says of itself.
    #[error("runpack hash mismatch: {}", .0.join(", "))]
    HashMismatch(Vec<String>),
    /// A file is not the JSON it should be.
    #[error("parse {name}: {source}")]
    Json {
        /// The file.
        name: &'static str,
        /// Where and why.
        source: json::Error,
    },
    /// A file is not the JSON lines it should be.
    #[error("parse {name}: {source}")]
    Line {
        /// The file.
        name: &'static str,
        /// Where and why.
        source: LineError,
    },
    /// The references are unsound.
    #[error("normalize refs: {0}")]
    Refs(#[from] RefsError),
}

impl Runpack {
    /// Reads the runpack in a file.
    pub fn open(path: &Path) -> Result<Self, RunpackError> {
        Self::read(open_archive(path)?)
    }

    /// Reads the runpack in a file while `progress` watches.
    pub fn open_watched(path: &Path, progress: &dyn Progress) -> Result<Self, RunpackError> {
        let source = open_archive(path)?;
        let size = source.get_ref().metadata().map_or(0, |metadata| metadata.len());
        Self::read(Watched::new(source, size, progress))
    }

    /// Reads a runpack: its manifest, then every file it declares, then the records in them.
    pub fn read<R: Read + Seek>(source: R) -> Result<Self, RunpackError> {
        read(source)
    }
}

impl RunSummary {
    /// As [`Runpack::open`].
    pub fn open(path: &Path) -> Result<Self, RunpackError> {
        Self::read(open_archive(path)?)
    }

    /// As [`Runpack::read`].
    pub fn read<R: Read + Seek>(source: R) -> Result<Self, RunpackError> {
        read(source)
    }
}

fn read<R, I, O>(source: R) -> Result<RunpackOf<I, O>, RunpackError>
where
    R: Read + Seek,
    I: Keep<IntentRecord>,
    O: Keep<ResultRecord>,
{
    let mut archive = zip::Reader::open(source, Limits::default()).map_err(RunpackError::Archive)?;
    let names = [MANIFEST_PATH, RUN_PATH, INTENTS_PATH, RESULTS_PATH, REFS_PATH];
    if let Some(name) = names.into_iter().find(|name| !archive.contains(name)) {
        return Err(RunpackError::MissingFile(name));
    }
    let manifest = parse_manifest(&whole(&mut archive, MANIFEST_PATH)?)?;
    let run = whole(&mut archive, RUN_PATH)?;
    let (intents_digest, intents) = lines::<_, IntentRecord, _>(&mut archive, INTENTS_PATH)?;
    let (results_digest, results) = lines::<_, ResultRecord, _>(&mut archive, RESULTS_PATH)?;
    let refs = whole(&mut archive, REFS_PATH)?;

    let mut digests = BTreeMap::from([
        (RUN_PATH, Digest::of(&run)),
        (INTENTS_PATH, intents_digest),
        (RESULTS_PATH, results_digest),
        (REFS_PATH, Digest::of(&refs)),
    ]);
    hold_to_manifest(&mut archive, &manifest, &mut digests)?;

    let run = parse(RUN_PATH, &run)?;
    let intents = intents.map_err(|source| RunpackError::Line {
        name: INTENTS_PATH,
        source,
    })?;
    let results = results.map_err(|source| RunpackError::Line {
        name: RESULTS_PATH,
        source,
    })?;
    let mut refs = parse(REFS_PATH, &refs)?;
    normalize_refs(&mut refs)?;
    require_evidence(&refs)?;
    Ok(RunpackOf {
        manifest,
        run,
        intents,
        results,
        refs,
    })
}

/// Opens a file that may hold an archive. Pipes and directories hold none.
pub fn open_archive(path: &Path) -> Result<BufReader<File>, RunpackError> {
    let failed = |source| RunpackError::Open {
        path: path.to_path_buf(),
        source,
    };
    // Asked before opening, for the opening of a pipe would wait.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("not a regular file")));
    }
    File::open(path).map(BufReader::new).map_err(failed)
}

fn unreadable(name: &str) -> impl FnOnce(ZipError) -> RunpackError {
    move |source| RunpackError::Entry {
        name: name.to_owned(),
        source,
    }
}

fn whole<R: Read + Seek>(archive: &mut zip::Reader<R>, name: &str) -> Result<Vec<u8>, RunpackError> {
    archive.read(name).map_err(unreadable(name))
}

type LinesRead<K> = (Digest, Result<K, LineError>);

fn lines<R: Read + Seek, T: DeserializeOwned, K: Keep<T>>(
    archive: &mut zip::Reader<R>,
    name: &str,
) -> Result<LinesRead<K>, RunpackError> {
    let mut lines = Lines::<T, K>::new();
    archive.copy(name, &mut lines).map_err(unreadable(name))?;
    Ok(lines.finish())
}

/// The digest of an entry; at no time is it in memory.
pub(crate) fn digest_of<R: Read + Seek>(
    archive: &mut zip::Reader<R>,
    name: &str,
) -> Result<Digest, RunpackError> {
    let mut hasher = Hasher::new();
    archive.copy(name, &mut hasher).map_err(unreadable(name))?;
    Ok(hasher.finish())
}

/// Fails unless the archive has every file that the manifest declares and every digest is as declared. `digests` are those
/// already known.
fn hold_to_manifest<'a, R: Read + Seek>(
    archive: &mut zip::Reader<R>,
    manifest: &'a Manifest,
    digests: &mut BTreeMap<&'a str, Digest>,
) -> Result<(), RunpackError> {
    let declared = manifest.files.as_deref().unwrap_or_default();
    let undeclared = DATA_PATHS
        .into_iter()
        .filter(|name| !declared.iter().any(|file| file.path == *name));
    let mut missing: Vec<String> = undeclared.map(str::to_owned).collect();
    let mut different = Vec::new();
    for file in declared {
        if !archive.contains(&file.path) {
            missing.push(file.path.clone());
            continue;
        }
        let digest = match digests.get(file.path.as_str()) {
            Some(digest) => *digest,
            None => digest_of(archive, &file.path)?,
        };
        digests.insert(&file.path, digest);
        if !file.sha256.eq_ignore_ascii_case(&digest.to_string()) {
            different.push(file.path.clone());
        }
    }
    if !missing.is_empty() {
        missing.sort();
        return Err(RunpackError::Incomplete(missing));
    }
    let own = manifest_digest(manifest).to_string();
    if !manifest.manifest_digest.eq_ignore_ascii_case(&own) {
        different.push(MANIFEST_PATH.to_owned());
    }
    if different.is_empty() {
        return Ok(());
    }
    different.sort();
    Err(RunpackError::HashMismatch(different))
}

fn parse<T: DeserializeOwned>(name: &'static str, bytes: &[u8]) -> Result<T, RunpackError> {
    document::reader()
        .read(bytes)
        .map_err(|source| RunpackError::Json { name, source })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use gait_artifact::runpack::{MANIFEST_SCHEMA_ID, ManifestFile, SCHEMA_VERSION};
    use gait_canon::zip::Entry;

    use super::*;

    const RUN: &[u8] = br#"{"run_id":"run_1","timeline":null,"unknown":1}"#;
    const INTENTS: &[u8] = b"{\"intent_id\":\"i\"}\n\n{\"intent_id\":\"j\"}";
    const RESULTS: &[u8] = b"";
    const REFS: &[u8] = br#"{"receipts":[{"ref_id":"b"},{"ref_id":"a"}]}"#;

    /// An archive of `files` and a manifest that declares them truthfully, unless `change` makes it lie.
    fn archive(files: &[(&str, &[u8])], change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
        let declared = files.iter().map(|(name, content)| ManifestFile {
            path: (*name).to_owned(),
            sha256: Digest::of(content).to_string(),
        });
        let mut manifest = Manifest {
            schema_id: MANIFEST_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            run_id: "run_1".to_owned(),
            files: Some(declared.collect()),
            ..Manifest::default()
        };
        manifest.manifest_digest = manifest_digest(&manifest).to_string();
        change(&mut manifest);
        let manifest = json::pretty(&manifest).unwrap();
        let manifest = (MANIFEST_PATH, manifest.as_bytes());
        let entries = files.iter().chain([&manifest]);
        let entries = entries.map(|(name, content)| Entry::new(*name, *content));
        zip::write(Vec::new(), entries.collect()).unwrap()
    }

    fn whole_archive(change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
        let files = [
            (RUN_PATH, RUN),
            (INTENTS_PATH, INTENTS),
            (RESULTS_PATH, RESULTS),
            (REFS_PATH, REFS),
        ];
        archive(&files, change)
    }

    fn with_files(run: &[u8], intents: &[u8], refs: &[u8]) -> Vec<u8> {
        let files = [
            (RUN_PATH, run),
            (INTENTS_PATH, intents),
            (RESULTS_PATH, RESULTS),
            (REFS_PATH, refs),
        ];
        archive(&files, |_| {})
    }

    fn read(bytes: &[u8]) -> Result<Runpack, RunpackError> {
        Runpack::read(Cursor::new(bytes))
    }

    fn refused(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn records_are_read_leniently() {
        let runpack = read(&whole_archive(|_| {})).unwrap();
        assert_eq!(runpack.run.run_id, "run_1");
        let ids: Vec<_> = runpack
            .intents
            .iter()
            .map(|intent| intent.intent_id.as_str())
            .collect();
        assert_eq!(ids, ["i", "j"]);
        assert!(runpack.results.is_empty());
        assert_eq!(runpack.refs.receipts[0].ref_id, "a", "in normal form");
        assert_eq!(runpack.refs.context_ref_count, 2);
    }

    #[test]
    fn digests_are_compared_in_any_case() {
        let shouting = whole_archive(|manifest| {
            for file in manifest.files.iter_mut().flatten() {
                file.sha256.make_ascii_uppercase();
            }
            manifest.manifest_digest = manifest_digest(manifest).to_string().to_uppercase();
        });
        assert!(read(&shouting).is_ok());
    }

    #[test]
    fn every_file_must_be_there_and_declared() {
        let two = archive(&[(RUN_PATH, RUN), (REFS_PATH, REFS)], |_| {});
        assert_eq!(refused(&two), "missing intents.jsonl");
        let undeclared = whole_archive(|manifest| {
            manifest
                .files
                .iter_mut()
                .for_each(|files| files.retain(|file| file.path != RUN_PATH));
            manifest.manifest_digest = manifest_digest(manifest).to_string();
        });
        assert_eq!(refused(&undeclared), "missing runpack files: run.json");
        let absent = whole_archive(|manifest| {
            manifest.files.iter_mut().for_each(|files| {
                files.push(ManifestFile {
                    path: "more".to_owned(),
                    ..ManifestFile::default()
                });
            });
        });
        assert_eq!(refused(&absent), "missing runpack files: more");
    }

    #[test]
    fn every_digest_must_hold() {
        let of_a_file = whole_archive(|manifest| {
            let files = manifest.files.iter_mut().flatten();
            for file in files.filter(|file| file.path == INTENTS_PATH) {
                file.sha256 = "0".repeat(64);
            }
            manifest.manifest_digest = manifest_digest(manifest).to_string();
        });
        assert_eq!(refused(&of_a_file), "runpack hash mismatch: intents.jsonl");
        let of_itself = whole_archive(|manifest| manifest.capture_mode.push('x'));
        assert_eq!(refused(&of_itself), "runpack hash mismatch: manifest.json");
    }

    #[test]
    fn what_has_the_right_digest_must_also_be_readable() {
        for (bytes, place) in [
            (with_files(b"{", INTENTS, REFS), "parse run.json: "),
            (with_files(RUN, b"{}\n{", REFS), "parse intents.jsonl: line 2: "),
            (with_files(RUN, INTENTS, b"[]"), "parse refs.json: "),
            (
                with_files(RUN, INTENTS, br#"{"context_ref_count":-1}"#),
                "normalize refs: ",
            ),
            (
                with_files(RUN, INTENTS, br#"{"context_evidence_mode":"required"}"#),
                "normalize refs: context evidence mode required",
            ),
        ] {
            let error = refused(&bytes);
            assert!(error.starts_with(place), "{error}");
        }
    }

    #[test]
    fn only_regular_files_are_opened() {
        let directory = tempfile::tempdir().unwrap();
        for path in [directory.path().to_path_buf(), directory.path().join("absent")] {
            assert!(matches!(Runpack::open(&path), Err(RunpackError::Open { .. })));
        }
        let path = directory.path().join("a.zip");
        std::fs::write(&path, whole_archive(|_| {})).unwrap();
        assert_eq!(
            Runpack::open(&path).unwrap(),
            read(&whole_archive(|_| {})).unwrap()
        );
    }
}
