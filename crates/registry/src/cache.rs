//! The cache: verified manifests by name, version and digest, and one pin a name.
//!
//! ```text
//! <cache>/<name>/<version>/<digest>/registry_pack.json
//! <cache>/<name>/<version>/<digest>/artifacts/<path>
//! <cache>/pins/<name>.pin
//! ```
//!
//! A manifest is complete before it gets its name, and the pin is moved after it: a process that is killed leaves the
//! old pin or the new, and both name manifests that are there.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gait_artifact::text::trim;
use gait_disk::path::clean;
use gait_disk::read::{ReadError, read_bounded};
use gait_disk::{FileLock, LockError, LockPolicy, atomic};

use crate::artifact::ARTIFACTS_DIRECTORY;
use crate::manifest::{MAX_MANIFEST_BYTES, Manifest, PINS_DIRECTORY, VerifiedManifest};
use crate::trust::{DIGEST_PREFIX, Pin};

/// The name of a manifest in its directory.
pub const MANIFEST_FILE: &str = "registry_pack.json";

/// Held while the cache is changed. No pack has this name, since it begins with a dot.
const LOCK_FILE: &str = ".registry.lock";
const LOCK_POLICY: LockPolicy = LockPolicy {
    retry: Duration::from_millis(20),
    timeout: Duration::from_secs(10),
    stale_after: Duration::from_secs(120),
    created_at: None,
};

/// A pin has 72 bytes; anything beyond this is some other file.
const MAX_PIN_BYTES: usize = 4096;

/// Mode of every file of the cache.
const FILE_MODE: u32 = 0o600;

/// Why the cache cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be listed.
    #[error("read registry cache {}: {source}", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Others kept it locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] gait_disk::Error),
}

/// A directory of verified manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

/// Where an installed manifest and its pin are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Path of the manifest.
    pub metadata_path: PathBuf,
    /// Path of the pin.
    pub pin_path: PathBuf,
}

/// A manifest of the cache, as it is there now. Its signatures have not been looked at again.
#[derive(Debug, Clone, PartialEq)]
pub struct CachedPack {
    /// The manifest.
    pub manifest: Manifest,
    /// Its path.
    pub metadata_path: PathBuf,
    /// Path of the pin of its name.
    pub pin_path: PathBuf,
    /// What the pin says; `None` when it cannot be read.
    pub pin: Option<PinText>,
}

/// What a pin file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinText(String);

impl PinText {
    /// The text, trimmed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the pin of `manifest`.
    #[must_use]
    pub fn admits(&self, manifest: &Manifest) -> bool {
        Pin::parse(&self.0).is_some_and(|pin| pin.admits(manifest.digest()))
    }
}

impl Cache {
    /// The cache at `root`, which need not exist yet.
    #[must_use]
    pub fn new(root: &str) -> Self {
        Self {
            root: clean(trim(root)).into(),
        }
    }

    /// The cache that a manifest at `path` is in, when it lies where [`Cache::install`] would put it.
    #[must_use]
    pub fn holding(path: &str, manifest: &Manifest) -> Option<Self> {
        let path = PathBuf::from(clean(path));
        let pack = manifest.pack();
        let digest = above(&path, MANIFEST_FILE)?;
        let version = above_digest(digest, &manifest.digest().to_string())?;
        let name = above(version, &pack.pack_version)?;
        let root = above(name, &pack.pack_name)?;
        let is_here = root.as_os_str().is_empty();
        let root = if is_here { Path::new(".") } else { root };
        Some(Self {
            root: root.to_path_buf(),
        })
    }

    /// Where the pin of `manifest` is, or would be.
    #[must_use]
    pub fn pin_path(&self, manifest: &Manifest) -> PathBuf {
        let name = format!("{}.pin", manifest.pack().pack_name);
        self.beneath(PINS_DIRECTORY).join(name)
    }

    /// Keeps an artifact of a verified manifest that is about to be installed. The path must be a safe one.
    pub(crate) fn keep_artifact(
        &self,
        verified: VerifiedManifest<'_>,
        path: &str,
        content: &[u8],
    ) -> Result<(), CacheError> {
        let directory = self.directory(verified.manifest());
        let path = directory.join(ARTIFACTS_DIRECTORY).join(path);
        atomic::create_parents(&path)?;
        Ok(atomic::replace(&path, content, FILE_MODE)?)
    }

    /// Where `manifest` and what belongs to it is, or would be.
    fn directory(&self, manifest: &Manifest) -> PathBuf {
        let pack = manifest.pack();
        self.beneath(&pack.pack_name)
            .join(&pack.pack_version)
            .join(manifest.digest().to_string())
    }

