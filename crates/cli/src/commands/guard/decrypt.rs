//! `gait guard decrypt`: an encrypted file, as it was.

use std::path::Path;

use gait_canon::Digest;
use gait_disk::{atomic, read::read_bounded};
use gait_evidence::seal::{MAX_SEALED_BYTES, open};
use serde::Serialize;

use super::encryption_key::{KEY_COMMAND, KEY_COMMAND_ARGS, KEY_ENV, NamedKey};
use super::{FILE_MODE, destination, subject};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

const ENDING: &str = ".gaitenc";

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("guard decrypt", "Decrypt a file that was encrypted at rest")
        .explain("Gives an encrypted artifact back, unless it was altered or the key is another.")
        .positionals("<file>")
        .flags(&[
            Flag::path("in", "the encrypted file, instead of the positional argument"),
            Flag::path("out", "the decrypted file, instead of <file> without .gaitenc"),
            KEY_ENV,
            KEY_COMMAND,
            KEY_COMMAND_ARGS,
        ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    path: &'a str,
    plain_sha256: Digest,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    plain_size: usize,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let input = subject(parsed, "in", "expected --in <path>")?;
    let sealed = read_bounded(Path::new(input), MAX_SEALED_BYTES)?;
    let NamedKey { key, .. } = NamedKey::of_flags(parsed, context)?;
    let opened = open(sealed, &key)?;
    let path = match (parsed.text("out").trim(), input.strip_suffix(ENDING)) {
        ("", Some(name)) => name.to_owned(),
        ("", None) => format!("{input}.plain"),
        (out, _) => out.to_owned(),
    };
    atomic::write_or_replace(&destination(&path)?, &opened.plain, FILE_MODE)?;

    let output = Output {
        ok: true,
        path: &path,
        plain_sha256: opened.sha256,
        plain_size: opened.plain.len(),
    };
    Ok(Report::new(&output).line(format!("guard decrypt ok: {path}")))
}
