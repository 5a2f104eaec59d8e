//! Whether the frame of an archive is the one that [`write`](super::write) gives: byte for byte, but for the packed data.
//!
//! Digests cover what entries hold. What stands around them (times, modes, order, stray bytes) is covered by this check:
//! an archive that passes it has no byte outside of its entries that could be another.

use std::io::{Read, Seek, SeekFrom};

/// The first place where an archive is not in normal form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} (byte {offset}{})", of_entry(.entry))]
pub struct Deviation {
    /// Where, in bytes from the start of the file.
    pub offset: u64,
    /// The entry it belongs to; empty when it belongs to none.
    pub entry: String,
    /// What stands there that should not.
    pub what: &'static str,
}

fn of_entry(entry: &str) -> String {
    if entry.is_empty() {
        String::new()
    } else {
        format!(", entry {entry:?}")
    }
}

/// Bytes of the fixed part of each record.
const LOCAL_LENGTH: usize = 30;
const CENTRAL_LENGTH: usize = 46;
const DESCRIPTOR_LENGTH: usize = 16;
const END_LENGTH: usize = 22;

/// The only extra field: an extended timestamp, 1980-01-01T00:00:00Z.
const EXTRA: [u8; 9] = [0x55, 0x54, 5, 0, 1, 0x00, 0xA6, 0xCE, 0x12];
const EXTRA_LENGTH: [u8; 2] = [9, 0];

const HAS_DESCRIPTOR: u16 = 1 << 3;
const IS_UTF8: u16 = 1 << 11;

/// Regular files, 0644 or 0755.
const ATTRIBUTES: [u32; 2] = [0o100_644 << 16, 0o100_755 << 16];

/// Checks that an archive is in normal form from its first byte to its last.
///
/// Entries stand in the order of their names, one behind the other, each dated 1980, deflated and followed by its sizes; the
/// directory says the same of them, and nothing comes before, between or after. The packed data itself is not looked at,
/// and neither is Zip64, which no archive within the reader's limits needs.
pub fn check_normal_form<R: Read + Seek>(source: R) -> Result<(), Deviation> {
    let mut walk = Walk::start(source)?;
    let mut last = None;
    for _ in 0..walk.entries {
        let entry = walk.central()?;
        if last.as_ref().is_some_and(|last| *last >= entry.name) {
            return Err(entry.deviation("the entries are not in the order of their names"));
        }
        walk.local(&entry)?;
        last = Some(entry.name);
    }
    walk.finish()
}

/// A walk through entries and directory at the same pace.
struct Walk<R> {
    source: R,
    /// Entries the end record promises.
    entries: u16,
    /// Where the directory starts, and where the end record does.
    directory: u64,
    end: u64,
    /// Where the next entry must start, and the next header of the directory.
    next_local: u64,
    next_central: u64,
}

/// An entry as the directory has it.
struct Central {
    name: Vec<u8>,
    /// Where its header stands.
    at: u64,
    flags: u16,
    /// CRC-32 and both sizes, as they stand in header and descriptor.
    sums: [u8; 12],
    packed: u64,
}

impl Central {
    fn deviation(&self, what: &'static str) -> Deviation {
        self.deviation_at(self.at, what)
    }

    fn deviation_at(&self, offset: u64, what: &'static str) -> Deviation {
        Deviation {
            offset,
            entry: String::from_utf8_lossy(&self.name).into_owned(),
            what,
        }
    }
}

