//! What two runs differ in, and what they do not.

#![allow(clippy::unwrap_used, reason = "the functions that tests share are tests too")]

mod made;

use gait_artifact::session::{SessionChain, SessionCheckpoint};
use gait_runpack::diff::{Privacy, Summary, diff, diff_chains};
use gait_runpack::{Content, Drift};
use made::{contents, object, receipt, run, runpack};
use proptest::prelude::*;

fn compare(left: &Content, right: &Content, privacy: Privacy) -> Summary {
    diff(&runpack(left), &runpack(right), privacy).unwrap()
}

fn base() -> Content {
    let mut base = run(
        &[("a", "tool", r#"{"n":1}"#), ("b", "tool", "{}")],
        &[("a", "ok"), ("b", "ok")],
    );
    base.refs.receipts = vec![receipt("r1")];
    base
}

#[test]
fn what_follows_from_the_recording_is_no_difference() {
    let left = base();
    let mut right = base();
    right.run.run_id = "run_again".to_owned();
    right.run.producer_version = "2".to_owned();
    right.run.created_at = "2026-02-14T00:00:00Z".parse().unwrap();
    for intent in &mut right.intents {
        intent.run_id = "run_again".to_owned();
        intent.created_at = right.run.created_at;
    }
    right.refs.run_id = "run_again".to_owned();
    let summary = compare(&left, &right, Privacy::Full);
    assert!(summary.is_unchanged(), "{summary:?}");
    assert_eq!(
        (summary.run_id_left.as_str(), summary.run_id_right.as_str()),
        ("run_made", "run_again")
    );
}

#[test]
fn each_part_has_its_flag() {
    let unchanged = compare(&base(), &base(), Privacy::Full);
    let change = |change: fn(&mut Content)| {
        let mut right = base();
        change(&mut right);
        compare(&base(), &right, Privacy::Full)
    };
    let expect = |expected: fn(&mut Summary)| {
        let mut summary = unchanged.clone();
        expected(&mut summary);
        summary
    };
    assert_eq!(
        change(|right| right.intents[0].args = Some(object(r#"{"n":2}"#))),
        expect(|summary| summary.intents_changed = true)
    );
    assert_eq!(
        change(|right| right.results[1].status = "error".to_owned()),
        expect(|summary| summary.results_changed = true)
    );
    assert_eq!(
        change(|right| right.intents[0].intent_id = "z".to_owned()),
        expect(|summary| {
            summary.intents_changed = true;
            summary.left_only_intents = vec!["a".to_owned()];
            summary.right_only_intents = vec!["z".to_owned()];
        })
    );
    assert_eq!(
        change(|right| right.results.clear()),
        expect(|summary| {
            summary.results_changed = true;
            summary.left_only_results = vec!["a".to_owned(), "b".to_owned()];
        })
    );
    assert_eq!(
        change(|right| right.capture_mode = gait_runpack::CaptureMode::Reference),
        expect(|summary| summary.manifest_changed = true)
    );
    assert_eq!(
        change(|right| right.refs.receipts[0].retrieved_at = "2026-02-14T00:00:00Z".parse().unwrap()),
        expect(|summary| {
            summary.refs_changed = true;
            summary.context_drift = Some(Drift::RuntimeOnly);
            summary.context_runtime_only_changes = true;
        })
    );
    assert_eq!(
        change(|right| right.refs.receipts.push(receipt("r2"))),
        expect(|summary| {
            summary.refs_changed = true;
            summary.context_drift = Some(Drift::Semantic);
        })
    );
}

#[test]
fn metadata_tells_nothing_of_payloads() {
    let mut right = base();
    right.intents[0].args = Some(object(r#"{"n":2}"#));
    right.results[0].result = Some(object(r#"{"secret":true}"#));
    right.refs.receipts[0].content_digest = "f".repeat(64);
    let summary = compare(&base(), &right, Privacy::Metadata);
    assert!(summary.is_unchanged(), "{summary:?}");
    right.refs.receipts.push(receipt("r2"));
    let summary = compare(&base(), &right, Privacy::Metadata);
    assert!(summary.refs_changed);
    assert_eq!(summary.context_drift, Some(Drift::None));
}

#[test]
fn of_records_with_one_id_the_last_counts() {
    let left = run(&[("a", "first", "{}"), ("a", "last", "{}")], &[]);
    let right = run(&[("a", "last", "{}")], &[]);
    assert!(compare(&left, &right, Privacy::Full).is_unchanged());
}

#[test]
fn chains_are_compared_by_checkpoint() {
    let chain = |digests: &[(i64, &str)]| SessionChain {
        run_id: "run_s".to_owned(),
        checkpoints: digests
            .iter()
            .map(|(index, digest)| SessionCheckpoint {
                checkpoint_index: *index,
                checkpoint_digest: (*digest).to_owned(),
                ..SessionCheckpoint::default()
            })
            .collect(),
        ..SessionChain::default()
    };
    let left = chain(&[(1, "x"), (2, "y"), (3, "z")]);
    let right = chain(&[(2, "other"), (1, "x"), (10, "z")]);
    let summary = diff_chains(&left, &right);
    let names: Vec<_> = summary.files_changed.iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "checkpoint_2",
            "left_only_checkpoint_3",
            "right_only_checkpoint_10"
        ]
    );
    assert!(summary.manifest_changed && summary.intents_changed);
    assert!(summary.results_changed && summary.refs_changed);
    assert_eq!(summary.context_drift, None);
    assert!(diff_chains(&left, &left).is_unchanged());
}

#[test]
fn the_report_is_one_line_in_published_order() {
    let summary = compare(&base(), &base(), Privacy::Full);
    assert_eq!(
        summary.to_report("full").unwrap(),
        concat!(
            r#"{"privacy":"full","summary":{"run_id_left":"run_made","run_id_right":"run_made","#,
            r#""manifest_changed":false,"intents_changed":false,"results_changed":false,"refs_changed":false,"#,
            r#""context_drift_classification":"none"}}"#
        )
    );
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(content in contents()) {
        for privacy in [Privacy::Full, Privacy::Metadata] {
            let summary = compare(&content, &content, privacy);
            prop_assert!(summary.is_unchanged() && summary.files_changed.is_empty());
        }
    }

    #[test]
    fn differences_are_the_same_from_both_sides(left in contents(), right in contents()) {
        for privacy in [Privacy::Full, Privacy::Metadata] {
            let (there, back) = (compare(&left, &right, privacy), compare(&right, &left, privacy));
            prop_assert_eq!(there.is_unchanged(), back.is_unchanged());
            prop_assert_eq!(there.left_only_intents, back.right_only_intents);
            prop_assert_eq!(there.right_only_results, back.left_only_results);
            prop_assert_eq!(there.context_drift, back.context_drift);
        }
    }

    #[test]
    fn metadata_sees_no_more_than_all(left in contents(), right in contents()) {
        if compare(&left, &right, Privacy::Full).is_unchanged() {
            prop_assert!(compare(&left, &right, Privacy::Metadata).is_unchanged());
        }
    }
}
