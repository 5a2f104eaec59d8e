//! Record files: made in one step, without waiting for the disk, and never in the place of another.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;

use super::frame::Record;
use super::segment::{Segment, io_error};
use crate::directory::{Directory, create_directories, parent};
use crate::draft;
use crate::lock::Identity;
use crate::{Error, FileKind, ReadError, open_beneath};

/// Directories that are kept open. Services write to one.
const MAX_OPEN: usize = 64;

/// Records up to which each file is flushed on its own; for more, everything on their disk is.
const FEW: usize = 256;

/// The directories that records go to, open.
#[derive(Debug, Default)]
pub(super) struct Directories {
    open: HashMap<PathBuf, Destination>,
    /// Counts the batches.
    batch: u64,
}

/// A directory by the path that callers know it by.
#[derive(Debug)]
pub(super) struct Destination {
    directory: Directory,
    identity: Identity,
    /// Absolute and without links.
    real: PathBuf,
    /// The batch in which the path was last seen to lead here.
    checked: u64,
}

impl Directories {
    /// Begins a batch: directories may have been moved since the last.
    pub(super) const fn begin(&mut self) {
        self.batch += 1;
    }

    /// The directory that holds `path`, made if need be, and the name of the file there.
    pub(super) fn holding<'a>(&mut self, path: &'a Path) -> Result<(&Destination, &'a OsStr), Error> {
        let Some(name) = path.file_name() else {
            return Err(Error::NotRegular {
                path: path.to_path_buf(),
                kind: FileKind::Directory,
            });
        };
        let parent = parent(path);
        let known = self.open.get_mut(parent).is_some_and(|known| {
            if known.checked != self.batch && known.is_at(parent) {
                known.checked = self.batch;
            }
            known.checked == self.batch
        });
        if !known {
            if self.open.len() >= MAX_OPEN {
                self.open.clear();
            }
            let destination = Destination::open(parent, self.batch)?;
            self.open.insert(parent.to_path_buf(), destination);
        }
        Ok((&self.open[parent], name))
    }
}

impl Destination {
    fn open(path: &Path, batch: u64) -> Result<Self, Error> {
        create_directories(path)?;
        let real = fs::canonicalize(path).map_err(io_error("follow", path))?;
        let directory = Directory::without_links(&real).map_err(Error::io("open", path))?;
        let stat = rustix::fs::fstat(&directory).map_err(Error::io("examine", path))?;
        Ok(Self {
            directory,
            identity: Identity::of(&stat),
            real,
            checked: batch,
        })
    }

    fn is_at(&self, path: &Path) -> bool {
        rustix::fs::stat(path).is_ok_and(|stat| Identity::of(&stat) == self.identity)
    }

    /// Where a file of this directory really is.
    pub(super) fn real_path(&self, name: &OsStr) -> PathBuf {
        self.real.join(name)
    }

    /// Makes the file of a record. Readers see all of it or none.
    pub(super) fn create(&self, name: &OsStr, record: &Record<'_>) -> Result<(), Error> {
        create(&self.directory, name, record, None)
    }
}

/// Makes the file of a record as `name` in `directory`, with the time `modified` or the present one.
fn create(
    directory: &Directory,
    name: &OsStr,
    record: &Record<'_>,
    modified: Option<SystemTime>,
) -> Result<(), Error> {
    let failed = |error: Errno| match error {
        Errno::EXIST => Error::AlreadyExists {
            path: record.path.to_path_buf(),
        },
        errno => Error::io("create", record.path)(errno),
    };
    let (file, hidden) = draft::open(directory, name).map_err(failed)?;
    let made = fill(&file, record, modified)
        .map_err(io_error("write", record.path))
        .and_then(|()| draft::link_new(directory, &file, hidden.as_deref(), name).map_err(failed));
    if let Some(hidden) = hidden {
        let _ = rustix::fs::unlinkat(directory, hidden, AtFlags::empty());
    }
    made
}

fn fill(mut file: &File, record: &Record<'_>, modified: Option<SystemTime>) -> io::Result<()> {
    let mode = Mode::from_raw_mode(record.mode);
    // Mostly the file has it from the beginning, and looking costs less than a change.
    if Mode::from_raw_mode(rustix::fs::fstat(file)?.st_mode) != mode {
        rustix::fs::fchmod(file, mode)?;
    }
    file.write_all(record.bytes)?;
    modified.map_or(Ok(()), |time| file.set_modified(time))
}

/// What is at the destination of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Absent,
    /// The record.
    Whole,
    /// What remains of the record's file after the machine went down: it has its name but not all of its content.
    Remnant,
    /// Something else.
    Other,
}