impl<R: Read + Seek> Walk<R> {
    fn start(mut source: R) -> Result<Self, Deviation> {
        let length = source.seek(SeekFrom::End(0)).map_err(|_| unreadable(0))?;
        let end = length
            .checked_sub(END_LENGTH as u64)
            .ok_or_else(|| deviation(0, "the file is too short to be an archive"))?;
        let mut record = [0; END_LENGTH];
        read_at(&mut source, end, &mut record)?;
        let entries = u16_at(&record, 10);
        let size = u64::from(u32_at(&record, 12));
        let directory = u64::from(u32_at(&record, 16));
        if !record.starts_with(b"PK\x05\x06") {
            return Err(deviation(
                end,
                "the file does not end with the record of an archive",
            ));
        }
        if u32_at(&record, 4) != 0 || u16_at(&record, 8) != entries || u16_at(&record, 20) != 0 {
            return Err(deviation(
                end,
                "the record at the end is not that of a single plain archive",
            ));
        }
        if entries == 0 || directory + size != end {
            return Err(deviation(
                end,
                "the record at the end does not follow the directory",
            ));
        }
        Ok(Self {
            source,
            entries,
            directory,
            end,
            next_local: 0,
            next_central: directory,
        })
    }

    /// Reads the next header of the directory and checks what can be checked by itself.
    fn central(&mut self) -> Result<Central, Deviation> {
        let at = self.next_central;
        let mut header = [0; CENTRAL_LENGTH];
        read_at(&mut self.source, at, &mut header)?;
        let mut name = vec![0; u16_at(&header, 28).into()];
        let next = at + (CENTRAL_LENGTH + name.len() + EXTRA.len()) as u64;
        if !header.starts_with(b"PK\x01\x02") || next > self.end {
            return Err(deviation(at, "the directory ends early or has other fields"));
        }
        read_at(&mut self.source, at + CENTRAL_LENGTH as u64, &mut name)?;
        let mut extra = [0; EXTRA.len()];
        read_at(&mut self.source, next - EXTRA.len() as u64, &mut extra)?;
        self.next_central = next;
        let mut sums = [0; 12];
        sums.copy_from_slice(&header[16..28]);
        let entry = Central {
            at,
            flags: u16_at(&header, 8),
            sums,
            packed: u64::from(u32_at(&header, 20)),
            name,
        };
        if header[4..8] != [20, 3, 20, 0] || !has_plain_method(&header[8..16]) {
            return Err(entry.deviation("the header has another version, method or time"));
        }
        if header[30..32] != EXTRA_LENGTH || header[32..38] != [0; 6] || extra != EXTRA {
            return Err(entry.deviation("the header has other fields"));
        }
        if !ATTRIBUTES.contains(&u32_at(&header, 38)) {
            return Err(entry.deviation("the entry is no plain file of mode 0644 or 0755"));
        }
        if u64::from(u32_at(&header, 42)) != self.next_local {
            return Err(entry.deviation("the entry does not follow the one before it"));
        }
        if entry.name.is_empty() || entry.name.ends_with(b"/") || !flag_fits(&entry) {
            return Err(entry.deviation("the name is empty, of a directory, or flagged wrongly"));
        }
        Ok(entry)
    }

    /// Checks the entry itself against the directory.
    fn local(&mut self, entry: &Central) -> Result<(), Deviation> {
        let at = self.next_local;
        let mut header = vec![0; LOCAL_LENGTH + entry.name.len() + EXTRA.len()];
        let descriptor = at + header.len() as u64 + entry.packed;
        let next = descriptor + DESCRIPTOR_LENGTH as u64;
        if next > self.directory {
            return Err(entry.deviation("the entry runs into the directory"));
        }
        read_at(&mut self.source, at, &mut header)?;
        let name_length = u16::try_from(entry.name.len()).unwrap_or(u16::MAX).to_le_bytes();
        let expected = [
            b"PK\x03\x04\x14\x00".as_slice(),
            &entry.flags.to_le_bytes(),
            &METHOD_AND_TIME,
            &[0; 12],
            &name_length,
            &EXTRA_LENGTH,
            &entry.name,
            &EXTRA,
        ]
        .concat();
        if header != expected {
            return Err(entry.deviation_at(at, "the entry begins otherwise than the directory says"));
        }
        let mut trailer = [0; DESCRIPTOR_LENGTH];
        read_at(&mut self.source, descriptor, &mut trailer)?;
        if !trailer.starts_with(b"PK\x07\x08") || trailer[4..] != entry.sums {
            return Err(entry.deviation_at(descriptor, "the entry ends otherwise than the directory says"));
        }
        self.next_local = next;
        Ok(())
    }

