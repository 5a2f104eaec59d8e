//! `gait guard verify`: whether an evidence pack is what its manifest says, and who vouches for it.

use std::path::Path;

use gait_artifact::finding::Finding;
use gait_pack::verify::{Verification, VerifyOptions, verify_evidence};
use gait_runpack::HashMismatch;
use serde::Serialize;

use super::subject;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::{self, Demands, Profile, finding_line};
use crate::error::{EXIT_OK, ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::spec::{CommandSpec, Flag};

const FLAGS: [Flag; 7] = {
    let [profile, require, public, public_env, private, private_env] = demands::FLAGS;
    let path = Flag::path("path", "the evidence pack, instead of the positional argument");
    [path, profile, require, public, public_env, private, private_env]
};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "guard verify",
    "Verify the entries, lists and signatures of an evidence pack",
)
.explain("Checks offline that an evidence pack holds what it declares, that its lists agree with it, and that its signatures hold.")
.positionals("<evidence_pack.zip>")
.flags(&FLAGS);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    run_id: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    files_checked: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing_files: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hash_mismatches: &'a [HashMismatch],
    signature_status: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    signature_errors: &'a [String],
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    signatures_total: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    signatures_valid: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    integrity_findings: &'a [Finding],
}

impl<'a> Output<'a> {
    fn new(path: &'a str, found: &'a Verification) -> Self {
        Self {
            ok: found.is_ok(),
            path,
            pack_id: &found.pack_id,
            run_id: &found.source_ref,
            files_checked: found.files_checked,
            missing_files: &found.missing_files,
            hash_mismatches: &found.hash_mismatches,
            signature_status: found.signatures.status.as_str(),
            signature_errors: &found.signatures.errors,
            signatures_total: found.signatures.total,
            signatures_valid: found.signatures.valid,
            integrity_findings: &found.findings,
        }
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = subject(parsed, "path", "expected <evidence_pack.zip>")?;
    let demands = Demands::of(parsed, context)?;
    let options = VerifyOptions {
        key: demands.key.as_ref(),
        require_signature: demands.options().require_signature,
        strict: demands.profile == Profile::Strict,
    };
    let found = verify_evidence(Path::new(path), &options, &Bar::default()).map_err(Failure::of_evidence)?;
    let (verdict, exit) = if found.is_ok() {
        ("ok", EXIT_OK)
    } else {
        ("failed", ErrorKind::VerificationFailed.exit_code())
    };
    Ok(Report::new(&Output::new(path, &found))
        .line(format!("guard verify {verdict}: {path}"))
        .lines(found.findings.iter().map(finding_line))
        .exit(exit))
}
