//! Files that are whole or absent.
//!
//! New content is written beside its destination under a hidden name, `.<name>.tmp-<random>`, flushed to the disk,
//! given its mode and only then moved to its place, which the file system does in one step. A crash leaves the old
//! content or the new, and at worst a hidden file that nothing reads. [`Draft`] is for content that does not fit into
//! memory.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::directory::{Directory, parent, temporary_name};
use crate::path::local_or_absolute;
use crate::{Error, FileKind};

pub use crate::directory::create_directories;
pub use crate::draft::Draft;

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
    directory.require_replaceable(name, path)?;
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    use rustix::fs::{CWD, FileType};
    use tempfile::TempDir;

    use super::*;

    fn root() -> (TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().to_path_buf();
        (root, path)
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn pipe(path: &Path) {
        rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }

    /// A copy of `/dev/null`; `None` where this user or file system does not allow one.
    fn null_device(path: &Path) -> Option<()> {
        let number = rustix::fs::makedev(1, 3);
        let made = rustix::fs::mknodat(
            CWD,
            path,
            FileType::CharacterDevice,
            Mode::RUSR | Mode::WUSR,
            number,
        );
        let usable = made.is_ok() && fs::OpenOptions::new().write(true).open(path).is_ok();
        if !usable {
            println!("skipped: no device nodes can be made here");
        }
        usable.then_some(())
    }

    #[test]
    fn content_and_mode_are_exact() {
        let (_root, root) = root();
        let path = root.join("a.json");
        // The usual umask would take write permission from group and others.
        for (content, mode) in [
            ("first", 0o600),
            ("second, longer", 0o666),
            ("", 0o640),
            ("x", 0o400),
            ("y", 0o600),
        ] {
            replace(&path, content.as_bytes(), mode).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode);
        }
        assert_eq!(names(&root), ["a.json"]);
    }

    #[test]
    fn what_is_not_a_regular_file_is_left_alone() {
        let (_root, root) = root();
        let target = root.join("target");
        fs::write(&target, "kept").unwrap();
        fs::create_dir(root.join("directory")).unwrap();
        symlink(&target, root.join("link")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        pipe(&root.join("pipe"));
        let _listener = UnixListener::bind(root.join("socket")).unwrap();
        let mut destinations = vec![
            ("directory", FileKind::Directory),
            ("link", FileKind::Symlink),
            ("dangling", FileKind::Symlink),
            ("pipe", FileKind::Pipe),
            ("socket", FileKind::Socket),
        ];
        if null_device(&root.join("device")).is_some() {
            destinations.push(("device", FileKind::CharacterDevice));
        }
        let before = names(&root);
        for (name, expected) in destinations {
            let path = root.join(name);
            let kind_before = fs::symlink_metadata(&path).unwrap().file_type();
            let refused = replace(&path, b"new", 0o600).unwrap_err();
            let Error::NotRegular { kind, .. } = &refused else {
                panic!("{name}: {refused}")
            };
            assert_eq!(*kind, expected);
            assert!(
                refused.to_string().contains(&format!("{name} is {expected}")),
                "{refused}"
            );
            assert_eq!(
                fs::symlink_metadata(&path).unwrap().file_type(),
                kind_before,
                "{name}"
            );
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
        assert_eq!(names(&root), before);
    }

    #[test]
    fn paths_that_name_directories_or_leave_the_working_directory_are_refused() {
        for path in ["", ".", "/", "a/.."] {
            let refused = replace(Path::new(path), b"", 0o600).unwrap_err();
            assert!(
                matches!(
                    refused,
                    Error::NotRegular {
                        kind: FileKind::Directory,
                        ..
                    }
                ),
                "{path}: {refused}"
            );
        }
        for path in ["..", "../x/y.json", "a/../../y.json"] {
            for refused in [
                replace(Path::new(path), b"", 0o600).unwrap_err(),
                create_new(Path::new(path), b"", 0o600).unwrap_err(),
                create_parents(Path::new(path)).unwrap_err(),
            ] {
                assert_eq!(
                    refused.to_string(),
                    "path must be local relative or absolute",
                    "{path}"
                );
            }
        }
    }

    #[test]
    fn errors_of_the_directory_are_reported_and_leave_nothing() {
        let (_root, root) = root();
        fs::write(root.join("file"), "").unwrap();
        for (path, expected) in [
            ("missing/a.json", io::ErrorKind::NotFound),
            ("file/a.json", io::ErrorKind::NotADirectory),
        ] {
            let Err(Error::Io { source, .. }) = replace(&root.join(path), b"x", 0o600) else {
                panic!("{path}")
            };
            assert_eq!(source.kind(), expected);
        }
        assert_eq!(names(&root), ["file"]);
    }

    #[test]
    fn a_directory_without_write_permission_is_an_error() {
        let (_root, root) = root();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o500)).unwrap();
        if fs::write(root.join("probe"), "").is_ok() {
            println!("skipped: this user may write to read-only directories");
            return;
        }
        let Err(Error::Io { source, .. }) = replace(&root.join("a.json"), b"x", 0o600) else {
            panic!()
        };
        assert_eq!(source.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn names_may_be_as_long_as_the_file_system_allows() {
        let (_root, root) = root();
        let name = "n".repeat(255);
        replace(&root.join(&name), b"x", 0o600).unwrap();
        assert_eq!(names(&root), [name]);
    }

    #[test]
    fn create_new_never_replaces() {
        let (_root, root) = root();
        let path = root.join("key");
        create_new(&path, b"first", 0o600).unwrap();
        let refused = create_new(&path, b"second", 0o600).unwrap_err();
        assert!(matches!(refused, Error::AlreadyExists { .. }), "{refused}");
        symlink("nowhere", root.join("dangling")).unwrap();
        let refused = create_new(&root.join("dangling"), b"second", 0o600).unwrap_err();
        assert!(matches!(refused, Error::AlreadyExists { .. }), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(names(&root), ["dangling", "key"]);
    }

    #[test]
    fn of_many_creators_one_succeeds() {
        let (_root, root) = root();
        let path = root.join("key");
        let created = std::thread::scope(|scope| {
            let creators: Vec<_> = (0..8)
                .map(|i| {
                    let path = &path;
                    scope.spawn(move || {
                        create_new(path, format!("{i}").as_bytes(), 0o600)
                            .is_ok()
                            .then_some(i)
                    })
                })
                .collect();
            creators
                .into_iter()
                .filter_map(|creator| creator.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert_eq!(created.len(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), created[0].to_string());
        assert_eq!(names(&root), ["key"]);
    }

    #[test]
    fn write_or_replace_follows_links_to_files() {
        let (_root, root) = root();
        fs::create_dir(root.join("below")).unwrap();
        fs::write(root.join("below/target"), "old").unwrap();
        symlink("below/target", root.join("link")).unwrap();
        write_or_replace(&root.join("link"), b"new", 0o600).unwrap();
        write_or_replace(&root.join("below/../plain"), b"plain", 0o644).unwrap();
        assert!(root.join("link").is_symlink());
        assert_eq!(fs::read_to_string(root.join("below/target")).unwrap(), "new");
        assert_eq!(fs::read_to_string(root.join("plain")).unwrap(), "plain");
        symlink("nowhere", root.join("dangling")).unwrap();
        for (name, expected) in [("dangling", FileKind::Symlink), ("below", FileKind::Directory)] {
            let refused = write_or_replace(&root.join(name), b"new", 0o600).unwrap_err();
            assert!(
                matches!(refused, Error::NotRegular { kind, .. } if kind == expected),
                "{refused}"
            );
        }
    }

    #[test]
    fn write_or_replace_writes_to_pipes_and_devices() {
        let (_root, root) = root();
        let path = root.join("pipe");
        pipe(&path);
        let refused = write_or_replace(&path, b"to nobody", 0o600).unwrap_err();
        assert!(matches!(refused, Error::Io { action: "open", .. }), "{refused}");
        let received = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut received = String::new();
                File::open(&path).unwrap().read_to_string(&mut received).unwrap();
                received
            });
            // The reader stands ready only once its opening has begun.
            while write_or_replace(&path, b"through the pipe", 0o600).is_err() {
                std::thread::yield_now();
            }
            reader.join().unwrap()
        });
        assert_eq!(received, "through the pipe");
        let device = root.join("device");
        if null_device(&device).is_some() {
            write_or_replace(&device, b"gone", 0o600).unwrap();
            assert!(fs::metadata(&device).unwrap().file_type().is_char_device());
        }
    }
}
