//! Why a call could not be judged at all. None of these is a verdict, and none lets a call through.

use std::path::PathBuf;

use gait_artifact::intent::IntentError;
use gait_canon::json;

use crate::profile::ProfileError;

/// A decision that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The intent can't be brought into normal form.
    #[error("normalize intent: {0}")]
    Intent(#[source] IntentError),
    /// The same, for a risky call that could have been an approved script.
    #[error("approved script fast-path evaluation failed in fail-closed mode: {0}")]
    UnjudgeableScript(#[source] IntentError),
    /// The deployment doesn't meet its profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A configured fact can't be had, and the call is risky enough that it must not go on without it.
    #[error("{fact} unavailable in fail-closed mode: {reason}")]
    FactUnavailable {
        /// Which fact.
        fact: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// The registry of approved scripts can't be trusted, and the call is risky.
    #[error("approved script registry verification {0}")]
    RegistryUntrusted(String),
    /// A configured file can't be used, whatever the risk.
    #[error("{0}")]
    UnusableFact(String),
    /// The trace can't be written to the path that was asked for.
    #[error(transparent)]
    TracePath(#[from] crate::trace::TracePathError),
    /// A token file can't be read.
    #[error(transparent)]
    Token(#[from] crate::token::TokenFileError),
    /// The counters of rate limits can't be used.
    #[error(transparent)]
    RateLimit(#[from] crate::rate_limit::RateLimitError),
    /// Two records of one decision would go to the same file.
    #[error("more than one record would be written to {}", .0.display())]
    SharedFile(PathBuf),
    /// A record can't be encoded.
    #[error("encode {record}: {source}")]
    Encode {
        /// Which record.
        record: &'static str,
        /// What the encoder said.
        source: json::Error,
    },
    /// A record can't be written.
    #[error("write {record} {}: {source}", path.display())]
    Write {
        /// Which record.
        record: &'static str,
        /// Where to.
        path: PathBuf,
        /// What the file system said.
        source: gait_disk::Error,
    },
}
