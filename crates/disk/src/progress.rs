//! How far long work has come, for whoever watches.

use std::io::{self, Read, Seek, SeekFrom};

/// A watcher of work that is counted in bytes. Threads may report at once.
pub trait Progress: Sync {
    /// `bytes` more are to be done.
    fn expect(&self, bytes: u64);
    /// `bytes` more are done.
    fn advance(&self, bytes: u64);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn expect(&self, _bytes: u64) {}
    fn advance(&self, _bytes: u64) {}
}

/// A source whose reading is the work.
#[derive(Clone)]
pub struct Watched<'a, R> {
    source: R,
    progress: &'a dyn Progress,
}

impl<'a, R> Watched<'a, R> {
    /// Watches the reading of `source`, of which `bytes` are expected to be read.
    pub fn new(source: R, bytes: u64, progress: &'a dyn Progress) -> Self {
        progress.expect(bytes);
        Self { source, progress }
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.progress.advance(count as u64);
        Ok(count)
    }
}

impl<R: Seek> Seek for Watched<'_, R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.source.seek(position)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counts {
        expected: AtomicU64,
        done: AtomicU64,
    }

    impl Progress for Counts {
        fn expect(&self, bytes: u64) {
            self.expected.fetch_add(bytes, Ordering::Relaxed);
        }

        fn advance(&self, bytes: u64) {
            self.done.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_is_read_is_counted() {
        let counts = Counts::default();
        let mut source = Watched::new(io::Cursor::new([7; 1000]), 1000, &counts);
        source.seek(SeekFrom::Start(400)).unwrap();
        io::copy(&mut source, &mut io::sink()).unwrap();
        assert_eq!(
            (counts.expected.into_inner(), counts.done.into_inner()),
            (1000, 600)
        );
    }
}
