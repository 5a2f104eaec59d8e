//! Where the bytes of an archive come from.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::read::{RunpackError, open_archive};

/// Archives up to this size are read at once: a handful of small entries is not worth a system call each.
const WHOLE: u64 = 8 << 20;
/// Bytes asked of the operating system at once. The unpacker asks for as many, so that stored content is not copied twice.
const CHUNK: usize = 64 << 10;

/// An archive in memory, or one that is read as needed.
pub(super) enum Source<R> {
    /// All of a small archive.
    Memory(Vec<u8>),
    /// A large one.
    Large(R),
}

/// Opens the archive at `path`.
pub(super) fn open(path: &Path) -> Result<Source<BufReader<File>>, RunpackError> {
    let file = open_archive(path)?.into_inner();
    let failed = |source| RunpackError::Open {
        path: path.to_path_buf(),
        source,
    };
    let length = file.metadata().map_err(failed)?.len();
    if length > WHOLE {
        return Ok(Source::Large(BufReader::with_capacity(CHUNK, file)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    // A file that grows meanwhile is cut, and so is no archive.
    file.take(WHOLE).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Source::Memory(bytes))
}

/// Takes an archive from `reader`, from its start.
pub(super) fn take<R: Read + Seek>(mut reader: R) -> std::io::Result<Source<R>> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    if length > WHOLE {
        return Ok(Source::Large(reader));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    reader.take(WHOLE).read_to_end(&mut bytes)?;
    Ok(Source::Memory(bytes))
}
