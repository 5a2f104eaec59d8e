//! `gait guard encrypt`: a file, readable only to who has the key.

use std::io;
use std::path::Path;

use gait_disk::atomic::Draft;
use gait_disk::read::read_bounded;
use gait_evidence::seal::{Header, HeaderBinding, MAX_PLAIN_BYTES, seal};
use serde::Serialize;
use zeroize::Zeroizing;

use super::encryption_key::{KEY_COMMAND, KEY_COMMAND_ARGS, KEY_ENV, NamedKey};
use super::{FILE_MODE, destination, subject};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("guard encrypt", "Encrypt a file under a key of your own")
        .explain(
            "Encrypts an artifact at rest with AES-256-GCM, so that only holders of the key can read it.",
        )
        .positionals("<file>")
        .flags(&[
            Flag::path("in", "the file, instead of the positional argument"),
            Flag::path("out", "the encrypted file, instead of <file>.gaitenc"),
            KEY_ENV,
            KEY_COMMAND,
            KEY_COMMAND_ARGS,
            Flag::switch(
                "bind-header",
                "authenticate all that the encrypted file says of itself (version 1.1.0)",
            ),
        ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    path: &'a str,
    algorithm: &'static str,
    plain_sha256: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    plain_size: u64,
    key_mode: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key_ref: &'a str,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let input = subject(parsed, "in", "expected --in <path>")?;
    let plain = read_bounded(Path::new(input), MAX_PLAIN_BYTES)?;
    let NamedKey { key, source } = NamedKey::of_flags(parsed, context)?;
    let header = Header {
        created_at: context.now(),
        producer_version: context.producer_version().to_owned(),
        key_source: source.clone(),
        binding: if parsed.flag("bind-header") {
            HeaderBinding::Bound
        } else {
            HeaderBinding::Loose
        },
    };
    let sealed = seal(Zeroizing::new(plain), &key, header)?;
    let path = match parsed.text("out").trim() {
        "" => format!("{input}.gaitenc"),
        out => out.to_owned(),
    };
    let mut out = io::BufWriter::new(Draft::create(&destination(&path)?, FILE_MODE)?);
    sealed.write_to(&mut out)?;
    let draft = out
        .into_inner()
        .map_err(|error| Failure::new(ErrorKind::Io, error.error()))?;
    draft.commit()?;

    let output = Output {
        ok: true,
        path: &path,
        algorithm: gait_artifact::guard::AES_256_GCM,
        plain_sha256: sealed.plain_sha256(),
        plain_size: sealed.plain_size(),
        key_mode: &source.mode,
        key_ref: &source.reference,
    };
    Ok(Report::new(&output).line(format!("guard encrypt ok: {path}")))
}
