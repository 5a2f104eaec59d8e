//! `gait run inspect`: a runpack or a session chain at a glance.

use gait_runpack::inspect::{ChainInspection, Entry, Outcome, RunInspection, inspect, inspect_chain};
use gait_runpack::{Runpack, RunpackError, VerifyOptions, read_chain, verify, verify_chain};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::pages::{self, SessionView};
use crate::printable::printable;
use crate::progress::Bar;
use crate::runpack_file;
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("run inspect", "Show what a runpack or a session holds")
    .explain("Lists the intents of a run with their results, or the checkpoints of a session, so that people can read it.")
    .label("inspect")
    .positionals("[<run_id|path>]")
    .flags(&[runpack_file::FROM, pages::HTML]);

#[derive(Serialize)]
struct Output<'a, T> {
    ok: bool,
    artifact_type: &'static str,
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    html: &'a str,
    #[serde(flatten)]
    inspection: T,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let reference = runpack_file::named(parsed, "missing required --from <run_id|path>")?;
    let path = runpack_file::find(reference, context)?;
    let shown = path.to_string_lossy();
    let html = pages::wanted(parsed).unwrap_or_default();
    match Runpack::open_watched(&path, &Bar::default()) {
        Ok(runpack) => {
            let inspection = inspect(&runpack);
            if !html.is_empty() {
                let verification = verify(&path, &VerifyOptions::default(), &Bar::default())?;
                let page = pages::run_page(&shown, &inspection, &verification, context.producer_version());
                pages::write(html, page.html())?;
            }
            Ok(run_report(&shown, html, inspection))
        }
        Err(error) => chain_report(&shown, html, error, context),
    }
}

fn run_report(path: &str, html: &str, inspection: RunInspection<'_>) -> Report {
    let lines = run_lines(path, &inspection);
    let output = Output {
        ok: true,
        artifact_type: "runpack",
        path,
        html,
        inspection,
    };
    Report::new(&output).lines(lines).lines(page_line(html))
}

fn chain_report(path: &str, html: &str, error: RunpackError, context: &Context<'_>) -> CommandResult {
    let Ok(chain) = read_chain(path) else {
        return Err(error.into());
    };
    if !html.is_empty() {
        let view = SessionView {
            path,
            session_id: &chain.session_id,
            run_id: &chain.run_id,
            checkpoints: &chain.checkpoints,
            verification: &verify_chain(&chain, &VerifyOptions::default(), &Bar::default()),
            events: None,
            producer_version: context.producer_version(),
        };
        pages::write(html, pages::session_page(&view).html())?;
    }
    let inspection = inspect_chain(&chain);
    let lines = chain_lines(path, &inspection);
    let output = Output {
        ok: true,
        artifact_type: "session_chain",
        path,
        html,
        inspection,
    };
    Ok(Report::new(&output).lines(lines).lines(page_line(html)))
}

fn page_line(html: &str) -> Option<String> {
    (!html.is_empty()).then(|| pages::line(html))
}

fn run_lines(path: &str, inspection: &RunInspection<'_>) -> Vec<String> {
    let mut lines = vec![
        format!(
            "run inspect: run_id={} intents={} results={} capture_mode={}",
            printable(inspection.run_id),
            inspection.intents_total,
            inspection.results_total,
            printable(inspection.capture_mode)
        ),
        format!("path: {path}"),
    ];
    for entry in &inspection.entries {
        entry_lines(entry, &mut lines);
    }
    if !inspection.unmatched_results.is_empty() {
        lines.push(format!(
            "unmatched_results={}",
            inspection.unmatched_results.len()
        ));
    }
    for result in &inspection.unmatched_results {
        lines.push(format!(
            "   intent={} status={}",
            printable(result.intent_id),
            status(&result.outcome, "unknown")
        ));
    }
    if !inspection.warnings.is_empty() {
        lines.push(format!(
            "warnings: {}",
            printable(&inspection.warnings.join("; "))
        ));
    }
    lines
}

fn entry_lines(entry: &Entry<'_>, lines: &mut Vec<String>) {
    let outcome = &entry.outcome;
    let mut line = format!(
        "{}. intent={} tool={} status={}",
        entry.index,
        printable(entry.intent_id),
        printable(entry.tool_name),
        status(outcome, "missing_result")
    );
    if !outcome.verdict.is_empty() {
        line.push_str(" verdict=");
        line.push_str(&printable(outcome.verdict));
    }
    lines.push(line);
    for (name, values) in [
        ("reason_codes", &outcome.reason_codes),
        ("violations", &outcome.violations),
    ] {
        if !values.is_empty() {
            lines.push(format!("   {name}={}", printable(&values.join(","))));
        }
    }
}

fn status<'a>(outcome: &'a Outcome<'_>, otherwise: &'a str) -> std::borrow::Cow<'a, str> {
    if outcome.status.is_empty() {
        otherwise.into()
    } else {
        printable(outcome.status)
    }
}

fn chain_lines(path: &str, inspection: &ChainInspection<'_>) -> Vec<String> {
    let mut lines = vec![
        format!(
            "run inspect: artifact=session_chain session_id={} run_id={} checkpoints={}",
            printable(inspection.session_id),
            printable(inspection.run_id),
            inspection.checkpoint_count
        ),
        format!("path: {path}"),
    ];
    lines.extend(inspection.checkpoints.iter().map(|checkpoint| {
        format!(
            "{}. runpack={} seq={}..{}",
            checkpoint.checkpoint_index,
            printable(checkpoint.runpack_path),
            checkpoint.sequence_start,
            checkpoint.sequence_end
        )
    }));
    lines
}