impl Standing {
    pub(super) fn is_whole(self) -> bool {
        self == Self::Whole
    }
}

/// Looks at the destination of a record.
pub(super) fn standing(record: &Record<'_>) -> Result<Standing, Error> {
    match open_without_links(record.path) {
        Ok(file) => compare(file, record.bytes).map_err(io_error("read", record.path)),
        Err(ReadError::NotFound { .. }) => Ok(Standing::Absent),
        Err(ReadError::Io { source, .. }) => Err(io_error("read", record.path)(source)),
        Err(_) => Ok(Standing::Other),
    }
}

/// Opens the regular file at an absolute path, following no link on the way.
fn open_without_links(path: &Path) -> Result<File, ReadError> {
    let below = path.strip_prefix("/").unwrap_or(path);
    open_beneath(Path::new("/"), below)
}

fn compare(file: File, expected: &[u8]) -> io::Result<Standing> {
    let mut found = Vec::new();
    // One byte more than the record has is enough to tell that it is another.
    file.take(expected.len() as u64 + 1).read_to_end(&mut found)?;
    if found == expected {
        return Ok(Standing::Whole);
    }
    // File systems keep the beginning of what was not flushed, or zeros in its place.
    let remains = |(found, expected): (&u8, &u8)| *found == 0 || found == expected;
    let remnant = found.len() <= expected.len() && found.iter().zip(expected).all(remains);
    Ok(if remnant {
        Standing::Remnant
    } else {
        Standing::Other
    })
}

/// Makes the file of a record that a crash lost, in place of its remnant if there is one.
pub(super) fn restore(record: &Record<'_>, standing: Standing) -> Result<(), Error> {
    let failed = || Error::io("restore", record.path);
    let Some(name) = record.path.file_name() else {
        return Err(failed()(Errno::ISDIR));
    };
    let directory = Directory::made_without_links(parent(record.path)).map_err(failed())?;
    if standing == Standing::Remnant {
        rustix::fs::unlinkat(&directory, name, AtFlags::empty()).map_err(failed())?;
    }
    create(&directory, name, record, Some(record.taken))
}

/// Has the disk keep all files of a segment. Those that somebody removed or replaced meanwhile are no failure.
pub(super) fn make_durable(segment: &Segment, records: usize) -> Result<(), Error> {
    // A few files should not wait for all that others have written to the same disk.
    if records > FEW && flush_file_systems(segment).is_ok() {
        return Ok(());
    }
    flush_each(segment)
}

/// Flushes every file system that has a file of the segment.
#[cfg(target_os = "linux")]
fn flush_file_systems(segment: &Segment) -> Result<(), Error> {
    let mut flushed = HashSet::new();
    let mut last = PathBuf::new();
    each_path(segment, |path| {
        let directory = parent(path);
        if directory == last {
            return Ok(());
        }
        last = directory.to_path_buf();
        let failed = || Error::io("flush the file system of", directory);
        let directory = match Directory::without_links(directory) {
            Ok(directory) => directory,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
            Err(errno) => return Err(failed()(errno)),
        };
        let stat = rustix::fs::fstat(&directory).map_err(failed())?;
        if flushed.insert(stat.st_dev) {
            rustix::fs::syncfs(&directory).map_err(failed())?;
        }
        Ok(())
    })
}

/// There is no such call.
#[cfg(not(target_os = "linux"))]
fn flush_file_systems(_: &Segment) -> Result<(), Error> {
    Err(Error::io("flush the file system of", Path::new("/"))(
        Errno::NOSYS,
    ))
}

fn flush_each(segment: &Segment) -> Result<(), Error> {
    let mut last: Option<PathBuf> = None;
    each_path(segment, |path| {
        match open_without_links(path) {
            Ok(file) => file.sync_all().map_err(io_error("flush", path))?,
            Err(ReadError::Io { source, .. }) => return Err(io_error("flush", path)(source)),
            Err(_) => {}
        }
        let directory = parent(path);
        if last.as_deref().is_some_and(|last| last != directory) {
            last.take().as_deref().map(flush_names);
        }
        last.get_or_insert_with(|| directory.to_path_buf());
        Ok(())
    })?;
    last.as_deref().map(flush_names);
    Ok(())
}

fn flush_names(directory: &Path) {
    if let Ok(directory) = Directory::without_links(directory) {
        directory.sync();
    }
}

fn each_path(segment: &Segment, mut each: impl FnMut(&Path) -> Result<(), Error>) -> Result<(), Error> {
    let mut records = segment.records()?;
    while let Some(record) = records.next().map_err(io_error("read", segment.path()))? {
        each(record.path)?;
    }
    Ok(())
}
