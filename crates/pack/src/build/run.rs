//! The pack of a run: its runpack, and what that says in numbers.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use gait_artifact::pack::{CONTEXT_ENVELOPE_PATH, PackType, RUN_PAYLOAD_PATH, RUNPACK_PATH};
use gait_artifact::session::SessionChain;
use gait_artifact::text;
use gait_canon::zip::{self, EntryKind, Limits, Mode, ZipError, check_normal_form};
use gait_disk::path::local_or_absolute;
use gait_runpack::{RunSummary, RunpackError, envelope_of};

use super::{BuildError, Unsealed};
use crate::entry::{EntryContent, PackEntry};
use crate::manifest::same_digest;
use crate::proof::PackHeader;
use crate::run_payload::run_payload;
use gait_disk::Scratch;

/// The pack of the run whose runpack is at `path`.
///
/// The runpack is read whole first, so nothing is packed that could not be read again. Its own signatures are not looked
/// at: they travel inside and speak for themselves.
pub fn run(path: &Path, producer_version: &str) -> Result<Unsealed, BuildError> {
    pack_of(&RunSummary::open(path)?, path, producer_version)
}

/// The pack of a session's run as of its last checkpoint, and the path of the runpack that is in it.
///
/// The path is taken as the chain has it, and the runpack there must be the one that the checkpoint means.
pub fn session(chain: &SessionChain, producer_version: &str) -> Result<(PathBuf, Unsealed), BuildError> {
    let checkpoint = chain.checkpoints.last().ok_or(BuildError::NoCheckpoint)?;
    let path = local_or_absolute(Path::new(text::trim(&checkpoint.runpack_path)))?;
    let runpack = RunSummary::open(&path)?;
    if !same_digest(&checkpoint.manifest_digest, &runpack.manifest.manifest_digest) {
        return Err(BuildError::OtherCheckpoint(path));
    }
    let pack = pack_of(&runpack, &path, producer_version)?;
    Ok((path, pack))
}

/// The pack of the run whose runpack this is, as a runpack is written: its bytes are packed as they are.
pub fn run_in_memory(runpack: Vec<u8>, producer_version: &str) -> Result<Unsealed, BuildError> {
    let summary = RunSummary::read(Cursor::new(&runpack))?;
    Ok(Unsealed {
        header: header(&summary, producer_version),
        entries: run_entries(&summary, EntryContent::Bytes(runpack))?,
    })
}

fn pack_of(runpack: &RunSummary, path: &Path, producer_version: &str) -> Result<Unsealed, BuildError> {
    Ok(Unsealed {
        header: header(runpack, producer_version),
        entries: run_entries(runpack, normal_form(path)?)?,
    })
}

fn header(runpack: &RunSummary, producer_version: &str) -> PackHeader {
    PackHeader {
        pack_type: PackType::Run,
        source_ref: runpack.run.run_id.clone(),
        producer_version: producer_version.to_owned(),
    }
}

fn run_entries(runpack: &RunSummary, source: EntryContent) -> Result<Vec<PackEntry>, BuildError> {
    let mut entries = derived_entries(runpack)?;
    entries.push(PackEntry::new(RUNPACK_PATH, source));
    Ok(entries)
}

/// The entries that follow from the runpack alone.
fn derived_entries(runpack: &RunSummary) -> Result<Vec<PackEntry>, BuildError> {
    let mut entries = vec![PackEntry::canonical(RUN_PAYLOAD_PATH, &run_payload(runpack))?];
    if !runpack.refs.receipts.is_empty()
        && let Some(envelope) = envelope_of(&runpack.refs)?
    {
        entries.push(PackEntry::canonical(
            CONTEXT_ENVELOPE_PATH,
            envelope.as_envelope(),
        )?);
    }
    Ok(entries)
}

/// The runpack at `path` in normal form: the very file when it already is, for only its own bytes have its digest.
fn normal_form(path: &Path) -> Result<EntryContent, BuildError> {
    let unreadable = |source| RunpackError::Open {
        path: path.to_path_buf(),
        source,
    };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    if check_normal_form(&mut file).is_ok() {
        return Ok(EntryContent::File(path.to_path_buf()));
    }
    let rewritten = rewritten(file).map_err(RunpackError::Archive)?;
    Ok(EntryContent::Scratch(rewritten))
}

/// The same files in an archive in normal form.
fn rewritten<R: Read + Seek>(source: R) -> Result<Scratch, ZipError> {
    let archive = zip::Reader::open(source, Limits::default())?;
    let files: Vec<_> = archive
        .entries()
        .iter()
        .filter(|entry| entry.kind != EntryKind::Directory)
        .map(|entry| {
            let mode = if entry.executable {
                Mode::Executable
            } else {
                Mode::Plain
            };
            (entry.name.clone(), mode)
        })
        .collect();
    let archive = RefCell::new(archive);
    let entries = files
        .into_iter()
        .map(|(name, mode)| zip::Entry {
            name: name.clone(),
            mode,
            effort: zip::Effort::Thorough,
            content: Unpacked {
                archive: &archive,
                name,
                content: None,
            },
        })
        .collect();
    zip::write(Scratch::new(), entries)
}

