//! `gait pack attest`: signed statements about packs that tools of the software supply chain can read.

use std::path::Path;

use gait_canon::keys::{self, KeySource};
use gait_disk::{LockPolicy, append, read::read_bounded};
use gait_pack::attest::{
    AttestOptions, BUNDLE_SUFFIX, MAX_BUNDLE_BYTES, PredicateType, Statement, attest, check,
    digest_of_archive,
};
use serde::Serialize;

use super::{FILE_MODE, PATH, PackOutput, operation, path_argument};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::minting::{PRIVATE_KEY, PRIVATE_KEY_ENV, Signer};
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("pack attest", "Attest that a pack verifies, or check an attestation")
    .explain(
        "Verifies a pack and signs that it does, as an in-toto statement in a DSSE envelope that other tools can read.",
    )
    .positionals("<path>")
    .flags(&[
        PATH,
        // A signature that nobody can verify is of no use here, so development keys must be asked for.
        Flag::text("key-mode", "where the signing key comes from")
            .or("prod")
            .values(&["dev", "prod"]),
        PRIVATE_KEY,
        PRIVATE_KEY_ENV,
        Flag::text("predicate-type", "what is stated, by name or URI")
            .or("pack")
            .values(&["pack", "svr"]),
        Flag::path("out", "append the envelope to this file instead of <path>.intoto.jsonl"),
        Flag::switch("verify", "check an attestation instead of making one"),
        Flag::path("attestation", "with --verify: the attestations instead of <path>.intoto.jsonl"),
        Flag::path("public-key", "with --verify: file of the public key"),
        Flag::variable(
            "public-key-env",
            "with --verify: environment variable that holds the public key",
        ),
    ])
    .error_fields(|| operation("attest"));

/// Flags that belong to making an attestation, and to checking one.
const MAKING: [&str; 4] = ["key-mode", "private-key", "private-key-env", "out"];
const CHECKING: [&str; 3] = ["attestation", "public-key", "public-key-env"];

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    pack: PackOutput<'a>,
    attestation: Attested<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<[&'static str; 1]>,
}

#[derive(Serialize)]
struct Attested<'a> {
    path: &'a str,
    key_id: String,
    statement: &'a Statement,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = path_argument(parsed)?;
    let name = parsed.text("predicate-type").trim();
    let predicate_type = PredicateType::parse(name)
        .ok_or_else(|| Failure::invalid_input(format!("unknown predicate type: {name:?}")))?;
    let (foreign, verb) = if parsed.flag("verify") {
        (&MAKING[..], "does not go with")
    } else {
        (&CHECKING[..], "needs")
    };
    if let Some(flag) = foreign.iter().find(|flag| parsed.given(flag)) {
        return Err(Failure::invalid_input(format!("--{flag} {verb} --verify")));
    }
    if parsed.flag("verify") {
        check_attestation(parsed, context, path, predicate_type)
    } else {
        make_attestation(parsed, context, path, predicate_type)
    }
}

fn make_attestation(
    parsed: &Parsed,
    context: &Context<'_>,
    path: &str,
    predicate_type: PredicateType,
) -> CommandResult {
    let signer = Signer::of_flags(parsed, context)?;
    let options = AttestOptions {
        predicate_type,
        signer: &signer.key,
        producer_version: context.producer_version(),
        now: context.now(),
    };
    let attestation = attest(Path::new(path), &options, &Bar::default())?;
    let bundle = bundle_path(parsed.text("out"), path);
    append::append_line(
        Path::new(&bundle),
        attestation.line.as_bytes(),
        FILE_MODE,
        &LockPolicy::APPEND,
    )?;
    let output = Output {
        pack: PackOutput::new("attest", path),
        attestation: Attested {
            path: &bundle,
            key_id: attestation.key_id.to_string(),
            statement: &attestation.statement,
        },
        warnings: signer.warning.map(|warning| [warning]),
    };
    Ok(Report::new(&output)
        .line(format!("pack attest ok: {bundle}"))
        .diagnostics(signer.notice()))
}

fn check_attestation(
    parsed: &Parsed,
    context: &Context<'_>,
    path: &str,
    predicate_type: PredicateType,
) -> CommandResult {
    let public = parsed.key_source("public-key", "public-key-env");
    let key = keys::verify_key(&public, &KeySource::default(), context.environment())?;
    let bundle_path = bundle_path(parsed.text("attestation"), path);
    let bundle = read_bounded(Path::new(&bundle_path), MAX_BUNDLE_BYTES)
        .map_err(|error| Failure::from(error).context("read attestation"))?;
    let digest = digest_of_archive(Path::new(path))?;
    let statement = check(&bundle, &digest, &key, predicate_type)?;
    let output = Output {
        pack: PackOutput::new("attest", path),
        attestation: Attested {
            path: &bundle_path,
            key_id: key.key_id().to_string(),
            statement: &statement,
        },
        warnings: None,
    };
    Ok(Report::new(&output).line(format!("pack attest ok: {path} is attested by {bundle_path}")))
}

/// The bundle that is named, or that of the archive.
fn bundle_path(given: &str, archive: &str) -> String {
    match given.trim() {
        "" => format!("{archive}{BUNDLE_SUFFIX}"),
        path => path.to_owned(),
    }
}
