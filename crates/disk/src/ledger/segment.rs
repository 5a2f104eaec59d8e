//! Segments: the files that the log consists of, each written by one process and locked by it while it lives.

use std::fs::{self, File};
use std::io::{self, BufReader, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::frame::{END, Frames};
use crate::directory::Directory;
use crate::lock::{Identity, try_flock};
use crate::{Error, FileKind};

const PREFIX: &str = "ledger-";
const SUFFIX: &str = ".segment";
const FILE_MODE: u32 = 0o600;

/// What a segment begins with. The digit is the version of the format.
const MAGIC: [u8; 16] = *b"gait ledger 1\n\0\0";
/// The magic, the nonce and eight bytes to spare.
const HEADER: usize = 32;

/// Bytes written or read at a time.
const CHUNK: usize = 256 << 10;

/// A segment of this process, or one that a process left behind and nobody else has claimed.
#[derive(Debug)]
pub(super) struct Segment {
    file: File,
    path: PathBuf,
    nonce: u64,
    /// Where the next frame goes.
    end: u64,
    /// Bytes that are there to be written over, without the file system having to find new ones.
    reserved: u64,
    records: usize,
}

/// Why frames were not added.
#[derive(Debug)]
pub(super) enum AppendError {
    /// They were not written. The segment is as it was.
    Write(Error),
    /// They were written but it is not known whether they are on the disk, nor what else is not.
    Sync(Error),
}

/// What became of the attempt to take a segment that was left behind.
#[derive(Debug)]
pub(super) enum Claim {
    Ours(Segment),
    /// Its process is alive, or somebody else is recovering it.
    Held,
    /// It is no segment, one of another version, or others could have written it.
    Foreign,
}

impl Segment {
    /// Makes a new segment in `directory`. Nothing is waited for: see [`reserve`](Self::reserve).
    pub(super) fn create(directory: &Path) -> Result<Self, Error> {
        loop {
            let id = random(directory)?;
            let path = directory.join(format!("{PREFIX}{id:016x}{SUFFIX}"));
            let failed = io_error("create", &path);
            let file = match open(&path, true) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(failed(error)),
            };
            // Whoever looks for segments left behind may have come between, and then removes this one.
            if !try_flock(&file).map_err(Error::io("lock", &path))? || !names(&path, &file) {
                continue;
            }
            let mut segment = Self {
                file,
                path,
                nonce: 0,
                end: 0,
                reserved: 0,
                records: 0,
            };
            segment.begin()?;
            return Ok(segment);
        }
    }

    /// Takes the segment at `path`, which an earlier process may have left behind.
    pub(super) fn claim(path: &Path) -> Result<Claim, Error> {
        let file = match open(path, false) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Claim::Held),
            // Another user's, or not even a file: no reason not to begin.
            Err(error) if is_foreign(&error) => return Ok(Claim::Foreign),
            Err(error) => return Err(io_error("open", path)(error)),
        };
        if !try_flock(&file).map_err(Error::io("lock", path))? || !names(path, &file) {
            return Ok(Claim::Held);
        }
        // A segment makes files appear anywhere, so only our own count.
        let stat = rustix::fs::fstat(&file).map_err(Error::io("examine", path))?;
        let writable_by_others = Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH);
        let is_file = FileKind::of(&stat) == FileKind::Regular;
        if !is_file || writable_by_others || stat.st_uid != rustix::process::geteuid().as_raw() {
            return Ok(Claim::Foreign);
        }
        let mut header = [0; HEADER];
        match file.read_exact_at(&mut header, 0) {
            Ok(()) => {}
            // Its process crashed before it wrote anything.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => header = [0; HEADER],
            Err(error) => return Err(io_error("read", path)(error)),
        }
        let (magic, rest) = header.split_at(MAGIC.len());
        if magic != MAGIC && header != [0; HEADER] {
            return Ok(Claim::Foreign);
        }
        let nonce = rest.first_chunk().copied().unwrap_or_default();
        Ok(Claim::Ours(Self {
            file,
            path: path.to_path_buf(),
            nonce: u64::from_le_bytes(nonce),
            end: HEADER as u64,
            reserved: 0,
            records: 0,
        }))
    }

    /// The segments in `directory`, whoever has them.
    pub(super) fn all(directory: &Path) -> Result<Vec<PathBuf>, Error> {
        let failed = || io_error("list", directory);
        let mut segments = Vec::new();
        for entry in fs::read_dir(directory).map_err(failed())? {
            let name = entry.map_err(failed())?.file_name();
            if name.to_str().is_some_and(is_name) {
                segments.push(directory.join(name));
            }
        }
        segments.sort();
        Ok(segments)
    }

    pub(super) const fn nonce(&self) -> u64 {
        self.nonce
    }

    /// Bytes written, or room for records that is taken.
    pub(super) const fn len(&self) -> u64 {
        self.end
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.end <= HEADER as u64
    }

    pub(super) const fn reserved(&self) -> u64 {
        self.reserved
    }

    /// Records that were added by this process.
    pub(super) const fn records_written(&self) -> usize {
        self.records
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes zeros up to `size`, so that flushing records becomes writing over blocks that the file has already, and makes
    /// the segment's name durable. A disk too full for that may still have room for records.
    pub(super) fn reserve(&mut self, size: u64) -> Result<(), Error> {
        let zeros = vec![0; CHUNK];
        let mut at = self
            .file
            .metadata()
            .map_err(io_error("examine", &self.path))?
            .len();
        if at > size {
            self.file.set_len(size).map_err(io_error("cut", &self.path))?;
            at = size;
        }
        while at < size {
            let length = usize::try_from(size - at).map_or(CHUNK, |left| left.min(CHUNK));
            if self.file.write_all_at(&zeros[..length], at).is_err() {
                break;
            }
            at += length as u64;
        }
        self.reserved = at;
        self.file.sync_all().map_err(io_error("flush", &self.path))?;
        Directory::holding(&self.path)?.0.sync();
        Ok(())
    }

    /// Adds the frames of so many records, made with [`nonce`](Self::nonce), in one write; on return they are on the disk.
    /// `frames` gets the mark of the end behind it.
    pub(super) fn append(&mut self, frames: &mut Vec<u8>, records: usize) -> Result<(), AppendError> {
        let length = frames.len() as u64;
        frames.extend_from_slice(&END);
        self.file
            .write_all_at(frames, self.end)
            .map_err(io_error("append to", &self.path))
            .map_err(AppendError::Write)?;
        self.file
            .sync_data()
            .map_err(io_error("flush", &self.path))
            .map_err(AppendError::Sync)?;
        self.end += length;
        self.records += records;
        Ok(())
    }

    /// The records of the segment, from its beginning.
    pub(super) fn records(&self) -> Result<Frames<BufReader<&File>>, Error> {
        (&self.file)
            .seek(SeekFrom::Start(HEADER as u64))
            .map_err(io_error("read", &self.path))?;
        Ok(Frames::new(
            BufReader::with_capacity(CHUNK, &self.file),
            self.nonce,
        ))
    }

    /// Forgets all records. The bytes stay, to be written over.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.nonce = random(&self.path)?;
        let mut header = [0; HEADER];
        header[..MAGIC.len()].copy_from_slice(&MAGIC);
        header[MAGIC.len()..][..8].copy_from_slice(&self.nonce.to_le_bytes());
        self.file
            .write_all_at(&header, 0)
            .map_err(io_error("write", &self.path))?;
        self.end = HEADER as u64;
        self.records = 0;
        Ok(())
    }

    /// Removes the segment. Its records are forgotten.
    pub(super) fn remove(self) -> Result<(), Error> {
        fs::remove_file(&self.path).map_err(io_error("remove", &self.path))
    }

    /// Gives the segment a name under which nobody looks for records to make good.
    pub(super) fn set_aside(self) -> Result<PathBuf, Error> {
        let aside = self.path.with_extension("kept");
        fs::rename(&self.path, &aside).map_err(io_error("rename", &self.path))?;
        Directory::holding(&aside)?.0.sync();
        Ok(aside)
    }

    #[cfg(test)]
    pub(super) fn on(path: &Path) -> Self {
        Self {
            file: File::options().read(true).write(true).open(path).unwrap(),
            path: path.to_path_buf(),
            nonce: 1,
            end: HEADER as u64,
            reserved: 0,
            records: 0,
        }
    }
}

fn open(path: &Path, new: bool) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create_new(new)
        .mode(FILE_MODE)
        .custom_flags(
            (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY)
                .bits()
                .cast_signed(),
        )
        .open(path)
}

fn is_foreign(error: &io::Error) -> bool {
    let kind = Errno::from_io_error(error);
    kind.is_some_and(|errno| {
        [Errno::ACCESS, Errno::PERM, Errno::LOOP, Errno::ISDIR, Errno::NXIO].contains(&errno)
    })
}

/// Whether `path` still leads to `file`.
fn names(path: &Path, file: &File) -> bool {
    rustix::fs::fstat(file).is_ok_and(|stat| Identity::at(path) == Ok(Identity::of(&stat)))
}

fn is_name(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_suffix(SUFFIX))
        .is_some_and(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn random(path: &Path) -> Result<u64, Error> {
    getrandom::u64().map_err(|error| io_error("choose a name for", path)(io::Error::other(error)))
}

pub(super) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_path_buf();
    move |source| Error::Io { action, path, source }
}
