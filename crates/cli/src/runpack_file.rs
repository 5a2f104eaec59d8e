//! The runpack that a command line names.

use std::path::{Path, PathBuf};

use gait_runpack::locate;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::env;
use crate::error::Failure;
use crate::spec::Flag;

/// The flag of [`named`].
pub(crate) const FROM: Flag = Flag::path("from", "run id or path, instead of the positional argument");

/// What the flag [`FROM`] or the only positional argument names; `missing` is said when there is neither.
pub(crate) fn named<'a>(parsed: &'a Parsed, missing: &str) -> Result<&'a str, Failure> {
    match (parsed.text(FROM.name).trim(), parsed.positionals()) {
        ("", [reference]) => Ok(reference),
        ("", _) => Err(Failure::invalid_input(missing)),
        (reference, []) => Ok(reference),
        _ => Err(Failure::unexpected_positionals()),
    }
}

/// The file of the runpack that `reference` names: a path, or a run id that is looked up below the working and the home
/// directory.
pub(crate) fn find(reference: &str, context: &Context<'_>) -> Result<PathBuf, Failure> {
    let home = context.env(env::HOME.name).filter(|home| !home.is_empty());
    Ok(locate(reference, home.as_deref().map(Path::new))?)
}
