//! Where the files of a queue are, and how each is read and written. Every file is whole or absent, and none is changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use gait_artifact::{Timestamp, approval::ApprovalToken};
use gait_canon::{
    Digest,
    json::{self, Reader},
};
use gait_disk::{
    FileLock, LockPolicy, atomic,
    read::{ReadError, read_bounded},
};
use gait_gate::approval;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    error::QueueError,
    request::{MAX_REQUEST_BYTES, Request, RequestId},
    status::{Closing, Redemption},
};

/// Everything here is for its owner alone: calls and tokens are secret.
const FILE_MODE: u32 = 0o600;
/// The largest record of the queue beside requests, in bytes.
const MAX_RECORD_BYTES: usize = 64 * 1024;
/// The most tokens of one request that are looked at.
const MAX_TOKENS: usize = 64;
/// The start of the names of token files.
const TOKEN_PREFIX: &str = "token_";

/// The directory of a queue.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

/// A token that is used, as others remember it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Used {
    pub(super) request_id: RequestId,
    pub(super) token_id: String,
    /// From then on the token is void anyway.
    pub(super) expires_at: Timestamp,
}

/// A file in the directory of a request that must be there once at most.
#[derive(Debug, Clone, Copy)]
pub(super) enum Marker {
    Closed,
    Redeemed,
}

impl Marker {
    const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed.json",
            Self::Redeemed => "redeemed.json",
        }
    }
}

impl Layout {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps all others from changing the queue. Looking needs no lock.
    pub(super) fn lock(&self) -> Result<FileLock, QueueError> {
        atomic::create_directories(&self.root)?;
        Ok(FileLock::acquire(
            &self.root.join("queue.lock"),
            &LockPolicy::APPEND,
            b"",
        )?)
    }

    fn requests(&self) -> PathBuf {
        self.root.join("requests")
    }

    fn of(&self, id: &RequestId) -> PathBuf {
        self.requests().join(id.as_str())
    }

    fn used(&self) -> PathBuf {
        self.root.join("used")
    }

    fn spent(&self) -> PathBuf {
        self.root.join("spent")
    }

    /// The ids of all requests, sorted. What has no such name is no request.
    pub(super) fn ids(&self) -> Result<Vec<RequestId>, QueueError> {
        let mut ids: Vec<RequestId> = names(&self.requests())?
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Makes a request known. The directory comes first, so a crash leaves one without a request, which is none.
    pub(super) fn store(&self, request: &Request) -> Result<(), QueueError> {
        let bytes = request.to_bytes()?;
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(QueueError::TooLarge {
                bytes: bytes.len(),
                limit: MAX_REQUEST_BYTES,
            });
        }
        let directory = self.of(request.id());
        atomic::create_directories(&directory)?;
        atomic::create_new(&directory.join("request.json"), &bytes, FILE_MODE)?;
        Ok(())
    }

    pub(super) fn load(&self, id: &RequestId) -> Result<Request, QueueError> {
        let bytes = match read_bounded(&self.of(id).join("request.json"), MAX_REQUEST_BYTES) {
            Err(ReadError::NotFound { .. }) => return Err(QueueError::Unknown(id.clone())),
            read => read?,
        };
        Request::read(id, &bytes).map_err(|source| QueueError::Altered {
            id: id.clone(),
            source: Box::new(source),
        })
    }

    pub(super) fn closing(&self, id: &RequestId) -> Result<Option<Closing>, QueueError> {
        read_record(&self.of(id).join(Marker::Closed.name()))
    }

    pub(super) fn redemption(&self, id: &RequestId) -> Result<Option<Redemption>, QueueError> {
        read_record(&self.of(id).join(Marker::Redeemed.name()))
    }

    /// Whether the approval of a request was used.
    pub(super) fn is_redeemed(&self, id: &RequestId) -> bool {
        exists(&self.of(id).join(Marker::Redeemed.name()))
    }

    /// Sets a marker; `false` when it was there.
    pub(super) fn mark(
        &self,
        id: &RequestId,
        marker: Marker,
        record: &impl Serialize,
    ) -> Result<bool, QueueError> {
        create_record(&self.of(id).join(marker.name()), record)
    }

    /// Writes a token where people and programs find it; gives its path.
    pub(super) fn store_token(&self, id: &RequestId, token: &ApprovalToken) -> Result<PathBuf, QueueError> {
        let path = self.of(id).join(format!("{TOKEN_PREFIX}{}.json", token.token_id));
        let text = json::pretty(token)? + "\n";
        atomic::create_new(&path, text.as_bytes(), FILE_MODE)?;
        Ok(path)
    }

