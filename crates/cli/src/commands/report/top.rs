//! `gait report top`: the actions that could do most harm.

use std::path::Path;

use gait_artifact::report::{RankedAction, TopActions};
use gait_canon::json;
use gait_disk::atomic;
use gait_scout::top::{self, Sources};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::env;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("report top", "Rank the actions that could do most harm")
    .explain("Reads runpacks and traces and ranks their actions by tool, reach and verdict, so that a reviewer knows where to begin.")
    .positionals("[<run_id|path>...]")
    .flags(&[
        Flag::list("runs", "runpacks, directories of them, and run ids"),
        Flag::list("traces", "traces and directories of them"),
        Flag::integer("limit", "how many actions are shown, at most 20").or("5"),
        Flag::path("out", "where the report goes").or(DEFAULT_OUT),
    ]);

const DEFAULT_OUT: &str = "./gait-out/report_top_actions.json";
/// No report shows more.
const MAX_LIMIT: usize = 20;
/// The report names what agents did, so it is for its owner.
const FILE_MODE: u32 = 0o600;

#[derive(Serialize)]
struct Answer<'a> {
    ok: bool,
    output_path: &'a str,
    run_count: usize,
    #[serde(skip_serializing_if = "json::is_default")]
    trace_count: usize,
    action_count: usize,
    top_actions: usize,
    report: &'a TopActions,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let mut runs = parsed.list("runs");
    runs.extend_from_slice(parsed.positionals());
    runs.retain(|run| !run.trim().is_empty());
    let traces = parsed.list("traces");
    if runs.is_empty() && traces.is_empty() {
        return Err(Failure::invalid_input("missing --runs and/or --traces sources"));
    }
    let limit = match usize::try_from(parsed.int("limit")) {
        Ok(limit) if limit > 0 => limit.min(MAX_LIMIT),
        _ => return Err(Failure::invalid_input("--limit must be 1 or more")),
    };
    let out = match parsed.text("out").trim() {
        "" => DEFAULT_OUT,
        out => out,
    };
    let home = context.env(env::HOME.name).filter(|home| !home.is_empty());
    let sources = Sources::find(&runs, &traces, home.as_deref().map(Path::new))?;
    let report = top::rank(&sources, limit, context.producer_version())?;
    write(Path::new(out), &report)?;

    let answer = Answer {
        ok: true,
        output_path: out,
        run_count: report.run_count,
        trace_count: report.trace_count,
        action_count: report.action_count,
        top_actions: report.top_actions.len(),
        report: &report,
    };
    Ok(Report::new(&answer)
        .line(format!(
            "report top ok: runs={} traces={} actions={} top={}",
            answer.run_count, answer.trace_count, answer.action_count, answer.top_actions
        ))
        .line(format!("output: {out}"))
        .lines(report.top_actions.iter().map(line)))
}

fn write(path: &Path, report: &TopActions) -> Result<(), Failure> {
    let text = json::line(report)?;
    if let Some(directory) = path.parent() {
        atomic::create_directories(directory)?;
    }
    atomic::write_or_replace(path, text.as_bytes(), FILE_MODE)?;
    Ok(())
}

fn line(action: &RankedAction) -> String {
    let RankedAction {
        rank,
        score,
        tool_class,
        blast_radius,
        tool_name,
        run_id,
        verdict,
        source_artifact,
        ..
    } = action;
    let verdict = if verdict.is_empty() { "n/a" } else { verdict };
    format!(
        "{rank}. score={score} class={tool_class} blast={blast_radius} tool={} run={} verdict={verdict} source={source_artifact}",
        printable(tool_name),
        printable(run_id),
    )
}
