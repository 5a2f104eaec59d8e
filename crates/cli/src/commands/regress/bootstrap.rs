//! `gait regress bootstrap`: a fixture from a run, and all fixtures graded.

use gait_regress::Initialised;
use serde::Serialize;

use super::{
    CHECKPOINT, CONFIG, CONFORMANCE, FROM, Graded, Grading, JUNIT, JUNIT_DETAILS, Made, NAME,
    NONDETERMINISTIC, OUTPUT, RUNTIME_DRIFT, from, make_fixture, source,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::finding_line;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("regress bootstrap", "Make a fixture of a run and grade")
    .explain("Goes from a run to a graded fixture in one step, so that a regression test takes no more than the run itself.")
    .flags_first()
    .flags(&[
        FROM,
        NAME,
        CHECKPOINT,
        CONFIG,
        OUTPUT,
        JUNIT,
        JUNIT_DETAILS,
        NONDETERMINISTIC,
        CONFORMANCE,
        RUNTIME_DRIFT,
    ]);

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    made: Made<'a>,
    #[serde(flatten)]
    graded: Graded<'a>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let source = source(from(parsed)?, parsed, context)?;
    let fixture = make_fixture(&source, parsed.text(NAME.name))?;
    let grading = Grading::of(parsed);
    let result = grading.run(context)?;
    Ok(report(&fixture, Graded::of(&result, &grading)))
}

fn report(fixture: &Initialised, graded: Graded<'_>) -> Report {
    let output = Output {
        made: Made::of(fixture),
        graded,
    };
    let (graded, identity) = (
        &output.graded,
        format!("run_id={} fixture={}", fixture.run_id, fixture.name),
    );
    let report = Report::new(&output).exit(graded.exit());
    let report = if graded.ok {
        report
            .line(format!("regress bootstrap ok: {identity}"))
            .lines(graded.file_lines())
    } else {
        let failed = graded.failed;
        report
            .line(format!("regress bootstrap failed: {identity} failed={failed}"))
            .lines(graded.failure_lines())
    };
    report.lines(fixture.findings.iter().map(finding_line))
}
