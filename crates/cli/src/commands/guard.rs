//! `gait guard`: audit evidence, gathered, verified, encrypted, and kept for as long as it must be.

pub(crate) mod decrypt;
pub(crate) mod encrypt;
mod encryption_key;
pub(crate) mod pack;
pub(crate) mod retain;
pub(crate) mod verify;

use std::path::{Path, PathBuf};

use gait_canon::PublicKey;
use gait_canon::keys::{self, KeySource};
use gait_disk::path::clean;
use gait_evidence::{EvidencePack, Template};

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "guard",
    summary: "Gather, verify, encrypt and clean up audit evidence",
    explain: "Turns runs and the records beside them into audit evidence that can be verified, encrypted at rest, and cleaned up when its time is over.",
    help_succeeds: true,
};

/// Evidence is for its owner until he shares it.
const FILE_MODE: u32 = 0o600;

pub(super) const CASE_ID: Flag = Flag::text("case-id", "case that the pack is made for");
pub(super) const RENDER_PDF: Flag = Flag::switch("render-pdf", "add a summary page for people");
pub(super) const TRACE_PUBLIC_KEY: Flag = Flag::path(
    "trace-public-key",
    "file of the public key that traces must be signed with",
);
pub(super) const TRACE_PUBLIC_KEY_ENV: Flag =
    Flag::text("trace-public-key-env", "variable that holds that key");
/// The ids of the templates.
pub(super) const TEMPLATES: &[&str] = &["soc2", "pci", "incident_response"];

/// The one thing that `flag`, or instead of it the only positional argument, names.
fn subject<'a>(parsed: &'a Parsed, flag: &str, missing: &str) -> Result<&'a str, Failure> {
    match (parsed.text(flag).trim(), parsed.positionals()) {
        ("", [only]) if !only.trim().is_empty() => Ok(only.trim()),
        (given, []) if !given.is_empty() => Ok(given),
        _ => Err(Failure::invalid_input(missing)),
    }
}

/// The key that traces must be signed with, if one is given.
pub(super) fn trace_key(parsed: &Parsed, context: &Context<'_>) -> Result<Option<PublicKey>, Failure> {
    let source = parsed.key_source(TRACE_PUBLIC_KEY.name, TRACE_PUBLIC_KEY_ENV.name);
    if !source.is_given() {
        return Ok(None);
    }
    let key = keys::verify_key(&source, &KeySource::default(), context.environment())?;
    Ok(Some(key))
}

/// The template that `--template` names; and what to say on standard error when it names none.
pub(super) fn template(parsed: &Parsed) -> (Template, String) {
    let id = parsed.text("template");
    match Template::parse(id) {
        Some(template) => (template, String::new()),
        None => (
            Template::IncidentResponse,
            format!(
                "warning: {:?} is no known template; the controls are those of incident_response\n",
                id.trim()
            ),
        ),
    }
}

/// Writes a pack where `--out` says, or under its own name beside the runpack it was made from, and gives the path as it is told.
pub(super) fn write_pack(
    pack: &mut EvidencePack,
    parsed: &Parsed,
    runpack: &Path,
) -> Result<String, Failure> {
    let path = match parsed.text("out").trim() {
        "" => {
            let directory = runpack.parent().unwrap_or(Path::new(""));
            clean(&directory.join(pack.file_name()).to_string_lossy())
        }
        out => out.to_owned(),
    };
    let destination = destination(&path)?;
    pack.write(&destination)?;
    Ok(path)
}

/// The path of a file that the user wants written, wherever that is, with the directories above it made.
fn destination(path: &str) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(path).map_err(Failure::invalid_input)?;
    if let Some(directory) = path.parent() {
        gait_disk::atomic::create_directories(directory)?;
    }
    Ok(path)
}
