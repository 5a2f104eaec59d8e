//! `gait run reduce`: the smallest part of a run that still shows what is wrong with it.

use std::path::Path;

use gait_disk::atomic;
use gait_runpack::reduce::{self, Predicate, Reduction, default_output};
use gait_runpack::{Runpack, output_path};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("run reduce", "Reduce a run to what is wrong with it")
    .explain("Makes a runpack of the one intent that fails, so that a failure can be passed on without all of the run.")
    .positionals("[<run_id|path>]")
    .flags(&[
        runpack_file::FROM,
        Flag::text("predicate", "what is wrong with the run")
            .or("missing_result")
            .values(&["missing_result", "non_ok_status"]),
        Flag::path("out", "the reduced runpack, otherwise beside the runpack"),
        Flag::path("report-out", "the report, otherwise beside the reduced runpack"),
    ]);

/// The report names what the runpack holds, so it is for the same readers.
const REPORT_MODE: u32 = 0o600;

#[derive(Serialize)]
struct Answer<'a> {
    ok: bool,
    input: &'a str,
    output: &'a str,
    report_path: &'a str,
    run_id: &'a str,
    reduced_run_id: &'a str,
    predicate: Predicate,
    report: &'a reduce::Report,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let reference = runpack_file::named(parsed, "expected --from <run_id|path>")?;
    let input = runpack_file::find(reference, context)?;
    let predicate: Predicate = parsed.text("predicate").parse()?;
    let runpack = Runpack::open_watched(&input, &Bar::default())?;
    let Reduction { content, report } = reduce::reduce(&runpack, predicate)?;

    let output = match parsed.text("out").trim() {
        "" => output_path(&default_output(&input, &runpack.run.run_id, predicate)?.to_string_lossy())?,
        out => output_path(out)?,
    };
    let report_path = match parsed.text("report-out").trim() {
        "" => format!("{output}.reduce_report.json"),
        path => path.to_owned(),
    };
    let document = report.to_json()?;
    runpack_file::write_verified(Path::new(&output), &content, None)
        .map_err(|failure| failure.context("write reduced runpack"))?;
    atomic::write_or_replace(Path::new(&report_path), document.as_bytes(), REPORT_MODE)?;

    let input = input.to_string_lossy();
    Ok(Report::new(&Answer {
        ok: true,
        input: &input,
        output: &output,
        report_path: &report_path,
        run_id: &report.run_id,
        reduced_run_id: &report.reduced_run_id,
        predicate,
        report: &report,
    })
    .line(format!("run reduce ok: {input} -> {output}"))
    .line(format!("report: {report_path}")))
}
