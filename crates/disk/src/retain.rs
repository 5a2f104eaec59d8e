//! Finding old files below a directory, and removing exactly those.
//!
//! Between the look at a file and its removal somebody may put another in its place. So a file that is to go is first moved
//! aside, under a hidden name in its own directory; only if it is then still the one that was found is it removed, otherwise it
//! goes back. A process that is killed in between leaves the hidden name, which the next walk tells like the file itself: it is
//! removed or put back then. Symbolic links are never followed.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::FileKind;

/// What stands between the name of a file that is on its way out and the digits that make the name unique.
const ASIDE: &str = ".retained-";
/// Digits behind [`ASIDE`].
const ASIDE_DIGITS: usize = 16;
/// Bytes of a file's name up to which a longer, hidden one fits into what file systems allow.
const NAME_LIMIT: usize = 255;

/// Why files could not be found or removed.
#[derive(Debug, thiserror::Error)]
#[error("{action} {}: {source}", path.display())]
pub struct RetainError {
    /// The step, as a verb phrase: `list`, `remove`.
    pub action: &'static str,
    /// The path it was done to.
    pub path: PathBuf,
    /// The system's answer.
    pub source: io::Error,
}

impl RetainError {
    fn of(action: &'static str, path: &Path) -> impl FnOnce(Errno) -> Self + use<> {
        let path = path.to_path_buf();
        move |errno| Self {
            action,
            path,
            source: errno.into(),
        }
    }
}

/// A file, as it was when it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path below the directory that was searched, under the name it had before anybody tried to remove it.
    pub path: PathBuf,
    /// When it was last written: whole seconds since the Unix epoch.
    pub modified_seconds: i64,
    /// Nanoseconds past them.
    pub modified_nanos: u32,
    /// The name it really has, where an earlier removal was cut short.
    aside: Option<OsString>,
    identity: Identity,
}

/// What tells a file from another of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: i64,
    modified_seconds: i64,
    modified_nanos: i64,
}

impl Identity {
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::cast_possible_wrap,
        reason = "the types differ between systems"
    )]
    fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as i64,
            modified_seconds: stat.st_mtime as i64,
            modified_nanos: stat.st_mtime_nsec as i64,
        }
    }
}

/// What became of a file that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// It was gone already.
    AlreadyGone,
    /// It is another by now, and still there.
    Changed,
}

/// The files below `root` whose names are `wanted`, in the order of their paths: regular files and symbolic links.
///
/// `root` itself must be a directory and no link to one. Directories that cannot be read are an error, so that nobody takes a
/// part for the whole; what vanishes meanwhile is not.
pub fn find(root: &Path, wanted: &dyn Fn(&OsStr) -> bool) -> Result<Vec<Found>, RetainError> {
    let failed = |action, path: &Path| RetainError::of(action, &root.join(path));
    let top = open_directory(CWD, root).map_err(failed("open", Path::new("")))?;
    let mut pending = vec![PathBuf::new()];
    let mut found = Vec::new();
    while let Some(directory) = pending.pop() {
        let fd = match open_below(&top, &directory) {
            Ok(fd) => fd,
            Err(Errno::NOENT) if !directory.as_os_str().is_empty() => continue,
            Err(errno) => return Err(failed("open", &directory)(errno)),
        };
        for name in names(&fd).map_err(failed("list", &directory))? {
            let stat = match rustix::fs::statat(&fd, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(failed("examine", &directory.join(&name))(errno)),
            };
            let (shown, aside) = match original_name(&name) {
                Some(original) => (original, Some(name)),
                None => (name, None),
            };
            match FileKind::of(&stat) {
                FileKind::Directory => pending.push(directory.join(aside.unwrap_or(shown))),
                FileKind::Regular | FileKind::Symlink if wanted(&shown) => {
                    found.push(Found::new(directory.join(shown), aside, &stat));
                }
                _ => {}
            }
        }
    }
    found.sort_by(|a, b| (&a.path, &a.aside).cmp(&(&b.path, &b.aside)));
    Ok(found)
}

/// Removes a file that [`find`] found below `root`, if it is still the same.
pub fn remove(root: &Path, file: &Found) -> Result<Removal, RetainError> {
    let Some((directory, name)) = holding(root, file)? else {
        return Ok(Removal::AlreadyGone);
    };
    let failed = RetainError::of("remove", &root.join(&file.path));
    take_away(&directory, &name, file).map_err(failed)
}

/// Gives a file its name back that an earlier removal was cut short of taking, unless there is another of that name.
pub fn restore(root: &Path, file: &Found) -> Result<(), RetainError> {
    let Some(aside) = &file.aside else {
        return Ok(());
    };
    let Some((directory, name)) = holding(root, file)? else {
        return Ok(());
    };
    put_back(&directory, aside, &name).map_err(RetainError::of("restore", &root.join(&file.path)))
}