    /// Keeps a verified manifest and makes it the pinned one of its name.
    pub fn install(&self, verified: VerifiedManifest<'_>) -> Result<Installed, CacheError> {
        let manifest = verified.manifest();
        let metadata_path = self.directory(manifest).join(MANIFEST_FILE);
        let pin_path = self.pin_path(manifest);
        let lock_path = self.root.join(LOCK_FILE);
        atomic::create_parents(&lock_path)?;
        let _lock = FileLock::acquire(&lock_path, &LOCK_POLICY, b"")?;
        atomic::create_parents(&metadata_path)?;
        atomic::replace(&metadata_path, manifest.canonical_bytes(), FILE_MODE)?;
        atomic::create_parents(&pin_path)?;
        let pin = format!("{DIGEST_PREFIX}{}\n", manifest.digest());
        atomic::replace(&pin_path, pin.as_bytes(), FILE_MODE)?;
        Ok(Installed {
            metadata_path,
            pin_path,
        })
    }

    /// What is in the cache, by name, version and digest. Whatever is no manifest is passed over; no directory is an
    /// empty cache.
    pub fn list(&self) -> Result<Vec<CachedPack>, CacheError> {
        let mut packs = Vec::new();
        for version in self.versions()? {
            for digest in directories(&version).unwrap_or_default() {
                packs.extend(self.cached_pack(digest.join(MANIFEST_FILE)));
            }
        }
        packs.sort_by_cached_key(|cached| {
            let pack = cached.manifest.pack();
            let digest = *cached.manifest.digest();
            (pack.pack_name.clone(), pack.pack_version.clone(), digest)
        });
        Ok(packs)
    }

    /// The first manifest, in the order of the paths, that was installed under the digest of `pin` and can be read.
    /// Its content is not checked.
    pub(crate) fn find(&self, pin: Pin) -> Result<Option<(PathBuf, Vec<u8>)>, CacheError> {
        let Some(digest) = pin.digest() else {
            return Ok(None);
        };
        let manifests = self.versions()?.into_iter().map(|version| {
            let directory = version.join(digest.to_string());
            directory.join(MANIFEST_FILE)
        });
        let mut readable = manifests.filter_map(|path| {
            let bytes = read_bounded(&path, MAX_MANIFEST_BYTES).ok()?;
            Some((path, bytes))
        });
        Ok(readable.next())
    }

    fn cached_pack(&self, metadata_path: PathBuf) -> Option<CachedPack> {
        let bytes = read_bounded(&metadata_path, MAX_MANIFEST_BYTES).ok()?;
        let manifest = Manifest::parse(&bytes).ok()?;
        let pin_path = self.pin_path(&manifest);
        Some(CachedPack {
            pin: read_pin(&pin_path).ok().flatten(),
            manifest,
            metadata_path,
            pin_path,
        })
    }

    /// The directories of all versions of all packs, in the order of their paths.
    fn versions(&self) -> Result<Vec<PathBuf>, CacheError> {
        let names = match directories(&self.root) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => {
                return Err(CacheError::List {
                    path: self.root.clone(),
                    source,
                });
            }
        };
        let packs = names.iter().filter(|path| !path.ends_with(PINS_DIRECTORY));
        Ok(packs
            .flat_map(|name| directories(name).unwrap_or_default())
            .collect())
    }

    /// `root/name`, without the `.` that stands for the working directory.
    fn beneath(&self, name: &str) -> PathBuf {
        if self.root == Path::new(".") {
            PathBuf::from(name)
        } else {
            self.root.join(name)
        }
    }
}

/// What the pin at `path` says; `None` when there is none.
pub(crate) fn read_pin(path: &Path) -> Result<Option<PinText>, ReadError> {
    match read_bounded(path, MAX_PIN_BYTES) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            Ok(Some(PinText(trim(&text).to_owned())))
        }
        Err(ReadError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The directories in `path`, sorted. Links are none.
fn directories(path: &Path) -> io::Result<Vec<PathBuf>> {
    let is_directory = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let mut found: Vec<PathBuf> = fs::read_dir(path)?
        .filter_map(Result::ok)
        .filter(is_directory)
        .map(|entry| entry.path())
        .collect();
    found.sort();
    Ok(found)
}

/// The path above `path`, if `path` ends with `name`.
fn above<'a>(path: &'a Path, name: &str) -> Option<&'a Path> {
    (path.file_name()? == name).then(|| path.parent()).flatten()
}

