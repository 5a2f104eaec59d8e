//! `gait pack verify`: whether a pack is what its manifest says, and who vouches for it.

use std::path::Path;

use gait_artifact::finding::Finding;
use gait_pack::verify::{LegacyType, Verification, VerifyOptions, verify};
use gait_runpack::HashMismatch;
use serde::Serialize;

use super::{PATH, PackOutput, operation, path_argument};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::{self, Demands, Profile, finding_line};
use crate::error::{EXIT_OK, ErrorKind};
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::spec::{CommandSpec, Flag};

const FLAGS: [Flag; 7] = {
    let [profile, require, public, public_env, private, private_env] = demands::FLAGS;
    [PATH, profile, require, public, public_env, private, private_env]
};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "pack verify",
    "Verify the entries, proof chain, payload and signatures of a pack",
)
.explain(
    "Checks offline that a pack holds exactly what it declares, that its payload holds together, and that its signatures hold.",
)
.positionals("<path>")
.flags(&FLAGS)
.error_fields(|| operation("verify"));

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    pack: PackOutput<'a>,
    verify: Outcome<'a>,
}

/// What was found, as JSON tells it.
#[derive(Serialize)]
struct Outcome<'a> {
    pack_id: &'a str,
    pack_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    source_ref: &'a str,
    files_checked: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    proof_records_verified: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing_files: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hash_mismatches: &'a [HashMismatch],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    undeclared_files: &'a [String],
    signature_status: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    signature_errors: &'a [String],
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    signatures_total: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    signatures_valid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy_type: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    integrity_findings: &'a [Finding],
}

impl<'a> From<&'a Verification> for Outcome<'a> {
    fn from(found: &'a Verification) -> Self {
        Self {
            pack_id: &found.pack_id,
            pack_type: &found.pack_type,
            source_ref: &found.source_ref,
            files_checked: found.files_checked,
            proof_records_verified: found.proof_records_verified,
            missing_files: &found.missing_files,
            hash_mismatches: &found.hash_mismatches,
            undeclared_files: &found.undeclared_files,
            signature_status: found.signatures.status.as_str(),
            signature_errors: &found.signatures.errors,
            signatures_total: found.signatures.total,
            signatures_valid: found.signatures.valid,
            legacy_type: found.legacy_type.map(LegacyType::as_str),
            integrity_findings: &found.findings,
        }
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = path_argument(parsed)?;
    let demands = Demands::of(parsed, context)?;
    let options = VerifyOptions {
        key: demands.key.as_ref(),
        require_signature: demands.options().require_signature,
        strict: demands.profile == Profile::Strict,
    };
    let found = verify(Path::new(path), &options, &Bar::default())?;
    let ok = found.is_ok();
    let report = Report::new(&Output {
        pack: PackOutput {
            ok,
            pack_id: &found.pack_id,
            pack_type: &found.pack_type,
            source_ref: &found.source_ref,
            ..PackOutput::new("verify", path)
        },
        verify: Outcome::from(&found),
    });
    // Scripts know a pack that fails by the exit code and by silence.
    let verdict = ok.then(|| format!("pack verify ok: {path}"));
    let exit = if ok {
        EXIT_OK
    } else {
        ErrorKind::VerificationFailed.exit_code()
    };
    Ok(report
        .lines(verdict)
        .lines(found.findings.iter().map(finding_line))
        .exit(exit))
}
