//! `gait gateway ingest`: a chain of proof records over the log of a gateway.

use std::path::{Path, PathBuf};

use gait_canon::json::{Object, is_default};
use gait_disk::path::clean;
use gait_evidence::gateway::{self, BadLine, BadLines, Existing, GatewaySource, Ingest};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::minting::{KEY_MODE, PRIVATE_KEY, PRIVATE_KEY_ENV, Signer};
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::spec::{CommandSpec, Flag};

const SCHEMA_ID: &str = "gait.gateway.output";
const SCHEMA_VERSION: &str = "1.0.0";
const OPERATION: &str = "ingest";

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("gateway ingest", "Turn the log of a gateway into proof records")
        .explain(super::GROUP.explain)
        .flags(&[
            Flag::text("source", "the gateway that wrote the log (required)")
                .values(&["kong", "docker", "mintmcp"]),
            Flag::path("log-path", "the log (required)"),
            Flag::path(
                "proof-out",
                "the proof records, instead of gateway_<source>_policy_enforcement.jsonl beside the log",
            ),
            Flag::switch("append", "continue the proof records that are there"),
            Flag::switch(
                "skip-bad-lines",
                "leave out the lines that cannot be recorded and list them",
            ),
            KEY_MODE,
            PRIVATE_KEY,
            PRIVATE_KEY_ENV,
        ])
        .error_fields(error_fields);

fn error_fields() -> Object {
    let fields = [
        ("schema_id", SCHEMA_ID),
        ("schema_version", SCHEMA_VERSION),
        ("operation", OPERATION),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect()
}

#[derive(Serialize)]
struct Ingestion<'a> {
    schema_id: &'static str,
    schema_version: &'static str,
    ok: bool,
    operation: &'static str,
    source: &'static str,
    log_path: &'a str,
    proof_records_out: &'a str,
    #[serde(skip_serializing_if = "is_default")]
    input_events: u64,
    #[serde(skip_serializing_if = "is_default")]
    output_records: u64,
    #[serde(skip_serializing_if = "is_default")]
    skipped_events: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped_lines: Vec<SkippedLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<[&'static str; 1]>,
}

#[derive(Serialize)]
struct SkippedLine {
    line: u64,
    problem: String,
}

impl SkippedLine {
    fn of(bad: &BadLine) -> Self {
        Self {
            line: bad.number,
            problem: bad.problem.to_string(),
        }
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [source, log] = ["source", "log-path"].map(|flag| parsed.text(flag).trim());
    if [source, log].contains(&"") {
        return Err(Failure::invalid_input(
            "expected --source <kong|docker|mintmcp> and --log-path <path>",
        ));
    }
    let signer = Signer::of_flags(parsed, context)?;
    let source: GatewaySource = source.parse().map_err(Failure::invalid_input)?;
    let log = file_path("log path", log)?;
    let proofs = proof_path(parsed.text("proof-out").trim(), source, &log)?;
    let ingest = Ingest {
        source,
        log_path: &log,
        producer_version: context.producer_version(),
        signer: &signer.key,
        bad_lines: if parsed.flag("skip-bad-lines") {
            BadLines::Skip
        } else {
            BadLines::Refuse
        },
    };
    let existing = if parsed.flag("append") {
        Existing::Continue
    } else {
        Existing::Replace
    };
    let progress = Bar::default();
    let ingested = gateway::ingest_file(Path::new(&log), Path::new(&proofs), existing, &ingest, &progress)?;
    // The bar must be gone before the result is printed.
    drop(progress);

    let (events, records, skipped) = (ingested.events, ingested.records, ingested.skipped_count());
    let output = Ingestion {
        schema_id: SCHEMA_ID,
        schema_version: SCHEMA_VERSION,
        ok: true,
        operation: OPERATION,
        source: source.as_str(),
        log_path: &log,
        proof_records_out: &proofs,
        input_events: events,
        output_records: records,
        skipped_events: skipped,
        skipped_lines: ingested.skipped.iter().map(SkippedLine::of).collect(),
        warnings: signer.warning.map(|warning| [warning]),
    };
    let unlisted = skipped - ingested.skipped.len() as u64;
    Ok(Report::new(&output)
        .line(format!(
            "gateway ingest: source={source} input={events} output={records} proof={proofs}"
        ))
        .lines(ingested.skipped.iter().map(|bad| format!("skipped: {bad}")))
        .lines((unlisted > 0).then(|| format!("skipped: {unlisted} more lines")))
        .lines(signer.warning.map(|warning| format!("warnings: {warning}"))))
}

/// `path` in its shortest form, which must not be the working directory.
fn file_path(name: &str, path: &str) -> Result<String, Failure> {
    match clean(path) {
        path if path == "." => Err(Failure::invalid_input(format!(
            "{name}: must name a file, not the working directory"
        ))),
        path => Ok(path),
    }
}

/// Where the proof goes: where the user wants it, or beside the log.
fn proof_path(given: &str, source: GatewaySource, log: &str) -> Result<String, Failure> {
    if !given.is_empty() {
        return file_path("proof output path", given);
    }
    let directory = PathBuf::from(log)
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default();
    Ok(directory
        .join(source.proof_file_name())
        .to_string_lossy()
        .into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proof_goes_beside_the_log() {
        for (given, log, expected) in [
            ("", "g.log", "gateway_kong_policy_enforcement.jsonl"),
            ("", "logs/g.log", "logs/gateway_kong_policy_enforcement.jsonl"),
            ("", "/g.log", "/gateway_kong_policy_enforcement.jsonl"),
            ("./out/../o.jsonl", "g.log", "o.jsonl"),
        ] {
            assert_eq!(proof_path(given, GatewaySource::Kong, log).unwrap(), expected);
        }
        for path in [".", "a/.."] {
            assert!(proof_path(path, GatewaySource::Kong, "g.log").is_err());
        }
    }
}
