//! `gait guard retain`: delete traces and packs whose time is over.

use std::path::Path;

use gait_artifact::guard::{RetentionEvent, RetentionReport};
use gait_disk::path::clean;
use gait_evidence::retain::{self, Policy, TimeToLive};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::literal;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "guard retain",
    "Delete traces and evidence packs that are older than they must be kept",
)
.explain("Enforces how long traces and evidence packs are kept, and reports what was deleted before it deletes it.")
.flags(&[
    Flag::path("root", "directory to clean up, with all below it").or("."),
    Flag::text("trace-ttl", "how long traces are kept; 0 for ever").or("168h"),
    Flag::text("pack-ttl", "how long packs are kept; 0 for ever").or("720h"),
    Flag::switch("dry-run", "tell what would be deleted and delete nothing"),
    Flag::path("report-out", "file of the report, written before anything is deleted"),
]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    root_path: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    scanned_files: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    deleted_files: &'a [RetentionEvent],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    kept_files: &'a [RetentionEvent],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

impl<'a> Output<'a> {
    fn new(ok: bool, report: &'a RetentionReport) -> Self {
        Self {
            ok,
            root_path: &report.root_path,
            scanned_files: report.scanned_files,
            deleted_files: &report.deleted_files,
            kept_files: &report.kept_files,
            dry_run: report.dry_run,
        }
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let root = clean(parsed.text("root").trim());
    let policy = Policy {
        root: Path::new(&root),
        traces: time_to_live(parsed, "trace-ttl")?,
        packs: time_to_live(parsed, "pack-ttl")?,
        now: context.now(),
        producer_version: context.producer_version(),
    };
    let report_path = Some(parsed.text("report-out").trim()).filter(|path| !path.is_empty());
    let report_path = report_path.map(Path::new);
    let plan = retain::plan(&policy)?;
    if parsed.flag("dry-run") {
        return Ok(told(&plan.rehearse(report_path)?));
    }
    let outcome = plan.carry_out(report_path)?;
    match outcome.failures.as_slice() {
        [] => Ok(told(&outcome.report)),
        [first, rest @ ..] => {
            let more = match rest.len() {
                0 => String::new(),
                count => format!(" (and {count} more)"),
            };
            Err(Failure::invalid_input(format!("{first}{more}")).with(&Output::new(false, &outcome.report)))
        }
    }
}

fn told(report: &RetentionReport) -> Report {
    let line = format!(
        "guard retain ok: scanned={} deleted={}",
        report.scanned_files,
        report.deleted_files.len()
    );
    Report::new(&Output::new(true, report)).line(line)
}

fn time_to_live(parsed: &Parsed, flag: &str) -> Result<TimeToLive, Failure> {
    let given = parsed.text(flag);
    let Some(duration) = literal::duration(given.trim()) else {
        return Err(Failure::invalid_input(format!(
            "--{flag}: {given:?} is no duration such as 168h or 1h30m"
        )));
    };
    Ok(TimeToLive::of_nanoseconds(duration.0))
}
