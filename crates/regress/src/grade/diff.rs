//! Whether a candidate differs from the fixture in files that may not differ.

use std::collections::BTreeSet;

use gait_artifact::runpack::{INTENTS_PATH, MANIFEST_PATH, REFS_PATH, RESULTS_PATH};
use gait_runpack::diff::{Privacy, Summary, diff};

use super::Grade;
use crate::fixture::{Candidate, Fixture};

const GRADER: &str = "diff";
const UNABLE: &str = "diff_error";

pub(super) fn grade(fixture: &Fixture, candidate: &Candidate<'_>) -> Grade {
    let runpack = match candidate.runpack() {
        Ok(runpack) => runpack,
        Err(why) => return Grade::without_candidate(GRADER, why, UNABLE),
    };
    let summary = match diff(&fixture.runpack, runpack, Privacy::Full) {
        Ok(summary) => summary,
        Err(error) => return Grade::unable(GRADER, UNABLE, &error),
    };
    let changed = changed_files(&summary);
    let allowed = &fixture.metadata.allowed_files;
    let mut unexpected = changed
        .iter()
        .copied()
        .filter(|file| !allowed.iter().any(|allowed| allowed == file))
        .peekable();

    let mut grade = Grade::pass(GRADER);
    grade.details.put("candidate_runpack", candidate.shown.as_str());
    grade.details.put_texts("changed_files", changed.iter().copied());
    grade
        .details
        .put_texts("allowed_files", allowed.iter().map(String::as_str));
    if unexpected.peek().is_some() {
        grade.fail("unexpected_diff");
        grade.details.put_texts("unexpected_files", unexpected);
    }
    grade
}

fn changed_files(summary: &Summary) -> BTreeSet<&str> {
    let changed = [
        (MANIFEST_PATH, summary.manifest_changed),
        (INTENTS_PATH, summary.intents_changed),
        (RESULTS_PATH, summary.results_changed),
        (REFS_PATH, summary.refs_changed),
    ];
    let changed = changed.into_iter().filter(|(_, changed)| *changed);
    let one_sided = summary.files_changed.iter().map(String::as_str);
    changed.map(|(path, _)| path).chain(one_sided).collect()
}