/// As [`above`], for the name of a digest, which may be in upper case.
fn above_digest<'a>(path: &'a Path, digest: &str) -> Option<&'a Path> {
    let last = path.file_name()?.to_str()?;
    last.eq_ignore_ascii_case(digest).then(|| path.parent()).flatten()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;
    use crate::manifest::sample;

    fn cache() -> (TempDir, Cache) {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::new(root.path().join("cache").to_str().unwrap());
        (root, cache)
    }

    fn install(cache: &Cache, name: &str, version: &str) -> Installed {
        let manifest = Manifest::parse(&sample::manifest(name, version)).unwrap();
        let verified = manifest.verify(&sample::key().public()).unwrap();
        cache.install(verified).unwrap()
    }

    fn names(packs: &[CachedPack]) -> Vec<String> {
        let name = |cached: &CachedPack| {
            let pack = cached.manifest.pack();
            format!("{}@{}", pack.pack_name, pack.pack_version)
        };
        packs.iter().map(name).collect()
    }

    #[test]
    fn the_pin_follows_the_last_install() {
        let (_root, cache) = cache();
        assert_eq!(cache.list().unwrap(), []);
        install(&cache, "b", "2");
        install(&cache, "b", "1");
        let installed = install(&cache, "a", "9");
        let packs = cache.list().unwrap();
        assert_eq!(names(&packs), ["a@9", "b@1", "b@2"]);
        let admitted: Vec<bool> = packs
            .iter()
            .map(|cached| cached.pin.as_ref().unwrap().admits(&cached.manifest))
            .collect();
        assert_eq!(admitted, [true, true, false]);
        for path in [&installed.metadata_path, &installed.pin_path] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(!cache.root.join(LOCK_FILE).exists());
    }

    #[test]
    fn what_is_no_manifest_is_passed_over() {
        let (_root, cache) = cache();
        let installed = install(&cache, "a", "1");
        let junk = cache.root.join("junk/1/abc");
        fs::create_dir_all(&junk).unwrap();
        fs::write(junk.join(MANIFEST_FILE), "{").unwrap();
        fs::write(cache.root.join("file"), "x").unwrap();
        std::os::unix::fs::symlink("a", cache.root.join("link")).unwrap();
        fs::remove_file(&installed.pin_path).unwrap();
        let packs = cache.list().unwrap();
        assert_eq!(names(&packs), ["a@1"]);
        assert_eq!(packs[0].pin, None);
        let file = Cache::new(cache.root.join("file").to_str().unwrap());
        assert!(matches!(file.list(), Err(CacheError::List { .. })));
    }

    #[test]
    fn manifests_are_found_by_the_digest_they_were_installed_under() {
        let (_root, cache) = cache();
        let installed = install(&cache, "a", "1");
        let manifest = Manifest::parse(&sample::manifest("a", "1")).unwrap();
        let found = cache.find(Pin::of(*manifest.digest())).unwrap();
        assert_eq!(found.map(|(path, _)| path), Some(installed.metadata_path));
        for absent in [Pin::parse("zz").unwrap(), Pin::parse(&"0".repeat(64)).unwrap()] {
            assert_eq!(cache.find(absent).unwrap(), None);
        }
    }

    #[test]
    fn a_cache_is_recognised_by_where_the_manifest_lies() {
        let manifest = Manifest::parse(&sample::manifest("a", "1")).unwrap();
        let digest = manifest.digest().to_string();
        let pin = |path: String| Cache::holding(&path, &manifest).map(|cache| cache.pin_path(&manifest));
        for (path, expected) in [
            (format!("c/a/1/{digest}/registry_pack.json"), "c/pins/a.pin"),
            (format!("./c//a/1/{digest}/registry_pack.json"), "c/pins/a.pin"),
            (
                format!("/c/a/1/{}/registry_pack.json", digest.to_uppercase()),
                "/c/pins/a.pin",
            ),
            (format!("a/1/{digest}/registry_pack.json"), "pins/a.pin"),
        ] {
            assert_eq!(pin(path.clone()), Some(expected.into()), "{path}");
        }
        for elsewhere in [
            format!("c/b/1/{digest}/registry_pack.json"),
            format!("c/a/1/{digest}/other.json"),
            "c/a/1/wrong/registry_pack.json".to_owned(),
            "registry_pack.json".to_owned(),
        ] {
            assert_eq!(pin(elsewhere.clone()), None, "{elsewhere}");
        }
    }
}