/// An entry that is unpacked when it is wanted.
struct Unpacked<'a, R> {
    archive: &'a RefCell<zip::Reader<R>>,
    name: String,
    content: Option<Scratch>,
}

impl<R: Read + Seek> Read for Unpacked<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if let Some(content) = &mut self.content {
            return content.read(bytes);
        }
        let mut content = Scratch::new();
        let copied = self.archive.borrow_mut().copy(&self.name, &mut content);
        copied.map_err(io::Error::other)?;
        content.rewind()?;
        self.content.insert(content).read(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use gait_artifact::runpack::{MANIFEST_PATH, Refs, Run};
    use gait_artifact::session::SessionCheckpoint;
    use gait_runpack::{Content, to_bytes};

    use super::*;

    fn runpack() -> Vec<u8> {
        let content = Content {
            run: Run {
                schema_id: "gait.runpack.run".to_owned(),
                schema_version: "1.0.0".to_owned(),
                run_id: "run_1".to_owned(),
                ..Run::default()
            },
            refs: Refs {
                schema_id: "gait.runpack.refs".to_owned(),
                schema_version: "1.0.0".to_owned(),
                run_id: "run_1".to_owned(),
                ..Refs::default()
            },
            ..Content::default()
        };
        to_bytes(&content, None).unwrap().0
    }

    fn source(pack: &mut Unsealed) -> Vec<u8> {
        let entry = pack.entries.iter_mut().find(|entry| entry.path == RUNPACK_PATH);
        let mut bytes = Vec::new();
        let mut content = entry.unwrap().content.open().unwrap();
        content.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_runpack_in_normal_form_keeps_its_bytes_and_another_gets_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("r.zip");
        let normal = runpack();
        fs::write(&path, &normal).unwrap();
        let mut pack = run(&path, "1.0.0").unwrap();
        assert_eq!(pack.header.source_ref, "run_1");
        assert!(matches!(
            pack.entries.last().unwrap().content,
            EntryContent::File(_)
        ));
        assert_eq!(source(&mut pack), normal);

        fs::write(&path, [b"#!/bin/sh\n".as_slice(), &normal].concat()).unwrap();
        assert_eq!(source(&mut run(&path, "1.0.0").unwrap()), normal);
        assert_eq!(
            source(&mut run_in_memory(normal.clone(), "1.0.0").unwrap()),
            normal
        );
    }

    #[test]
    fn files_that_nobody_declares_stay() {
        let mut archive = zip::Reader::open(Cursor::new(runpack()), Limits::default()).unwrap();
        let names: Vec<_> = archive.names().map(str::to_owned).collect();
        let mut files: Vec<_> = names
            .into_iter()
            .map(|name| {
                let bytes = archive.read(&name).unwrap();
                (name, bytes)
            })
            .collect();
        files.push(("extra".to_owned(), b"kept".to_vec()));
        let entries = files
            .iter()
            .map(|(name, bytes)| zip::Entry {
                name: name.clone(),
                mode: Mode::Executable,
                effort: zip::Effort::Thorough,
                content: bytes.as_slice(),
            })
            .collect();
        let other = zip::write(b"x".to_vec(), entries).unwrap();
        let mut rewritten = rewritten(Cursor::new(other)).unwrap();
        assert_eq!(check_normal_form(&mut rewritten), Ok(()));
        let mut archive = zip::Reader::open(rewritten, Limits::default()).unwrap();
        assert_eq!(archive.read("extra").unwrap(), b"kept");
        assert!(archive.entries().iter().all(|entry| entry.executable));
    }

    #[test]
    fn a_session_is_packed_as_of_its_last_checkpoint() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("r.zip");
        fs::write(&path, runpack()).unwrap();
        let digest = RunSummary::open(&path).unwrap().manifest.manifest_digest;
        let checkpoint = |runpack_path: &Path, manifest_digest: &str| SessionCheckpoint {
            runpack_path: runpack_path.to_string_lossy().into_owned(),
            manifest_digest: manifest_digest.to_owned(),
            ..SessionCheckpoint::default()
        };
        let chain = |checkpoints| SessionChain {
            checkpoints,
            ..SessionChain::default()
        };
        let absent = checkpoint(Path::new("absent.zip"), "");
        let (found, _) = session(&chain(vec![absent, checkpoint(&path, &digest)]), "1.0.0").unwrap();
        assert_eq!(found, path);
        assert!(matches!(
            session(&chain(vec![checkpoint(&path, MANIFEST_PATH)]), "1.0.0"),
            Err(BuildError::OtherCheckpoint(_))
        ));
        assert!(matches!(
            session(&chain(vec![checkpoint(Path::new("../r.zip"), &digest)]), "1.0.0"),
            Err(BuildError::Path(_))
        ));
        assert!(matches!(
            session(&chain(Vec::new()), "1.0.0"),
            Err(BuildError::NoCheckpoint)
        ));
    }
}