/// The directory of a file and its name there; `None` when the directory is gone.
fn holding(root: &Path, file: &Found) -> Result<Option<(OwnedFd, OsString)>, RetainError> {
    let failed = || RetainError::of("open the directory of", &root.join(&file.path));
    let top = open_directory(CWD, root).map_err(failed())?;
    let parent = file.path.parent().unwrap_or(Path::new(""));
    let directory = match open_below(&top, parent) {
        Ok(directory) => directory,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(failed()(errno)),
    };
    let name = file.path.file_name().ok_or(Errno::INVAL).map_err(failed())?;
    Ok(Some((directory, name.to_owned())))
}

fn take_away(directory: &OwnedFd, name: &OsStr, file: &Found) -> Result<Removal, Errno> {
    let aside = if let Some(aside) = &file.aside {
        aside.clone()
    } else {
        // A name too long to be hidden behind another is left to the look just before the removal.
        let Some(aside) = aside_name(name)? else {
            return take_in_place(directory, name, file);
        };
        match rustix::fs::renameat(directory, name, directory, &aside) {
            Ok(()) => aside,
            Err(Errno::NOENT) => return Ok(Removal::AlreadyGone),
            Err(errno) => return Err(errno),
        }
    };
    match rustix::fs::statat(directory, &aside, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if Identity::of(&stat) == file.identity => {
            match rustix::fs::unlinkat(directory, &aside, AtFlags::empty()) {
                Ok(()) => Ok(Removal::Removed),
                Err(Errno::NOENT) => Ok(Removal::AlreadyGone),
                Err(errno) => {
                    put_back(directory, &aside, name)?;
                    Err(errno)
                }
            }
        }
        Ok(_) => {
            put_back(directory, &aside, name)?;
            Ok(Removal::Changed)
        }
        Err(Errno::NOENT) => Ok(Removal::AlreadyGone),
        Err(errno) => Err(errno),
    }
}

fn take_in_place(directory: &OwnedFd, name: &OsStr, file: &Found) -> Result<Removal, Errno> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if Identity::of(&stat) == file.identity => {}
        Ok(_) => return Ok(Removal::Changed),
        Err(Errno::NOENT) => return Ok(Removal::AlreadyGone),
        Err(errno) => return Err(errno),
    }
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) => Ok(Removal::Removed),
        Err(Errno::NOENT) => Ok(Removal::AlreadyGone),
        Err(errno) => Err(errno),
    }
}

/// Moves `aside` back to `name`. Where that is taken by now, its new content is what its writer wanted there.
fn put_back(directory: &OwnedFd, aside: &OsStr, name: &OsStr) -> Result<(), Errno> {
    // Unlike a rename, a hard link never takes the place of an existing name.
    match rustix::fs::linkat(directory, aside, directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::EXIST) => {}
        // Somebody else put it back, or removed it.
        Err(Errno::NOENT) => return Ok(()),
        // The file system has no hard links.
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::MLINK) => {
            return match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => rustix::fs::renameat(directory, aside, directory, name),
                Ok(_) => Err(Errno::EXIST),
                Err(errno) => Err(errno),
            };
        }
        Err(errno) => return Err(errno),
    }
    match rustix::fs::unlinkat(directory, aside, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

impl Found {
    fn new(path: PathBuf, aside: Option<OsString>, stat: &Stat) -> Self {
        let identity = Identity::of(stat);
        Self {
            path,
            aside,
            modified_seconds: identity.modified_seconds,
            modified_nanos: u32::try_from(identity.modified_nanos).unwrap_or(0),
            identity,
        }
    }
}

fn open_directory(at: impl std::os::fd::AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, path, flags, Mode::empty())
}

/// Opens a directory below `top`, following no link on the way.
fn open_below(top: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    let mut directory = open_directory(top, Path::new("."))?;
    for component in path.components() {
        let Component::Normal(name) = component else {
            return Err(Errno::INVAL);
        };
        directory = open_directory(&directory, Path::new(name))?;
    }
    Ok(directory)
}

/// What is in a directory, in order, each once: a listing may tell a name twice while it is changed.
fn names(directory: &OwnedFd) -> Result<BTreeSet<OsString>, Errno> {
    let mut names = BTreeSet::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.insert(OsString::from_vec(name.to_vec()));
        }
    }
    Ok(names)
}

/// A hidden name for a file on its way out; `None` when it would be too long.
fn aside_name(name: &OsStr) -> Result<Option<OsString>, Errno> {
    let random = getrandom::u64().map_err(|_| Errno::IO)?;
    let mut aside = OsString::from(".");
    aside.push(name);
    aside.push(format!("{ASIDE}{random:016x}"));
    Ok((aside.len() <= NAME_LIMIT).then_some(aside))
}

