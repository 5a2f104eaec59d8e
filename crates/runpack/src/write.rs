//! Writing runpacks: the same records give the same bytes.

use std::io::{self, BufWriter, Cursor, Read, Write};
use std::iter;
use std::path::Path;

use gait_artifact::runpack::{
    INTENTS_PATH, MANIFEST_PATH, MANIFEST_SCHEMA_ID, Manifest, ManifestFile, REFS_PATH, RESULTS_PATH,
    RUN_PATH, Run, SCHEMA_VERSION,
};
use gait_artifact::text;
use gait_canon::{
    Digest, Hasher, PrivateKey, json, sign,
    zip::{self, Entry, Limits, ZipError},
};
use gait_disk::{atomic::Draft, path::clean};
use serde::Serialize;

use crate::content::{CaptureMode, Content};
use crate::document;
use crate::manifest::manifest_digest;
use crate::spool::Spool;

/// A runpack may tell secrets; it is for its owner alone.
const FILE_MODE: u32 = 0o600;
/// Bytes that are written at once.
const PIECE: usize = 64 << 10;

/// Why a runpack cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A record has no canonical form.
    #[error("encode {name}: {source}")]
    Encode {
        /// The file it belongs to.
        name: &'static str,
        /// Why.
        source: json::Error,
    },
    /// A file would be larger than readers accept.
    #[error("{name} would have {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The file.
        name: &'static str,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file would hold more values than readers accept.
    #[error("{name} would hold more than {} values", document::MAX_VALUES)]
    TooManyValues {
        /// The file.
        name: &'static str,
    },
    /// The archive could not be written.
    #[error(transparent)]
    Archive(#[from] ZipError),
    /// The file could not be put in its place.
    #[error(transparent)]
    Disk(#[from] gait_disk::Error),
}

/// A path that no output goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutputPathError {
    /// There is none.
    #[error("runpack output path is required")]
    Missing,
    /// It is relative and leads out of the working directory.
    #[error("relative runpack output path must not traverse parent directories")]
    LeavesWorkingDirectory,
}

/// The cleaned form of a path that output may go to: an absolute one, or a relative one that stays in the working
/// directory. The file system is not asked.
pub fn output_path(path: &str) -> Result<String, OutputPathError> {
    let path = clean(text::trim(path));
    if path == "." || path == "/" {
        return Err(OutputPathError::Missing);
    }
    if path.split('/').any(|part| part == "..") {
        return Err(OutputPathError::LeavesWorkingDirectory);
    }
    Ok(path)
}

/// The manifest of `content`, signed if there is a `signer`.
pub fn seal(content: &Content, signer: Option<&PrivateKey>) -> Result<Manifest, WriteError> {
    let limit = Limits::default().entry_bytes;
    let files = files(content)
        .map(|(name, pieces)| declare(name, pieces, limit))
        .into_iter()
        .collect::<Result<_, _>>()?;
    let heading = Heading {
        run: &content.run,
        capture_mode: content.capture_mode,
    };
    heading.manifest(files, signer)
}

/// What a manifest says of its run.
pub(crate) struct Heading<'a> {
    pub(crate) run: &'a Run,
    pub(crate) capture_mode: CaptureMode,
}

impl Heading<'_> {
    /// The manifest over `files`, signed if there is a `signer`.
    fn manifest(
        &self,
        files: Vec<ManifestFile>,
        signer: Option<&PrivateKey>,
    ) -> Result<Manifest, WriteError> {
        let mut manifest = Manifest {
            schema_id: MANIFEST_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: self.run.created_at,
            producer_version: self.run.producer_version.clone(),
            run_id: self.run.run_id.clone(),
            capture_mode: self.capture_mode.to_string(),
            files: Some(files),
            manifest_digest: String::new(),
            signatures: Vec::new(),
        };
        manifest.manifest_digest = manifest_digest(&manifest).to_string();
        if let Some(key) = signer {
            let covered = Digest::of_canonical(&manifest).map_err(encode(MANIFEST_PATH))?;
            manifest.signatures.push(sign::sign(&covered, key));
        }
        Ok(manifest)
    }
}

