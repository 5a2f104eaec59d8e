//! `gait run receipt`: the line about a runpack that goes into a ticket.

use gait_canon::{
    PublicKey,
    keys::{self, KeySource},
};
use gait_disk::progress::Unwatched;
use gait_runpack::{
    footer,
    verify::{VerifyOptions, verify},
};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("run receipt", "Print the ticket line of an intact runpack")
        .explain("Checks a runpack and prints the one line by which a ticket can refer to it.")
        .label("receipt")
        .positionals("[<run_id|path>]")
        .flags(&[
            runpack_file::FROM,
            Flag::path("public-key", "file of the public key that signatures must be by"),
            Flag::variable("public-key-env", "environment variable that holds the public key"),
        ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    run_id: &'a str,
    path: &'a str,
    manifest_digest: &'a str,
    ticket_footer: &'a str,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let reference = runpack_file::named(parsed, "missing required --from <run_id|path>")?;
    let path = runpack_file::find(reference, context)?;
    let key = optional_key(parsed, context)?;
    let options = VerifyOptions {
        key: key.as_ref(),
        ..VerifyOptions::default()
    };
    let verification = verify(&path, &options, &Unwatched)?;
    if !verification.is_ok() {
        return Err(Failure::new(
            ErrorKind::VerificationFailed,
            "runpack verification failed",
        ));
    }
    let manifest = &verification.manifest;
    let Some(ticket_footer) = footer(&manifest.run_id, &manifest.manifest_digest) else {
        return Err(Failure::new(
            ErrorKind::Internal,
            "ticket footer contract validation failed",
        ));
    };
    let output = Output {
        ok: true,
        run_id: &manifest.run_id,
        path: &path.to_string_lossy(),
        manifest_digest: &manifest.manifest_digest,
        ticket_footer: &ticket_footer,
    };
    Ok(Report::new(&output).line(&ticket_footer))
}

/// Without a key signatures are not looked at.
fn optional_key(parsed: &Parsed, context: &Context<'_>) -> Result<Option<PublicKey>, Failure> {
    let public = parsed.key_source("public-key", "public-key-env");
    let key = || keys::verify_key(&public, &KeySource::default(), context.environment());
    Ok(public.is_given().then(key).transpose()?)
}
