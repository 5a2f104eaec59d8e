//! What keeps evidence from becoming a pack.

use std::io;

use gait_canon::json;
use gait_canon::zip::ZipError;

use crate::record::RecordError;

/// Why an evidence pack was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A record is no evidence.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The directory of the runpack could not be listed.
    #[error("list the directory of the runpack: {0}")]
    Directory(#[source] io::Error),
    /// Entries could not be put aside.
    #[error("keep evidence aside: {0}")]
    Scratch(#[source] io::Error),
    /// The archive could not be written.
    #[error("write evidence pack: {0}")]
    Archive(#[from] ZipError),
    /// The output could not be put in its place.
    #[error(transparent)]
    Disk(#[from] gait_disk::Error),
    /// A document has no canonical form.
    #[error("encode evidence: {0}")]
    Encode(#[from] json::Error),
}
