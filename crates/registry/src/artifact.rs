//! The artifacts that a manifest lists. They are published beside it, under the paths it gives them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gait_artifact::registry::RegistryArtifact;
use gait_canon::Digest;
use gait_disk::ReadError;
use gait_disk::read::read_bounded;

use crate::fetch::{FetchError, MAX_BODY_BYTES, RemoteError, RemoteUrl};
use crate::manifest::Manifest;

/// The directory of artifacts, beside their manifest in the cache.
pub(crate) const ARTIFACTS_DIRECTORY: &str = "artifacts";

/// The most artifacts of a pack that are installed.
const MAX_ARTIFACTS: usize = 1000;

/// The longest path of an artifact, in bytes.
const MAX_PATH_BYTES: usize = 512;

/// Why an artifact is not installed, and with it its pack.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// Its path could lead out of the pack, or means another in a URL.
    #[error("artifact path {0:?} is not usable as the path of a file")]
    UnsafePath(String),
    /// The manifest lists it more than once.
    #[error("artifact {0:?} is listed twice")]
    Repeated(String),
    /// There are too many.
    #[error("the manifest lists more than {MAX_ARTIFACTS} artifacts")]
    TooMany,
    /// Its file cannot be read.
    #[error("artifact {path:?}: {source}")]
    Read {
        /// Its path.
        path: String,
        /// Why.
        source: ReadError,
    },
    /// It has no place on the server.
    #[error("artifact {path:?}: {source}")]
    Remote {
        /// Its path.
        path: String,
        /// Why.
        source: RemoteError,
    },
    /// The server does not give it.
    #[error("artifact {path:?}: {source}")]
    Fetch {
        /// Its path.
        path: String,
        /// Why.
        source: Box<FetchError>,
    },
    /// It is not what the publisher signed.
    #[error("artifact {path:?} has digest {found}, not that of the manifest")]
    Mismatch {
        /// Its path.
        path: String,
        /// The digest of what was found.
        found: Digest,
    },
}

/// What the artifacts of a manifest lie beside.
pub(crate) enum Origin<'a> {
    Directory(PathBuf),
    Server(&'a RemoteUrl),
}

/// The artifacts of a manifest, in its order. Every path is that of a file in the pack, and no two are the same.
pub(crate) fn listed(manifest: &Manifest) -> Result<&[RegistryArtifact], ArtifactError> {
    let artifacts = manifest.pack().artifacts.as_deref().unwrap_or_default();
    if artifacts.len() > MAX_ARTIFACTS {
        return Err(ArtifactError::TooMany);
    }
    let mut seen = BTreeSet::new();
    for RegistryArtifact { path, .. } in artifacts {
        if !is_safe(path) {
            return Err(ArtifactError::UnsafePath(path.clone()));
        }
        // File systems may not tell letter cases apart.
        if !seen.insert(path.to_ascii_lowercase()) {
            return Err(ArtifactError::Repeated(path.clone()));
        }
    }
    Ok(artifacts)
}

/// Gets an artifact, with `fetch` from a server, and holds it to the digest that the manifest states.
pub(crate) fn get(
    artifact: &RegistryArtifact,
    origin: &Origin<'_>,
    fetch: &mut impl FnMut(&RemoteUrl) -> Result<Vec<u8>, FetchError>,
) -> Result<Vec<u8>, ArtifactError> {
    let path = || artifact.path.clone();
    let bytes = match origin {
        Origin::Directory(directory) => read_bounded(&directory.join(&artifact.path), MAX_BODY_BYTES)
            .map_err(|source| ArtifactError::Read { path: path(), source })?,
        Origin::Server(manifest) => {
            let url = manifest
                .beside(&artifact.path)
                .map_err(|source| ArtifactError::Remote { path: path(), source })?;
            fetch(&url).map_err(|source| ArtifactError::Fetch {
                path: path(),
                source: Box::new(source),
            })?
        }
    };
    let found = Digest::of(&bytes);
    if Digest::parse_any_case(&artifact.sha256) != Ok(found) {
        return Err(ArtifactError::Mismatch { path: path(), found });
    }
    Ok(bytes)
}

/// What the artifacts of a manifest in a file lie beside.
pub(crate) fn beside(manifest: &Path) -> PathBuf {
    manifest.parent().unwrap_or(Path::new("")).to_path_buf()
}

/// Whether `path` names the same file in a directory and in a URL, and that file is inside of both.
fn is_safe(path: &str) -> bool {
    let is_part = |part: &str| {
        let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"._+-".contains(&letter);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
    };
    path.len() <= MAX_PATH_BYTES && path.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::sample::unsigned;

    fn listing(paths: &[&str]) -> Result<usize, ArtifactError> {
        let artifacts = paths.iter().map(|path| RegistryArtifact {
            path: (*path).to_owned(),
            sha256: String::new(),
            media_type: String::new(),
        });
        let bytes = unsigned(|pack| pack.artifacts = Some(artifacts.collect()));
        listed(&Manifest::parse(&bytes).unwrap()).map(<[_]>::len)
    }

    #[test]
    fn paths_stay_inside_of_the_pack() {
        let long = "x".repeat(MAX_PATH_BYTES + 1);
        for path in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            "..",
            "../a",
            "a/../b",
            "./a",
            ".git/config",
            "a\\b",
            "c:a",
            "a b",
            "a?b",
            "a#b",
            "a%2fb",
            "http://x",
            "é",
            "a\0",
            &long,
        ] {
            assert!(
                matches!(listing(&[path]), Err(ArtifactError::UnsafePath(_))),
                "{path:?}"
            );
        }
        assert_eq!(listing(&["policy.yaml", "a/b-1.0+x/c_d"]).unwrap(), 2);
        assert_eq!(listing(&[]).unwrap(), 0);
        assert!(matches!(listing(&["a", "A"]), Err(ArtifactError::Repeated(path)) if path == "A"));
        let many = vec!["a"; MAX_ARTIFACTS + 1];
        assert!(matches!(listing(&many), Err(ArtifactError::TooMany)));
    }
}
