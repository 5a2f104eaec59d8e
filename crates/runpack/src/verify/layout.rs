//! Whether the bytes around the content are what a writer of runpacks puts there.
//!
//! An archive can be read although parts of it say nothing or contradict each other: bytes between the entries, local
//! headers that disagree with the directory, dates, attributes, comments. None of that changes what is verified, and
//! all of it is a place to hide something, so it is told. Two forms are known, that of a writer which streams (sizes
//! behind the content) and that of one which seeks back (sizes in front of it).

mod record;

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use gait_artifact::finding::{Finding, FindingCode};

use self::record::{Central, Descriptor, End, Local, SIZES_FOLLOW};

/// More is not listed: an archive with that many oddities needs no closer look.
const MOST_FINDINGS: usize = 32;
/// More entries no reader takes.
const MOST_ENTRIES: usize = 1 << 16;
/// 1980-01-01, the only date there is in a runpack.
const DATE: u16 = 0x21;
/// A file that everybody may read and its owner may write, in the place where Unix keeps it.
const PLAIN_FILE: u32 = 0o100_644 << 16;
/// The same, and everybody may run it.
const EXECUTABLE_FILE: u32 = 0o100_755 << 16;
/// Who made an entry (on Unix, by which version of the format) and which version its reader needs: 2.0; 1.0 will do for
/// stored content; 64-bit sizes need 4.5.
const VERSIONS: [(u16, u16); 1] = [(0x0314, 20)];
const VERSIONS_STORED: [(u16, u16); 3] = [(0x0314, 20), (0x0314, 10), (0x030A, 10)];
const VERSIONS_WIDE: [(u16, u16); 2] = [(0x032D, 45), (0x0314, 45)];
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// The name is UTF-8.
const UTF8_NAME: u16 = 0x0800;
/// The extended timestamp: modification time 315,532,800 (1980-01-01T00:00:00Z).
const TIMESTAMP: [u8; 9] = [0x55, 0x54, 5, 0, 1, 0x00, 0xA6, 0xCE, 0x12];

/// Where the parts of an archive stand, and what is odd about them.
pub(super) struct Layout {
    /// What is odd.
    pub(super) findings: Vec<Finding>,
    /// The packed texts of entries with the headers of this program.
    pub(super) extents: Vec<Extent>,
}

/// Where the packed text of an entry stands, in bytes from the start of the file.
pub(super) struct Extent {
    pub(super) name: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The permissions that entries may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Modes {
    /// 0644.
    Plain,
    /// 0644 or 0755.
    PlainOrExecutable,
}

impl Layout {
    /// Walks through the archive in `source`, which may be none.
    pub(super) fn survey<R: Read + Seek>(source: &mut R, modes: Modes) -> io::Result<Self> {
        let mut survey = Survey {
            modes,
            findings: Vec::new(),
            extents: Vec::new(),
        };
        survey.walk(source)?;
        Ok(Self {
            findings: survey.findings,
            extents: survey.extents,
        })
    }
}

struct Survey {
    modes: Modes,
    findings: Vec<Finding>,
    extents: Vec<Extent>,
}

impl Survey {
    fn walk<R: Read + Seek>(&mut self, source: &mut R) -> io::Result<()> {
        let length = source.seek(SeekFrom::End(0))?;
        let Some(end) = End::find(source, length)? else {
            self.odd(
                FindingCode::TrailingBytes,
                "",
                "the archive does not end with its end record",
            );
            return Ok(());
        };
        self.end(&end, length);
        let Some(base) = end.base() else {
            self.odd(FindingCode::UnusualEntry, "", "the end record contradicts itself");
            return Ok(());
        };
        if base > 0 {
            self.odd(
                FindingCode::TrailingBytes,
                "",
                format!("{base} bytes stand in front of the archive"),
            );
        }
        let mut reader = BufReader::new(source);
        let mut entries = self.directory(&mut reader, &end)?;
        entries.sort_by_key(|entry| entry.offset);
        let mut next = base;
        for entry in &entries {
            if self.findings.len() >= MOST_FINDINGS {
                return Ok(());
            }
            let start = base.saturating_add(entry.offset);
            self.contiguous(next, start, &entry.name());
            next = self.entry(&mut reader, start, entry)?;
        }
        self.contiguous(next, end.directory_start(), "");
        Ok(())
    }

