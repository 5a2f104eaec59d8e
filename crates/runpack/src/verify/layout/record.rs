//! The records a ZIP archive is made of besides content (APPNOTE 4.3), as they stand.

use std::borrow::Cow;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Flag: checksum and sizes stand behind the content.
pub(super) const SIZES_FOLLOW: u16 = 0x0008;
/// Header id of the extra field that holds 64-bit sizes.
const WIDE_EXTRA: u16 = 1;
/// Stands for a value that has its place in a 64-bit record.
const ELSEWHERE_16: u16 = u16::MAX;
const ELSEWHERE_32: u32 = u32::MAX;

/// The end of the directory, its 64-bit form included.
pub(super) struct End {
    pub(super) position: u64,
    pub(super) entries: u64,
    pub(super) entries_here: u64,
    pub(super) directory_size: u64,
    pub(super) comment_length: u16,
    pub(super) single_disk: bool,
    directory_offset: u64,
    /// Where the directory must end.
    directory_stop: u64,
}

impl End {
    /// Bytes of the record without a comment.
    pub(super) const LENGTH: u64 = 22;
    const LOCATOR_LENGTH: u64 = 20;
    const WIDE_LENGTH: usize = 56;

    /// Looks for the record from the end of an archive of `length` bytes backwards, past a comment.
    pub(super) fn find<R: Read + Seek>(source: &mut R, length: u64) -> io::Result<Option<Self>> {
        let mut tail = Vec::new();
        // Without a comment, as is usual, the first and small piece has it.
        for reach in [Self::LENGTH, Self::LENGTH + u64::from(u16::MAX)] {
            let start = length.saturating_sub(reach);
            source.seek(SeekFrom::Start(start))?;
            tail.clear();
            source.by_ref().take(reach).read_to_end(&mut tail)?;
            let found = (0..tail.len().saturating_sub(21))
                .rev()
                .find(|&at| tail[at..].starts_with(b"PK\x05\x06"));
            if let Some(at) = found {
                return Self::parse(source, &tail[at..], start + at as u64).map(Some);
            }
        }
        Ok(None)
    }

    fn parse<R: Read + Seek>(source: &mut R, record: &[u8], position: u64) -> io::Result<Self> {
        let mut fields = Fields(&record[4..]);
        let (disk, directory_disk) = (fields.u16(), fields.u16());
        let (entries_here, entries) = (fields.u16(), fields.u16());
        let (directory_size, directory_offset) = (fields.u32(), fields.u32());
        let comment_length = fields.u16();
        let wide =
            entries == ELSEWHERE_16 || directory_size == ELSEWHERE_32 || directory_offset == ELSEWHERE_32;
        if wide && let Some(end) = Self::wide(source, position, comment_length)? {
            return Ok(end);
        }
        Ok(Self {
            position,
            entries: entries.into(),
            entries_here: entries_here.into(),
            directory_size: directory_size.into(),
            directory_offset: directory_offset.into(),
            comment_length,
            single_disk: (disk, directory_disk) == (0, 0),
            directory_stop: position,
        })
    }

    /// The 64-bit record, which a locator in front of the record at `position` leads to.
    fn wide<R: Read + Seek>(source: &mut R, position: u64, comment_length: u16) -> io::Result<Option<Self>> {
        let Some(start) = position.checked_sub(Self::LOCATOR_LENGTH + Self::WIDE_LENGTH as u64) else {
            return Ok(None);
        };
        source.seek(SeekFrom::Start(start))?;
        let mut record = [0; Self::WIDE_LENGTH];
        source.read_exact(&mut record)?;
        if !record.starts_with(b"PK\x06\x06") {
            return Ok(None);
        }
        // Size and versions are as the writer likes them.
        let mut fields = Fields(&record[16..]);
        let disks = (fields.u32(), fields.u32());
        let (entries_here, entries) = (fields.u64(), fields.u64());
        Ok(Some(Self {
            position,
            entries,
            entries_here,
            directory_size: fields.u64(),
            directory_offset: fields.u64(),
            comment_length,
            single_disk: disks == (0, 0),
            directory_stop: start,
        }))
    }

    /// Where the directory starts; it ends where the end records start.
    pub(super) const fn directory_start(&self) -> u64 {
        self.directory_stop.saturating_sub(self.directory_size)
    }

    /// How many bytes stand in front of the archive, which counts its offsets from its own start.
    pub(super) fn base(&self) -> Option<u64> {
        self.directory_stop
            .checked_sub(self.directory_size)?
            .checked_sub(self.directory_offset)
    }
}

/// An entry of the directory.
pub(super) struct Central {
    pub(super) length: u64,
    pub(super) made_by: u16,
    pub(super) needed: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) time: u16,
    pub(super) date: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) comment_length: u16,
    pub(super) disk: u16,
    /// Internal and external attributes.
    pub(super) attributes: (u16, u32),
    pub(super) offset: u64,
    pub(super) raw_name: Vec<u8>,
    /// All extra fields but that of 64-bit sizes.
    pub(super) extra: Vec<u8>,
    /// Whether sizes or offset have 64 bits.
    pub(super) wide: bool,
}

impl Central {
    const LENGTH: usize = 46;

