//! Files below a directory, reached without following a single link.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::{FileKind, ReadError};

/// Opens the regular file at `path` below `directory` for reading.
///
/// Whoever writes `path` chooses only among the files that really are below `directory`: `..` and absolute paths are
/// refused, and so is a symbolic link anywhere on the way. The directory itself may be reached through links.
pub fn open_beneath(directory: &Path, path: &Path) -> Result<File, ReadError> {
    let failed = |errno: Errno| match errno {
        Errno::NOENT => ReadError::NotFound {
            path: path.to_path_buf(),
        },
        errno => ReadError::Io {
            path: path.to_path_buf(),
            source: errno.into(),
        },
    };
    let not_a_file = |kind| ReadError::NotAFile {
        path: path.to_path_buf(),
        kind,
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    let mut below: OwnedFd = rustix::fs::open(directory, flags, Mode::empty()).map_err(failed)?;
    let mut names = path.components().peekable();
    while let Some(component) = names.next() {
        let Component::Normal(name) = component else {
            return Err(failed(Errno::INVAL));
        };
        let is_last = names.peek().is_none();
        let kind = rustix::fs::statat(&below, name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
        match FileKind::of(&kind) {
            FileKind::Directory if !is_last => {}
            FileKind::Regular if is_last => {}
            FileKind::Directory => {
                return Err(ReadError::Directory {
                    path: path.to_path_buf(),
                });
            }
            kind => return Err(not_a_file(kind)),
        }
        // What was looked at may have been swapped since; the flags refuse that.
        let kind = if is_last {
            OFlags::NONBLOCK
        } else {
            OFlags::DIRECTORY
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC | kind;
        below = rustix::fs::openat(&below, name, flags, Mode::empty()).map_err(failed)?;
    }
    let kind = FileKind::of(&rustix::fs::fstat(&below).map_err(failed)?);
    if kind != FileKind::Regular {
        return Err(not_a_file(kind));
    }
    Ok(File::from(below))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::read_to_string;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_plain_files_below_the_directory_are_opened() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("d");
        fs::create_dir_all(below.join("sub")).unwrap();
        fs::write(root.path().join("outside"), "secret").unwrap();
        fs::write(below.join("sub/f"), "content").unwrap();
        symlink("f", below.join("sub/link")).unwrap();
        symlink("sub", below.join("linked")).unwrap();
        symlink(&below, root.path().join("entrance")).unwrap();
        for directory in [&below, &root.path().join("entrance")] {
            let file = open_beneath(directory, Path::new("sub/./f")).unwrap();
            assert_eq!(read_to_string(file).unwrap(), "content");
        }
        for (path, expected) in [
            ("sub/link", "symbolic link"),
            ("linked/f", "symbolic link"),
            ("sub", "directory"),
            ("", "directory"),
            ("absent", "no such file"),
            ("sub/f/x", "not a file"),
            ("../outside", "nvalid"),
            ("/etc/hostname", "nvalid"),
        ] {
            let found = open_beneath(&below, Path::new(path)).unwrap_err().to_string();
            assert!(found.contains(expected), "{path}: {found}");
        }
    }
}
