//! Whether a candidate called the expected tools, to the expected effect, in the expected order.

use super::{Details, Grade};
use crate::fixture::{Candidate, Fixture};
use crate::sequence::{Outcome, outcomes, tools};

const GRADER: &str = "trajectory";
/// Stands for the item that one of two sequences does not have.
const MISSING: &str = "<missing>";

pub(super) fn grade(fixture: &Fixture, candidate: &Candidate<'_>) -> Grade {
    let runpack = match candidate.runpack() {
        Ok(runpack) => runpack,
        Err(why) => return Grade::without_candidate(GRADER, why, "candidate_runpack_invalid"),
    };
    let (tools, outcomes) = (tools(&runpack.intents), outcomes(&runpack.results));
    let metadata = &fixture.metadata;
    let by_tool = Comparison {
        what: "tool",
        expected: metadata.tools.iter().map(String::as_str).collect(),
        actual: tools.iter().map(String::as_str).collect(),
    };
    let by_verdict = Comparison {
        what: "verdict",
        expected: words(&metadata.outcomes),
        actual: words(&outcomes),
    };

    let mut grade = Grade::pass(GRADER);
    grade.details.put("candidate_runpack", candidate.shown.as_str());
    if !by_tool.tell(&mut grade.details) {
        grade.fail("unexpected_tool_sequence");
    }
    if !by_verdict.tell(&mut grade.details) {
        grade.fail("unexpected_verdict_sequence");
    }
    if grade.reasons.is_empty() {
        let nothing_expected = by_tool.expected.is_empty() && by_verdict.expected.is_empty();
        grade.reasons.insert(if nothing_expected {
            "trajectory_not_required"
        } else {
            "trajectory_match"
        });
    }
    grade
}

fn words(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes.iter().copied().map(Outcome::as_str).collect()
}

struct Comparison<'a> {
    what: &'static str,
    expected: Vec<&'a str>,
    actual: Vec<&'a str>,
}

impl Comparison<'_> {
    /// Puts both sequences into `details`, and where they part. Gives whether they agree, or nothing is expected.
    fn tell(&self, details: &mut Details) -> bool {
        let Self {
            what,
            expected,
            actual,
        } = self;
        details.put_texts(&format!("expected_{what}_sequence"), expected.iter().copied());
        details.put_texts(&format!("actual_{what}_sequence"), actual.iter().copied());
        if expected.is_empty() || expected == actual {
            return true;
        }
        let common = expected.iter().zip(actual).take_while(|(a, b)| a == b).count();
        let item = |sequence: &[&str]| sequence.get(common).copied().unwrap_or(MISSING).to_owned();
        details.put_count(&format!("{what}_sequence_mismatch_index"), common);
        details.put(&format!("{what}_sequence_expected_at_mismatch"), item(expected));
        details.put(&format!("{what}_sequence_actual_at_mismatch"), item(actual));
        false
    }
}

#[cfg(test)]
mod tests {
    use gait_canon::json::Value;

    use super::*;

    fn mismatch(expected: &[&str], actual: &[&str]) -> Option<(i64, String, String)> {
        let comparison = Comparison {
            what: "tool",
            expected: expected.to_vec(),
            actual: actual.to_vec(),
        };
        let mut details = Details::default();
        let agree = comparison.tell(&mut details);
        let index = details.0.get("tool_sequence_mismatch_index");
        assert_eq!(agree, index.is_none());
        let text = |name: &str| details.0[name].as_str().unwrap().to_owned();
        index.and_then(Value::as_i64).map(|index| {
            (
                index,
                text("tool_sequence_expected_at_mismatch"),
                text("tool_sequence_actual_at_mismatch"),
            )
        })
    }

    #[test]
    fn sequences_part_at_the_first_difference() {
        let parted =
            |index, expected: &str, actual: &str| Some((index, expected.to_owned(), actual.to_owned()));
        assert_eq!(mismatch(&[], &["a"]), None, "nothing is expected");
        assert_eq!(mismatch(&["a"], &["a"]), None);
        assert_eq!(mismatch(&["a", "b"], &["a", "c"]), parted(1, "b", "c"));
        assert_eq!(mismatch(&["a"], &["a", "b"]), parted(1, MISSING, "b"));
        assert_eq!(mismatch(&["a"], &[]), parted(0, "a", MISSING));
    }
}
