//! `gait regress run`: fixtures, graded.

use gait_artifact::regress::RegressResult;
use serde::Serialize;

use super::{CONFIG, CONFORMANCE, Graded, Grading, JUNIT, NONDETERMINISTIC, OUTPUT, RUNTIME_DRIFT};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("regress run", "Grade the fixtures")
    .explain("Replays every fixture and compares its candidate with it, offline; exit code 5 says that something is not as it was.")
    .flags_first()
    .flags(&[CONFIG, OUTPUT, JUNIT, NONDETERMINISTIC, CONFORMANCE, RUNTIME_DRIFT]);

#[derive(Serialize)]
struct Output<'a> {
    fixture_set: &'a str,
    graders: usize,
    #[serde(flatten)]
    graded: Graded<'a>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let grading = Grading::of(parsed);
    let result = grading.run(context)?;
    Ok(report(&result, Graded::of(&result, &grading)))
}

fn report(result: &RegressResult, graded: Graded<'_>) -> Report {
    let output = Output {
        fixture_set: &result.fixture_set,
        graders: result.graders.len(),
        graded,
    };
    let graded = &output.graded;
    let set = &result.fixture_set;
    let headline = if graded.ok {
        format!("regress run ok: fixture_set={set} graders={}", output.graders)
    } else {
        format!("regress run failed: fixture_set={set} failed={}", graded.failed)
    };
    Report::new(&output)
        .line(headline)
        .lines(graded.failure_lines())
        .lines(graded.file_lines())
        .exit(graded.exit())
}
