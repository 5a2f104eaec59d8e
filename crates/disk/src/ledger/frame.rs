//! Records as they stand in a segment: length, checksum, destination, content.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Bytes before the payload: its length and its checksum.
const HEAD: usize = 8;
/// Bytes of the payload before the path: mode, seconds, nanoseconds, length of the path.
const FACTS: usize = 20;
/// What follows the last frame. A frame is never this short, so whatever an earlier, longer write left behind it is not
/// read as if it belonged there.
pub(super) const END: [u8; HEAD] = [0; HEAD];

/// Bytes a payload may have: the largest record, its path and what stands before it.
const MAX_PAYLOAD: usize = super::MAX_RECORD_BYTES + MAX_PATH + FACTS;
/// Bytes a path may have on any system this runs on.
pub(super) const MAX_PATH: usize = 4096;

/// A file that is to be, or was, made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Absolute, without a link on the way when it was written.
    pub(super) path: &'a Path,
    /// Permission bits.
    pub(super) mode: u32,
    /// When the record was taken.
    pub(super) taken: SystemTime,
    pub(super) bytes: &'a [u8],
}

/// Adds the frame of `record` to `buffer`. `nonce` is the segment's.
pub(super) fn push(buffer: &mut Vec<u8>, nonce: u64, record: &Record<'_>) {
    let path = record.path.as_os_str().as_bytes();
    debug_assert!(path.len() <= MAX_PATH && record.bytes.len() <= super::MAX_RECORD_BYTES);
    let taken = record
        .taken
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let start = buffer.len();
    buffer.extend_from_slice(&END);
    buffer.extend_from_slice(&record.mode.to_le_bytes());
    buffer.extend_from_slice(&taken.as_secs().to_le_bytes());
    buffer.extend_from_slice(&taken.subsec_nanos().to_le_bytes());
    buffer.extend_from_slice(&length(path).to_le_bytes());
    buffer.extend_from_slice(path);
    buffer.extend_from_slice(record.bytes);
    let (head, payload) = buffer[start..].split_at_mut(HEAD);
    head[..4].copy_from_slice(&length(payload).to_le_bytes());
    head[4..].copy_from_slice(&checksum(nonce, payload).to_le_bytes());
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("records and paths are limited to far less than 4 GiB")
}

/// The nonce is part of the sum: a frame of another segment, or of this one before it was used again, does not count.
fn checksum(nonce: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&nonce.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// Reads frames up to the first that is not whole. What is behind that one was never acknowledged.
#[derive(Debug)]
pub(super) struct Frames<R> {
    input: R,
    nonce: u64,
    payload: Vec<u8>,
}

impl<R: Read> Frames<R> {
    pub(super) const fn new(input: R, nonce: u64) -> Self {
        Self {
            input,
            nonce,
            payload: Vec::new(),
        }
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        let mut head = [0; HEAD];
        if !read_whole(&mut self.input, &mut head)? {
            return Ok(None);
        }
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let size = number(0) as usize;
        if !(FACTS..=MAX_PAYLOAD).contains(&size) {
            return Ok(None);
        }
        // The length may be damaged: memory grows with what is really there.
        self.payload.clear();
        (&mut self.input)
            .take(u64::from(number(0)))
            .read_to_end(&mut self.payload)?;
        if self.payload.len() < size || checksum(self.nonce, &self.payload) != number(4) {
            return Ok(None);
        }
        Ok(parse(&self.payload))
    }
}

fn read_whole(input: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn parse(payload: &[u8]) -> Option<Record<'_>> {
    let (mode, rest) = payload.split_first_chunk()?;
    let (seconds, rest) = rest.split_first_chunk()?;
    let (nanos, rest) = rest.split_first_chunk()?;
    let (path_length, rest) = rest.split_first_chunk()?;
    let (path, bytes) = rest.split_at_checked(u32::from_le_bytes(*path_length) as usize)?;
    let since_epoch = Duration::from_secs(u64::from_le_bytes(*seconds))
        .checked_add(Duration::from_nanos(u32::from_le_bytes(*nanos).into()))?;
    Some(Record {
        path: Path::new(OsStr::from_bytes(path)),
        mode: u32::from_le_bytes(*mode),
        taken: SystemTime::UNIX_EPOCH.checked_add(since_epoch)?,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (Vec<u8>, u32, u64, Vec<u8>);

    fn records() -> impl Strategy<Value = Vec<Owned>> {
        let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
        prop::collection::vec((bytes(60), any::<u32>(), 0..4_000_000_000_u64, bytes(400)), 0..8)
    }

    fn record((path, mode, seconds, bytes): &Owned) -> Record<'_> {
        Record {
            path: Path::new(OsStr::from_bytes(path)),
            mode: *mode,
            taken: SystemTime::UNIX_EPOCH + Duration::from_secs(*seconds),
            bytes,
        }
    }

    fn encoded(records: &[Owned], nonce: u64) -> Vec<u8> {
        let mut buffer = Vec::new();
        for owned in records {
            push(&mut buffer, nonce, &record(owned));
        }
        buffer
    }

    /// How many records are read, each of which must be the one that was written there.
    fn count(bytes: &[u8], nonce: u64, expected: &[Owned]) -> usize {
        let mut frames = Frames::new(bytes, nonce);
        let mut read = 0;
        while let Some(found) = frames.next().unwrap() {
            assert_eq!(found, record(&expected[read]));
            read += 1;
        }
        read
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(records in records(), nonce: u64, rest in prop::collection::vec(any::<u8>(), 0..50)) {
            let mut bytes = encoded(&records, nonce);
            bytes.extend_from_slice(&END);
            bytes.extend_from_slice(&rest);
            prop_assert_eq!(count(&bytes, nonce, &records), records.len());
        }

        #[test]
        fn a_torn_end_costs_nothing_before_it(records in records(), nonce: u64, cut: prop::sample::Index) {
            let whole = encoded(&records, nonce);
            let cut = cut.index(whole.len() + 1);
            let mut kept = 0;
            while kept < records.len() && encoded(&records[..=kept], nonce).len() <= cut {
                kept += 1;
            }
            prop_assert_eq!(count(&whole[..cut], nonce, &records), kept);
            let mut zeroed = whole.clone();
            zeroed[cut..].fill(0);
            prop_assert!(count(&zeroed, nonce, &records) >= kept);
        }

        #[test]
        fn damage_is_never_read_as_a_record(records in records(), nonce: u64, at: prop::sample::Index, flip in 1..=255_u8) {
            let mut bytes = encoded(&records, nonce);
            prop_assume!(!bytes.is_empty());
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(count(&bytes, nonce, &records) < records.len());
        }

        #[test]
        fn frames_of_another_segment_do_not_count(records in records(), nonce: u64) {
            let bytes = encoded(&records, nonce);
            prop_assert_eq!(count(&bytes, nonce.wrapping_add(1), &records), 0);
        }

        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200), nonce: u64) {
            let mut frames = Frames::new(bytes.as_slice(), nonce);
            while frames.next().unwrap().is_some() {}
        }
    }
}
