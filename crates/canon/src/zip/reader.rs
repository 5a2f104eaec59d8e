//! The reader: the directory is checked before any content, and content is held to the directory.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom, Write};

use zip::ZipArchive;

use super::{ZipError, is_safe};

/// What an archive may cost its reader.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries, directories included.
    pub entries: usize,
    /// Bytes of one entry, unpacked; checked when it is read.
    pub entry_bytes: u64,
    /// Bytes of all entries, unpacked.
    pub total_bytes: u64,
    /// Unpacked bytes for each packed byte, for entries beyond a mebibyte; checked when one is read.
    pub ratio: u64,
}

impl Default for Limits {
    /// 65,536 entries, 100 MiB each, 16 GiB together, packed as tightly as DEFLATE can.
    fn default() -> Self {
        Self {
            entries: 1 << 16,
            entry_bytes: 100 << 20,
            total_bytes: 16 << 30,
            ratio: DEFLATE_RATIO,
        }
    }
}

/// The tightest DEFLATE packs; a directory that claims more lies.
const DEFLATE_RATIO: u64 = 1032;
/// Bytes unpacked at once.
const CHUNK: usize = 64 << 10;
/// Smaller entries are not worth a look at their ratio.
const RATIO_FLOOR: u64 = 1 << 20;

/// What the directory of an archive says of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryInfo {
    /// Name as it stands; bytes that are no UTF-8 are replaced by U+FFFD.
    pub name: String,
    /// Unpacked size in bytes.
    pub size: u64,
    /// What it is.
    pub kind: EntryKind,
    /// Whether its content is encrypted, so that it cannot be read.
    pub encrypted: bool,
    /// Whether it carries an execute bit of Unix.
    pub executable: bool,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory: its name ends with `/`.
    Directory,
    /// A symbolic link, which cannot be read.
    SymbolicLink,
}

impl EntryInfo {
    /// Whether the name would leave the directory that it is joined to, or has no meaning there.
    #[must_use]
    pub fn has_unsafe_name(&self) -> bool {
        !is_safe(&self.name)
    }
}

/// An open archive whose directory has been checked.
///
/// Refused on opening: names that repeat once trimmed, and more entries or bytes than the [`Limits`]. Entries are looked up
/// by exactly their names, and a name is never a path here, so any other name will do; who unpacks to disk must ask
/// [`EntryInfo::has_unsafe_name`] first. Symbolic links and encrypted entries are refused when they are read.
pub struct Reader<R> {
    archive: ZipArchive<R>,
    limits: Limits,
    entries: Vec<EntryInfo>,
    places: BTreeMap<String, usize>,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the directory of an archive.
    pub fn open(source: R, limits: Limits) -> Result<Self, ZipError> {
        let archive = ZipArchive::new(source)?;
        if archive.has_duplicate_names() {
            return Err(ZipError::DuplicateNames(repeated_names(archive)));
        }
        if archive.len() > limits.entries {
            return Err(ZipError::TooManyEntries(archive.len()));
        }
        let (entries, places) = check_directory(&archive, limits)?;
        Ok(Self {
            archive,
            limits,
            entries,
            places,
        })
    }

    /// All entries, directories included, in the order of the archive's directory.
    #[must_use]
    pub fn entries(&self) -> &[EntryInfo] {
        &self.entries
    }