fn declare(name: &'static str, pieces: Pieces<'_>, limit: u64) -> Result<ManifestFile, WriteError> {
    let mut hasher = Hasher::new();
    let mut size = 0;
    let mut values = 0;
    for piece in pieces {
        let piece = piece.map_err(encode(name))?;
        size += piece.text.len() as u64;
        values += piece.values;
        hasher.update(&piece.text);
    }
    if size > limit {
        return Err(WriteError::TooLarge { name, size, limit });
    }
    if values > document::MAX_VALUES {
        return Err(WriteError::TooManyValues { name });
    }
    Ok(ManifestFile {
        path: name.to_owned(),
        sha256: hasher.finish().to_string(),
    })
}

/// Writes `content` as an archive and gives `out` back with the manifest.
///
/// Records are encoded one at a time, once for the manifest and once for the archive, so that no memory is needed for the
/// files they end up in.
pub fn write_to<W: Write>(
    out: W,
    content: &Content,
    signer: Option<&PrivateKey>,
) -> Result<(W, Manifest), WriteError> {
    let manifest = seal(content, signer)?;
    let files = files(content)
        .into_iter()
        .chain([(MANIFEST_PATH, whole(&manifest))]);
    let entries = files
        .map(|(name, pieces)| Entry::new(name, Encoded::new(pieces)))
        .collect();
    Ok((zip::write(out, entries)?, manifest))
}

/// As [`write_to`], in memory.
pub fn to_bytes(content: &Content, signer: Option<&PrivateKey>) -> Result<(Vec<u8>, Manifest), WriteError> {
    write_to(Vec::new(), content, signer)
}

/// As [`write_to`], to a file for its owner alone that appears only when it is whole. Its directory must exist.
pub fn write(path: &Path, content: &Content, signer: Option<&PrivateKey>) -> Result<Manifest, WriteError> {
    place(path, |out| write_to(out, content, signer))
}

/// Writes a runpack of files whose text is known already, sorted by name, to a file as [`write`] does.
pub(crate) fn write_spooled(
    path: &Path,
    heading: &Heading<'_>,
    mut files: [Spool; 4],
    signer: Option<&PrivateKey>,
) -> Result<Manifest, WriteError> {
    let declared = files.iter().map(Spool::declaration).collect();
    let manifest = heading.manifest(declared, signer)?;
    let text = canonical(&manifest).map_err(encode(MANIFEST_PATH))?.text;
    place(path, |out| {
        let mut entries = vec![Entry::new(
            MANIFEST_PATH,
            Box::new(&text[..]) as Box<dyn Read + '_>,
        )];
        for file in &mut files {
            entries.push(file.entry().map_err(ZipError::Io)?);
        }
        Ok((zip::write(out, entries)?, manifest))
    })
}

/// Puts what `fill` writes at `path`, once it is whole.
fn place(
    path: &Path,
    fill: impl FnOnce(BufWriter<Draft>) -> Result<(BufWriter<Draft>, Manifest), WriteError>,
) -> Result<Manifest, WriteError> {
    let draft = BufWriter::with_capacity(PIECE, Draft::create(path, FILE_MODE)?);
    let (draft, manifest) = fill(draft)?;
    let draft = draft
        .into_inner()
        .map_err(|error| ZipError::Io(error.into_error()))?;
    draft.commit()?;
    Ok(manifest)
}

/// A file of the archive, piece by piece.
type Pieces<'a> = Box<dyn Iterator<Item = Result<Piece, json::Error>> + 'a>;

/// The text of a document or of a line, and how many JSON values it holds.
struct Piece {
    text: Vec<u8>,
    values: usize,
}

