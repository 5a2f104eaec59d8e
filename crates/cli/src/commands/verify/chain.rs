//! `gait verify chain`: a runpack, a trace and an evidence pack of one run, each by itself and against the others.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use gait_artifact::finding::{Finding, FindingCode};
use gait_canon::json;
use gait_canon::zip::{self, Limits};
use gait_disk::read::read_bounded;
use gait_gate::trace::{TraceFile, TraceRejection};
use gait_pack::verify as pack;
use gait_runpack::Runpack;
use serde::{Deserialize, Serialize};

use super::{FileMembers, Outcome, Output as RunOutput, SignatureMembers, exit_of};
use crate::arguments::Parsed;
use crate::commands::gate::invocation::joined;
use crate::context::Context;
use crate::demands::{self, Demands, Profile, finding_line};
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pack: Option<PackOutput<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    integrity_findings: &'a [Finding],
}

/// The result about an evidence pack.
#[derive(Serialize)]
struct PackOutput<'a> {
    ok: bool,
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    run_id: &'a str,
    #[serde(flatten)]
    files: FileMembers<'a>,
    #[serde(flatten)]
    signatures: SignatureMembers<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    integrity_findings: &'a [Finding],
}

/// The result about a trace.
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
        pack: None,
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
    let pack_path = parsed.text("pack").trim();
    let pack = if pack_path.is_empty() {
        None
    } else {
        match verify_pack(pack_path, &demands) {
            Ok(pack) => Some(pack),
            Err(failure) => return Err(failure.with(&output)),
        }
    };
    if let Some(pack) = &pack {
        output.pack = Some(PackOutput::of(pack, pack_path));
        findings.extend(pack_against(pack, pack_path, &runpack));
    }
    let trace_ok = output.trace.as_ref().is_none_or(|trace| trace.ok);
    let pack_ok = output.pack.as_ref().is_none_or(|pack| pack.ok);
    output.ok = output.run.ok && trace_ok && pack_ok && demands.accepts(&findings);
    output.integrity_findings = &findings;
    Ok(Report::new(&output)
        .lines(output.lines())
        .exit(exit_of(output.ok)))
}

impl Output<'_> {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            if self.ok {
                "verify chain: ok"
            } else {
                "verify chain failed"
            }
            .to_owned(),
            format!("runpack: {}", self.run.path),
        ];
        if let Some(trace) = &self.trace {
            lines.push(format!("trace: {} ({})", trace.path, trace.signature_status));
        }
        let mut findings = self.run.integrity_findings.to_vec();
        if let Some(pack) = &self.pack {
            lines.push(format!(
                "pack: {} ({})",
                pack.path, pack.signatures.signature_status
            ));
            findings.extend_from_slice(pack.integrity_findings);
        }
        findings.extend_from_slice(self.integrity_findings);
        lines.extend(findings.iter().map(finding_line));
        lines
    }
}

/// Verifies an archive that has the manifest of a pack.
fn verify_pack(path: &str, demands: &Demands) -> Result<pack::Verification, Failure> {
    let options = pack::VerifyOptions {
        key: demands.key.as_ref(),
        require_signature: demands.options().require_signature,
        strict: demands.profile == Profile::Strict,
    };
    let verification = pack::verify(Path::new(path), &options, &Bar::default())?;
    if verification.legacy_type == Some(pack::LegacyType::Runpack) {
        return Err(Failure::invalid_input("missing pack_manifest.json"));
    }
    Ok(verification)
}

impl<'a> PackOutput<'a> {
    fn of(found: &'a pack::Verification, path: &'a str) -> Self {
        Self {
            ok: found.is_ok(),
            path,
            pack_id: &found.pack_id,
            run_id: &found.source_ref,
            files: FileMembers {
                files_checked: found.files_checked,
                missing_files: &found.missing_files,
                hash_mismatches: &found.hash_mismatches,
            },
            signatures: SignatureMembers::of(&found.signatures),
            integrity_findings: &found.findings,
        }
    }
}

/// What an evidence pack keeps of the runpack it was made from.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary {
    manifest_digest: String,
}

/// The entry that holds it.
const SUMMARY_PATH: &str = "runpack_summary.json";

/// Where evidence pack and runpack contradict each other.
fn pack_against(found: &pack::Verification, path: &str, runpack: &Outcome) -> Vec<Finding> {
    let manifest = &runpack.verification.manifest;
    let mut findings = Vec::new();
    if found.source_ref != manifest.run_id {
        let message = format!(
            "is about {:?}, the runpack is of {:?}",
            found.source_ref, manifest.run_id
        );
        findings.push(Finding::new(FindingCode::ForeignRun, "pack", message));
    }
    // Not every pack has a summary.
    let summary = File::open(path)
        .ok()
        .and_then(|file| zip::Reader::open(BufReader::new(file), Limits::default()).ok())
        .and_then(|mut archive| archive.read(SUMMARY_PATH).ok())
        .and_then(|text| json::read::<Summary>(&text).ok())
        .unwrap_or_default();
    let digest = &summary.manifest_digest;
    if !digest.is_empty() && !digest.eq_ignore_ascii_case(&manifest.manifest_digest) {
        let message = "it was made from a runpack with another manifest";
        findings.push(Finding::new(
            FindingCode::DigestMismatch,
            format!("pack: {SUMMARY_PATH}"),
            message,
        ));
    }
    findings
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
            error: self
                .holds
                .as_ref()
                .map_or_else(ToString::to_string, |_| String::new()),
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
