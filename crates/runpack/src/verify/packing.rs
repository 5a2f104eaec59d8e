//! Damage that unpacking does not show.
//!
//! A packed text can be another and still unpack to the same content: bits behind its end, a repetition that points to
//! another copy of the same bytes. Nothing is at stake then, but a byte of the archive has been changed. Whoever packs
//! the content again with the packer of this program gets the text that was written, and a text that differs from that in
//! one byte alone was not made by another packer.

use std::io::{Read, Seek};

use gait_artifact::finding::{Finding, FindingCode};
use gait_canon::zip::{self, Entry};

use super::layout::Extent;

/// Entries with more packed bytes than this are not packed again, nor are those of an archive beyond so many in all.
const WORTH_PACKING: usize = 1 << 20;
/// What stands around the packed text of an archive with one entry, its name twice not counted: local header,
/// descriptor, directory and end record, and the extra field twice.
const FRONT: usize = 30 + 9;
const BEHIND: usize = 16 + 46 + 9 + 22;

/// The entries of the small archive in `bytes` whose packed text has a wrong byte.
pub(super) fn damage<R: Read + Seek>(
    bytes: &[u8],
    archive: &mut zip::Reader<R>,
    extents: &[Extent],
) -> Vec<Finding> {
    if bytes.len() > WORTH_PACKING {
        return Vec::new();
    }
    let damaged = extents.iter().filter(|extent| {
        let range = extent.start..extent.end;
        let Some(packed) = bytes.get(range) else {
            return false;
        };
        packed_again(archive, &extent.name).is_some_and(|intact| differs_in_one_byte(packed, &intact))
    });
    damaged
        .map(|extent| {
            let message =
                "a byte of its packed content has been changed, without effect on what it unpacks to";
            Finding::new(FindingCode::UnusualEntry, &extent.name, message)
        })
        .collect()
}

/// The packed text that this program's packer makes of an entry's content.
fn packed_again<R: Read + Seek>(archive: &mut zip::Reader<R>, name: &str) -> Option<Vec<u8>> {
    if archive.size(name).ok()? > WORTH_PACKING as u64 {
        return None;
    }
    let content = archive.read(name).ok()?;
    let mut sealed = zip::write(Vec::new(), vec![Entry::new(name, &content[..])]).ok()?;
    sealed.truncate(sealed.len().checked_sub(BEHIND + name.len())?);
    sealed.drain(..FRONT + name.len());
    Some(sealed)
}

fn differs_in_one_byte(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).filter(|(left, right)| left != right);
    left.len() == right.len() && differences.take(2).count() == 1
}
