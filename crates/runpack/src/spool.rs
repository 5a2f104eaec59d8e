//! Files of a runpack whose text is put together before the archive is written.

use std::io::{self, Read, Seek, Write};

use gait_artifact::runpack::ManifestFile;
use gait_canon::Hasher;
use gait_canon::zip::{Effort, Entry, Limits};
use gait_disk::Scratch;

use crate::document;

/// Text larger than this, in bytes, is packed fast.
const LARGE: u64 = 1 << 20;

/// The text of a file that grows piece by piece. It is hashed as it comes and takes no more memory than a scratch place.
pub(crate) struct Spool {
    name: &'static str,
    scratch: Scratch,
    hasher: Hasher,
    size: u64,
    values: usize,
}

impl Spool {
    /// The file `name`, with nothing in it.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            scratch: Scratch::new(),
            hasher: Hasher::new(),
            size: 0,
            values: 0,
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The size that the file would have with `bytes` more, if readers do not accept that.
    pub(crate) fn excess(&self, bytes: usize) -> Option<u64> {
        let size = self.size + bytes as u64;
        (size > Limits::default().entry_bytes).then_some(size)
    }

    /// Whether readers would accept the file with `values` JSON values more.
    pub(crate) const fn takes_values(&self, values: usize) -> bool {
        self.values + values <= document::MAX_VALUES
    }

    /// Adds a piece that holds so many JSON values.
    pub(crate) fn push(&mut self, text: &[u8], values: usize) -> io::Result<()> {
        self.scratch.write_all(text)?;
        self.hasher.update(text);
        self.size += text.len() as u64;
        self.values += values;
        Ok(())
    }

    /// What a manifest says of the file.
    pub(crate) fn declaration(&self) -> ManifestFile {
        ManifestFile {
            path: self.name.to_owned(),
            sha256: self.hasher.clone().finish().to_string(),
        }
    }

    /// The file as an archive's writer wants it.
    pub(crate) fn entry(&mut self) -> io::Result<Entry<Box<dyn Read + '_>>> {
        self.scratch.rewind()?;
        let content: Box<dyn Read + '_> = Box::new(&mut self.scratch);
        let effort = if self.size > LARGE {
            Effort::Fast
        } else {
            Effort::Thorough
        };
        Ok(Entry {
            effort,
            ..Entry::new(self.name, content)
        })
    }
}
