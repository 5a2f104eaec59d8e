//! `gait doctor adoption`: how far a team has come.

use std::fs::File;
use std::io::BufReader;

use gait_scout::adoption::{self, AdoptionReport};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("doctor adoption", "Tell from an adoption log how far a team has come")
        .explain("Reads the log that GAIT_ADOPTION_LOG collects and says which steps were taken, how long they took and what comes next.")
        .flags_first()
        .flags(&[Flag::path("from", "the adoption log (required)")]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    report: &'a AdoptionReport,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let source = parsed.text("from").trim();
    if source.is_empty() {
        return Err(Failure::invalid_input("missing required --from <path>"));
    }
    let log = File::open(source)
        .map_err(|error| Failure::invalid_input(error).context(&format!("open adoption log {source}")))?;
    let report = adoption::report(BufReader::new(log), source, context.producer_version())?;
    let headline = format!(
        "doctor adoption: source={} total_events={} activation_complete={}",
        printable(source),
        report.total_events,
        report.activation_complete
    );
    let blockers = (!report.blockers.is_empty()).then(|| format!("blockers: {}", report.blockers.join("; ")));
    let output = Output {
        ok: true,
        report: &report,
    };
    Ok(Report::new(&output).line(headline).lines(blockers))
}
