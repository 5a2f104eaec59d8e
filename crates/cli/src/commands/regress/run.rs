//! `gait regress run`: fixtures, graded.

use gait_artifact::regress::RegressResult;
use serde::Serialize;

use super::{
    CONFIG, CONFORMANCE, Graded, Grading, JUNIT, JUNIT_DETAILS, NONDETERMINISTIC, OUTPUT, RUNTIME_DRIFT,
    watch,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::pages;
use crate::spec::{CommandSpec, Flag};

const WATCH: Flag = Flag::switch(
    "watch",
    "grade again whenever a fixture, the configuration or the policy changes, until interrupted",
);

pub(crate) const SPEC: CommandSpec = CommandSpec::new("regress run", "Grade the fixtures")
    .explain("Replays every fixture and compares its candidate with it, offline; exit code 5 says that something is not as it was.")
    .flags_first()
    .flags(&[CONFIG, OUTPUT, JUNIT, JUNIT_DETAILS, NONDETERMINISTIC, CONFORMANCE, RUNTIME_DRIFT, pages::HTML, WATCH]);

#[derive(Serialize)]
struct Output<'a> {
    fixture_set: &'a str,
    graders: usize,
    #[serde(flatten)]
    graded: Graded<'a>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let grading = Grading {
        html: pages::wanted(parsed).unwrap_or_default(),
        ..Grading::of(parsed)
    };
    if parsed.flag(WATCH.name) {
        let grade = || once(&grading, context);
        return watch::until_interrupted(&SPEC, &grading, grade, parsed.flag("json"), context);
    }
    once(&grading, context)
}

/// Grades the fixtures as they are now.
fn once(grading: &Grading<'_>, context: &Context<'_>) -> CommandResult {
    let result = grading.run(context)?;
    Ok(report(&result, Graded::of(&result, grading)))
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
