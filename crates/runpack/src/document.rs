//! How much JSON a file of a runpack may hold, for its readers and so for its writer.

use gait_canon::json::Reader;

/// The most bytes of a document, or of a line: as much as an entry may hold.
const MAX_BYTES: usize = 100 << 20;
/// The most values of a file, keys included. Recorded runs take a dozen bytes a value and more, so that entries hardly hold as
/// many; lists of digits or of empty objects would, and cost fifty times their text.
pub(crate) const MAX_VALUES: usize = 1 << 23;

/// The reader of everything but the manifest.
pub(crate) const fn reader() -> Reader {
    Reader::new().max_bytes(MAX_BYTES).max_values(MAX_VALUES)
}