    fn odd(&mut self, code: FindingCode, subject: &str, message: impl Into<String>) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding::new(code, subject, message));
        }
    }

    /// Says which of `checks` do not hold, if any.
    fn expect(&mut self, subject: &str, place: &str, checks: &[(&str, bool)]) {
        let odd: Vec<_> = checks
            .iter()
            .filter(|(_, holds)| !holds)
            .map(|(name, _)| *name)
            .collect();
        if !odd.is_empty() {
            self.odd(
                FindingCode::UnusualEntry,
                subject,
                format!("{place} is not what writers of runpacks make: {}", odd.join(", ")),
            );
        }
    }

    fn end(&mut self, end: &End, length: u64) {
        if end.position + End::LENGTH != length {
            self.odd(
                FindingCode::TrailingBytes,
                "",
                "the archive carries a comment or bytes behind its end",
            );
        }
        self.expect(
            "",
            "the end record",
            &[
                ("disks", end.single_disk),
                ("number of entries", end.entries == end.entries_here),
                ("length of the comment", end.comment_length == 0),
            ],
        );
    }

    /// Reads the directory as far as it makes sense.
    fn directory<R: Read + Seek>(
        &mut self,
        reader: &mut BufReader<R>,
        end: &End,
    ) -> io::Result<Vec<Central>> {
        reader.seek(SeekFrom::Start(end.directory_start()))?;
        let mut entries = Vec::new();
        let mut remaining = end.directory_size;
        while remaining > 0 && entries.len() <= MOST_ENTRIES {
            let Some(central) = Central::read(reader)?.filter(|central| central.length <= remaining) else {
                self.odd(
                    FindingCode::TrailingBytes,
                    "",
                    "the directory holds bytes that belong to no entry",
                );
                break;
            };
            remaining -= central.length;
            self.central(&central);
            entries.push(central);
        }
        if entries.len() as u64 != end.entries {
            self.odd(
                FindingCode::UnusualEntry,
                "",
                "the end record counts other entries than the directory has",
            );
        }
        Ok(entries)
    }

    fn central(&mut self, central: &Central) {
        let Central {
            made_by,
            needed,
            disk,
            attributes,
            wide,
            ..
        } = *central;
        let versions: &[_] = match (wide, central.method) {
            (true, _) => &VERSIONS_WIDE,
            (false, STORED) => &VERSIONS_STORED,
            (false, _) => &VERSIONS,
        };
        let is_executable = self.modes == Modes::PlainOrExecutable && attributes == (0, EXECUTABLE_FILE);
        let utf8 = central.flags & UTF8_NAME != 0;
        let name = central.name();
        self.expect(
            &name,
            "its entry in the directory",
            &[
                ("version", versions.contains(&(made_by, needed))),
                ("flags", central.flags & !(SIZES_FOLLOW | UTF8_NAME) == 0),
                ("encoding of the name", utf8 != name.is_ascii()),
                ("method", matches!(central.method, STORED | DEFLATED)),
                ("time", (central.time, central.date) == (0, DATE)),
                (
                    "extra field",
                    central.extra.is_empty() || central.extra == TIMESTAMP,
                ),
                ("comment", central.comment_length == 0),
                ("disk", disk == 0),
                ("attributes", is_executable || attributes == (0, PLAIN_FILE)),
            ],
        );
    }

    /// Checks what stands in front of the content and behind it; gives the place of the next entry.
    fn entry<R: Read + Seek>(
        &mut self,
        reader: &mut BufReader<R>,
        start: u64,
        central: &Central,
    ) -> io::Result<u64> {
        let name = central.name();
        seek(reader, start)?;
        let Some(local) = Local::read(reader)? else {
            self.odd(FindingCode::UnusualEntry, &name, "it has no local header");
            return Ok(start);
        };
        let follows = central.flags & SIZES_FOLLOW != 0;
        let known = (central.crc, central.packed, central.size);
        let sizes = if follows {
            (local.crc, local.packed, local.size) == (0, 0, 0) || (local.wide && local.crc == 0)
        } else {
            (local.crc, local.packed, local.size) == known
        };
        self.expect(
            &name,
            "its local header",
            &[
                ("version", local.needed == central.needed),
                ("flags", local.flags == central.flags),
                ("method", local.method == central.method),
                ("time", (local.time, local.date) == (central.time, central.date)),
                ("checksum or sizes", sizes),
                ("name", local.name == central.raw_name),
                ("extra field", local.extra == central.extra),
            ],
        );
        let content = start.saturating_add(local.length);
        let behind = content.saturating_add(central.packed);
        if !follows {
            return Ok(behind);
        }
        if central.method == DEFLATED
            && let (Ok(start), Ok(end)) = (usize::try_from(content), usize::try_from(behind))
        {
            let name = name.clone().into_owned();
            self.extents.push(Extent { name, start, end });
        }
        seek(reader, behind)?;
        let wide = central.wide || local.wide;
        match Descriptor::read(reader, wide)? {
            Some(descriptor) if (descriptor.crc, descriptor.packed, descriptor.size) == known => {}
            _ => self.odd(
                FindingCode::UnusualEntry,
                &name,
                "the sizes behind its content are not those of the directory",
            ),
        }
        Ok(behind.saturating_add(Descriptor::length(wide)))
    }

    /// Nothing may stand between two parts, and no part may stand in another.
    fn contiguous(&mut self, expected: u64, start: u64, name: &str) {
        let place = if name.is_empty() {
            "the directory"
        } else {
            "this entry"
        };
        if start > expected {
            self.odd(
                FindingCode::TrailingBytes,
                name,
                format!(
                    "{} bytes in front of {place} belong to no entry",
                    start - expected
                ),
            );
        } else if start < expected {
            self.odd(
                FindingCode::UnusualEntry,
                name,
                format!("{place} overlaps what stands in front of it"),
            );
        }
    }
}

/// Moves to `position`, inside the buffer where that is possible: small entries stand close together.
fn seek<R: Read + Seek>(reader: &mut BufReader<R>, position: u64) -> io::Result<()> {
    let current = reader.stream_position()?;
    let distance = i64::try_from(i128::from(position) - i128::from(current));
    reader.seek_relative(distance.map_err(|_| io::ErrorKind::InvalidInput)?)
}
