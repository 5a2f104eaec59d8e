//! `gait verify chain`: a runpack, a trace and an evidence pack of one run, each by itself and against the others.

use std::path::Path;

use gait_artifact::finding::{Finding, FindingCode};
use gait_canon::json;
use gait_disk::read::read_bounded;
use gait_gate::trace::{TraceFile, TraceRejection};
use gait_runpack::Runpack;
use serde::{Deserialize, Serialize};

use super::{Outcome, Output as RunOutput, exit_of};
use crate::arguments::Parsed;
use crate::commands::gate::invocation::joined;
use crate::context::Context;
use crate::demands::{self, Demands, finding_line};
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};
use crate::wrapper::MAX_TRACE_BYTES;

const PARTS: [Flag; 3] = [
    Flag::text("run", "the run or runpack (required)"),
    Flag::path("trace", "a signed trace of the run"),
    Flag::path("pack", "an evidence pack of the run"),
];
const FLAGS: [Flag; PARTS.len() + demands::FLAGS.len()] = joined(&[&PARTS, &demands::FLAGS]);

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "verify chain",
    "Verify a runpack together with a trace and an evidence pack",
)
.explain("Checks offline that runpack, trace and evidence pack hold, each by itself, and that they are about the same run.")
.flags(&FLAGS)
.error_fields(|| {
    let mut run = json::Object::new();
    run.insert("ok", false);
    let mut fields = json::Object::new();
    fields.insert("run", run);
    fields
});

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    run: RunOutput<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<TraceOutput<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    integrity_findings: &'a [Finding],
}

#[derive(Serialize)]
struct TraceOutput<'a> {
    ok: bool,
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    trace_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    verdict: &'a str,
    signature_status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key_id: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    error: String,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let reference = parsed.text("run");
    if reference.trim().is_empty() {
        return Err(Failure::invalid_input("--run is required"));
    }
    let demands = Demands::of(parsed, context)?;
    let runpack = Outcome::of(reference, &demands, context)?;
    let mut output = Output {
        ok: false,
        run: runpack.output(&demands),
        trace: None,
        integrity_findings: &[],
    };
    let mut findings = Vec::new();

    let trace_path = parsed.text("trace").trim();
    let trace = if trace_path.is_empty() {
        None
    } else {
        match Trace::read(trace_path, &demands) {
            Ok(trace) => Some(trace),
            Err(failure) => return Err(failure.with(&output)),
        }
    };
    if let Some(trace) = &trace {
        output.trace = Some(trace.output(trace_path));
        findings.extend(trace.against(&runpack));
    }
    let trace_ok = output.trace.as_ref().is_none_or(|trace| trace.ok);
    output.ok = output.run.ok && trace_ok && demands.accepts(&findings);
    output.integrity_findings = &findings;
    Ok(Report::new(&output)
        .lines(output.lines())
        .exit(exit_of(output.ok)))
}

impl Output<'_> {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            if self.ok { "verify chain: ok" } else { "verify chain failed" }.to_owned(),
            format!("runpack: {}", self.run.path),
        ];
        if let Some(trace) = &self.trace {
            lines.push(format!("trace: {} ({})", trace.path, trace.signature_status));
        }
        lines.extend(self.run.integrity_findings.iter().chain(self.integrity_findings).map(finding_line));
        lines
    }
}

/// A trace that has been read and held against the key.
struct Trace {
    file: TraceFile,
    holds: Result<bool, TraceRejection>,
    links: Links,
}

/// What a trace says of where it belongs.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Links {
    run_id: String,
    tool_name: String,
    intent_digest: String,
}

impl Trace {
    fn read(path: &str, demands: &Demands) -> Result<Self, Failure> {
        let key = demands.key.as_ref().ok_or_else(|| {
            Failure::invalid_input(
                "trace verification requires --public-key/--public-key-env or private key source",
            )
        })?;
        let bytes = read_bounded(Path::new(path), MAX_TRACE_BYTES)
            .map_err(|error| Failure::from(error).context("read trace record"))?;
        let parse = |error: json::Error| Failure::from(error).context("parse trace record");
        let file = TraceFile::read(&bytes).map_err(parse)?;
        let links = json::Reader::new()
            .max_bytes(MAX_TRACE_BYTES)
            .read(&bytes)
            .map_err(parse)?;
        Ok(Self {
            holds: file.verify(key),
            file,
            links,
        })
    }

    fn output<'a>(&'a self, path: &'a str) -> TraceOutput<'a> {
        let ok = self.holds == Ok(true);
        TraceOutput {
            ok,
            path,
            trace_id: self.file.trace_id(),
            verdict: self.file.verdict(),
            signature_status: if ok { "verified" } else { "failed" },
            key_id: self.holds.as_ref().map_or("", |_| self.file.key_id()),
            error: self.holds.as_ref().map_or_else(ToString::to_string, |_| String::new()),
        }
    }

    /// Where trace and runpack contradict each other.
    fn against(&self, runpack: &Outcome) -> Vec<Finding> {
        let run_id = &runpack.verification.manifest.run_id;
        let mut findings = Vec::new();
        let named = &self.links.run_id;
        if !named.is_empty() && named != run_id {
            let message = format!("names run {named:?}, the runpack is of {run_id:?}");
            findings.push(Finding::new(FindingCode::ForeignRun, "trace", message));
        }
        // A runpack that cannot be read has findings of its own.
        let Ok(content) = Runpack::open(Path::new(&runpack.path)) else {
            return findings;
        };
        let digest = &self.links.intent_digest;
        let judged = content
            .intents
            .iter()
            .find(|intent| !digest.is_empty() && intent.args_digest == *digest);
        if let Some(intent) = judged
            && intent.tool_name != self.links.tool_name
        {
            let message = format!(
                "is about tool {:?}, the runpack has its intent {:?} with {:?}",
                self.links.tool_name, intent.intent_id, intent.tool_name
            );
            findings.push(Finding::new(FindingCode::Inconsistent, "trace", message));
        }
        findings
    }
}
