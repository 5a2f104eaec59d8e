//! A file that is written piece by piece and takes its place when it is complete.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::sync::OnceLock;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::Error;
use crate::directory::{Directory, temporary_name};
use crate::path::local_or_absolute;

/// New content for a file, invisible until [`commit`](Self::commit).
///
/// The rules for the destination are those of [`replace`](crate::atomic::replace). Where the file system can, the draft
/// has no name at all, so that not even a killed process leaves anything behind; elsewhere it stands beside the
/// destination under a hidden name. A draft that is dropped is gone.
#[derive(Debug)]
pub struct Draft {
    directory: Directory,
    destination: OsString,
    path: PathBuf,
    mode: u32,
    file: File,
    // INVARIANT: names the file as long as it has a name that must go away.
    name: Option<OsString>,
}

impl Draft {
    /// An empty draft for the file at `path`, which will have exactly the permission bits `mode`.
    pub fn create(path: &Path, mode: u32) -> Result<Self, Error> {
        let path = local_or_absolute(path)?;
        let (directory, name) = Directory::holding(&path)?;
        directory.require_replaceable(name, &path)?;
        let destination = name.to_owned();
        let (file, name) =
            open(&directory, &destination).map_err(Error::io("create temporary file for", &path))?;
        Ok(Self {
            directory,
            destination,
            path,
            mode,
            file,
            name,
        })
    }

    /// Puts the content in its place; on return it is on the disk.
    pub fn commit(mut self) -> Result<(), Error> {
        rustix::fs::fchmod(&self.file, Mode::from_raw_mode(self.mode))
            .map_err(Error::io("write", &self.path))?;
        self.file.sync_all().map_err(|source| Error::Io {
            action: "write",
            path: self.path.clone(),
            source,
        })?;
        self.directory
            .require_replaceable(&self.destination, &self.path)?;
        let name = match self.name.take() {
            Some(name) => name,
            None => self.link().map_err(Error::io("name", &self.path))?,
        };
        let moved = rustix::fs::renameat(&self.directory, &name, &self.directory, &self.destination);
        if moved.is_err() {
            self.name = Some(name);
        }
        moved.map_err(Error::io("replace", &self.path))?;
        self.directory.sync();
        Ok(())
    }

    /// Gives the nameless file a hidden name, from which it can be moved.
    fn link(&self) -> Result<OsString, Errno> {
        let name = temporary_name(&self.destination)?;
        link_new(&self.directory, &self.file, None, &name)?;
        Ok(name)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Moves within the draft, for formats that fill in sizes later.
impl Seek for Draft {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = rustix::fs::unlinkat(&self.directory, name, AtFlags::empty());
        }
    }
}

/// Opens a file without a name, or with a hidden one where that is impossible.
pub(crate) fn open(directory: &Directory, destination: &OsStr) -> Result<(File, Option<OsString>), Errno> {
    #[cfg(target_os = "linux")]
    if let Some(file) = open_nameless(directory) {
        return Ok((file, None));
    }
    let name = temporary_name(destination)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(directory, &name, flags, Mode::RUSR | Mode::WUSR)?;
    Ok((File::from(fd), Some(name)))
}

/// Gives a file from [`open`] the name `name`, unless something has it. A hidden name stays besides.
pub(crate) fn link_new(
    directory: &Directory,
    file: &File,
    hidden: Option<&OsStr>,
    name: &OsStr,
) -> Result<(), Errno> {
    match hidden {
        Some(hidden) => rustix::fs::linkat(directory, hidden, directory, name, AtFlags::empty()),
        None => link_nameless(directory, file, name),
    }
}

/// Links by the descriptor itself, which kernels before 6.10 allow to few; they need the detour through the process file
/// system, which costs as much again as the rest of making a file.
#[cfg(target_os = "linux")]
fn link_nameless(directory: &Directory, file: &File, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::linkat(file, "", directory, name, AtFlags::EMPTY_PATH) {
        Err(Errno::NOENT) => link_by_process(directory, file, name),
        linked => linked,
    }
}

#[cfg(not(target_os = "linux"))]
fn link_nameless(directory: &Directory, file: &File, name: &OsStr) -> Result<(), Errno> {
    link_by_process(directory, file, name)
}

fn link_by_process(directory: &Directory, file: &File, name: &OsStr) -> Result<(), Errno> {
    rustix::fs::linkat(
        CWD,
        descriptor_path(file),
        directory,
        name,
        AtFlags::SYMLINK_FOLLOW,
    )
}

/// `None` where the file system has no such files, or where no process file system could name one later.
#[cfg(target_os = "linux")]
fn open_nameless(directory: &Directory) -> Option<File> {
    /// Whether there is a process file system. It does not come or go while a process lives.
    static CAN_NAME: OnceLock<bool> = OnceLock::new();
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(directory, ".", flags, Mode::RUSR | Mode::WUSR).ok()?;
    let file = File::from(fd);
    CAN_NAME
        .get_or_init(|| descriptor_path(&file).exists())
        .then_some(file)
}

/// Where the process file system shows an open file. A nameless file's entry leads to the file itself.
fn descriptor_path(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn content_appears_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("pack.zip");
        fs::write(&path, "old").unwrap();
        let mut draft = Draft::create(&path, 0o600).unwrap();
        draft.write_all(b"new ").unwrap();
        draft.write_all(b"content").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        draft.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new content");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_dropped_draft_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let mut draft = Draft::create(&root.path().join("pack.zip"), 0o600).unwrap();
        draft.write_all(b"half").unwrap();
        drop(draft);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("d");
        fs::create_dir(&path).unwrap();
        assert!(matches!(
            Draft::create(&path, 0o600),
            Err(Error::NotRegular { .. })
        ));
        assert!(Draft::create(&root.path().join("missing/f"), 0o600).is_err());
        let late = root.path().join("late");
        let draft = Draft::create(&late, 0o600).unwrap();
        fs::create_dir(&late).unwrap();
        assert!(matches!(draft.commit(), Err(Error::NotRegular { .. })));
    }
}
