//! How far long work has come, for whoever watches.

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
