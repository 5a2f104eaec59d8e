//! Building a pack: source → entries ([`Unsealed`]) → hashed, chained and declared ([`SealedPack`]) → an archive.

mod authorization;
mod call;
pub(crate) mod job;
pub(crate) mod run;

use std::io::{self, Read};
use std::mem;
use std::path::{Path, PathBuf};

use gait_artifact::pack::{
    ContentEntry, MANIFEST_PATH, MANIFEST_SCHEMA_ID, PROOF_RECORDS_PATH, PackManifest, SCHEMA_VERSION,
};
use gait_artifact::{Timestamp, text};
use gait_canon::{
    Digest, Hasher, PrivateKey, json, sign,
    zip::{self, Mode, ZipError},
};
use gait_disk::{PathError, Progress, ReadError, atomic};
use gait_runpack::RunpackError;
use gait_runpack::refs::RefsError;

pub use self::authorization::authorization;
pub use self::call::call;
pub use self::job::job;
pub use self::run::{run, run_in_memory, session};

use crate::authorization::BundleError;
use crate::call::CallError;
use crate::entry::{EntryContent, PackEntry, kind_of};
use crate::manifest;
use crate::proof::{self, PackHeader, Statement};

/// Packs are for their owner until he shares them.
const FILE_MODE: u32 = 0o600;
/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// Why a pack was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The runpack is none that can be read.
    #[error(transparent)]
    Runpack(#[from] RunpackError),
    /// The references of a run make no context evidence.
    #[error("context evidence: {0}")]
    Refs(#[from] RefsError),
    /// The source could not be read.
    #[error(transparent)]
    Source(#[from] ReadError),
    /// The authorization bundle does not hold.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The call record does not hold.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The path of a runpack is relative and leads out of the working directory.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A session chain has no checkpoint.
    #[error("session chain has no checkpoints")]
    NoCheckpoint,
    /// The runpack of a checkpoint is not the one that the checkpoint means.
    #[error("{} is not the runpack of the last checkpoint: its manifest digest differs", .0.display())]
    OtherCheckpoint(PathBuf),
    /// The source does not say what it is about.
    #[error("the source of the pack has no id")]
    NoSourceRef,
    /// The content of an entry could not be read.
    #[error("read {path}: {source}")]
    Read {
        /// Path of the entry.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The content of an entry changed between two readings.
    #[error("{0} changed while it was packed")]
    Changed(String),
    /// The archive could not be written.
    #[error("write pack: {0}")]
    Archive(ZipError),
    /// The output could not be put in its place.
    #[error(transparent)]
    Disk(#[from] gait_disk::Error),
    /// A document has no canonical form.
    #[error("encode pack: {0}")]
    Encode(#[from] json::Error),
}

/// A pack that is settled but for its digests and its signature.
#[derive(Debug)]
pub struct Unsealed {
    /// What it is about.
    pub header: PackHeader,
    /// What goes into it.
    pub entries: Vec<PackEntry>,
}

impl Unsealed {
    /// Settles it; see [`seal`].
    pub fn seal(
        self,
        signer: Option<&PrivateKey>,
        progress: &dyn Progress,
    ) -> Result<SealedPack, BuildError> {
        seal(&self.header, self.entries, signer, progress)
    }
}

/// An entry whose content is known by digest.
#[derive(Debug)]
struct SealedEntry {
    entry: PackEntry,
    digest: Digest,
    size: u64,
}

/// A pack that only has to be written: everything about it is settled, its id and signature included.
#[derive(Debug)]
pub struct SealedPack {
    manifest: PackManifest,
    entries: Vec<SealedEntry>,
}

/// Hashes `entries`, chains proof records over them and declares all of it in a manifest.
///
/// The order of the entries leaves no trace. `progress` learns of every byte that is hashed here and written later.
pub fn seal(
    header: &PackHeader,
    entries: Vec<PackEntry>,
    signer: Option<&PrivateKey>,
    progress: &dyn Progress,
) -> Result<SealedPack, BuildError> {
    if text::is_blank(&header.source_ref) {
        return Err(BuildError::NoSourceRef);
    }
    let mut entries = entries
        .into_iter()
        .map(|entry| hash(entry, progress))
        .collect::<Result<Vec<_>, _>>()?;
    entries.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
    let digests: Vec<_> = entries.iter().map(|entry| entry.digest.to_string()).collect();
    let statements = entries.iter().zip(&digests).map(|(sealed, sha256)| Statement {
        path: &sealed.entry.path,
        sha256,
        size: sealed.size,
        mode: sealed.entry.mode,
    });
    let chain = proof::chain(header, statements, signer)?;
    entries.push(in_memory(PROOF_RECORDS_PATH, chain));
    entries.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));

    let mut manifest = PackManifest {
        schema_id: MANIFEST_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: Timestamp::EPOCH_1980,
        producer_version: header.producer_version.clone(),
        pack_id: String::new(),
        pack_type: header.pack_type,
        source_ref: text::trim(&header.source_ref).to_owned(),
        contents: entries.iter().map(SealedEntry::declaration).collect(),
        signatures: Vec::new(),
    };
    manifest.pack_id = manifest::pack_id(&manifest).to_string();
    if let Some(key) = signer {
        manifest
            .signatures
            .push(sign::sign(&manifest::signable(&manifest), key));
    }
    let bytes = json::canonical_bytes(&manifest)?;
    entries.push(in_memory(MANIFEST_PATH, bytes));
    Ok(SealedPack { manifest, entries })
}

impl SealedEntry {
    fn declaration(&self) -> ContentEntry {
        ContentEntry {
            path: self.entry.path.clone(),
            sha256: self.digest.to_string(),
            kind: kind_of(&self.entry.path).to_owned(),
        }
    }
}

fn in_memory(path: &str, bytes: Vec<u8>) -> SealedEntry {
    SealedEntry {
        digest: Digest::of(&bytes),
        size: bytes.len() as u64,
        entry: PackEntry {
            path: path.to_owned(),
            mode: Mode::Plain,
            content: EntryContent::Bytes(bytes),
        },
    }
}

fn hash(mut entry: PackEntry, progress: &dyn Progress) -> Result<SealedEntry, BuildError> {
    let mut hasher = Hasher::new();
    let mut size = 0;
    let failed = |path: &str| {
        let path = path.to_owned();
        move |source| BuildError::Read { path, source }
    };
    let mut content = entry.content.open().map_err(failed(&entry.path))?;
    let mut piece = vec![0; PIECE];
    loop {
        match content.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&piece[..count]);
                size += count as u64;
                progress.expect(2 * count as u64);
                progress.advance(count as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(&entry.path)(error)),
        }
    }
    drop(content);
    Ok(SealedEntry {
        digest: hasher.finish(),
        size,
        entry,
    })
}

impl SealedPack {
    /// The manifest, signed if there was a key.
    #[must_use]
    pub const fn manifest(&self) -> &PackManifest {
        &self.manifest
    }

    /// The id of the pack: 64 lower-case hex digits.
    #[must_use]
    pub fn pack_id(&self) -> &str {
        &self.manifest.pack_id
    }

    /// The name a pack has unless it is given another.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("pack_{}.zip", self.manifest.pack_id)
    }

    /// Writes the archive at `path`: whole or not at all, mode 0600. The directory must exist.
    pub fn write(&mut self, path: &Path, progress: &dyn Progress) -> Result<(), BuildError> {
        let draft = atomic::Draft::create(path, FILE_MODE)?;
        let mut out = io::BufWriter::with_capacity(PIECE, draft);
        self.write_to(&mut out, progress)?;
        let draft = out
            .into_inner()
            .map_err(|error| BuildError::Archive(ZipError::Io(error.into_error())))?;
        draft.commit()?;
        Ok(())
    }

    /// Writes the archive to `out`. After an error `out` has been given a part.
    pub fn write_to<W: io::Write>(&mut self, out: W, progress: &dyn Progress) -> Result<(), BuildError> {
        let entries = self.entries.iter_mut().map(|sealed| zip::Entry {
            name: sealed.entry.path.clone(),
            mode: sealed.entry.mode,
            effort: zip::Effort::Thorough,
            content: Checked {
                path: &sealed.entry.path,
                state: State::Waiting(&mut sealed.entry.content),
                hasher: Hasher::new(),
                expected: sealed.digest,
                progress,
            },
        });
        let entries = entries.collect();
        let mut out = zip::write(out, entries).map_err(archive_error)?;
        out.flush().map_err(|error| BuildError::Archive(error.into()))
    }
}