    /// The names of all entries that are no directories, sorted by bytes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.places.iter();
        names
            .filter(|(_, place)| self.entries[**place].kind != EntryKind::Directory)
            .map(|(name, _)| name.as_str())
    }

    /// Whether there is an entry of exactly this name that is no directory.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.places
            .get(name)
            .is_some_and(|place| self.entries[*place].kind != EntryKind::Directory)
    }

    /// The unpacked size of an entry in bytes, as the directory has it.
    pub fn size(&self, name: &str) -> Result<u64, ZipError> {
        Ok(self.entries[self.place(name)?].size)
    }

    /// How many bytes stand before the archive, such as those of a program that unpacks it.
    #[must_use]
    pub fn leading_bytes(&self) -> u64 {
        self.archive.offset()
    }

    /// The comment of the archive, which belongs to no entry.
    #[must_use]
    pub fn comment(&self) -> &[u8] {
        self.archive.comment()
    }

    /// Unpacks an entry into memory.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>, ZipError> {
        let mut content = Vec::new();
        self.copy(name, &mut content)?;
        Ok(content)
    }

    /// Unpacks an entry into `out` piece by piece and gives its size in bytes. On an error `out` has been given a part.
    pub fn copy(&mut self, name: &str, out: &mut impl Write) -> Result<u64, ZipError> {
        let place = self.place(name)?;
        let EntryInfo { kind, encrypted, .. } = self.entries[place];
        if kind == EntryKind::SymbolicLink {
            return Err(ZipError::SymbolicLink(name.to_owned()));
        }
        if encrypted {
            return Err(ZipError::Encrypted(name.to_owned()));
        }
        let mut file = self.archive.by_index(place)?;
        let declared = file.size();
        if declared > self.limits.entry_bytes {
            return Err(ZipError::EntryTooLarge(declared));
        }
        if declared > RATIO_FLOOR && declared / file.compressed_size().max(1) > self.limits.ratio {
            return Err(ZipError::Ratio(name.to_owned()));
        }
        // Room for one byte too many, so that too much data does not look like a wrong checksum.
        let wanted = usize::try_from(declared).map_or(CHUNK, |declared| declared.saturating_add(1));
        let mut buffer = vec![0; wanted.min(CHUNK)];
        let mut copied = 0;
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) if copied < declared => return Err(ZipError::UnexpectedEnd),
                Ok(0) => return Ok(copied),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(content_error(error, copied, declared)),
            };
            copied += count as u64;
            if copied > declared {
                return Err(ZipError::Invalid);
            }
            out.write_all(&buffer[..count])?;
        }
    }

    fn place(&self, name: &str) -> Result<usize, ZipError> {
        self.places
            .get(name)
            .copied()
            .ok_or_else(|| ZipError::NotFound(name.to_owned()))
    }
}

/// The unpacker reports a wrong CRC-32 only at the end of the content; before it, the data itself is broken.
fn content_error(error: io::Error, copied: u64, declared: u64) -> ZipError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ZipError::UnexpectedEnd,
        io::ErrorKind::Unsupported => ZipError::Method,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other
            if copied == declared =>
        {
            ZipError::Checksum
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => ZipError::Invalid,
        _ => ZipError::Io(error),
    }
}

type Directory = (Vec<EntryInfo>, BTreeMap<String, usize>);

fn check_directory<R: Read + Seek>(archive: &ZipArchive<R>, limits: Limits) -> Result<Directory, ZipError> {
    let mut entries = Vec::with_capacity(archive.len());
    let mut places = BTreeMap::new();
    let mut trimmed = BTreeSet::new();
    let mut repeated = BTreeSet::new();
    let mut total: u64 = 0;
    for place in 0..archive.len() {
        let entry = archive.by_index_data(place)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if !name.trim().is_empty() && !trimmed.insert(name.trim().to_owned()) {
            repeated.insert(name.trim().to_owned());
        }
        total = total.saturating_add(entry.size());
        let kind = if name.ends_with('/') {
            EntryKind::Directory
        } else if entry.is_symlink() {
            EntryKind::SymbolicLink
        } else {
            EntryKind::File
        };
        places.insert(name.clone(), place);
        entries.push(EntryInfo {
            name,
            size: entry.size(),
            kind,
            encrypted: entry.encrypted(),
            executable: entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0),
        });
    }
    if !repeated.is_empty() {
        return Err(ZipError::DuplicateNames(repeated.into_iter().collect()));
    }
    if total > limits.total_bytes {
        return Err(ZipError::ContentTooLarge(total));
    }
    Ok((entries, places))
}

const CENTRAL_SIGNATURE: [u8; 4] = *b"PK\x01\x02";

