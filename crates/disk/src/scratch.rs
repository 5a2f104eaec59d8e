//! A place for content that must be read out of order and may not fit into memory.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

/// Bytes that stay in memory; more go to a nameless temporary file.
const MEMORY_BYTES: usize = 8 << 20;

/// Content that is written once and then read in any order.
pub struct Scratch(SpooledTempFile);

impl Scratch {
    /// An empty place.
    #[must_use]
    pub fn new() -> Self {
        Self(tempfile::spooled_tempfile(MEMORY_BYTES))
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scratch")
    }
}

impl Read for Scratch {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Scratch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for Scratch {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.0.seek(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_content_comes_back() {
        for length in [0, 1, MEMORY_BYTES + 1] {
            let content = vec![7; length];
            let mut scratch = Scratch::new();
            scratch.write_all(&content).unwrap();
            for _ in 0..2 {
                scratch.rewind().unwrap();
                let mut read = Vec::new();
                scratch.read_to_end(&mut read).unwrap();
                assert!(read == content);
            }
        }
    }
}
