//! The registry file: read strictly, verified entry by entry, changed under a lock.

use std::{path::Path, time::Duration};

use gait_artifact::{
    Timestamp,
    form::FormError,
    script::{ApprovedScriptEntry, ScriptGrant},
};
use gait_canon::{
    PrivateKey, PublicKey,
    json::{self, Reader, Value},
    sign,
};
use gait_disk::{
    FileLock, LockError, LockPolicy,
    append::lock_path,
    atomic,
    path::{PathError, local_or_absolute},
    read::{ReadError, read_bounded},
};
use serde::Serialize;

use crate::{
    record_file,
    token::{self, MintError, SignatureFailure},
};

/// The largest registry that is read, in bytes.
const MAX_REGISTRY_BYTES: usize = 16 * 1024 * 1024;

/// Files are readable by their owner alone.
const MODE: u32 = 0o600;

/// A registry is read and written in milliseconds; whoever holds it for a minute is gone.
const LOCK: LockPolicy = LockPolicy {
    retry: Duration::from_millis(15),
    timeout: Duration::from_secs(10),
    stale_after: Duration::from_secs(60),
    created_at: None,
};

/// A registry that can't be used. One bad entry is enough: what else it says can't be relied on either.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file can't be read.
    #[error("read approved script registry: {0}")]
    Read(#[source] ReadError),
    /// The file is no registry.
    #[error("parse approved script registry: {0}")]
    Parse(#[source] json::Error),
    /// The file is JSON, but neither a list nor an object with a list.
    #[error("parse approved script registry: {0}")]
    Shape(&'static str),
    /// An entry has no normal form.
    #[error("approved script entries[{index}]: {source}")]
    Entry {
        /// Position in the file, from 0.
        index: usize,
        /// What is wrong with it.
        source: FormError,
    },
    /// The registry may not be written there.
    #[error("write approved script registry: {0}")]
    Path(#[from] PathError),
    /// Somebody else is writing the registry.
    #[error("lock approved script registry: {0}")]
    Lock(#[from] LockError),
    /// The registry can't be encoded.
    #[error("encode approved script registry: {0}")]
    Encode(#[source] json::Error),
    /// The file can't be written.
    #[error("write approved script registry: {0}")]
    Write(#[source] gait_disk::Error),
}

/// The entries of a registry file, in normal form and in file order. None of them is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Registry {
    entries: Vec<ApprovedScriptEntry>,
}

impl Registry {
    /// Reads the registry at `path`. A file that is missing or blank is an empty registry.
    pub fn load(path: &Path) -> Result<Self, RegistryError> {
        match read_bounded(path, MAX_REGISTRY_BYTES) {
            Ok(bytes) => Self::read(&bytes),
            Err(ReadError::NotFound { .. }) => Ok(Self::default()),
            Err(error) => Err(RegistryError::Read(error)),
        }
    }

    /// Reads a registry: a list of entries, or an object whose only member is `entries`.
    pub fn read(bytes: &[u8]) -> Result<Self, RegistryError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let reader = Reader::new().max_bytes(MAX_REGISTRY_BYTES);
        let document = reader.parse(bytes).map_err(RegistryError::Parse)?;
        let entries = match &document {
            Value::Array(_) => &document,
            Value::Object(members) => match members.get("entries") {
                Some(entries @ Value::Array(_)) if members.len() == 1 => entries,
                Some(Value::Array(_)) => return Err(RegistryError::Shape("unknown member beside entries")),
                Some(_) => return Err(RegistryError::Shape("entries must be an array")),
                None => return Err(RegistryError::Shape("entries are missing")),
            },
            _ => return Err(RegistryError::Shape("a registry is an array or an object")),
        };
        let entries: Vec<ApprovedScriptEntry> = json::from_value(entries).map_err(RegistryError::Parse)?;
        let normalized = entries.into_iter().enumerate().map(|(index, entry)| {
            entry
                .normalized()
                .map_err(|source| RegistryError::Entry { index, source })
        });
        Ok(Self {
            entries: normalized.collect::<Result<_, _>>()?,
        })
    }

    /// The entries, in file order.
    #[must_use]
    pub fn entries(&self) -> &[ApprovedScriptEntry] {
        &self.entries
    }

    /// Whether there is no entry.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The registry whose entries `key` all signed. Expired entries stay: they match nothing, but they may be listed.
    pub fn verified(&self, key: &PublicKey) -> Result<VerifiedRegistry, RegistryRejection> {
        for (index, entry) in self.entries.iter().enumerate() {
            check(entry, key).map_err(|cause| RegistryRejection { index, cause })?;
        }
        Ok(VerifiedRegistry(self.entries.clone()))
    }

    /// Adds `entry`, in the place of all entries with its name.
    fn upsert(&mut self, entry: ApprovedScriptEntry) {
        self.entries.retain(|other| other.pattern_id != entry.pattern_id);
        self.entries.push(entry);
        self.entries
            .sort_by(|a, b| (&a.pattern_id, a.created_at).cmp(&(&b.pattern_id, b.created_at)));
    }
}

fn check(entry: &ApprovedScriptEntry, key: &PublicKey) -> Result<(), EntryRejection> {
    let signature = entry.signature.as_ref().ok_or(EntryRejection::Unsigned)?;
    Ok(token::check_signature(signature, entry.digest(), key)?)
}

/// A registry whose entries are all signed by the key of the deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifiedRegistry(pub(super) Vec<ApprovedScriptEntry>);

impl VerifiedRegistry {
    /// Whether there is no entry, so that the registry has nothing to say about any call.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An entry that nobody vouches for, so that none of its registry counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed at entry {index}: {cause}")]
pub struct RegistryRejection {
    /// Position in the file, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub cause: EntryRejection,
}

/// Why nobody vouches for an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryRejection {
    /// Nobody signed it.
    #[error("signature is required")]
    Unsigned,
    /// Its signature is no proof.
    #[error(transparent)]
    Signature(#[from] SignatureFailure),
}

/// Makes an entry that lets `grant` pass.
pub fn mint(
    grant: ScriptGrant,
    producer_version: &str,
    now: Timestamp,
    key: &PrivateKey,
) -> Result<ApprovedScriptEntry, MintError> {
    let mut entry = ApprovedScriptEntry::issue(grant, producer_version, now)?;
    entry.signature = Some(sign::sign(&entry.digest()?, key));
    Ok(entry)
}

/// Puts `entry` into the registry at `path`, in the place of all entries with its name.
///
/// The registry is read and replaced under a lock, so that of several writers none loses an entry of another.
pub fn store(path: &Path, entry: ApprovedScriptEntry) -> Result<(), RegistryError> {
    let path = local_or_absolute(path)?;
    atomic::create_parents(&path).map_err(RegistryError::Write)?;
    let _lock = FileLock::acquire(&lock_path(&path), &LOCK, b"")?;
    let mut registry = Registry::load(&path)?;
    registry.upsert(entry);
    let bytes = record_file::to_bytes(&registry).map_err(RegistryError::Encode)?;
    atomic::replace(&path, &bytes, MODE).map_err(RegistryError::Write)
}
