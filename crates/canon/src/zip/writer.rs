//! The writer: same entries, same bytes.

use std::io::{self, Read, Write};

use zip::write::FullFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::{ZipError, is_safe};

/// Header id and content of the extended timestamp: modification time 315,532,800 (1980-01-01T00:00:00Z).
const TIMESTAMP_ID: u16 = 0x5455;
const TIMESTAMP: [u8; 5] = [1, 0x00, 0xA6, 0xCE, 0x12];
/// How hard the compressor tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// For archives that are kept and sent around.
    #[default]
    Thorough,
    /// For content so large that somebody waits for it: several times as fast, and somewhat larger.
    Fast,
}

impl Effort {
    /// Named so that a new default of the compressor cannot change the bytes.
    const fn level(self) -> i64 {
        match self {
            Self::Thorough => 6,
            Self::Fast => 1,
        }
    }
}

/// Permissions of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// A regular file, 0644.
    #[default]
    Plain,
    /// A program, 0755.
    Executable,
}

/// A file to be put in an archive.
#[derive(Debug)]
pub struct Entry<R> {
    /// Path inside the archive, parts separated by `/`.
    pub name: String,
    /// Permissions.
    pub mode: Mode,
    /// How hard the compressor tries.
    pub effort: Effort,
    /// The bytes, read once.
    pub content: R,
}

impl<R> Entry<R> {
    /// A plain file.
    pub fn new(name: impl Into<String>, content: R) -> Self {
        Self {
            name: name.into(),
            mode: Mode::Plain,
            effort: Effort::Thorough,
            content,
        }
    }
}

/// Writes an archive of `entries`, sorted by the bytes of their names, and gives `out` back.
///
/// The order of `entries`, the clock and the user leave no trace: every entry is deflated, dated 1980-01-01, and carries
/// 0644 or 0755. Content streams through; only names and sizes are kept. Without entries nothing is written.
pub fn write<W: Write, R: Read>(out: W, mut entries: Vec<Entry<R>>) -> Result<W, ZipError> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(entry) = entries.iter().find(|entry| !is_safe(&entry.name)) {
        return Err(ZipError::UnsafeName(entry.name.clone()));
    }
    let mut repeated: Vec<_> = entries
        .windows(2)
        .filter(|pair| pair[0].name == pair[1].name)
        .map(|pair| pair[0].name.clone())
        .collect();
    if !repeated.is_empty() {
        repeated.dedup();
        return Err(ZipError::DuplicateNames(repeated));
    }
    if entries.is_empty() {
        return Ok(out);
    }
    let mut archive = ZipWriter::new_stream(out).set_auto_large_file();
    for Entry {
        name,
        mode,
        effort,
        mut content,
    } in entries
    {
        archive.start_file(name, options(mode, effort)?)?;
        io::copy(&mut content, &mut archive)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn options(mode: Mode, effort: Effort) -> Result<FullFileOptions<'static, 'static>, ZipError> {
    let permissions = match mode {
        Mode::Plain => 0o644,
        Mode::Executable => 0o755,
    };
    let mut options = FullFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(effort.level()))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(permissions)
        .system(System::Unix);
    options.add_extra_field(TIMESTAMP_ID, TIMESTAMP, false)?;
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let entries = entries
            .iter()
            .map(|&(name, content)| Entry::new(name, content))
            .collect();
        write(Vec::new(), entries).unwrap()
    }

    #[test]
    fn order_of_entries_leaves_no_trace() {
        let one = archive(&[("b.json", b"{}"), ("a.json", b"[]")]);
        assert_eq!(one, archive(&[("a.json", b"[]"), ("b.json", b"{}")]));
    }

    #[test]
    fn headers_carry_no_time_owner_or_sizes() {
        let bytes = archive(&[("a", b"hello hello hello hello")]);
        let local = [
            b"PK\x03\x04".as_slice(),
            &[20, 0, 8, 0, 8, 0, 0, 0, 0x21, 0],
            &[0; 12],
            &[1, 0, 9, 0],
            b"a",
            &[0x55, 0x54, 5, 0, 1, 0, 0xa6, 0xce, 0x12],
        ]
        .concat();
        assert_eq!(bytes[..local.len()], local);
        let central = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        let header = &bytes[central..];
        assert_eq!(header[4..16], [20, 3, 20, 0, 8, 0, 8, 0, 0, 0, 0x21, 0]);
        assert_eq!(header[38..46], [0, 0, 0xA4, 0x81, 0, 0, 0, 0]);
        assert_eq!(header[47..56], [0x55, 0x54, 5, 0, 1, 0, 0xa6, 0xce, 0x12]);
        let descriptor = memchr::memmem::find(&bytes, b"PK\x07\x08").unwrap();
        assert_eq!(descriptor + 16, central, "32-bit sizes");
        assert_eq!(bytes[descriptor + 12..central], [23, 0, 0, 0]);
    }

    #[test]
    fn names_are_checked() {
        for name in ["", "/a", "../a", "a/../b", "a\\b", "..", "a\0"] {
            let refused = write(Vec::new(), vec![Entry::new(name, io::empty())]);
            assert!(matches!(refused, Err(ZipError::UnsafeName(_))), "{name:?}");
        }
        let twice = vec![Entry::new("a", io::empty()), Entry::new("a", io::empty())];
        assert!(matches!(write(Vec::new(), twice), Err(ZipError::DuplicateNames(names)) if names == ["a"]));
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(write(Vec::new(), Vec::<Entry<io::Empty>>::new()).unwrap(), b"");
    }
}
