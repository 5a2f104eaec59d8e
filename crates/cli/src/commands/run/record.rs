//! `gait run record`: make a runpack.

use std::path::Path;

use gait_artifact::finding::Finding;
use gait_canon::PrivateKey;
use gait_disk::{path, read::read_bounded};
use gait_runpack::{
    RecordInput, RecordOptions, Recorded, output_path, record,
    record::{GivenEnvelope, host},
    ticket_line,
};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::finding_line;
use crate::error::{Excerpt, Failure};
use crate::facts;
use crate::minting::{self, Signer};
use crate::outcome::{CommandResult, Report};
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("run record", "Record a run as a runpack")
    .json_before_mistakes()
    .explain(
        "Keeps what an agent did in one run as a file that can be verified, replayed and compared offline.",
    )
    .label("record")
    .positionals("[<run_record.json>]")
    .flags(&[
        Flag::path("input", "the run record, instead of the positional argument"),
        Flag::path("out-dir", "directory of the runpack").or("./gait-out"),
        Flag::text("run-id", "id of the run, instead of the input's"),
        Flag::text(
            "capture-mode",
            "whether arguments and results are kept beside their digests",
        )
        .values(&["reference", "raw"]),
        Flag::path("context-envelope", "envelope of the context the agent had"),
        Flag::text("context-evidence-mode", "whether context evidence must be there")
            .values(&["best_effort", "required"]),
        Flag::switch("unsafe-context-raw", "accept context that is kept raw"),
        Flag::text("key-mode", "where the signing key comes from").values(&["dev", "prod"]),
        minting::PRIVATE_KEY,
        minting::PRIVATE_KEY_ENV,
    ]);

#[derive(Serialize)]
struct Output {
    ok: bool,
    run_id: String,
    bundle: String,
    manifest_digest: String,
    signature_status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    signature_key_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    ticket_footer: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    integrity_findings: Vec<Finding>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let input = read_input(parsed)?;
    let options = RecordOptions {
        run_id: parsed.text("run-id").to_owned(),
        capture_mode: parsed.text("capture-mode").to_owned(),
        evidence_mode: parsed.text("context-evidence-mode").to_owned(),
        envelope: given_envelope(parsed.text("context-envelope"))?,
        allow_raw_context: parsed.flag("unsafe-context-raw"),
    };
    let Recorded {
        content,
        warnings,
        findings,
    } = record(input, &options, context.now(), host())?;
    let signer = optional_signer(parsed, context)?;
    let key = signer.as_ref().map(|signer| &signer.key);
    let path = runpack_path(parsed.text("out-dir"), &content.run.run_id)?;
    let manifest = runpack_file::write_verified(Path::new(&path), &content, key)?;

    let warnings = warnings.iter().map(ToString::to_string);
    let output = Output {
        ok: true,
        ticket_footer: ticket_line(&manifest.run_id, &manifest.manifest_digest),
        run_id: manifest.run_id,
        bundle: shown(&path),
        manifest_digest: manifest.manifest_digest,
        signature_status: if key.is_some() { "signed" } else { "missing" },
        signature_key_id: key.map(key_id).unwrap_or_default(),
        warnings: warnings
            .chain(signer.and_then(|signer| signer.warning).map(str::to_owned))
            .collect(),
        integrity_findings: findings,
    };
    let lines = text(&output);
    Ok(Report::new(&output).lines(lines))
}

fn read_input(parsed: &Parsed) -> Result<RecordInput, Failure> {
    let path = match (parsed.text("input"), parsed.positionals()) {
        ("", []) => {
            return Err(Failure::invalid_input(
                "missing required --input <run_record.json>",
            ));
        }
        ("", [path]) => path,
        (path, []) => path,
        _ => return Err(Failure::unexpected_positionals()),
    };
    let bytes = read_bounded(Path::new(path), RecordInput::MAX_BYTES)
        .map_err(|error| Failure::from(error).context("read input"))?;
    RecordInput::read(&bytes).map_err(|error| {
        let place = error
            .position()
            .and_then(|at| Excerpt::of(path, &bytes, at.line, at.column));
        Failure::from(error).context("parse input json").excerpt(place)
    })
}

/// An envelope that cannot be read is for the recorder to judge; a path that leads elsewhere is not even looked at.
fn given_envelope(path: &str) -> Result<Option<GivenEnvelope>, Failure> {
    path::local_or_absolute(Path::new(path.trim()))
        .map_err(|_| Failure::invalid_input("context envelope path must be a local filesystem path"))?;
    Ok(match facts::context_envelope(path) {
        Ok(envelope) => envelope.map(|envelope| GivenEnvelope::Verified(Box::new(envelope))),
        Err(failure) => Some(GivenEnvelope::Unusable(failure.to_string())),
    })
}

/// The key to sign with, when any flag asks for one.
pub(crate) fn optional_signer(parsed: &Parsed, context: &Context<'_>) -> Result<Option<Signer>, Failure> {
    let asked = ["key-mode", "private-key", "private-key-env"]
        .iter()
        .any(|flag| !parsed.text(flag).trim().is_empty());
    asked.then(|| Signer::of_flags(parsed, context)).transpose()
}

/// Where the runpack goes. The id of the run becomes part of a file name, so it must not be a path of its own.
fn runpack_path(directory: &str, run_id: &str) -> Result<String, Failure> {
    if directory.is_empty() {
        return Err(Failure::invalid_input("--out-dir must not be empty"));
    }
    if run_id.contains(['/', '\\', '\0']) || matches!(run_id, "." | "..") {
        return Err(Failure::invalid_input(format!(
            "run id {run_id:?} cannot be part of a file name"
        )));
    }
    Ok(output_path(&format!("{directory}/runpack_{run_id}.zip"))?)
}

/// The path as people can paste it behind any command: never to be taken for a run id.
fn shown(path: &str) -> String {
    if path.starts_with(['/', '.']) {
        path.to_owned()
    } else {
        format!("./{path}")
    }
}

fn key_id(key: &PrivateKey) -> String {
    key.public().key_id().to_string()
}

fn text(output: &Output) -> Vec<String> {
    let mut lines = vec![
        format!("run_id={}", output.run_id),
        format!("bundle={}", output.bundle),
        format!("signature_status={}", output.signature_status),
    ];
    if !output.signature_key_id.is_empty() {
        lines.push(format!("signature_key_id={}", output.signature_key_id));
    }
    if !output.warnings.is_empty() {
        lines.push(format!("warnings={}", output.warnings.join(";")));
    }
    lines.extend(output.integrity_findings.iter().map(finding_line));
    lines.push(format!("ticket_footer={}", output.ticket_footer));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_stay_in_the_output_directory() {
        assert_eq!(runpack_path("./out", "run_1").unwrap(), "out/runpack_run_1.zip");
        assert_eq!(
            runpack_path("/tmp/x/../y", "a b.c").unwrap(),
            "/tmp/y/runpack_a b.c.zip"
        );
        for run_id in ["../x", "a/b", "/etc/x", "a\\b", "..", ".", "a\0b"] {
            assert!(runpack_path("out", run_id).is_err(), "{run_id:?}");
        }
        for directory in ["", "..", "../out", "a/../../b"] {
            assert!(runpack_path(directory, "run_1").is_err(), "{directory:?}");
        }
    }

    #[test]
    fn bundles_are_shown_as_paths() {
        for (path, want) in [
            ("out/a.zip", "./out/a.zip"),
            ("/a.zip", "/a.zip"),
            (".h/a.zip", ".h/a.zip"),
        ] {
            assert_eq!(shown(path), want);
        }
    }
}