    /// The tokens of a request that can be read, sorted by path. Nothing is established about them.
    pub(super) fn tokens(&self, id: &RequestId) -> Result<Vec<(PathBuf, ApprovalToken)>, QueueError> {
        let directory = self.of(id);
        let mut names = names(&directory)?;
        names.retain(|name| name.starts_with(TOKEN_PREFIX));
        names.sort_unstable();
        names.truncate(MAX_TOKENS);
        let paths = names.iter().map(|name| directory.join(name));
        Ok(paths
            .filter_map(|path| approval::read_token(&path).ok().map(|token| (path, token)))
            .collect())
    }

    pub(super) fn is_used(&self, token: &Digest) -> bool {
        exists(&self.used().join(format!("{token}.json")))
    }

    /// Remembers that a token is used; `false` when it was used before.
    pub(super) fn use_up(&self, token: &Digest, used: &Used) -> Result<bool, QueueError> {
        atomic::create_directories(&self.used())?;
        create_record(&self.used().join(format!("{token}.json")), used)
    }

    /// Remembers that the sealed state with this nonce was presented, until `expires_at`; `false` when it was before.
    pub(super) fn spend(&self, nonce: &str, expires_at: Timestamp) -> Result<bool, QueueError> {
        atomic::create_directories(&self.spent())?;
        create_record(&self.spent().join(format!("{nonce}.json")), &expires_at)
    }

    /// A secret of this queue: that of the file, or `new` for a queue that has none yet.
    pub(super) fn secret(
        &self,
        new: impl FnOnce() -> Result<Vec<u8>, QueueError>,
    ) -> Result<Vec<u8>, QueueError> {
        let path = self.root.join("state.key");
        match read_bounded(&path, MAX_RECORD_BYTES) {
            Err(ReadError::NotFound { .. }) => {}
            read => return Ok(read?),
        }
        atomic::create_directories(&self.root)?;
        match atomic::create_new(&path, &new()?, FILE_MODE) {
            Ok(()) | Err(gait_disk::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(read_bounded(&path, MAX_RECORD_BYTES)?)
    }

    /// Forgets a request. It stops being one first.
    pub(super) fn remove(&self, id: &RequestId) -> Result<(), QueueError> {
        let directory = self.of(id);
        remove_file(&directory.join("request.json"))?;
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error("remove", &directory)(error))
            }
            _ => Ok(()),
        }
    }

    /// Forgets used tokens and presented states that ended long enough ago.
    pub(super) fn forget(&self, is_past: impl Fn(Timestamp) -> bool) -> Result<(), QueueError> {
        forget_in(&self.used(), |used: &Used| is_past(used.expires_at))?;
        forget_in(&self.spent(), |end: &Timestamp| is_past(*end))
    }
}

/// Removes the records of a directory that are past. What can't be read is kept: it keeps something from being used again.
fn forget_in<T: DeserializeOwned>(directory: &Path, is_past: impl Fn(&T) -> bool) -> Result<(), QueueError> {
    for name in names(directory)? {
        let path = directory.join(name);
        if let Ok(Some(record)) = read_record(&path)
            && is_past(&record)
        {
            remove_file(&path)?;
        }
    }
    Ok(())
}

/// The names in a directory, without hidden ones; none when there is no directory.
fn names(directory: &Path) -> Result<Vec<String>, QueueError> {
    let failed = || io_error("read directory", directory);
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed())?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed())?;
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    Ok(names)
}

/// Whether something is there; what can't be examined counts as well.
fn exists(path: &Path) -> bool {
    !matches!(
        fs::symlink_metadata(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound
    )
}

fn read_record<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, QueueError> {
    let bytes = match read_bounded(path, MAX_RECORD_BYTES) {
        Err(ReadError::NotFound { .. }) => return Ok(None),
        read => read?,
    };
    Reader::new()
        .max_bytes(MAX_RECORD_BYTES)
        .read(&bytes)
        .map(Some)
        .map_err(|source| QueueError::Malformed {
            path: path.to_path_buf(),
            source,
        })
}

/// Creates a file that is there once: of all that try, in whatever processes, one is told `true`, and then the file is on
/// the disk.
fn create_record(path: &Path, record: &impl Serialize) -> Result<bool, QueueError> {
    let text = json::line(record)? + "\n";
    match atomic::create_new(path, text.as_bytes(), FILE_MODE) {
        Ok(()) => Ok(true),
        Err(gait_disk::Error::AlreadyExists { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn remove_file(path: &Path) -> Result<(), QueueError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path)(error)),
        _ => Ok(()),
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> QueueError {
    let path = path.to_path_buf();
    move |source| QueueError::Io { action, path, source }
}
