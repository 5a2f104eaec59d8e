//! From a source to the cache.

use std::path::PathBuf;

use gait_artifact::registry::RegistryArtifact;
use gait_artifact::text::trim;
use gait_canon::PublicKey;
use gait_disk::ReadError;
use gait_disk::read::read_bounded;

use crate::artifact::{self, ARTIFACTS_DIRECTORY, ArtifactError, Origin};
use crate::cache::{Cache, CacheError, Installed};
use crate::fetch::{FetchError, RemoteError, RemotePolicy, RemoteUrl};
use crate::manifest::{MAX_MANIFEST_BYTES, Manifest, ManifestError, SignatureFailure};
use crate::trust::{Pin, PublisherRefusal, Publishers};

/// Where a manifest is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// A server.
    Remote(RemoteUrl),
}

/// What is to be installed, and on which conditions.
#[derive(Debug, Clone)]
pub struct InstallRequest<'a> {
    /// Where the manifest is to be had.
    pub source: &'a Source,
    /// Where it is kept.
    pub cache: &'a Cache,
    /// The key it must be signed with.
    pub key: &'a PublicKey,
    /// Whose packs are taken.
    pub publishers: &'a Publishers,
    /// The digest it must have.
    pub pin: Option<Pin>,
    /// Whether the manifest that the pin names may be taken from the cache when the server cannot be reached.
    pub allow_cached_fallback: bool,
    /// Whether the artifacts that the manifest lists are installed with it.
    pub with_artifacts: bool,
}

/// What was installed.
#[derive(Debug, Clone, PartialEq)]
pub struct Installation {
    /// The manifest.
    pub manifest: Manifest,
    /// Where it and its pin are.
    pub installed: Installed,
    /// How many artifacts were installed with it.
    pub artifacts: usize,
    /// The manifest of the cache that took the place of the one that could not be had.
    pub fallback_path: Option<PathBuf>,
}

/// Why nothing was installed. The cache is as it was, unless writing it is what failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// There is no source.
    #[error("the source is blank")]
    NoSource,
    /// The source may not be asked.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The file cannot be read.
    #[error("read source: {0}")]
    Read(#[from] ReadError),
    /// The server gave no document.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The server gave no document, and the cache has none that may take its place.
    #[error("{fetch}; nor from the cache: {fallback}")]
    Fallback {
        /// Why not from the server.
        fetch: Box<FetchError>,
        /// Why not from the cache.
        fallback: Box<FallbackError>,
    },
    /// What was read is no manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Somebody else publishes it.
    #[error(transparent)]
    Publisher(#[from] PublisherRefusal),
    /// It is not the one that was asked for.
    #[error("pin mismatch: the manifest has digest {0}")]
    Pin(gait_canon::Digest),
    /// No signature is believed.
    #[error(transparent)]
    Signature(#[from] SignatureFailure),
    /// An artifact is not there, or not what was signed.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The cache cannot be written.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Why the cache has nothing to offer.
#[derive(Debug, thiserror::Error)]
pub enum FallbackError {
    /// Without a pin nothing says which manifest is meant.
    #[error("that takes a pin")]
    NoPin,
    /// It holds no manifest of this pin.
    #[error("no manifest with the pinned digest is there")]
    NotCached,
    /// It cannot be looked through.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Source {
    /// Tells files and servers apart; a server must be one that `policy` allows.
    pub fn parse(text: &str, policy: &RemotePolicy) -> Result<Self, InstallError> {
        let text = trim(text);
        if text.is_empty() {
            return Err(InstallError::NoSource);
        }
        if RemoteUrl::is_meant(text) {
            return Ok(Self::Remote(RemoteUrl::parse(text, policy)?));
        }
        Ok(Self::File(text.into()))
    }
}

/// Gets the manifest, with `fetch` where it is on a server, and keeps it if every condition holds.
///
/// A manifest of the cache is held to the same conditions as a fetched one, its signature included. Artifacts come from
/// where the manifest came from, and are kept before it is: a manifest that was installed with its artifacts has them.
pub fn install(
    request: &InstallRequest<'_>,
    mut fetch: impl FnMut(&RemoteUrl) -> Result<Vec<u8>, FetchError>,
) -> Result<Installation, InstallError> {
    let (bytes, fallback_path) = match request.source {
        Source::File(path) => (read_bounded(path, MAX_MANIFEST_BYTES)?, None),
        Source::Remote(url) => match fetch(url) {
            Ok(bytes) => (bytes, None),
            Err(error) if request.allow_cached_fallback => match cached(request) {
                Ok((path, bytes)) => (bytes, Some(path)),
                Err(fallback) => {
                    return Err(InstallError::Fallback {
                        fetch: Box::new(error),
                        fallback: Box::new(fallback),
                    });
                }
            },
            Err(error) => return Err(error.into()),
        },
    };
    let manifest = Manifest::parse(&bytes)?;
    request.publishers.admit(&manifest.pack().publisher)?;
    if request.pin.is_some_and(|pin| !pin.admits(manifest.digest())) {
        return Err(InstallError::Pin(*manifest.digest()));
    }
    let verified = manifest.verify(request.key)?;
    let mut artifacts: &[RegistryArtifact] = &[];
    if request.with_artifacts {
        artifacts = artifact::listed(&manifest)?;
        let origin = match (request.source, &fallback_path) {
            (_, Some(cached)) => Origin::Directory(artifact::beside(cached).join(ARTIFACTS_DIRECTORY)),
            (Source::File(path), None) => Origin::Directory(artifact::beside(path)),
            (Source::Remote(url), None) => Origin::Server(url),
        };
        for artifact in artifacts {
            let content = artifact::get(artifact, &origin, &mut fetch)?;
            request.cache.keep_artifact(verified, &artifact.path, &content)?;
        }
    }
    let artifacts = artifacts.len();
    let installed = request.cache.install(verified)?;
    Ok(Installation {
        manifest,
        installed,
        artifacts,
        fallback_path,
    })
}

fn cached(request: &InstallRequest<'_>) -> Result<(PathBuf, Vec<u8>), FallbackError> {
    let pin = request.pin.ok_or(FallbackError::NoPin)?;
    request.cache.find(pin)?.ok_or(FallbackError::NotCached)
}
