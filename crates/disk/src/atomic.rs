//! Files that are whole or absent.
//!
//! New content is written beside its destination under a hidden name, `.<name>.tmp-<random>`, flushed to the disk,
//! given its mode and only then moved to its place, which the file system does in one step. A crash leaves the old
//! content or the new, and at worst a hidden file that nothing reads.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::directory::{Directory, parent};
use crate::path::local_or_absolute;
use crate::{Error, FileKind};

pub use crate::directory::create_directories;

/// Bytes of the destination's name that are kept in the temporary one. File systems allow 255 bytes for a name.
const NAME_PREFIX_LIMIT: usize = 200;

/// Makes the missing directories above `path`, mode 0750 before the umask.
///
/// The path rule of [`local_or_absolute`] is applied first, so a path that [`replace`] would refuse leaves no
/// directory behind. Use [`create_directories`] where any path is welcome.
pub fn create_parents(path: &Path) -> Result<(), Error> {
    create_directories(parent(&local_or_absolute(path)?))
}

/// Makes `bytes` the content of the file at `path`, with exactly the permission bits `mode` whatever the umask.
///
/// The path must pass [`local_or_absolute`] and its directory must exist. A regular file at the destination is
/// replaced; anything else there (directory, device, pipe, socket, symbolic link) is refused and left alone. On
/// return the file is on the disk; after an error the destination is as it was.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let path = local_or_absolute(path)?;
    let (directory, name) = Directory::holding(&path)?;
    replace_in(&directory, name, &path, &Content { bytes, mode })
}

/// As [`replace`], but only when nothing is at the destination yet; otherwise [`Error::AlreadyExists`].
///
/// Of several processes that create the same file at once exactly one succeeds.
pub fn create_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let path = local_or_absolute(path)?;
    let (directory, name) = Directory::holding(&path)?;
    let staged = Staged::write(&directory, name, &path, &Content { bytes, mode })?;
    // Unlike a rename, a hard link never takes the place of an existing name.
    match rustix::fs::linkat(&directory, &staged.name, &directory, name, AtFlags::empty()) {
        Ok(()) => {
            drop(staged);
            directory.sync();
            Ok(())
        }
        Err(Errno::EXIST) => Err(Error::AlreadyExists { path }),
        Err(errno) => Err(Error::io("create", path)(errno)),
    }
}

/// Writes where the user pointed, as shell redirection would: any path is taken and links are followed. A regular
/// or missing file is replaced atomically; a pipe or character device such as `/dev/null` is written to as it is.
///
/// Directories, sockets, disks and links to nothing are refused. A pipe without a reader is an error, not a wait.
pub fn write_or_replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let (directory, name) = Directory::holding(path)?;
    let at_name = directory.kind_of(name).map_err(Error::io("examine", path))?;
    let kind = match at_name {
        Some(FileKind::Symlink) => rustix::fs::stat(path)
            .ok()
            .map_or(FileKind::Symlink, |stat| FileKind::of(&stat)),
        Some(kind) => kind,
        None => FileKind::Regular,
    };
    match kind {
        FileKind::Regular if at_name == Some(FileKind::Symlink) => {
            let target = path.canonicalize().map_err(|source| Error::Io {
                action: "follow",
                path: path.to_path_buf(),
                source,
            })?;
            let (directory, name) = Directory::holding(&target)?;
            replace_in(&directory, name, &target, &Content { bytes, mode })
        }
        FileKind::Regular => replace_in(&directory, name, path, &Content { bytes, mode }),
        FileKind::Pipe | FileKind::CharacterDevice => write_to_stream(path, bytes),
        kind => Err(Error::NotRegular {
            path: path.to_path_buf(),
            kind,
        }),
    }
}

struct Content<'a> {
    bytes: &'a [u8],
    mode: u32,
}

fn replace_in(directory: &Directory, name: &OsStr, path: &Path, content: &Content) -> Result<(), Error> {
    match directory.kind_of(name).map_err(Error::io("examine", path))? {
        None | Some(FileKind::Regular) => {}
        Some(kind) => {
            return Err(Error::NotRegular {
                path: path.to_path_buf(),
                kind,
            });
        }
    }
    let mut staged = Staged::write(directory, name, path, content)?;
    rustix::fs::renameat(directory, &staged.name, directory, name).map_err(Error::io("replace", path))?;
    staged.moved = true;
    directory.sync();
    Ok(())
}

/// A complete, synced file under its temporary name, which goes away unless it was moved.
struct Staged<'a> {
    directory: &'a Directory,
    name: OsString,
    moved: bool,
}

impl<'a> Staged<'a> {
    fn write(directory: &'a Directory, name: &OsStr, path: &Path, content: &Content) -> Result<Self, Error> {
        let (staged, file) =
            Self::create(directory, name).map_err(Error::io("create temporary file for", path))?;
        fill(file, content).map_err(|source| Error::Io {
            action: "write",
            path: path.to_path_buf(),
            source,
        })?;
        Ok(staged)
    }

    fn create(directory: &'a Directory, name: &OsStr) -> Result<(Self, File), Errno> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name = temporary_name(name)?;
        let fd = rustix::fs::openat(directory, &name, flags, Mode::RUSR | Mode::WUSR)?;
        Ok((
            Self {
                directory,
                name,
                moved: false,
            },
            File::from(fd),
        ))
    }
}

fn fill(mut file: File, content: &Content) -> io::Result<()> {
    file.write_all(content.bytes)?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(content.mode))?;
    file.sync_all()
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.moved {
            let _ = rustix::fs::unlinkat(self.directory, &self.name, AtFlags::empty());
        }
    }
}

fn temporary_name(name: &OsStr) -> Result<OsString, Errno> {
    let random = getrandom::u64().map_err(|_| Errno::IO)?;
    let bytes = name.as_bytes();
    let mut temporary = OsString::from(".");
    temporary.push(OsStr::from_bytes(&bytes[..bytes.len().min(NAME_PREFIX_LIMIT)]));
    temporary.push(format!(".tmp-{random:016x}"));
    Ok(temporary)
}

fn write_to_stream(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // Opened without waiting, so that a pipe nobody reads fails; written with waiting, like any stream.
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(Error::io("open", path))?;
    rustix::io::ioctl_fionbio(fd.as_fd(), false).map_err(Error::io("open", path))?;
    File::from(fd).write_all(bytes).map_err(|source| Error::Io {
        action: "write",
        path: path.to_path_buf(),
        source,
    })
}