/// The name that a file had before it was moved aside, if it was.
fn original_name(name: &OsStr) -> Option<OsString> {
    let hidden = name.as_bytes().strip_prefix(b".")?;
    let (hidden, digits) = hidden.split_at_checked(hidden.len().checked_sub(ASIDE_DIGITS)?)?;
    let original = hidden.strip_suffix(ASIDE.as_bytes())?;
    let is_ours = !original.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    is_ours.then(|| OsString::from_vec(original.to_vec()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::{Duration, SystemTime};

    use super::*;

    fn old(path: &Path, content: &str) {
        fs::write(path, content).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1000))
            .unwrap();
    }

    fn paths(found: &[Found]) -> Vec<&str> {
        found.iter().map(|file| file.path.to_str().unwrap()).collect()
    }

    fn all(root: &Path) -> Vec<Found> {
        find(root, &|_| true).unwrap()
    }

    #[test]
    fn links_are_found_and_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        old(&outside.path().join("far"), "kept");
        fs::create_dir(root.path().join("d")).unwrap();
        old(&root.path().join("d/near"), "");
        symlink(outside.path(), root.path().join("link")).unwrap();
        symlink("nowhere", root.path().join("d/dangling")).unwrap();
        let found = all(root.path());
        assert_eq!(paths(&found), ["d/dangling", "d/near", "link"]);
        for file in &found {
            assert_eq!(remove(root.path(), file).unwrap(), Removal::Removed);
        }
        assert!(all(root.path()).is_empty());
        assert_eq!(fs::read_to_string(outside.path().join("far")).unwrap(), "kept");
        let entrance = outside.path().join("entrance");
        symlink(root.path(), &entrance).unwrap();
        assert!(find(&entrance, &|_| true).is_err());
    }

    #[test]
    fn a_directory_that_became_a_link_is_not_entered() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("d")).unwrap();
        old(&root.path().join("d/f"), "x");
        old(&outside.path().join("f"), "x");
        let found = all(root.path());
        fs::rename(root.path().join("d"), root.path().join("moved")).unwrap();
        symlink(outside.path(), root.path().join("d")).unwrap();
        assert!(remove(root.path(), &found[0]).is_err());
        assert!(outside.path().join("f").exists() && root.path().join("moved/f").exists());
    }

    #[test]
    fn what_took_the_place_of_a_file_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("f");
        for change in 0..3 {
            old(&path, "old");
            let found = all(root.path());
            match change {
                0 => fs::write(&path, "old").unwrap(),
                1 => {
                    fs::write(root.path().join("new"), "new").unwrap();
                    fs::rename(root.path().join("new"), &path).unwrap();
                }
                _ => old(&path, "longer"),
            }
            let content = fs::read_to_string(&path).unwrap();
            assert_eq!(remove(root.path(), &found[0]).unwrap(), Removal::Changed);
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(paths(&all(root.path())), ["f"]);
        }
        let found = all(root.path());
        fs::remove_file(&path).unwrap();
        assert_eq!(remove(root.path(), &found[0]).unwrap(), Removal::AlreadyGone);
    }

    #[test]
    fn removals_that_were_cut_short_are_found_again() {
        let root = tempfile::tempdir().unwrap();
        let aside = root.path().join(".f.retained-0123456789abcdef");
        old(&aside, "old");
        let found = all(root.path());
        assert_eq!(paths(&found), ["f"]);
        restore(root.path(), &found[0]).unwrap();
        assert!(root.path().join("f").exists() && !aside.exists());

        old(&aside, "older");
        let found = all(root.path());
        assert_eq!(paths(&found), ["f", "f"]);
        assert_eq!(remove(root.path(), &found[1]).unwrap(), Removal::Removed);
        assert_eq!(remove(root.path(), &found[0]).unwrap(), Removal::Removed);
        assert!(all(root.path()).is_empty());

        old(&aside, "older");
        fs::write(root.path().join("f"), "new").unwrap();
        for file in &all(root.path()) {
            restore(root.path(), file).unwrap();
        }
        assert_eq!(fs::read_to_string(root.path().join("f")).unwrap(), "new");
        assert!(!aside.exists());
    }

    #[test]
    fn names_are_hidden_and_known_again() {
        let aside = aside_name(OsStr::new("trace_a.json")).unwrap().unwrap();
        assert_eq!(original_name(&aside), Some(OsString::from("trace_a.json")));
        for name in [
            "f",
            ".f",
            ".f.tmp-0123456789abcdef",
            ".f.retained-0123",
            "f.retained-0123456789abcdef",
            ".retained-0123456789abcdef",
            ".f.retained-0123456789abcdeg",
        ] {
            assert_eq!(original_name(OsStr::new(name)), None, "{name}");
        }
        assert_eq!(aside_name(OsStr::new(&"n".repeat(240))), Ok(None));
    }

    #[test]
    fn long_names_are_removed_too() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("n".repeat(255));
        old(&path, "old");
        let found = all(root.path());
        fs::write(&path, "new").unwrap();
        assert_eq!(remove(root.path(), &found[0]).unwrap(), Removal::Changed);
        let found = all(root.path());
        assert_eq!(remove(root.path(), &found[0]).unwrap(), Removal::Removed);
        assert!(!path.exists());
    }
}
