//! What is kept of a run that has something wrong with it.

#![allow(clippy::unwrap_used, reason = "the functions that tests share are tests too")]

mod made;

use std::io::Cursor;
use std::path::Path;

use gait_artifact::runpack::TimelineEvent;
use gait_runpack::reduce::{Predicate, ReduceError, UnknownPredicate, default_output, reduce};
use gait_runpack::{Runpack, to_bytes};
use made::{contents, object, receipt, run, runpack};
use proptest::prelude::*;

const PREDICATES: [Predicate; 2] = [Predicate::MissingResult, Predicate::NonOkStatus];

#[test]
fn the_first_intent_by_id_is_kept() {
    let mut content = run(
        &[
            ("z", "tool", "{}"),
            (
                "b",
                "first",
                r#"{"context_ref":" one ","list":["ref_two","x"],"refs":[["three"]]}"#,
            ),
            ("b", "again", "{}"),
            ("", "nameless", "{}"),
        ],
        &[("z", "ok")],
    );
    let event = |reference: &str| TimelineEvent {
        reference: reference.to_owned(),
        ..TimelineEvent::default()
    };
    content.run.timeline = Some(vec![event(""), event("z"), event("b")]);
    content.refs.receipts = ["x", "ref_two", "one", "three"].map(receipt).into();
    let reduction = reduce(&runpack(&content), Predicate::MissingResult).unwrap();
    let kept = &reduction.content;
    assert_eq!(kept.run.run_id, "run_made_reduced_missingresult");
    assert_eq!(kept.run.timeline, Some(vec![event(""), event("b")]));
    let [intent] = kept.intents.as_slice() else {
        panic!("one intent")
    };
    assert_eq!(
        (intent.tool_name.as_str(), intent.run_id.as_str()),
        ("first", "run_made_reduced_missingresult")
    );
    assert!(kept.results.is_empty());
    let receipts: Vec<_> = kept.refs.receipts.iter().map(|r| r.ref_id.as_str()).collect();
    assert_eq!(receipts, ["one", "ref_two", "three"]);
    assert_eq!(
        kept.refs.context_ref_count, 4,
        "the whole run's context is still told"
    );
    assert_eq!(reduction.report.reduced_ref_count, 3);
    assert_eq!(reduction.report.selected_intent_id, "b");
}

#[test]
fn the_first_bad_result_is_kept() {
    let mut content = run(
        &[("a", "tool", "{}")],
        &[("a", " OK "), ("a", "error"), ("a", "timeout")],
    );
    content.run.run_id = " plain ".to_owned();
    content.results[1].result = Some(object(r#"{"found":"ref_r"}"#));
    content.refs.receipts = vec![receipt("ref_r")];
    let reduction = reduce(&runpack(&content), Predicate::NonOkStatus).unwrap();
    assert_eq!(reduction.content.run.run_id, "run_plain_reduced_nonokstatus");
    let statuses: Vec<_> = reduction
        .content
        .results
        .iter()
        .map(|r| r.status.as_str())
        .collect();
    assert_eq!(statuses, ["error"]);
    assert_eq!(reduction.content.refs.receipts.len(), 1);
}

#[test]
fn what_cannot_be_reduced() {
    let reduced =
        |intents: &[_], results: &[_], predicate| reduce(&runpack(&run(intents, results)), predicate).err();
    assert_eq!(
        reduced(&[("", "tool", "{}")], &[], Predicate::MissingResult),
        Some(ReduceError::NoIntents)
    );
    for predicate in PREDICATES {
        assert_eq!(
            reduced(&[("a", "tool", "{}")], &[("a", "success")], predicate),
            Some(ReduceError::NotTriggered(predicate))
        );
    }
}

#[test]
fn predicates_by_name() {
    assert_eq!(" Missing_Result ".parse(), Ok(Predicate::MissingResult));
    assert_eq!("non_ok_status".parse(), Ok(Predicate::NonOkStatus));
    for name in ["", "missing", "nonokstatus"] {
        assert_eq!(name.parse::<Predicate>(), Err(UnknownPredicate(name.to_owned())));
    }
}

#[test]
fn the_output_stands_beside_the_input() {
    let output = |input: &str, id: &str| default_output(Path::new(input), id, Predicate::NonOkStatus);
    for (input, expected) in [
        ("a.zip", "runpack_r_reduced_non_ok_status.zip"),
        ("dir/a.zip", "dir/runpack_r_reduced_non_ok_status.zip"),
        ("/x/../a", "/x/../runpack_r_reduced_non_ok_status.zip"),
    ] {
        assert_eq!(output(input, " r ").as_deref(), Ok(Path::new(expected)));
    }
    for id in ["../x", "a/b", "a\\b", "a\0"] {
        assert_eq!(output("a.zip", id), Err(ReduceError::FileName(id.to_owned())));
    }
}

proptest! {
    #[test]
    fn a_reduced_run_is_sound_and_still_fails(content in contents()) {
        let whole = runpack(&content);
        for predicate in PREDICATES {
            let Ok(reduction) = reduce(&whole, predicate) else { continue };
            prop_assert!(reduction.report.still_failing);
            let (bytes, _) = to_bytes(&reduction.content, None).unwrap();
            let reduced = Runpack::read(Cursor::new(bytes)).unwrap();
            prop_assert_eq!(reduced.intents.len(), 1);
            prop_assert!(reduced.results.len() <= 1 && reduced.refs.receipts.len() <= whole.refs.receipts.len());
            let again = reduce(&reduced, predicate).unwrap();
            prop_assert_eq!(again.report.selected_intent_id, reduction.report.selected_intent_id);
            prop_assert_eq!(again.content.refs.receipts, reduction.content.refs.receipts);
            prop_assert_eq!(again.content.results.len(), reduction.content.results.len());
        }
    }
}