/// The files that a manifest declares, sorted by name.
fn files(content: &Content) -> [(&'static str, Pieces<'_>); 4] {
    [
        (INTENTS_PATH, lines(&content.intents)),
        (REFS_PATH, whole(&content.refs)),
        (RESULTS_PATH, lines(&content.results)),
        (RUN_PATH, whole(&content.run)),
    ]
}

fn whole<T: Serialize>(document: &T) -> Pieces<'_> {
    Box::new(iter::once_with(|| canonical(document)))
}

fn lines<T: Serialize>(records: &[T]) -> Pieces<'_> {
    let line = |record| {
        let mut line = canonical(record)?;
        line.text.push(b'\n');
        Ok(line)
    };
    Box::new(records.iter().map(line))
}

fn canonical<T: Serialize>(record: &T) -> Result<Piece, json::Error> {
    let (text, values) = json::canonical_counted(record)?;
    Ok(Piece { text, values })
}

pub(crate) fn encode(name: &'static str) -> impl FnOnce(json::Error) -> WriteError {
    move |source| WriteError::Encode { name, source }
}

/// Pieces as an archive's writer wants them.
struct Encoded<'a> {
    pieces: Pieces<'a>,
    piece: Cursor<Vec<u8>>,
}

impl<'a> Encoded<'a> {
    fn new(pieces: Pieces<'a>) -> Self {
        Self {
            pieces,
            piece: Cursor::default(),
        }
    }
}

impl Read for Encoded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.piece.read(buffer)? {
                0 if !buffer.is_empty() => match self.pieces.next() {
                    Some(piece) => self.piece = Cursor::new(piece.map_err(io::Error::other)?.text),
                    None => return Ok(0),
                },
                count => return Ok(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn output_stays_in_the_working_directory_or_is_absolute() {
        for (path, want) in [
            (" out//a.zip ", Ok("out/a.zip")),
            ("a/../b.zip", Ok("b.zip")),
            ("/../x.zip", Ok("/x.zip")),
            ("..a/b", Ok("..a/b")),
            ("", Err(OutputPathError::Missing)),
            (" ", Err(OutputPathError::Missing)),
            ("a/..", Err(OutputPathError::Missing)),
            ("/", Err(OutputPathError::Missing)),
            ("../x", Err(OutputPathError::LeavesWorkingDirectory)),
            ("a/../../x", Err(OutputPathError::LeavesWorkingDirectory)),
        ] {
            assert_eq!(output_path(path), want.map(str::to_owned), "{path:?}");
        }
    }

    #[test]
    fn a_runpack_is_for_its_owner_and_replaces_the_one_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("runpack.zip");
        fs::write(&path, "before").unwrap();
        let manifest = write(&path, &Content::default(), None).unwrap();
        let (bytes, again) = to_bytes(&Content::default(), None).unwrap();
        assert_eq!(manifest, again);
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let absent = directory.path().join("absent/runpack.zip");
        assert!(matches!(
            write(&absent, &Content::default(), None),
            Err(WriteError::Disk(_))
        ));
    }

    #[test]
    fn what_nobody_could_read_is_not_written() {
        let pieces = |values| {
            iter::repeat_with(move || {
                Ok(Piece {
                    text: vec![b'x'; 10],
                    values,
                })
            })
            .take(10)
        };
        let declared = |limit| declare(RUN_PATH, Box::new(pieces(1)), limit);
        assert_eq!(
            declared(100).unwrap().sha256,
            Digest::of(&[b'x'; 100]).to_string()
        );
        assert!(matches!(
            declared(99),
            Err(WriteError::TooLarge {
                name: RUN_PATH,
                size: 100,
                limit: 99
            })
        ));
        let many = declare(RUN_PATH, Box::new(pieces(document::MAX_VALUES / 10 + 1)), 100);
        assert!(matches!(many, Err(WriteError::TooManyValues { name: RUN_PATH })));
    }
}
