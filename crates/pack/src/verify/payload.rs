//! Reading the documents of a payload, and holding their members to what they must be.

use std::io::{Read, Seek};

use gait_artifact::voice::VoiceError;
use gait_artifact::{Timestamp, text};
use gait_canon::{json, zip::ZipError};
use serde::de::DeserializeOwned;

use crate::archive::PackArchive;
use crate::authorization::BundleError;
use crate::call::SpeechError;
use crate::lines::LineError;

/// Why a payload does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// An entry that packs of this type have is not there.
    #[error("the pack has no {0}")]
    Missing(&'static str),
    /// An entry can't be unpacked.
    #[error("read {path}: {source}")]
    Entry {
        /// Its path.
        path: &'static str,
        /// Why.
        source: ZipError,
    },
    /// A document is not the JSON it should be.
    #[error("parse {path}: {source}")]
    Json {
        /// Its path.
        path: &'static str,
        /// Where and why.
        source: json::Error,
    },
    /// A line is not the JSON it should be.
    #[error("parse {path}: {source}")]
    Line {
        /// Path of the entry.
        path: &'static str,
        /// Where and why.
        source: LineError,
    },
    /// A member is not as it must be.
    #[error("{path}: {member} {problem}")]
    Member {
        /// Path of the document.
        path: &'static str,
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The authorization bundle does not hold.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A row of a call has no normal form.
    #[error(transparent)]
    Row(#[from] VoiceError),
    /// A call does not show that its speech was allowed.
    #[error(transparent)]
    Speech(#[from] SpeechError),
}

/// Fails with the first of `paths` that is not there.
pub(super) fn require<R: Read + Seek>(
    archive: &PackArchive<R>,
    paths: &[&'static str],
) -> Result<(), PayloadError> {
    match paths.iter().find(|path| !archive.contains(path)) {
        Some(path) => Err(PayloadError::Missing(path)),
        None => Ok(()),
    }
}

/// Reads a document strictly.
pub(super) fn document<R: Read + Seek, T: DeserializeOwned>(
    archive: &mut PackArchive<R>,
    path: &'static str,
) -> Result<T, PayloadError> {
    let bytes = archive
        .read(path)
        .map_err(|source| PayloadError::Entry { path, source })?;
    json::read(&bytes).map_err(|source| PayloadError::Json { path, source })
}

/// The checks of one document, member by member.
pub(super) struct Members {
    path: &'static str,
}

impl Members {
    pub(super) const fn of(path: &'static str) -> Self {
        Self { path }
    }

    /// Fails unless `holds`.
    pub(super) const fn require(
        &self,
        holds: bool,
        member: &'static str,
        problem: &'static str,
    ) -> Result<(), PayloadError> {
        if holds {
            return Ok(());
        }
        Err(PayloadError::Member {
            path: self.path,
            member,
            problem,
        })
    }

    pub(super) fn schema(&self, found: [&str; 2], expected: [&str; 2]) -> Result<(), PayloadError> {
        self.require(found[0] == expected[0], "schema_id", "is of another document")?;
        self.require(found[1] == expected[1], "schema_version", "is another version")
    }

    pub(super) fn time(&self, time: Timestamp, member: &'static str) -> Result<(), PayloadError> {
        self.require(!time.is_zero(), member, "is missing")
    }

    pub(super) fn filled(&self, value: &str, member: &'static str) -> Result<(), PayloadError> {
        self.require(!text::is_blank(value), member, "is missing")
    }

    pub(super) fn digest(&self, value: &str, member: &'static str) -> Result<(), PayloadError> {
        let problem = "must be a SHA-256 digest of 64 hex digits";
        self.require(crate::manifest::is_digest(value), member, problem)
    }

    pub(super) fn word(&self, value: &str, words: &[&str], member: &'static str) -> Result<(), PayloadError> {
        self.require(words.contains(&value), member, "is no known word")
    }
}
