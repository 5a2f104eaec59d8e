//! `gait scout signal`: which runs went wrong alike.

use gait_artifact::scout::{SignalIssue, SignalReport};
use gait_artifact::text;
use gait_canon::json::is_default;
use gait_scout::signal::{self, Sources};
use serde::Serialize;

use super::write;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};

const DEFAULT_OUT: &str = "./gait-out/scout_signal_report.json";

const RUNS: Flag = Flag::list("runs", "run ids and runpacks");
const TRACES: Flag = Flag::list("traces", "traces of these runs");
const REGRESS: Flag = Flag::list("regress", "results of regression tests of these runs");
const OUT: Flag = Flag::path("out", "where the report goes").or(DEFAULT_OUT);

pub(crate) const SPEC: CommandSpec = CommandSpec::new("scout signal", "Group runs that went wrong alike")
    .explain("Groups runs by what their agents did and what went wrong, ranks the groups by severity, and says what to do about each.")
    .positionals("[<run_id|path>...]")
    .flags(&[RUNS, TRACES, REGRESS, OUT]);

#[derive(Serialize)]
struct Grouped<'a> {
    ok: bool,
    output_path: &'a str,
    run_count: usize,
    family_count: usize,
    #[serde(skip_serializing_if = "is_default")]
    top_issues: usize,
    report: &'a SignalReport,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let runs = text::list(
        parsed
            .list(RUNS.name)
            .into_iter()
            .chain(parsed.positionals().iter().cloned()),
    );
    if runs.is_empty() {
        return Err(Failure::invalid_input(
            "missing required --runs <csv of run ids or paths>",
        ));
    }
    let sources = Sources {
        runpacks: runs
            .iter()
            .map(|run| Ok(runpack_file::find(run, context)?.to_string_lossy().into_owned()))
            .collect::<Result<_, Failure>>()?,
        traces: parsed.list(TRACES.name).into_iter().collect(),
        regress_results: parsed.list(REGRESS.name).into_iter().collect(),
    };
    let report = signal::report(&sources, context.producer_version())?;
    let out = match parsed.text(OUT.name).trim() {
        "" => DEFAULT_OUT,
        given => given,
    };
    write(out, &report)?;
    let output = Grouped {
        ok: true,
        output_path: out,
        run_count: report.run_count,
        family_count: report.family_count,
        top_issues: report.top_issues.len(),
        report: &report,
    };
    Ok(Report::new(&output)
        .line(format!(
            "scout signal ok: runs={} families={} top_issues={}",
            output.run_count, output.family_count, output.top_issues
        ))
        .line(format!("output: {out}"))
        .lines(report.top_issues.first().map(line)))
}

fn line(issue: &SignalIssue) -> String {
    format!(
        "top_issue: family={} severity={} score={} reason={}",
        issue.family_id,
        issue.severity_level.as_str(),
        issue.severity_score,
        printable(&issue.top_failure_reason)
    )
}
