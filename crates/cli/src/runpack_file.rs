//! The runpacks that a command line names, to be read or to be made.

use std::path::{Path, PathBuf};

use gait_artifact::runpack::Manifest;
use gait_canon::PrivateKey;
use gait_disk::{atomic, progress::Unwatched};
use gait_runpack::{Content, VerifyOptions, locate, verify, write};

use crate::arguments::Parsed;
use crate::context::Context;
use crate::env;
use crate::error::{ErrorKind, Failure};
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

/// Writes a runpack, its directory if that is missing, and holds the file to what was to be written.
pub(crate) fn write_verified(
    path: &Path,
    content: &Content,
    signer: Option<&PrivateKey>,
) -> Result<Manifest, Failure> {
    atomic::create_parents(path)?;
    let manifest = write(path, content, signer)?;
    let verification = verify(path, &VerifyOptions::default(), &Unwatched)?;
    if !verification.is_intact() || verification.manifest != manifest {
        return Err(Failure::new(
            ErrorKind::VerificationFailed,
            "recorded runpack failed verification",
        ));
    }
    Ok(manifest)
}
