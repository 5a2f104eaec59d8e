//! Where snapshots come from: a file, read again only when it changed.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use gait_artifact::Timestamp;
use gait_disk::read::{ReadError, read_bounded};

use super::snapshot::{MAX_SNAPSHOT_BYTES, TrustIndex};

/// How long a file must have stood unchanged before its times tell every later change: file systems count in ticks of
/// up to two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// What came of asking for a snapshot.
#[derive(Debug, Clone)]
pub enum TrustSource {
    /// Here it is.
    Known(Arc<TrustIndex>),
    /// It can't be had, for this reason.
    Unavailable(Arc<str>),
    /// It says nothing that can be relied on, for this reason.
    Invalid(Arc<str>),
}

impl TrustSource {
    /// Why there is no snapshot to ask, when there is none.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unavailable(reason) | Self::Invalid(reason) => Some(reason),
        }
    }
}

/// Reads trust snapshots, and keeps the last one for as long as its file doesn't change.
///
/// A service asks for the snapshot with every decision and shall not parse it as often. Whether a file changed is told by
/// its identity, length and times; one that changed a moment ago is read again, because its times can't yet tell.
#[derive(Debug, Default)]
pub struct TrustStore {
    last: RwLock<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    path: PathBuf,
    stamp: Stamp,
    source: TrustSource,
}

/// What is different when a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: Timestamp,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        let nanos = u32::try_from(found.ctime_nsec()).unwrap_or_default();
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: Timestamp::from_unix(found.ctime(), nanos),
        })
    }

    fn is_settled(&self, now: Timestamp) -> bool {
        now.since(self.changed) >= SETTLED
    }
}

impl TrustStore {
    /// A store that has read nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The snapshot in the file at `path`, as it is now. Files up to 16 MiB are read.
    #[must_use]
    pub fn load(&self, path: &Path, now: Timestamp) -> TrustSource {
        let before = Stamp::of(path);
        if let Some(source) = before.and_then(|stamp| self.kept(path, stamp)) {
            return source;
        }
        let source = read(path);
        let unchanged = before.filter(|stamp| stamp.is_settled(now) && Stamp::of(path) == Some(*stamp));
        if let Some(stamp) = unchanged {
            let kept = Kept {
                path: path.to_path_buf(),
                stamp,
                source: source.clone(),
            };
            *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        }
        source
    }

    fn kept(&self, path: &Path, stamp: Stamp) -> Option<TrustSource> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|kept| kept.stamp == stamp && kept.path == path)
            .map(|kept| kept.source.clone())
    }
}

fn read(path: &Path) -> TrustSource {
    match read_bounded(path, MAX_SNAPSHOT_BYTES) {
        Ok(bytes) => match TrustIndex::read(&bytes) {
            Ok(index) => TrustSource::Known(Arc::new(index)),
            Err(error) => TrustSource::Invalid(error.to_string().into()),
        },
        Err(error @ ReadError::TooLarge { .. }) => TrustSource::Invalid(error.to_string().into()),
        Err(error) => TrustSource::Unavailable(error.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    /// Long after whatever a test writes.
    fn later() -> Timestamp {
        Timestamp::from_unix(253_402_300_000, 0)
    }

    fn known(source: &TrustSource) -> &Arc<TrustIndex> {
        match source {
            TrustSource::Known(index) => index,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_is_parsed_again_only_when_it_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snap.json");
        let write =
            |id: &str| fs::write(&path, format!(r#"{{"entries": [{{"server_id": "{id}"}}]}}"#)).unwrap();
        write("a");
        let store = TrustStore::new();
        let first = store.load(&path, later());
        assert!(Arc::ptr_eq(known(&first), known(&store.load(&path, later()))));

        let replacement = directory.path().join("new.json");
        fs::copy(&path, &replacement).unwrap();
        fs::rename(&replacement, &path).unwrap();
        let second = store.load(&path, later());
        assert!(
            !Arc::ptr_eq(known(&first), known(&second)),
            "another file stands there"
        );
        assert_eq!(known(&first), known(&second));

        write("longer");
        assert_ne!(known(&second), known(&store.load(&path, later())));
        fs::remove_file(&path).unwrap();
        assert!(matches!(store.load(&path, later()), TrustSource::Unavailable(_)));
    }

    #[test]
    fn a_file_that_changed_a_moment_ago_is_not_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snap.json");
        fs::write(&path, "{}").unwrap();
        let changed = Stamp::of(&path).unwrap().changed;
        let store = TrustStore::new();
        for now in [
            Timestamp::ZERO,
            changed,
            changed.saturating_add(Duration::from_secs(1)),
        ] {
            let first = store.load(&path, now);
            assert!(
                !Arc::ptr_eq(known(&first), known(&store.load(&path, now))),
                "{now}"
            );
        }
        let settled = changed.saturating_add(SETTLED);
        let first = store.load(&path, settled);
        assert!(Arc::ptr_eq(known(&first), known(&store.load(&path, settled))));
    }

    #[test]
    fn what_can_not_be_read_is_told_from_what_says_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let in_directory = |name: &str| directory.path().join(name);
        let store = TrustStore::new();
        for missing in [in_directory("missing.json"), in_directory("")] {
            assert!(matches!(
                store.load(&missing, later()),
                TrustSource::Unavailable(_)
            ));
        }
        fs::write(in_directory("broken.json"), "{").unwrap();
        File::create(in_directory("huge.json"))
            .and_then(|file| file.set_len(u64::try_from(MAX_SNAPSHOT_BYTES).unwrap() + 1))
            .unwrap();
        for invalid in ["broken.json", "huge.json"] {
            let source = store.load(&in_directory(invalid), later());
            assert!(matches!(source, TrustSource::Invalid(_)), "{invalid}: {source:?}");
        }
    }
}