    /// The entry at the reader's place; none when there is no entry.
    pub(super) fn read<R: Read + Seek>(reader: &mut BufReader<R>) -> io::Result<Option<Self>> {
        let mut record = [0; Self::LENGTH];
        if !fill(reader, &mut record)? || !record.starts_with(b"PK\x01\x02") {
            return Ok(None);
        }
        let mut fields = Fields(&record[4..]);
        let (made_by, needed, flags, method) = (fields.u16(), fields.u16(), fields.u16(), fields.u16());
        let (time, date, crc) = (fields.u16(), fields.u16(), fields.u32());
        let (packed, size) = (fields.u32(), fields.u32());
        let (name_length, extra_length, comment_length) = (fields.u16(), fields.u16(), fields.u16());
        let (disk, attributes, offset) = (fields.u16(), (fields.u16(), fields.u32()), fields.u32());
        let mut raw_name = vec![0; name_length.into()];
        let mut extra = vec![0; extra_length.into()];
        if !fill(reader, &mut raw_name)? || !fill(reader, &mut extra)? {
            return Ok(None);
        }
        reader.seek_relative(comment_length.into())?;
        let mut wide = WideSizes::take(&mut extra);
        let lengths = Self::LENGTH as u64
            + [name_length, extra_length, comment_length]
                .map(u64::from)
                .iter()
                .sum::<u64>();
        Ok(Some(Self {
            length: lengths,
            made_by,
            needed,
            flags,
            method,
            time,
            date,
            crc,
            size: wide.value(size),
            packed: wide.value(packed),
            offset: wide.value(offset),
            comment_length,
            disk,
            attributes,
            raw_name,
            extra,
            wide: wide.present,
        }))
    }

    /// The name as text.
    pub(super) fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.raw_name)
    }
}

/// What stands in front of the content of an entry.
pub(super) struct Local {
    pub(super) length: u64,
    pub(super) needed: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) time: u16,
    pub(super) date: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) name: Vec<u8>,
    pub(super) extra: Vec<u8>,
    pub(super) wide: bool,
}

impl Local {
    const LENGTH: usize = 30;

    /// The header at the reader's place; none when there is none.
    pub(super) fn read<R: Read>(reader: &mut BufReader<R>) -> io::Result<Option<Self>> {
        let mut record = [0; Self::LENGTH];
        if !fill(reader, &mut record)? || !record.starts_with(b"PK\x03\x04") {
            return Ok(None);
        }
        let mut fields = Fields(&record[4..]);
        let (needed, flags, method) = (fields.u16(), fields.u16(), fields.u16());
        let (time, date, crc) = (fields.u16(), fields.u16(), fields.u32());
        let (packed, size) = (fields.u32(), fields.u32());
        let (name_length, extra_length) = (fields.u16(), fields.u16());
        let mut name = vec![0; name_length.into()];
        let mut extra = vec![0; extra_length.into()];
        if !fill(reader, &mut name)? || !fill(reader, &mut extra)? {
            return Ok(None);
        }
        let mut wide = WideSizes::take(&mut extra);
        Ok(Some(Self {
            length: Self::LENGTH as u64 + u64::from(name_length) + u64::from(extra_length),
            needed,
            flags,
            method,
            time,
            date,
            crc,
            size: wide.value(size),
            packed: wide.value(packed),
            name,
            extra,
            wide: wide.present,
        }))
    }
}

/// What stands behind the content of an entry whose header was written before its size was known.
pub(super) struct Descriptor {
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
}

impl Descriptor {
    /// The descriptor at the reader's place; none when there is none with a signature.
    pub(super) fn read<R: Read>(reader: &mut BufReader<R>, wide: bool) -> io::Result<Option<Self>> {
        let mut record = [0; 24];
        let record = if wide { &mut record[..] } else { &mut record[..16] };
        if !fill(reader, record)? || !record.starts_with(b"PK\x07\x08") {
            return Ok(None);
        }
        let mut fields = Fields(&record[4..]);
        let crc = fields.u32();
        let (packed, size) = if wide {
            (fields.u64(), fields.u64())
        } else {
            (fields.u32().into(), fields.u32().into())
        };
        Ok(Some(Self { crc, packed, size }))
    }

    /// Its length in bytes.
    pub(super) const fn length(wide: bool) -> u64 {
        if wide { 24 } else { 16 }
    }
}

/// 64-bit values out of an extra field, in the order in which the 32-bit record leaves them out.
struct WideSizes {
    present: bool,
    values: Vec<u8>,
    next: usize,
}

impl WideSizes {
    /// Takes the field out of `extra`, if it is there.
    fn take(extra: &mut Vec<u8>) -> Self {
        let mut at = 0;
        while let Some(&[id0, id1, len0, len1]) = extra.get(at..at + 4) {
            let end = at + 4 + usize::from(u16::from_le_bytes([len0, len1]));
            if end > extra.len() {
                break;
            }
            if u16::from_le_bytes([id0, id1]) == WIDE_EXTRA {
                let values = extra[at + 4..end].to_vec();
                extra.drain(at..end);
                return Self {
                    present: true,
                    values,
                    next: 0,
                };
            }
            at = end;
        }
        Self {
            present: false,
            values: Vec::new(),
            next: 0,
        }
    }

    /// `narrow`, or the next 64-bit value that it stands for.
    fn value(&mut self, narrow: u32) -> u64 {
        if narrow != ELSEWHERE_32 {
            return narrow.into();
        }
        let Some(bytes) = self.values.get(self.next..self.next + 8) else {
            return narrow.into();
        };
        self.next += 8;
        Fields(bytes).u64()
    }
}

/// Little-endian numbers, one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn next<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self
            .0
            .split_first_chunk()
            .expect("records are as long as their fields");
        self.0 = rest;
        *head
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.next())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.next())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.next())
    }
}

/// Fills `buffer`, and says whether there was enough to fill it with.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
