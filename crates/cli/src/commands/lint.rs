//! `gait lint`: unsafe settings in workflows, scripts and documents.

use std::path::{Path, PathBuf};

use gait_canon::json;
use gait_disk::atomic;
use gait_scout::lint::{Finding, Report as Found, Skipped, lint, sarif::Log};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{EXIT_OK, ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("lint", "Find unsafe settings in workflows and documents")
    .explain("Finds flags, keys and variables that give up safety in what people copy and machines run; exit code 2 says that there are some.")
    .flags(&[Flag::path("sarif", "file that gets the findings as SARIF 2.1.0")])
    .positionals("<path>...");

/// What others may read too: a report for code hosts holds no secrets.
const FILE_MODE: u32 = 0o644;

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    files: usize,
    findings: Vec<Told<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    allowed: &'a [Finding],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    skipped: &'a [Skipped],
    #[serde(skip_serializing_if = "str::is_empty")]
    sarif: &'a str,
}

/// A finding, and what its rule says about it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    level: gait_scout::lint::Level,
    message: &'static str,
    why: &'static str,
    fix: &'static str,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let paths: Vec<_> = parsed.positionals().iter().map(PathBuf::from).collect();
    if paths.is_empty() {
        return Err(Failure::invalid_input("expected at least one <path>"));
    }
    let found = lint(&paths)?;
    let sarif = parsed.text("sarif").trim();
    if !sarif.is_empty() {
        write_sarif(Path::new(sarif), &found, context.producer_version())?;
    }
    Ok(report(&found, sarif))
}

fn write_sarif(path: &Path, found: &Found, version: &str) -> Result<(), Failure> {
    let log = json::pretty(&Log::new(found, version))? + "\n";
    atomic::create_parents(path)
        .and_then(|()| atomic::replace(path, log.as_bytes(), FILE_MODE))
        .map_err(|error| Failure::from(error).context("write SARIF log"))
}

fn report(found: &Found, sarif: &str) -> Report {
    let ok = found.findings.is_empty();
    let output = Output {
        ok,
        files: found.files,
        findings: found.findings.iter().map(Told::of).collect(),
        allowed: &found.allowed,
        skipped: &found.skipped,
        sarif,
    };
    let (files, findings, allowed) = (found.files, found.findings.len(), found.allowed.len());
    let headline = if ok {
        format!("lint ok: files={files} allowed={allowed}")
    } else {
        format!("lint failed: files={files} findings={findings} allowed={allowed}")
    };
    let mut passed_over = String::new();
    for skipped in &found.skipped {
        passed_over += "passed over: ";
        passed_over += &printable(&skipped.to_string());
        passed_over.push('\n');
    }
    Report::new(&output)
        .line(headline)
        .lines(found.findings.iter().flat_map(lines))
        .lines((!sarif.is_empty()).then(|| format!("sarif: {sarif}")))
        .diagnostics(passed_over)
        .exit(if ok {
            EXIT_OK
        } else {
            ErrorKind::VerificationFailed.exit_code()
        })
}

impl<'a> Told<'a> {
    const fn of(finding: &'a Finding) -> Self {
        let rule = finding.rule.0;
        Self {
            finding,
            level: rule.level,
            message: rule.what,
            why: rule.why,
            fix: rule.fix,
        }
    }
}

/// Where something is, as editors understand it, and what to do about it.
fn lines(finding: &Finding) -> [String; 2] {
    let rule = finding.rule.0;
    let (path, text) = (printable(&finding.path), printable(&finding.text));
    [
        format!(
            "{path}:{}:{}: {}[{}]: {text}: {}",
            finding.line, finding.column, rule.level, rule.code, rule.what
        ),
        format!("  {}", rule.fix),
    ]
}
