//! `gait capture`: a receipt for a runpack or trace, to point at it later.

use std::path::Path;

use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::session::SessionCheckpoint;
use gait_canon::json;
use gait_disk::atomic;
use gait_runpack::{Verification, VerifyOptions, read_chain, verify};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::finding_line;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};
use crate::wrapper::verdict_of;

const SCHEMA_ID: &str = "gait.capture.receipt";
const SCHEMA_VERSION: &str = "1.0.0";
/// A receipt names private places; it is for its owner alone.
const FILE_MODE: u32 = 0o600;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("capture", "Write a receipt for a runpack or a trace")
    .explain("Resolves a run, a checkpoint or a trace to its file and keeps a receipt of it, from which a regression fixture can be made.")
    .flags(&[
        Flag::path("from", "run id, runpack, trace or session chain (required)"),
        Flag::text("checkpoint", "which checkpoint of a session chain, by index").or("latest"),
        Flag::path("out", "where the receipt goes").or("gait-out/capture.json"),
    ])
    .retired_flags(&[("--save-as", "--out")])
    .error_fields(|| {
        let mut fields = json::Object::new();
        fields.insert("schema_id", SCHEMA_ID);
        fields.insert("schema_version", SCHEMA_VERSION);
        fields
    });

/// The receipt, on disk and in the output.
#[derive(Serialize)]
struct Receipt<'a> {
    schema_id: &'static str,
    schema_version: &'static str,
    ok: bool,
    from: &'a str,
    artifact_type: &'static str,
    artifact_path: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    session_chain_path: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    run_id: String,
    output_path: String,
}

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    receipt: &'a Receipt<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    integrity_findings: Vec<Finding>,
}

/// What the receipt is for.
struct Artifact<'a> {
    kind: &'static str,
    path: String,
    session_chain_path: &'a str,
    run_id: String,
    findings: Vec<Finding>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let from = parsed.text("from").trim();
    if from.is_empty() {
        return Err(Failure::invalid_input("missing required --from <run_id|path>"));
    }
    let artifact =
        resolve(from, parsed.text("checkpoint"), context).map_err(|failure| failure.field("from", from))?;
    let out = parsed.text("out").trim();
    let receipt = Receipt {
        schema_id: SCHEMA_ID,
        schema_version: SCHEMA_VERSION,
        ok: true,
        from,
        artifact_type: artifact.kind,
        artifact_path: artifact.path,
        session_chain_path: artifact.session_chain_path,
        run_id: artifact.run_id,
        output_path: out.to_owned(),
    };
    write(out, &receipt)?;
    let output = Output {
        receipt: &receipt,
        integrity_findings: artifact.findings,
    };
    Ok(Report::new(&output)
        .line(format!(
            "capture ok: type={} path={}",
            receipt.artifact_type, receipt.artifact_path
        ))
        .line(format!("receipt: {out}"))
        .lines(output.integrity_findings.iter().map(finding_line)))
}

/// A JSON file is a session chain, or else a trace; whatever it is not, and anything else, is taken for a runpack.
fn resolve<'a>(from: &'a str, checkpoint: &str, context: &Context<'_>) -> Result<Artifact<'a>, Failure> {
    let is_json = from.to_ascii_lowercase().ends_with(".json") && Path::new(from).is_file();
    if is_json {
        if let Ok(chain) = read_chain(from)
            && let Ok(checkpoint) = chain.checkpoint(checkpoint)
        {
            return Ok(of_checkpoint(from, checkpoint));
        }
        if verdict_of(Path::new(from), None).is_ok() {
            return Ok(Artifact {
                kind: "trace",
                path: from.to_owned(),
                session_chain_path: "",
                run_id: String::new(),
                findings: Vec::new(),
            });
        }
    }
    let path = runpack_file::find(from, context)?;
    let verification = verify(&path, &VerifyOptions::default(), &Bar::default())?;
    Ok(Artifact {
        kind: "runpack",
        path: path.to_string_lossy().into_owned(),
        session_chain_path: "",
        run_id: verification.manifest.run_id.clone(),
        findings: told(verification),
    })
}

/// The runpack of a checkpoint. The chain vouches for it, so that it need not be there; what is wrong with it is told.
fn of_checkpoint<'a>(chain_path: &'a str, checkpoint: &SessionCheckpoint) -> Artifact<'a> {
    let path = &checkpoint.runpack_path;
    let findings = match verify(Path::new(path), &VerifyOptions::default(), &Bar::default()) {
        Ok(verification) => {
            let is_same = verification.manifest.manifest_digest == checkpoint.manifest_digest;
            let message = "the manifest is not the one the session chain has";
            let other = Finding::new(FindingCode::DigestMismatch, path, message);
            let mut findings = told(verification);
            findings.extend((!is_same).then_some(other));
            findings
        }
        Err(error) => vec![Finding::new(
            FindingCode::UnreadableContent,
            path,
            error.to_string(),
        )],
    };
    Artifact {
        kind: "runpack",
        path: path.clone(),
        session_chain_path: chain_path,
        run_id: checkpoint.run_id.clone(),
        findings,
    }
}

/// Everything that is wrong with a runpack, as findings.
fn told(verification: Verification) -> Vec<Finding> {
    let missing = verification.missing_files.into_iter().map(|path| {
        Finding::new(
            FindingCode::Inconsistent,
            path,
            "the archive or its manifest lacks it",
        )
    });
    let mismatches = verification.hash_mismatches.into_iter().map(|mismatch| {
        let message = format!("its digest is {}, not {}", mismatch.actual, mismatch.expected);
        Finding::new(FindingCode::DigestMismatch, mismatch.path, message)
    });
    missing.chain(mismatches).chain(verification.findings).collect()
}

fn write(out: &str, receipt: &Receipt<'_>) -> Result<(), Failure> {
    if out.is_empty() {
        return Err(Failure::invalid_input("capture output path must not be empty"));
    }
    // A receipt may be written anywhere, so the path is made absolute before the writer checks it.
    let target = std::path::absolute(out).map_err(Failure::invalid_input)?;
    atomic::create_parents(&target)
        .map_err(|error| Failure::from(error).context("create capture output directory"))?;
    let mut text = json::pretty(receipt)?;
    text.push('\n');
    atomic::replace(&target, text.as_bytes(), FILE_MODE)
        .map_err(|error| Failure::from(error).context("write capture receipt"))
}
