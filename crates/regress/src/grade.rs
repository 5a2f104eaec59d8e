//! The graders: each a pure function of a fixture, its candidate and nothing else.

mod context;
mod diff;
mod exit_code;
mod schema;
mod trajectory;

use std::collections::{BTreeMap, BTreeSet};

use gait_artifact::regress::{ContextConformance, GradeStatus, GraderResult};
use gait_canon::json::Value;

pub(crate) use self::context::ContextRules;

use crate::fixture::{Candidate, Fixture, NoCandidate};

/// What every grader says about a fixture. Contexts are looked at only when there are rules for them.
pub(crate) fn grade(
    fixture: &Fixture,
    candidate: &Candidate<'_>,
    context: Option<ContextRules>,
) -> Vec<GraderResult> {
    let mut grades = vec![
        schema::grade(fixture),
        exit_code::grade(fixture),
        trajectory::grade(fixture, candidate),
        diff::grade(fixture, candidate),
    ];
    grades.extend(context.map(|rules| context::grade(fixture, candidate, rules)));
    grades.into_iter().map(|grade| grade.told_of(fixture)).collect()
}

/// What a grader says, before it is known of which fixture.
#[derive(Debug)]
struct Grade {
    grader: &'static str,
    status: GradeStatus,
    reasons: BTreeSet<&'static str>,
    context: Option<ContextConformance>,
    details: Details,
}

impl Grade {
    /// A pass, until something speaks against it.
    fn pass(grader: &'static str) -> Self {
        Self {
            grader,
            status: GradeStatus::Pass,
            reasons: BTreeSet::new(),
            context: None,
            details: Details::default(),
        }
    }

    /// A failure because the grader could not do its work.
    fn unable(grader: &'static str, reason: &'static str, error: &impl ToString) -> Self {
        let mut grade = Self::pass(grader);
        grade.fail(reason);
        grade.details.put("error", error.to_string());
        grade
    }

    /// A failure because there is no candidate; `unusable` is the reason when there is a file that is none.
    fn without_candidate(grader: &'static str, why: NoCandidate<'_>, unusable: &'static str) -> Self {
        match why {
            NoCandidate::Absent(error) => Self::unable(grader, "candidate_path_invalid", &error),
            NoCandidate::Unusable(error) => Self::unable(grader, unusable, &error),
        }
    }

    fn fail(&mut self, reason: &'static str) {
        self.status = GradeStatus::Fail;
        self.reasons.insert(reason);
    }

    fn told_of(mut self, fixture: &Fixture) -> GraderResult {
        self.details.put("fixture", fixture.metadata.name.as_str());
        self.details.put("run_id", fixture.metadata.run_id.as_str());
        GraderResult {
            name: format!("{}/{}", fixture.metadata.name, self.grader),
            status: self.status,
            reason_codes: self.reasons.into_iter().map(str::to_owned).collect(),
            context_conformance: self.context,
            details: self.details.0,
        }
    }
}

/// What was expected and what there is.
#[derive(Debug, Default)]
struct Details(BTreeMap<String, Value>);

impl Details {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn put_count(&mut self, name: &str, count: usize) {
        self.put(name, u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn put_texts<'a>(&mut self, name: &str, texts: impl IntoIterator<Item = &'a str>) {
        self.put(name, texts.into_iter().map(Value::from).collect::<Vec<_>>());
    }
}
