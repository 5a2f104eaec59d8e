//! Whether files are still the ones that were read.
//!
//! Asking costs one `stat` a file and no read. Two writes within one tick of the file system's clock can leave the same
//! times behind, so a file that changed only just before it was read counts as unsure, and its content is compared until
//! it has been left alone for a while.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gait_canon::Digest;
use gait_disk::read::read_bounded;

/// How long a file must have been left alone for its times to tell it from its successor. File systems count in steps of
/// up to a second, two on some removable media.
const SETTLES_AFTER: Duration = Duration::from_secs(2);

/// The largest file whose content is compared, in bytes.
const MAX_COMPARED_BYTES: usize = 64 << 20;

/// What looking at the files again says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// None has changed.
    Same,
    /// The times say nothing yet: the content must be compared.
    Unsure,
    /// At least one has changed.
    Changed,
}

/// Files as they were at one moment.
#[derive(Debug, Default)]
pub(crate) struct Stamps(Vec<Stamp>);

#[derive(Debug)]
struct Stamp {
    path: PathBuf,
    identity: Option<Identity>,
    content: Option<Digest>,
    settled: AtomicBool,
}

/// What changes when a file is written to or another takes its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamps {
    /// The files at `paths` as they are now. To be taken before they are read for use: what changes in between then
    /// shows as a change.
    pub(crate) fn take(paths: &[PathBuf], now: SystemTime) -> Self {
        Self(paths.iter().map(|path| Stamp::take(path, now)).collect())
    }

    /// Asks the file system, without reading a file.
    pub(crate) fn look(&self) -> Look {
        let mut look = Look::Same;
        for stamp in &self.0 {
            if Identity::of(&stamp.path) != stamp.identity {
                return Look::Changed;
            }
            if !stamp.settled.load(Ordering::Relaxed) {
                look = Look::Unsure;
            }
        }
        look
    }

    /// Whether the content of any file differs, and remembers which of them can be told by their times from now on.
    pub(crate) fn compare(&self, now: SystemTime) -> bool {
        self.0.iter().any(|stamp| stamp.differs(now))
    }
}

impl Stamp {
    fn take(path: &Path, now: SystemTime) -> Self {
        let identity = Identity::of(path);
        let settled = identity.is_none_or(|identity| identity.is_settled(now));
        // The content of a settled file is told by its times.
        let content = if settled { None } else { content_of(path) };
        Self {
            path: path.to_owned(),
            identity,
            content,
            settled: AtomicBool::new(settled),
        }
    }

    fn differs(&self, now: SystemTime) -> bool {
        let identity = Identity::of(&self.path);
        if identity != self.identity {
            return true;
        }
        if self.settled.load(Ordering::Relaxed) {
            return false;
        }
        let settled = identity.is_none_or(|identity| identity.is_settled(now));
        let differs = content_of(&self.path) != self.content;
        if !differs && settled {
            self.settled.store(true, Ordering::Relaxed);
        }
        differs
    }
}

impl Identity {
    fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|found| Self::from(&found))
    }

    fn is_settled(self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let changed = Duration::new(
            u64::try_from(seconds).unwrap_or_default(),
            u32::try_from(nanoseconds).unwrap_or_default(),
        );
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        now.checked_sub(changed).is_some_and(|age| age > SETTLES_AFTER)
    }
}

impl From<&Metadata> for Identity {
    fn from(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

/// The digest of the file's content; none when it can't be read.
fn content_of(path: &Path) -> Option<Digest> {
    read_bounded(path, MAX_COMPARED_BYTES)
        .ok()
        .map(|bytes| Digest::of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A present in which files written by the test have long been left alone.
    fn later() -> SystemTime {
        SystemTime::now() + SETTLES_AFTER * 2
    }

    #[test]
    fn a_settled_file_is_told_by_its_times() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "a").unwrap();
        let stamps = Stamps::take(std::slice::from_ref(&path), later());
        assert_eq!(stamps.look(), Look::Same);
        std::fs::write(&path, "ab").unwrap();
        assert_eq!(stamps.look(), Look::Changed);
    }

    #[test]
    fn a_file_written_just_now_is_told_by_its_content() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "a").unwrap();
        let stamps = Stamps::take(std::slice::from_ref(&path), SystemTime::now());
        assert_eq!(stamps.look(), Look::Unsure);
        assert!(!stamps.compare(SystemTime::now()));
        assert_eq!(stamps.look(), Look::Unsure);
        assert!(!stamps.compare(later()));
        assert_eq!(stamps.look(), Look::Same);
    }

    #[test]
    fn files_come_and_go() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        let stamps = Stamps::take(std::slice::from_ref(&path), SystemTime::now());
        assert_eq!(stamps.look(), Look::Same);
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(stamps.look(), Look::Changed);
        let stamps = Stamps::take(std::slice::from_ref(&path), later());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(stamps.look(), Look::Changed);
        assert!(stamps.compare(later()));
    }
}