/// Inside of an I/O error: the content of this entry is not what was hashed.
#[derive(Debug, thiserror::Error)]
#[error("{0} changed")]
struct ContentChanged(String);

fn archive_error(error: ZipError) -> BuildError {
    match error {
        ZipError::Io(error) => match error.downcast() {
            Ok(ContentChanged(path)) => BuildError::Changed(path),
            Err(error) => BuildError::Archive(ZipError::Io(error)),
        },
        error => BuildError::Archive(error),
    }
}

/// Content that is opened when it is wanted and must still be what was hashed.
struct Checked<'a> {
    path: &'a str,
    state: State<'a>,
    hasher: Hasher,
    expected: Digest,
    progress: &'a dyn Progress,
}

enum State<'a> {
    Waiting(&'a mut EntryContent),
    Open(Box<dyn Read + 'a>),
    Done,
}

impl Read for Checked<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if matches!(self.state, State::Waiting(_))
            && let State::Waiting(content) = mem::replace(&mut self.state, State::Done)
        {
            self.state = State::Open(content.open()?);
        }
        let State::Open(content) = &mut self.state else {
            return Ok(0);
        };
        let count = content.read(bytes)?;
        if count == 0 && !bytes.is_empty() {
            self.state = State::Done;
            if mem::take(&mut self.hasher).finish() != self.expected {
                return Err(io::Error::other(ContentChanged(self.path.to_owned())));
            }
        }
        self.hasher.update(&bytes[..count]);
        self.progress.advance(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use gait_artifact::pack::PackType;
    use gait_disk::progress::Unwatched;

    use super::*;

    fn header() -> PackHeader {
        PackHeader {
            pack_type: PackType::Run,
            source_ref: " run_1 ".to_owned(),
            producer_version: "1.0.0".to_owned(),
        }
    }

    fn entry(path: &str, bytes: &[u8]) -> PackEntry {
        PackEntry::new(path, EntryContent::Bytes(bytes.to_vec()))
    }

    fn bytes(pack: &mut SealedPack) -> Vec<u8> {
        let mut out = Vec::new();
        pack.write_to(&mut out, &Unwatched).unwrap();
        out
    }

    #[test]
    fn the_order_of_entries_leaves_no_trace() {
        let key = PrivateKey::from_seed(&[1; 32]);
        let build = |entries| seal(&header(), entries, Some(&key), &Unwatched).unwrap();
        let mut one = build(vec![entry("b", b"2"), entry("a", b"1")]);
        let mut other = build(vec![entry("a", b"1"), entry("b", b"2")]);
        assert_eq!(one.manifest().source_ref, "run_1");
        assert_eq!(one.manifest(), other.manifest());
        assert_eq!(bytes(&mut one), bytes(&mut other));
        assert_eq!(bytes(&mut one), bytes(&mut other), "a pack can be written again");
        let paths: Vec<_> = one.manifest().contents.iter().map(|entry| &entry.path).collect();
        assert_eq!(paths, ["a", "b", PROOF_RECORDS_PATH]);
    }

    #[test]
    fn files_that_change_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("source");
        fs::write(&source, "before").unwrap();
        let entries = vec![PackEntry::new("a", EntryContent::File(source.clone()))];
        let mut pack = seal(&header(), entries, None, &Unwatched).unwrap();
        fs::write(&source, "behind").unwrap();
        let out = directory.path().join("pack.zip");
        assert!(matches!(
            pack.write(&out, &Unwatched),
            Err(BuildError::Changed(path)) if path == "a"
        ));
        assert!(!out.exists());
        fs::write(&source, "before").unwrap();
        pack.write(&out, &Unwatched).unwrap();
        assert_eq!(fs::read(&out).unwrap(), bytes(&mut pack));
    }

    #[test]
    fn names_must_be_unique_and_safe() {
        for entries in [
            vec![entry("a", b"1"), entry("a", b"2")],
            vec![entry("../a", b"1")],
            vec![entry(PROOF_RECORDS_PATH, b"")],
        ] {
            let mut pack = seal(&header(), entries, None, &Unwatched).unwrap();
            assert!(matches!(
                pack.write_to(Vec::new(), &Unwatched),
                Err(BuildError::Archive(_))
            ));
        }
    }
}