    fn finish(self) -> Result<(), Deviation> {
        if self.next_local != self.directory {
            return Err(deviation(self.next_local, "bytes that belong to no entry"));
        }
        if self.next_central != self.end {
            return Err(deviation(
                self.next_central,
                "bytes that belong to no entry of the directory",
            ));
        }
        Ok(())
    }
}

/// DEFLATE, 1980-01-01 00:00:00.
const METHOD_AND_TIME: [u8; 6] = [8, 0, 0, 0, 0x21, 0];

/// Flags, method and time of a header, but for the flag of the name.
fn has_plain_method(fields: &[u8]) -> bool {
    u16_at(fields, 0) & !IS_UTF8 == HAS_DESCRIPTOR && fields[2..] == METHOD_AND_TIME
}

/// Whether the flag says of the name what is so. Of a few ASCII characters, encodings other than UTF-8 disagree, and
/// writers about the flag.
fn flag_fits(entry: &Central) -> bool {
    let flagged = entry.flags & IS_UTF8 != 0;
    let name = &entry.name;
    if name.is_ascii() {
        let is_disputed = |byte: &u8| !matches!(byte, b' '..=b'}') || *byte == b'\\';
        !flagged || name.iter().any(is_disputed)
    } else {
        flagged && std::str::from_utf8(name).is_ok()
    }
}

fn deviation(offset: u64, what: &'static str) -> Deviation {
    Deviation {
        offset,
        entry: String::new(),
        what,
    }
}

fn unreadable(offset: u64) -> Deviation {
    deviation(offset, "the file cannot be read")
}

fn read_at<R: Read + Seek>(source: &mut R, offset: u64, bytes: &mut [u8]) -> Result<(), Deviation> {
    source
        .seek(SeekFrom::Start(offset))
        .and_then(|_| source.read_exact(bytes))
        .map_err(|_| unreadable(offset))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::zip::{Entry, Mode, write};

    fn archive() -> Vec<u8> {
        let mut program = Entry::new("b/run.sh", b"#!/bin/sh\n".as_slice());
        program.mode = Mode::Executable;
        let entries = vec![
            Entry::new("ü.json", b"{}".as_slice()),
            program,
            Entry::new("a.jsonl", b""),
        ];
        write(Vec::new(), entries).unwrap()
    }

    fn check(bytes: &[u8]) -> Result<(), Deviation> {
        check_normal_form(Cursor::new(bytes))
    }

    #[test]
    fn what_the_writer_writes_is_normal() {
        assert_eq!(check(&archive()), Ok(()));
    }

    #[test]
    fn no_byte_of_the_frame_can_be_another() {
        let good = archive();
        let mut packed = Vec::new();
        let mut archive = zip::ZipArchive::new(Cursor::new(&good)).unwrap();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).unwrap();
            let start = usize::try_from(entry.data_start().unwrap()).unwrap();
            packed.extend(start..start + usize::try_from(entry.compressed_size()).unwrap());
        }
        for at in (0..good.len()).filter(|at| !packed.contains(at)) {
            for bit in 0..8 {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                assert!(check(&bytes).is_err(), "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn nothing_may_stand_around_the_entries() {
        let good = archive();
        let directory = memchr::memmem::find(&good, b"PK\x01\x02").unwrap();
        let mut between = good.clone();
        between.splice(directory..directory, *b"stray");
        for bytes in [
            [b"#!/bin/sh\n".as_slice(), &good].concat(),
            [good.as_slice(), b"\n"].concat(),
            between,
            good[..good.len() - 1].to_vec(),
            Vec::new(),
        ] {
            assert!(check(&bytes).is_err());
        }
    }

    #[test]
    fn other_writers_are_told_apart() {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("a", SimpleFileOptions::default()).unwrap();
        let bytes = archive.finish().unwrap().into_inner();
        let found = check(&bytes).unwrap_err();
        assert_eq!(
            found.to_string(),
            "the directory ends early or has other fields (byte 33)"
        );
    }
}
