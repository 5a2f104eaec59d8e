//! Directories as open handles, so that a rename in one cannot end up in another that took its name.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::{Error, FileKind};

/// Mode of the directories that are made on the way to a file, before the umask.
const DIRECTORY_MODE: Mode = Mode::RWXU.union(Mode::RGRP).union(Mode::XGRP);

/// Bytes of the destination's name that are kept in the temporary one. File systems allow 255 bytes for a name.
const NAME_PREFIX_LIMIT: usize = 200;

/// An open directory.
#[derive(Debug)]
pub(crate) struct Directory {
    fd: OwnedFd,
}

impl Directory {
    /// Opens the directory that holds `path`; gives it with the last segment of `path`.
    pub(crate) fn holding(path: &Path) -> Result<(Self, &OsStr), Error> {
        let Some(Component::Normal(name)) = path.components().next_back() else {
            // `.`, `/` and `..` name directories whatever the file system holds.
            return Err(Error::NotRegular {
                path: path.to_path_buf(),
                kind: FileKind::Directory,
            });
        };
        let directory = Self::open(parent(path)).map_err(Error::io("open directory of", path))?;
        Ok((directory, name))
    }

    fn open(path: &Path) -> Result<Self, Errno> {
        Self::open_at(CWD, path.as_os_str(), OFlags::empty())
    }

    fn open_at(at: impl AsFd, name: &OsStr, extra: OFlags) -> Result<Self, Errno> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | extra;
        match rustix::fs::openat(&at, name, OFlags::RDONLY | flags, Mode::empty()) {
            // Files can be made in a directory that may be searched and written but not listed.
            #[cfg(target_os = "linux")]
            Err(Errno::ACCESS) => rustix::fs::openat(&at, name, OFlags::PATH | flags, Mode::empty()),
            opened => opened,
        }
        .map(|fd| Self { fd })
    }

    /// Opens the directory at an absolute path that has no link on its way.
    pub(crate) fn without_links(path: &Path) -> Result<Self, Errno> {
        Self::walk(path, |_, _| Err(Errno::NOENT))
    }

    /// As [`without_links`](Self::without_links), but makes what is missing as [`create_directories`] does.
    pub(crate) fn made_without_links(path: &Path) -> Result<Self, Errno> {
        Self::walk(path, |above, name| {
            rustix::fs::mkdirat(above, name, DIRECTORY_MODE)?;
            above.sync();
            Self::open_at(above, name, OFlags::NOFOLLOW)
        })
    }

    fn walk(path: &Path, missing: impl Fn(&Self, &OsStr) -> Result<Self, Errno>) -> Result<Self, Errno> {
        let mut directory = Self::open(Path::new("/"))?;
        for component in path.components() {
            directory = match component {
                Component::RootDir => continue,
                Component::Normal(name) => match Self::open_at(&directory, name, OFlags::NOFOLLOW) {
                    Err(Errno::NOENT) => missing(&directory, name)?,
                    opened => opened?,
                },
                _ => return Err(Errno::INVAL),
            };
        }
        Ok(directory)
    }

    /// What `name` stands for in this directory; `None` when there is no such name. Links are not followed.
    pub(crate) fn kind_of(&self, name: &OsStr) -> Result<Option<FileKind>, Errno> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileKind::of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Fails when something other than a regular file is at `name`, which is the end of `path`.
    pub(crate) fn require_replaceable(&self, name: &OsStr, path: &Path) -> Result<(), Error> {
        match self.kind_of(name).map_err(Error::io("examine", path))? {
            None | Some(FileKind::Regular) => Ok(()),
            Some(kind) => Err(Error::NotRegular {
                path: path.to_path_buf(),
                kind,
            }),
        }
    }

    /// Makes the names in this directory as durable as the file system allows.
    ///
    /// Errors are ignored: some file systems refuse to sync a directory, and the file itself is already synced.
    pub(crate) fn sync(&self) {
        let _ = rustix::fs::fsync(&self.fd);
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The directory part of `path`; `.` when it has none.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes `directory` and all that is missing above it, mode 0750 before the umask, and makes the new names durable.
///
/// Any path is taken; nothing is checked but the file system's own rules.
pub fn create_directories(directory: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> = directory
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.is_dir())
        .collect();
    for directory in missing.into_iter().rev() {
        match rustix::fs::mkdir(directory, DIRECTORY_MODE) {
            Ok(()) => sync_parent(directory),
            // Somebody else made it meanwhile.
            Err(Errno::EXIST) if directory.is_dir() => {}
            Err(Errno::EXIST) => return Err(not_a_directory(directory)),
            Err(errno) => return Err(Error::io("create directory", directory)(errno)),
        }
    }
    Ok(())
}

fn sync_parent(path: &Path) {
    if let Ok(directory) = Directory::open(parent(path)) {
        directory.sync();
    }
}

fn not_a_directory(path: &Path) -> Error {
    Error::Io {
        action: "create directory",
        path: path.to_path_buf(),
        source: io::Error::from(io::ErrorKind::NotADirectory),
    }
}

/// A hidden name that nothing has yet, for content on its way to `name`.
pub(crate) fn temporary_name(name: &OsStr) -> Result<OsString, Errno> {
    let random = getrandom::u64().map_err(|_| Errno::IO)?;
    let bytes = name.as_bytes();
    let mut temporary = OsString::from(".");
    temporary.push(OsStr::from_bytes(&bytes[..bytes.len().min(NAME_PREFIX_LIMIT)]));
    temporary.push(format!(".tmp-{random:016x}"));
    Ok(temporary)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn missing_directories_are_made_private() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b/c");
        create_directories(&deep).unwrap();
        create_directories(&deep).unwrap();
        for made in ["a", "a/b", "a/b/c"] {
            let mode = fs::metadata(root.path().join(made)).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode & 0o027, 0o000, "{made}: {mode:o}");
            assert_eq!(mode & 0o700, 0o700, "{made}: {mode:o}");
        }
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "x").unwrap();
        for path in ["file", "file/below"] {
            let refused = create_directories(&root.path().join(path)).unwrap_err();
            let Error::Io { source, .. } = refused else {
                panic!("{refused}")
            };
            assert_eq!(source.kind(), io::ErrorKind::NotADirectory, "{path}");
        }
    }
}
