//! Packs that others publish, verified before they are believed.
//!
//! What comes in is the manifest of a published pack, from a file or over HTTPS; what comes out is a cache that holds
//! nothing but manifests whose signature has held, and for every pack name the digest that was installed last, its pin.
//!
//! ```text
//! source ─ Source::parse ─▶ file, or a URL that the rules allow
//!        ─ fetch ─────────▶ bytes, bounded
//!        ─ Manifest::parse ▶ a manifest of a known shape, its names fit for paths
//!        ─ publisher, pin, Manifest::verify ─▶ VerifiedManifest
//!        ─ artifacts, when asked for ─▶ each held to its digest
//!        ─ Cache::install ─▶ on the disk, whole
//! ```
//!
//! What an attacker may hold is the network, the server and any file that is offered as a manifest. What is relied upon
//! is the public key the caller brings: without a signature by it nothing reaches the cache, also when the network is
//! down and an earlier manifest takes the place of the one that could not be had. Hosts are allowed by name; every
//! redirect is held against the same list, and never leads from HTTPS to HTTP. Names in a manifest become names of
//! directories, so those that could lead elsewhere are refused where the manifest is read.
//!
//! The environment, the pauses between attempts and the randomness in them come in as arguments. The clock is read in
//! one place, to end what takes too long.
#![forbid(unsafe_code)]

mod artifact;
pub mod cache;
pub mod fetch;
pub mod index;
pub mod install;
pub mod manifest;
mod trust;
pub mod verify;

pub use artifact::ArtifactError;
pub use cache::{Cache, CacheError, CachedPack};
pub use fetch::{FetchError, Fetcher, RemoteError, RemotePolicy, RemoteUrl};
pub use install::{InstallError, InstallRequest, Installation, Source, install};
pub use manifest::{Manifest, ManifestError, SignatureFailure, VerifiedManifest};
pub use trust::{Pin, PublisherRefusal, Publishers};
pub use verify::{Verification, VerifyError, VerifyOptions, verify};
