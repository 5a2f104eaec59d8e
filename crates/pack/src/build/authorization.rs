//! The pack of a decision: its bundle, and every file that proves it.

use std::path::Path;

use gait_artifact::pack::{AUTHORIZATION_BUNDLE_PATH, PackType};
use gait_disk::read::read_bounded;

use super::{BuildError, Unsealed};
use crate::authorization::{ResolvedBundle, entry_name, read, resolve};
use crate::entry::{EntryContent, PackEntry};
use crate::proof::PackHeader;

/// The largest bundle that is read, in bytes.
const MAX_BUNDLE_BYTES: usize = 4 << 20;

/// The pack of the authorization bundle at `path`, with the files it links beside it.
///
/// The pack is by the producer of the bundle; `producer_version` stands in when the bundle names none.
pub fn authorization(path: &Path, producer_version: &str) -> Result<Unsealed, BuildError> {
    let bundle = read(&read_bounded(path, MAX_BUNDLE_BYTES)?, producer_version)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let ResolvedBundle { bundle, evidence } = resolve(bundle, directory)?;
    let mut entries = vec![PackEntry::canonical(AUTHORIZATION_BUNDLE_PATH, &bundle)?];
    entries.extend(
        evidence
            .into_iter()
            .map(|(path, content)| PackEntry::new(entry_name(&path), EntryContent::Scratch(content))),
    );
    Ok(Unsealed {
        header: PackHeader {
            pack_type: PackType::Authorization,
            source_ref: bundle.trace_id,
            producer_version: bundle.producer_version,
        },
        entries,
    })
}
