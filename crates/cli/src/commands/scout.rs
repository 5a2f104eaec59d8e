//! `gait scout`: what agents may call from a repository, and which of their runs went wrong alike.

pub(crate) mod diff;
pub(crate) mod signal;
pub(crate) mod snapshot;

use std::path::Path;

use gait_canon::json;
use gait_disk::atomic;
use serde::Serialize;

use crate::error::Failure;
use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "scout",
    summary: "Look at what agents may call, and at what they did",
    explain: "Finds the tools that a repository hands to agents, follows how they change, and groups runs that went wrong alike.",
    help_succeeds: true,
};

/// Documents about a repository are for their owner until he shares them.
const FILE_MODE: u32 = 0o600;

/// Writes `document` on one line to the file at `path`, and its directory if that is missing.
fn write<T: Serialize>(path: &str, document: &T) -> Result<(), Failure> {
    let path = Path::new(path);
    let text = json::line(document)?;
    if let Some(directory) = path.parent() {
        atomic::create_directories(directory)?;
    }
    atomic::write_or_replace(path, text.as_bytes(), FILE_MODE)?;
    Ok(())
}
