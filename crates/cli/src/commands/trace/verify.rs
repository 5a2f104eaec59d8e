//! `gait trace verify`: whether a trace is what its signer wrote.

use std::path::Path;

use gait_canon::keys;
use gait_disk::read::read_bounded;
use gait_gate::trace::TraceFile;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};
use crate::wrapper::MAX_TRACE_BYTES;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("trace verify", "Verify the signature of a trace")
    .explain(
        "Checks offline that a trace was signed with the given key and that nothing in it has changed since.",
    )
    .positionals("<path>")
    .flags(&[
        Flag::path("path", "the trace, instead of the positional argument"),
        Flag::path("public-key", "file of the public key"),
        Flag::variable("public-key-env", "environment variable that holds the public key"),
        Flag::path(
            "private-key",
            "file of the private key, whose public half verifies",
        ),
        Flag::variable(
            "private-key-env",
            "environment variable that holds the private key",
        ),
    ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    trace_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    verdict: &'a str,
    signature_status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key_id: &'a str,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = match (parsed.text("path"), parsed.positionals()) {
        ("", [path]) => path,
        (path, []) if !path.is_empty() => path,
        _ => return Err(Failure::invalid_input("expected trace path")),
    };
    let bytes = read_bounded(Path::new(path), MAX_TRACE_BYTES)
        .map_err(|error| Failure::from(error).context("read trace record"))?;
    let trace =
        TraceFile::read(&bytes).map_err(|error| Failure::from(error).context("parse trace record"))?;
    let public = parsed.key_source("public-key", "public-key-env");
    let private = parsed.key_source("private-key", "private-key-env");
    let key = keys::verify_key(&public, &private, context.environment())?;

    let (trace_id, verdict) = (trace.trace_id(), trace.verdict());
    let failed = Output {
        ok: false,
        path,
        trace_id,
        verdict,
        signature_status: "failed",
        key_id: "",
    };
    match trace.verify(&key) {
        Ok(true) => {
            let output = Output {
                ok: true,
                signature_status: "verified",
                key_id: trace.key_id(),
                ..failed
            };
            Ok(Report::new(&output).line(format!("trace verify ok: {path}")))
        }
        Ok(false) => Ok(Report::new(&Output {
            key_id: trace.key_id(),
            ..failed
        })
        .line(format!("trace verify failed: {path}"))
        .line("signature status: failed")
        .exit(ErrorKind::VerificationFailed.exit_code())),
        Err(rejection) => Err(Failure::new(ErrorKind::VerificationFailed, rejection).with(&failed)),
    }
}
