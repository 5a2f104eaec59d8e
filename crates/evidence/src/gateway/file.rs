//! From a log file to a proof file.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use gait_canon::PublicKey;
use gait_disk::atomic::{self, Draft};
use gait_disk::{FileLock, LockPolicy, Progress, ReadError};
use gait_pack::proof::{ChainReader, verify_record};

use super::{Ingest, IngestError, Ingested};

/// Proof is there for others to read.
const FILE_MODE: u32 = 0o644;

/// What becomes of proof that is already in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced.
    #[default]
    Replace,
    /// It stays, and the new records follow its last one.
    Continue,
}

/// Writes a chain of proof records over the log at `log` to the file at `proofs`, whose directory is made if need be.
///
/// The proof file is complete or as it was before. Existing proof is continued only when it holds and the same key signed
/// its last record, and with it all before; who continues one waits for others who do. The log may be a pipe.
pub fn ingest_file(
    log: &Path,
    proofs: &Path,
    existing: Existing,
    ingest: &Ingest<'_>,
    progress: &dyn Progress,
) -> Result<Ingested, IngestError> {
    let (source, metadata) = open(log)?;
    refuse_same(&metadata, proofs)?;
    progress.expect(metadata.len());
    let source = Watched { source, progress };
    atomic::create_parents(proofs)?;

    let _lock = match existing {
        Existing::Replace => None,
        Existing::Continue => Some(FileLock::acquire(&lock_path(proofs), &LockPolicy::APPEND, b"")?),
    };
    let mut out = BufWriter::with_capacity(64 << 10, Draft::create(proofs, FILE_MODE)?);
    let previous_hash = match existing {
        Existing::Replace => String::new(),
        Existing::Continue => copy_chain(proofs, &mut out, &ingest.signer.public())?,
    };
    let ingested = ingest.continue_chain(source, &mut out, previous_hash)?;
    let draft = out
        .into_inner()
        .map_err(|error| IngestError::Output(error.into_error()))?;
    draft.commit()?;
    Ok(ingested)
}

/// Opens a log that ends some time: a file or a pipe.
fn open(path: &Path) -> Result<(File, Metadata), ReadError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ReadError::NotFound {
            path: path.to_path_buf(),
        },
        _ => ReadError::Io {
            path: path.to_path_buf(),
            source,
        },
    };
    let metadata = path.metadata().map_err(failed)?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Err(ReadError::Directory {
            path: path.to_path_buf(),
        });
    }
    if !kind.is_file() && !kind.is_fifo() {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidInput,
            "neither a file nor a pipe",
        )));
    }
    let file = File::open(path).map_err(failed)?;
    Ok((file, metadata))
}

/// A log is evidence too, and must not be lost to a mistyped path.
fn refuse_same(log: &Metadata, proofs: &Path) -> Result<(), IngestError> {
    let identity = |file: &Metadata| (file.dev(), file.ino());
    match proofs.metadata() {
        Ok(existing) if identity(&existing) == identity(log) => {
            Err(IngestError::SameFile(proofs.to_path_buf()))
        }
        _ => Ok(()),
    }
}

fn lock_path(proofs: &Path) -> PathBuf {
    let mut path = OsString::from(proofs);
    path.push(".lock");
    path.into()
}

/// Copies the chain at `path` and gives the hash of its last record; nothing where there is no chain.
///
/// The signature of the last record vouches for all before it, since each one's hash covers the hash before.
fn copy_chain(path: &Path, out: &mut impl Write, signer: &PublicKey) -> Result<String, IngestError> {
    let mut file = match open(path) {
        Ok((file, _)) => file,
        Err(ReadError::NotFound { .. }) => return Ok(String::new()),
        Err(error) => return Err(error.into()),
    };
    let mut chain = ChainReader::new(&file);
    let mut last = None;
    while let Some((_, record)) = chain.next_record()? {
        last = Some(record.integrity);
    }
    let Some(last) = last else {
        return Ok(String::new());
    };
    verify_record(&last, signer)?;
    file.rewind().map_err(IngestError::Output)?;
    let mut ending = Ending { out, last: b'\n' };
    io::copy(&mut BufReader::new(file), &mut ending).map_err(IngestError::Output)?;
    if ending.last != b'\n' {
        out.write_all(b"\n").map_err(IngestError::Output)?;
    }
    Ok(last.record_hash)
}

/// Remembers the last byte that was written.
struct Ending<'a, W> {
    out: &'a mut W,
    last: u8,
}

impl<W: Write> Write for Ending<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        if let Some(&last) = bytes[..count].last() {
            self.last = last;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Tells how much of a log was read.
struct Watched<'a> {
    source: File,
    progress: &'a dyn Progress,
}

impl Read for Watched<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(bytes)?;
        self.progress.advance(count as u64);
        Ok(count)
    }
}
