//! Whether a stub replay of a fixture ends as expected.

use gait_runpack::replay::{Mode, replay};

use super::Grade;
use crate::fixture::Fixture;

const GRADER: &str = "expected_exit_code";
/// What a replay ends with when some call has neither a result nor a stub.
const INCOMPLETE: i64 = 2;

pub(super) fn grade(fixture: &Fixture) -> Grade {
    let replayed = match replay(&fixture.runpack, Mode::Stub) {
        Ok(replayed) => replayed,
        Err(error) => return Grade::unable(GRADER, "replay_error", &error),
    };
    let expected = fixture.metadata.exit_code;
    let actual = if replayed.is_complete() { 0 } else { INCOMPLETE };
    let mut grade = Grade::pass(GRADER);
    if actual != expected {
        grade.fail("unexpected_exit_code");
    }
    let details = &mut grade.details;
    details.put("expected_exit_code", expected);
    details.put("actual_exit_code", actual);
    details.put_texts("missing_results", replayed.missing_results);
    grade
}
