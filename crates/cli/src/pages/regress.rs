//! The page of a regression result.

use gait_artifact::regress::{GradeStatus, GraderResult, RegressResult};
use gait_canon::json::{self, Value};
use gait_page::{Badge, Grade, Head, RegressPage, Text};

use super::instant;

/// What every grader tells and the page shows elsewhere.
const SHOWN_ELSEWHERE: [&str; 1] = ["fixture"];

/// The page of `result`, which the command `again` would give again.
pub(crate) fn regress_page<'a>(result: &'a RegressResult, again: &'a str) -> RegressPage<'a> {
    let failed = result.failures().count();
    let mut head = Head {
        kind: "Regression",
        title: (&result.fixture_set).into(),
        badge: Badge::of(result.status.as_str()),
        producer_version: (&result.producer_version).into(),
        ..Head::default()
    };
    if let Some(reason) = result.top_failure_reason() {
        head.lead = format!(
            "{failed} of {} graders fail, first for {reason}.",
            result.graders.len()
        )
        .into();
    }
    head.tell("Graders", result.graders.len().to_string());
    head.tell("First run", instant(result.created_at));
    let good = result.graders.len() - failed;
    let mut counts = vec![(Badge::of("fail"), failed), (Badge::of("pass"), good)];
    counts.retain(|(_, count)| *count > 0);
    let passes = result
        .graders
        .iter()
        .filter(|grader| grader.status == GradeStatus::Pass);
    RegressPage {
        head,
        counts,
        failures: result.failures().map(grade).collect(),
        passes: passes.map(grade).collect(),
        again: Text::preformatted(again),
    }
}

fn grade(grader: &GraderResult) -> Grade<'_> {
    let (fixture, name) = grader.name.rsplit_once('/').unwrap_or(("", &grader.name));
    let details = grader
        .details
        .iter()
        .filter(|(name, _)| !SHOWN_ELSEWHERE.contains(&name.as_str()));
    Grade {
        fixture: fixture.into(),
        grader: name.into(),
        badge: Badge::of(grader.status.as_str()),
        reasons: Text::all(&grader.reason_codes),
        details: details
            .map(|(name, value)| (name.into(), detail(value)))
            .collect(),
    }
}

fn detail(value: &Value) -> Text<'_> {
    match value {
        Value::String(text) => text.as_str().into(),
        other => json::compact(other).into(),
    }
}
