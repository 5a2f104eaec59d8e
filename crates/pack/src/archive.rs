//! An open pack: the archive and its manifest, read and not yet believed.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

use gait_artifact::pack::{MANIFEST_PATH, PackManifest};
use gait_artifact::runpack;
use gait_canon::zip::{self, EntryInfo, Limits, ZipError};

use crate::manifest::{self, ManifestError};
use gait_disk::Scratch;

/// Why a file could not be opened as a pack.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file could not be opened.
    #[error("open {path}: {source}")]
    File {
        /// The path as given.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no archive that can be read.
    #[error("open zip: {0}")]
    Archive(#[from] ZipError),
    /// The archive is neither a pack nor a runpack.
    #[error("the archive has no pack_manifest.json")]
    NoManifest,
    /// The archive's manifest is not one of a pack.
    #[error(transparent)]
    Manifest(ManifestError),
}

/// What an archive is, by the manifest it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackKind {
    /// A pack; its manifest is well formed.
    Pack(PackManifest),
    /// A bare runpack, whose manifest has not been looked at.
    Runpack,
    /// An evidence pack of the guard, whose manifest is JSON and says so.
    Guard,
}

/// An open archive with a manifest.
pub struct PackArchive<R = BufReader<File>> {
    archive: zip::Reader<R>,
    kind: PackKind,
    manifest_bytes: Vec<u8>,
}

impl PackArchive {
    /// Opens the archive at `path`.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::read_from(BufReader::new(open_file(path)?))
    }
}

/// Opens a file that is none of those that make the opener wait.
pub(crate) fn open_file(path: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::File {
        path: path.display().to_string(),
        source,
    };
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        )));
    }
    File::open(path).map_err(failed)
}

impl<R: Read + Seek> PackArchive<R> {
    /// Reads the directory and the manifest of an archive.
    pub fn read_from(source: R) -> Result<Self, OpenError> {
        let mut archive = zip::Reader::open(source, Limits::default())?;
        if !archive.contains(MANIFEST_PATH) {
            if !archive.contains(runpack::MANIFEST_PATH) {
                return Err(OpenError::NoManifest);
            }
            let manifest_bytes = archive.read(runpack::MANIFEST_PATH)?;
            return Ok(Self {
                archive,
                kind: PackKind::Runpack,
                manifest_bytes,
            });
        }
        let manifest_bytes = archive.read(MANIFEST_PATH)?;
        let kind = match manifest::parse(&manifest_bytes) {
            Ok(manifest) => PackKind::Pack(manifest),
            Err(_) if manifest::is_guard(&manifest_bytes) => PackKind::Guard,
            Err(error) => return Err(OpenError::Manifest(error)),
        };
        Ok(Self {
            archive,
            kind,
            manifest_bytes,
        })
    }

    /// Reads an archive as an evidence pack of the guard, whatever its manifest says that it is.
    pub(crate) fn read_guard(source: R) -> Result<Self, OpenError> {
        let mut archive = zip::Reader::open(source, Limits::default())?;
        if !archive.contains(MANIFEST_PATH) {
            return Err(OpenError::NoManifest);
        }
        let manifest_bytes = archive.read(MANIFEST_PATH)?;
        Ok(Self {
            archive,
            kind: PackKind::Guard,
            manifest_bytes,
        })
    }

    /// What the archive is.
    #[must_use]
    pub const fn kind(&self) -> &PackKind {
        &self.kind
    }

    /// The manifest, when the archive is a pack.
    #[must_use]
    pub const fn manifest(&self) -> Option<&PackManifest> {
        match &self.kind {
            PackKind::Pack(manifest) => Some(manifest),
            PackKind::Runpack | PackKind::Guard => None,
        }
    }

    /// The bytes of the manifest: `pack_manifest.json`, or `manifest.json` of a bare runpack.
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }

    /// All entries, directories included.
    #[must_use]
    pub fn entries(&self) -> &[EntryInfo] {
        self.archive.entries()
    }

    /// The names of all entries that are no directories, sorted by bytes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.archive.names()
    }

    /// Whether there is an entry of exactly this name that is no directory.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.archive.contains(name)
    }

    /// The unpacked size of an entry in bytes, as the archive's directory has it.
    pub fn size(&self, name: &str) -> Result<u64, ZipError> {
        self.archive.size(name)
    }

    /// Unpacks an entry into memory; for documents, which are small.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>, ZipError> {
        self.archive.read(name)
    }

    /// Unpacks an entry into `out` piece by piece and gives its size in bytes.
    pub fn copy(&mut self, name: &str, out: &mut impl Write) -> Result<u64, ZipError> {
        self.archive.copy(name, out)
    }

    /// Unpacks an entry to where it can be read in any order, such as an archive within the archive.
    pub fn unpack(&mut self, name: &str) -> Result<Scratch, ZipError> {
        let mut scratch = Scratch::new();
        self.archive.copy(name, &mut scratch)?;
        scratch.rewind()?;
        Ok(scratch)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use gait_canon::zip::{Entry, write};

    use super::*;

    fn open(entries: &[(&str, &str)]) -> Result<PackArchive<Cursor<Vec<u8>>>, OpenError> {
        let entries = entries
            .iter()
            .map(|(name, content)| Entry::new(*name, content.as_bytes()))
            .collect();
        PackArchive::read_from(Cursor::new(write(Vec::new(), entries).unwrap()))
    }

    #[test]
    fn kinds_follow_from_manifests() {
        let runpack = open(&[("manifest.json", "{"), ("run.json", "{}")]).unwrap();
        assert_eq!(*runpack.kind(), PackKind::Runpack);
        assert_eq!(runpack.manifest_bytes(), b"{");
        let guard = r#"{"schema_id":"gait.guard.pack_manifest","other":1}"#;
        let guard = open(&[("pack_manifest.json", guard), ("manifest.json", "{}")]).unwrap();
        assert_eq!(*guard.kind(), PackKind::Guard);
        assert!(guard.manifest().is_none());
        assert!(matches!(open(&[("a", "")]), Err(OpenError::NoManifest)));
        assert!(matches!(
            open(&[("pack_manifest.json", "{}")]),
            Err(OpenError::Manifest(_))
        ));
        assert!(matches!(
            PackArchive::read_from(Cursor::new(b"text".to_vec())),
            Err(OpenError::Archive(ZipError::Invalid))
        ));
        assert!(matches!(
            PackArchive::open(Path::new("/")),
            Err(OpenError::File { .. })
        ));
    }
}
