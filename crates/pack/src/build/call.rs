//! The pack of a voice call: its rows, and the runpack of the run behind it.

use std::path::Path;

use gait_artifact::pack::{CALL_PAYLOAD_PATH, PackType, RUNPACK_PATH};
use gait_artifact::voice::ReferenceDigest;
use gait_disk::{Progress, read::read_bounded};
use gait_runpack::VerifyOptions;

use super::{BuildError, Unsealed};
use crate::call::{
    self, CALLPACK_MANIFEST_PATH, COMMITMENTS_PATH, CallError, DECISIONS_PATH, EVENTS_PATH, RECEIPTS_PATH,
    REFERENCES_PATH,
};
use crate::entry::{EntryContent, PackEntry};
use crate::proof::PackHeader;

/// The largest call record that is read, in bytes.
const MAX_RECORD_BYTES: usize = 64 << 20;

/// The pack of the call whose record is at `path`, with the runpack that the record names beside it.
///
/// The runpack goes in as it is, once it is seen to be intact. Its own signatures travel inside and speak for themselves.
pub fn call(path: &Path, producer_version: &str, progress: &dyn Progress) -> Result<Unsealed, BuildError> {
    let call = call::read(&read_bounded(path, MAX_RECORD_BYTES)?)?;
    let source = path.parent().unwrap_or(Path::new("")).join(&call.runpack_path);
    let runpack = gait_runpack::verify(&source, &VerifyOptions::default(), progress)?;
    if !runpack.is_intact() {
        return Err(CallError::DamagedRunpack.into());
    }
    let rows = &call.rows;
    let references: Option<&[ReferenceDigest]> = match rows.references.as_slice() {
        [] => None,
        references => Some(references),
    };
    let entries = vec![
        PackEntry::canonical(CALL_PAYLOAD_PATH, &call::payload(&call, &runpack.manifest.run_id))?,
        PackEntry::canonical(CALLPACK_MANIFEST_PATH, &call::manifest(&call))?,
        PackEntry::lines(EVENTS_PATH, &rows.events)?,
        PackEntry::lines(COMMITMENTS_PATH, &rows.commitments)?,
        PackEntry::lines(DECISIONS_PATH, &rows.decisions)?,
        PackEntry::lines(RECEIPTS_PATH, &rows.receipts)?,
        PackEntry::canonical(REFERENCES_PATH, &references)?,
        PackEntry::new(RUNPACK_PATH, EntryContent::File(source)),
    ];
    Ok(Unsealed {
        header: PackHeader {
            pack_type: PackType::Call,
            source_ref: call.call_id,
            producer_version: producer_version.to_owned(),
        },
        entries,
    })
}