/// The names that stand in the directory more than once; the archive itself remembers only the last of each.
fn repeated_names<R: Read + Seek>(archive: ZipArchive<R>) -> Vec<String> {
    let start = archive.central_directory_start();
    let mut source = archive.into_inner();
    let mut seen = BTreeSet::new();
    let mut repeated = BTreeSet::new();
    if source.seek(SeekFrom::Start(start)).is_ok() {
        // The directory has been read once without fault, so what ends the walk is its end.
        while let Ok(name) = next_name(&mut source) {
            let name = name.trim().to_owned();
            if !seen.insert(name.clone()) {
                repeated.insert(name);
            }
        }
    }
    repeated.into_iter().collect()
}

fn next_name<R: Read + Seek>(source: &mut R) -> io::Result<String> {
    let mut header = [0; 46];
    source.read_exact(&mut header)?;
    if !header.starts_with(&CENTRAL_SIGNATURE) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let length = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let mut name = vec![0; usize::from(length(28))];
    source.read_exact(&mut name)?;
    source.seek_relative(i64::from(length(30)) + i64::from(length(32)))?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;
    use crate::zip::{Entry, write};

    fn open(bytes: &[u8]) -> Result<Reader<Cursor<&[u8]>>, ZipError> {
        Reader::open(Cursor::new(bytes), Limits::default())
    }

    fn open_error(bytes: &[u8], limits: Limits) -> String {
        Reader::open(Cursor::new(bytes), limits)
            .err()
            .unwrap()
            .to_string()
    }

    /// An archive of stored entries, so that names can be patched in place.
    fn stored(names: &[&str]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for &name in names {
            archive.start_file(name, options).unwrap();
            archive.write_all(b"content").unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn patched(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let mut patched = bytes.to_vec();
        let places: Vec<_> = memchr::memmem::find_iter(bytes, from.as_bytes()).collect();
        for place in places {
            patched[place..place + to.len()].copy_from_slice(to.as_bytes());
        }
        patched
    }

    #[test]
    fn what_is_written_is_read() {
        let large = b"0123456789".repeat(50_000);
        let entries = [("b/c.json", large.as_slice()), ("a.jsonl", b""), ("ü", b"x")];
        let written = write(
            Vec::new(),
            entries.map(|(name, content)| Entry::new(name, content)).into(),
        )
        .unwrap();
        let mut archive = open(&written).unwrap();
        assert_eq!(archive.names().collect::<Vec<_>>(), ["a.jsonl", "b/c.json", "ü"]);
        for (name, content) in entries {
            assert_eq!(archive.read(name).unwrap(), content);
            assert_eq!(archive.size(name).unwrap(), content.len() as u64);
        }
        assert!(archive.contains("ü") && !archive.contains("./ü"));
        assert!(matches!(archive.read("B/C.JSON"), Err(ZipError::NotFound(_))));
    }

    #[test]
    fn leading_bytes_and_directories_are_accepted() {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.add_directory("d/", SimpleFileOptions::default()).unwrap();
        archive.start_file("d/f", SimpleFileOptions::default()).unwrap();
        let bytes = [b"#!/bin/sh\n".to_vec(), archive.finish().unwrap().into_inner()].concat();
        let archive = open(&bytes).unwrap();
        assert_eq!(archive.names().collect::<Vec<_>>(), ["d/f"]);
        assert_eq!(archive.entries()[0].kind, EntryKind::Directory);
        assert!(archive.contains("d/f") && !archive.contains("d/"));
    }

    #[test]
    fn repeated_names_are_listed() {
        let bytes = patched(&stored(&["one", "two", "six", "ten"]), "two", "one");
        assert_eq!(
            open_error(&bytes, Limits::default()),
            "zip contains duplicate entries: one"
        );
        let bytes = patched(&patched(&bytes, "six", "xxx"), "ten", "xxx");
        assert_eq!(
            open_error(&bytes, Limits::default()),
            "zip contains duplicate entries: one, xxx"
        );
        let blanks = stored(&["a", " a"]);
        assert_eq!(
            open_error(&blanks, Limits::default()),
            "zip contains duplicate entries: a"
        );
    }

    #[test]
    fn unsafe_names_are_names() {
        for name in ["/aaaa", "../aa", "aa/..", "a\\aaa", "\0aaaa", "aaaa\\"] {
            let bytes = patched(&stored(&["plain"]), "plain", name);
            let mut archive = open(&bytes).unwrap();
            assert!(archive.entries()[0].has_unsafe_name(), "{name}");
            assert_eq!(archive.read(name).unwrap(), b"content", "{name}");
        }
        assert!(!open(&stored(&["a/b..c"])).unwrap().entries()[0].has_unsafe_name());
    }

    #[test]
    fn symbolic_links_and_encryption_are_told_and_not_read() {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive
            .add_symlink("link", "/etc/passwd", SimpleFileOptions::default())
            .unwrap();
        let bytes = archive.finish().unwrap().into_inner();
        let mut archive = open(&bytes).unwrap();
        assert_eq!(archive.entries()[0].kind, EntryKind::SymbolicLink);
        assert!(matches!(archive.read("link"), Err(ZipError::SymbolicLink(name)) if name == "link"));

        let mut bytes = stored(&["a", "b"]);
        let central = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        bytes[central + 8] |= 1;
        let mut archive = open(&bytes).unwrap();
        assert!(archive.entries()[0].encrypted && !archive.entries()[1].encrypted);
        assert!(matches!(archive.read("a"), Err(ZipError::Encrypted(name)) if name == "a"));
        assert_eq!(archive.read("b").unwrap(), b"content");
    }

    #[test]
    fn what_belongs_to_no_entry_is_told() {
        let bytes = [b"#!/bin/sh\n".to_vec(), stored(&["a"])].concat();
        assert_eq!(open(&bytes).unwrap().leading_bytes(), 10);
        let mut commented = stored(&["a"]);
        let end = commented.len();
        commented[end - 2] = 2;
        commented.extend_from_slice(b"hi");
        let archive = open(&commented).unwrap();
        assert_eq!(
            (archive.leading_bytes(), archive.comment()),
            (0, b"hi".as_slice())
        );
    }

    #[test]
    fn limits_hold() {
        let zeros = vec![0; 3 << 20];
        let written = write(
            Vec::new(),
            vec![Entry::new("a", &zeros[..]), Entry::new("b", &zeros[..1])],
        )
        .unwrap();
        let limits = Limits::default();
        assert_eq!(
            open_error(&written, Limits { entries: 1, ..limits }),
            "zip has too many entries: 2"
        );
        assert_eq!(
            open_error(
                &written,
                Limits {
                    total_bytes: 3 << 20,
                    ..limits
                }
            ),
            "zip content too large: 3145729"
        );
        let mut archive = Reader::open(Cursor::new(&written), Limits { ratio: 100, ..limits }).unwrap();
        assert!(matches!(archive.read("a"), Err(ZipError::Ratio(_))));
        let small = Limits {
            entry_bytes: 1000,
            ratio: 2000,
            ..limits
        };
        let mut archive = Reader::open(Cursor::new(written), small).unwrap();
        assert_eq!(
            archive.read("a").unwrap_err().to_string(),
            "zip entry too large: 3145728"
        );
        assert_eq!(archive.read("b").unwrap(), [0]);
    }

    #[test]
    fn content_is_held_to_the_directory() {
        let good = write(Vec::new(), vec![Entry::new("a", &b"hello hello hello hello"[..])]).unwrap();
        let central = memchr::memmem::find(&good, b"PK\x01\x02").unwrap();
        let read = |bytes: &[u8]| open(bytes).unwrap().read("a").unwrap_err().to_string();
        let with = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[central + at] = value;
            bytes
        };
        assert_eq!(read(&with(16, good[central + 16] ^ 1)), "zip: checksum error");
        assert_eq!(
            read(&with(24, 22)),
            "zip: not a valid zip file",
            "more than declared"
        );
        assert_eq!(read(&with(24, 24)), "unexpected EOF", "less than declared");
        assert_eq!(read(&with(10, 99)), "zip: unsupported compression algorithm");
    }

    #[test]
    fn other_files_are_no_archives() {
        let good = stored(&["a"]);
        for bytes in [b"".as_slice(), b"PK", b"{}", &good[..good.len() - 3], &[0; 1000]] {
            assert_eq!(open_error(bytes, Limits::default()), "zip: not a valid zip file");
        }
    }
}
