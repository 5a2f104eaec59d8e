//! Where fixtures are.

/// Directory of the fixtures, each in a directory of its own.
pub(crate) const FIXTURES_DIRECTORY: &str = "fixtures";
/// File name of a fixture's runpack.
pub const RUNPACK_FILE: &str = "runpack.zip";
