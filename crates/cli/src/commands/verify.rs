//! `gait verify`: whether a runpack is what its manifest says, and who vouches for it.

pub(crate) mod chain;
pub(crate) mod session_chain;

use gait_artifact::finding::Finding;
use gait_runpack::{HashMismatch, SignatureReport, SignatureStatus, Verification, verify};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::{self, Demands, finding_line};
use crate::error::{EXIT_OK, ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::runpack_file;
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("verify", "Verify the files and signatures of a runpack")
    .explain("Checks offline that every file of a runpack has its declared digest, that its signatures hold, and tells what else is odd.")
    .positionals("<run_id|path>")
    .flags(&demands::FLAGS);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [reference] = parsed.positionals() else {
        return Err(Failure::invalid_input("expected run_id or path"));
    };
    let demands = Demands::of(parsed, context)?;
    let outcome = Outcome::of(reference, &demands, context)?;
    let output = outcome.output(&demands);
    Ok(Report::new(&output)
        .lines(output.lines())
        .exit(exit_of(output.ok)))
}

/// A runpack that has been found and verified.
struct Outcome {
    path: String,
    verification: Verification,
}

impl Outcome {
    fn of(reference: &str, demands: &Demands, context: &Context<'_>) -> Result<Self, Failure> {
        let path = runpack_file::find(reference, context)?;
        let verification = verify(&path, &demands.options(), &Bar::default())?;
        Ok(Self {
            path: path.to_string_lossy().into_owned(),
            verification,
        })
    }

    fn output(&self, demands: &Demands) -> Output<'_> {
        let Verification {
            manifest,
            files_checked,
            missing_files,
            hash_mismatches,
            signatures,
            findings,
        } = &self.verification;
        Output {
            ok: self.verification.is_ok() && demands.accepts(findings),
            path: &self.path,
            run_id: &manifest.run_id,
            manifest_digest: &manifest.manifest_digest,
            files: FileMembers {
                files_checked: *files_checked,
                missing_files,
                hash_mismatches,
            },
            signatures: SignatureMembers::of(signatures),
            signature_note: note(signatures),
            next_commands: next_commands(&manifest.run_id),
            integrity_findings: findings,
        }
    }
}

/// The result about a runpack.
#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    path: &'a str,
    run_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    manifest_digest: &'a str,
    #[serde(flatten)]
    files: FileMembers<'a>,
    #[serde(flatten)]
    signatures: SignatureMembers<'a>,
    signature_note: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next_commands: Vec<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    integrity_findings: &'a [Finding],
}

/// What is known of the files of an archive, as every verifying command tells it.
#[derive(Serialize)]
struct FileMembers<'a> {
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    files_checked: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing_files: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hash_mismatches: &'a [HashMismatch],
}

/// What is known of signatures, as every verifying command tells it.
#[derive(Serialize)]
struct SignatureMembers<'a> {
    signature_status: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    signature_errors: &'a [String],
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    signatures_total: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    signatures_valid: usize,
}

impl<'a> SignatureMembers<'a> {
    fn of(report: &'a SignatureReport) -> Self {
        Self {
            signature_status: report.status.as_str(),
            signature_errors: &report.errors,
            signatures_total: report.total,
            signatures_valid: report.valid,
        }
    }
}

impl Output<'_> {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.ok {
            lines.push(format!("verify ok: {}", self.path));
        } else {
            lines.push(format!("verify failed: {}", self.path));
            let FileMembers {
                missing_files,
                hash_mismatches,
                ..
            } = self.files;
            if !missing_files.is_empty() {
                lines.push(format!("missing files: {}", missing_files.join(", ")));
            }
            if !hash_mismatches.is_empty() {
                lines.push(format!("hash mismatches: {}", hash_mismatches.len()));
            }
        }
        lines.push(format!("signature status: {}", self.signatures.signature_status));
        lines.push(format!("signature note: {}", self.signature_note));
        if !self.ok && !self.signatures.signature_errors.is_empty() {
            let errors = self.signatures.signature_errors.join("; ");
            lines.push(format!("signature errors: {errors}"));
        }
        lines.extend(self.integrity_findings.iter().map(finding_line));
        if !self.next_commands.is_empty() {
            lines.push(format!("next: {}", self.next_commands.join(" | ")));
        }
        lines
    }
}

/// What the status of the signatures means here.
const fn note(signatures: &SignatureReport) -> &'static str {
    match (signatures.status, signatures.required) {
        (SignatureStatus::Missing, true) => {
            "signatures are required in this mode; provide signing keys and re-run verify"
        }
        (SignatureStatus::Missing, false) => {
            "unsigned local/dev artifacts are expected by default; use --require-signature for strict verification"
        }
        (SignatureStatus::Skipped, true) => {
            "signature checks were expected but skipped; provide a public key or private key source"
        }
        (SignatureStatus::Skipped, false) => {
            "signature checks were skipped because no verify key was provided"
        }
        (SignatureStatus::Verified, _) => "signatures verified",
        (SignatureStatus::Failed, _) => {
            "signature verification failed; inspect signature_errors and re-run with the correct key"
        }
    }
}

fn next_commands(run_id: &str) -> Vec<String> {
    let run_id = run_id.trim();
    if run_id.is_empty() {
        return Vec::new();
    }
    vec![
        format!("gait regress bootstrap --from {run_id} --json --junit ./gait-out/junit.xml"),
        "gait demo --durable".to_owned(),
        "gait demo --policy".to_owned(),
    ]
}

const fn exit_of(ok: bool) -> u8 {
    if ok {
        EXIT_OK
    } else {
        ErrorKind::VerificationFailed.exit_code()
    }
}
