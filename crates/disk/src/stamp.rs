//! Whether files are still the ones that were read.
//!
//! Asking costs one `stat` a file and no read. Two writes within one tick of the file system's clock can leave the same
//! times behind, so a file that changed only just before it was read counts as unsure, and its content is compared until
//! it has been left alone for a while.

use std::fs::{self, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::read::read_bounded;

/// How long a file must have been left alone for its times to tell it from its successor. File systems count in steps of
/// up to a second, two on some removable media.
const SETTLES_AFTER: Duration = Duration::from_secs(2);

/// The largest file whose content is compared, in bytes. Larger ones count as changed until they have settled.
const MAX_COMPARED_BYTES: usize = 64 << 20;

/// What looking at the files again says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// None has changed.
    Same,
    /// The times say nothing yet: the content must be compared.
    Unsure,
    /// At least one has changed.
    Changed,
}

/// Files as they were at one moment. A file that is not there is one that may come.
#[derive(Debug, Default)]
pub struct Stamps {
    stamps: Vec<Stamp>,
    /// Makes the fingerprints of contents, with a key that nobody else has: no two contents can be made to look alike.
    hashing: RandomState,
}

#[derive(Debug)]
struct Stamp {
    path: PathBuf,
    identity: Option<Identity>,
    /// The fingerprint of the content, unless the times tell.
    content: Option<u64>,
    settled: AtomicBool,
}

/// What changes when a file is written to or another takes its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    is_regular: bool,
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamps {
    /// The files at `paths` as they are now. To be taken before they are read for use: what changes in between then
    /// shows as a change.
    #[must_use]
    pub fn take(paths: &[PathBuf], now: SystemTime) -> Self {
        Self::of(paths.iter().cloned(), now)
    }

    /// The same files as they are now.
    pub(crate) fn retaken(&self, now: SystemTime) -> Self {
        Self::of(self.stamps.iter().map(|stamp| stamp.path.clone()), now)
    }

    /// As [`take`](Self::take), of paths that nobody else needs.
    pub(crate) fn of(paths: impl Iterator<Item = PathBuf>, now: SystemTime) -> Self {
        let hashing = RandomState::new();
        Self {
            stamps: paths.map(|path| Stamp::take(path, &hashing, now)).collect(),
            hashing,
        }
    }

    /// Asks the file system, without reading a file.
    #[must_use]
    pub fn look(&self) -> Look {
        let mut look = Look::Same;
        for stamp in &self.stamps {
            if Identity::of(&stamp.path) != stamp.identity {
                return Look::Changed;
            }
            if !stamp.settled.load(Ordering::Relaxed) {
                look = Look::Unsure;
            }
        }
        look
    }

    /// Whether any file has changed. Reads those whose times say nothing yet, and remembers which of them can be told by
    /// their times from now on.
    #[must_use]
    pub fn have_changed(&self, now: SystemTime) -> bool {
        match self.look() {
            Look::Same => false,
            Look::Unsure => self.stamps.iter().any(|stamp| stamp.differs(&self.hashing, now)),
            Look::Changed => true,
        }
    }
}

impl Stamp {
    fn take(path: PathBuf, hashing: &RandomState, now: SystemTime) -> Self {
        let identity = Identity::of(&path);
        let settled = identity.is_none_or(|identity| identity.is_settled(now));
        // The content of a settled file is told by its times.
        let content = if settled {
            None
        } else {
            fingerprint(&path, hashing)
        };
        Self {
            path,
            identity,
            content,
            settled: AtomicBool::new(settled),
        }
    }

    fn differs(&self, hashing: &RandomState, now: SystemTime) -> bool {
        let identity = Identity::of(&self.path);
        if identity != self.identity {
            return true;
        }
        if self.settled.load(Ordering::Relaxed) {
            return false;
        }
        let settled = identity.is_none_or(|identity| identity.is_settled(now));
        let is_same = self.content.is_some() && fingerprint(&self.path, hashing) == self.content;
        if is_same && settled {
            self.settled.store(true, Ordering::Relaxed);
        }
        !is_same
    }
}

impl Identity {
    fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|found| Self::from(&found))
    }

    /// Whether its times tell it from its successor. Reading a pipe would take from its reader, so pipes, devices and
    /// directories are never read: for them the times must do.
    fn is_settled(self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let changed = Duration::new(
            u64::try_from(seconds).unwrap_or_default(),
            u32::try_from(nanoseconds).unwrap_or_default(),
        );
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        !self.is_regular || now.checked_sub(changed).is_some_and(|age| age > SETTLES_AFTER)
    }
}

impl From<&Metadata> for Identity {
    fn from(found: &Metadata) -> Self {
        Self {
            is_regular: found.is_file(),
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

/// The fingerprint of the file's content; none when it can't be read.
fn fingerprint(path: &Path, hashing: &RandomState) -> Option<u64> {
    read_bounded(path, MAX_COMPARED_BYTES)
        .ok()
        .map(|bytes| hashing.hash_one(bytes))
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;

    /// A present in which files written by the test have long been left alone.
    fn later() -> SystemTime {
        SystemTime::now() + SETTLES_AFTER * 2
    }

    fn take(path: &Path, now: SystemTime) -> Stamps {
        Stamps::take(&[path.to_owned()], now)
    }

    #[test]
    fn a_settled_file_is_told_by_its_times() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        fs::write(&path, "a").unwrap();
        let stamps = take(&path, later());
        assert_eq!(stamps.look(), Look::Same);
        assert!(!stamps.have_changed(later()));
        fs::write(&path, "ab").unwrap();
        assert_eq!(stamps.look(), Look::Changed);
        assert!(stamps.have_changed(later()));
    }

    #[test]
    fn a_file_written_just_now_is_told_by_its_content() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        fs::write(&path, "a").unwrap();
        let stamps = take(&path, SystemTime::now());
        assert_eq!(stamps.look(), Look::Unsure);
        assert!(!stamps.have_changed(SystemTime::now()));
        assert_eq!(stamps.look(), Look::Unsure);
        assert!(!stamps.have_changed(later()));
        assert_eq!(stamps.look(), Look::Same);
    }

    #[test]
    fn the_same_times_do_not_hide_another_content() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        fs::write(&path, "b").unwrap();
        let mut stamps = take(&path, SystemTime::now());
        // As if "a" had been there before, written within the same tick.
        stamps.stamps[0].content = Some(stamps.hashing.hash_one(b"a".to_vec()));
        assert_eq!(stamps.look(), Look::Unsure);
        assert!(stamps.have_changed(later()));
    }

    #[test]
    fn what_was_too_large_to_compare_counts_as_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inventory.json");
        fs::write(&path, "a").unwrap();
        let mut stamps = take(&path, SystemTime::now());
        stamps.stamps[0].content = None;
        assert!(stamps.have_changed(later()));
    }

    #[test]
    fn files_come_and_go() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        let stamps = take(&path, SystemTime::now());
        assert_eq!(stamps.look(), Look::Same);
        fs::write(&path, "{}").unwrap();
        assert_eq!(stamps.look(), Look::Changed);
        let stamps = take(&path, later());
        fs::remove_file(&path).unwrap();
        assert_eq!(stamps.look(), Look::Changed);
        assert!(stamps.have_changed(later()));
    }

    #[test]
    fn pipes_are_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        let stamps = take(&path, SystemTime::now());
        assert_eq!(stamps.look(), Look::Same);
        assert!(!stamps.have_changed(SystemTime::now()));
    }
}
