//! `gait regress init`: a fixture from a run.

use gait_regress::Initialised;
use serde::Serialize;

use super::{CHECKPOINT, CONFIG_PATH, FROM, Made, NAME, RUN_COMMAND, from, make_fixture, source};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::finding_line;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("regress init", "Make a fixture of a run")
    .explain("Copies a run's verified runpack below ./fixtures, writes down what is expected of later runs and lists the fixture in gait.yaml.")
    .flags_first()
    .flags(&[FROM, NAME, CHECKPOINT]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    #[serde(flatten)]
    made: Made<'a>,
    next_commands: [&'static str; 1],
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'a str,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let source = source(from(parsed)?, parsed, context)?;
    let fixture = make_fixture(&source, parsed.text(NAME.name))?;
    let report = report(&fixture, "");
    Ok(report
        .line(format!(
            "regress init ok: fixture={} run_id={}",
            fixture.name, fixture.run_id
        ))
        .line(format!("config: {CONFIG_PATH}"))
        .line(format!("runpack: {}", fixture.runpack_path))
        .line(format!("next: {RUN_COMMAND}"))
        .lines(fixture.findings.iter().map(finding_line)))
}

/// What is told of `fixture` as JSON. `source` is what it was made from, where that is told.
pub(super) fn report(fixture: &Initialised, source: &str) -> Report {
    Report::new(&Output {
        ok: true,
        made: Made::of(fixture),
        next_commands: [RUN_COMMAND],
        source,
    })
}
