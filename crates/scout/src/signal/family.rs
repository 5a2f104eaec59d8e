//! Runs that went wrong in the same way, and what to do about them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use gait_artifact::scout::{Driver, FixSuggestion, SeverityLevel, SignalFamily, SignalIssue};
use gait_canon::Digest;

use super::observation::Observation;
use crate::risk::mentions;

/// How many digits of the fingerprint name a family.
const ID_DIGITS: usize = 12;
/// As many runs as count towards the score of a family.
const MOST_RUNS: usize = 10;
/// How many families are issues.
const MOST_ISSUES: usize = 10;

/// The families of `observations`, the most severe first.
pub(super) fn families(observations: &[Observation]) -> Vec<SignalFamily> {
    let mut groups: BTreeMap<Digest, Vec<&Observation>> = BTreeMap::new();
    for observation in observations {
        let key = observation.fingerprint.fingerprint;
        groups.entry(key).or_default().push(observation);
    }
    let mut families: Vec<_> = groups.into_values().filter_map(|runs| family(&runs)).collect();
    // The fingerprint orders as the id does, which is its beginning.
    families.sort_by_key(|family| {
        (
            Reverse(family.severity_score),
            Reverse(family.count),
            family.fingerprint,
        )
    });
    families
}

fn family(runs: &[&Observation]) -> Option<SignalFamily> {
    let first = &runs.first()?.fingerprint;
    let collect = |text: fn(&Observation) -> &String| -> Vec<String> {
        let texts: BTreeSet<&String> = runs.iter().map(|run| text(run)).collect();
        texts.into_iter().cloned().collect()
    };
    let run_ids = collect(|run| &run.fingerprint.run_id);
    let base_score = runs.iter().map(|run| run.base_score).max()?;
    let severity_score =
        base_score.saturating_add(u32::try_from(runs.len().min(MOST_RUNS)).unwrap_or(u32::MAX));
    let drivers = drivers(&first.reason_code_vector);
    Some(SignalFamily {
        family_id: format!("fam_{}", &first.fingerprint.to_string()[..ID_DIGITS]),
        fingerprint: first.fingerprint,
        count: runs.len(),
        canonical_run_id: run_ids.first()?.clone(),
        run_ids,
        top_failure_reason: first.reason_code_vector.first().cloned().unwrap_or_default(),
        suggestions: drivers.iter().map(|driver| suggestion(*driver)).collect(),
        drivers,
        severity_score,
        severity_level: SeverityLevel::of_score(severity_score),
        artifact_pointers: collect(|run| &run.fingerprint.source_runpack),
    })
}

/// The families to look at first, in order.
pub(super) fn issues(families: &[SignalFamily]) -> Vec<SignalIssue> {
    let issue = |(index, family): (usize, &SignalFamily)| SignalIssue {
        rank: index + 1,
        family_id: family.family_id.clone(),
        fingerprint: family.fingerprint,
        count: family.count,
        canonical_run_id: family.canonical_run_id.clone(),
        top_failure_reason: family.top_failure_reason.clone(),
        drivers: family.drivers.clone(),
        severity_score: family.severity_score,
        severity_level: family.severity_level,
        suggestions: family.suggestions.clone(),
    };
    families.iter().take(MOST_ISSUES).enumerate().map(issue).collect()
}

/// What probably changed, judged by words in the reasons; the configuration when they tell nothing.
fn drivers(reasons: &[String]) -> Vec<Driver> {
    const WORDS: [(Driver, &[&str]); 4] = [
        (
            Driver::PolicyChange,
            &["policy", "approval", "blocked", "credential", "violation"],
        ),
        (
            Driver::ToolResultShapeChange,
            &[
                "diff",
                "schema",
                "result_status",
                "grader",
                "unexpected_exit_code",
            ],
        ),
        (
            Driver::ReferenceSetChange,
            &["ref", "receipt", "retrieval", "source"],
        ),
        (
            Driver::ConfigurationChange,
            &["config", "nondeterministic", "runtime", "timeout"],
        ),
    ];
    let of_reason = |reason: &String| WORDS.iter().find(|(_, words)| mentions(reason, words));
    let drivers: BTreeSet<Driver> = reasons
        .iter()
        .filter_map(of_reason)
        .map(|(driver, _)| *driver)
        .collect();
    if drivers.is_empty() {
        vec![Driver::ConfigurationChange]
    } else {
        drivers.into_iter().collect()
    }
}

fn suggestion(driver: Driver) -> FixSuggestion {
    let (kind, summary, likely_scope) = match driver {
        Driver::ConfigurationChange => (
            "configuration",
            "Pin the versions of model, runtime and tools, then make a fixture of the run with `gait regress bootstrap --from <run_id> --json`.",
            "configuration of the agent and of its CI jobs",
        ),
        Driver::PolicyChange => (
            "policy_fixture",
            "Write the call down as an intent and hold the policy to it with `gait policy test <policy.yaml> <intent.json> --json`.",
            "policy files and the intents they are tested with",
        ),
        Driver::ReferenceSetChange => (
            "regress_fixture",
            "Pin what is retrieved, record the run again, and make a fixture of it with `gait regress init --from <run_id> --json`.",
            "retrieval settings and recorded references",
        ),
        Driver::ToolResultShapeChange => (
            "regress_fixture",
            "Make a fixture of a good run with `gait regress init --from <run_id> --json`, then compare with `gait regress run --json`.",
            "fixtures/ and gait.yaml",
        ),
    };
    FixSuggestion {
        kind: kind.to_owned(),
        summary: summary.to_owned(),
        likely_scope: likely_scope.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use gait_artifact::{
        Timestamp,
        scout::{FINGERPRINT_SCHEMA_ID, RunFingerprint, SCHEMA_VERSION},
    };
    use proptest::prelude::*;

    use super::*;

    fn observation(run: u8, kind: u8) -> Observation {
        Observation {
            fingerprint: RunFingerprint {
                schema_id: FINGERPRINT_SCHEMA_ID.to_owned(),
                schema_version: SCHEMA_VERSION.to_owned(),
                created_at: Timestamp::EPOCH_1980,
                producer_version: "1".to_owned(),
                run_id: format!("run_{}", run % 5),
                fingerprint: Digest::of(&[kind]),
                action_sequence: Vec::new(),
                tool_classes: Vec::new(),
                target_systems: Vec::new(),
                reason_code_vector: vec![format!("reason_{kind}")],
                ref_receipt_digests: Vec::new(),
                source_runpack: format!("{run}.zip"),
                trace_count: 0,
                regress_evidence_seen: false,
            },
            base_score: 40 * u32::from(kind % 3),
        }
    }

    #[test]
    fn reasons_tell_what_changed() {
        for (reasons, want) in [
            (&[][..], &[Driver::ConfigurationChange][..]),
            (&["something_else"], &[Driver::ConfigurationChange]),
            (&["result_status_blocked"], &[Driver::PolicyChange]),
            (
                &["timeout", "result_status_error", "schema_ref"],
                &[Driver::ConfigurationChange, Driver::ToolResultShapeChange],
            ),
            (
                &["retrieval_gap", "violation_x"],
                &[Driver::PolicyChange, Driver::ReferenceSetChange],
            ),
        ] {
            let reasons: Vec<String> = reasons.iter().map(|reason| (*reason).to_owned()).collect();
            assert_eq!(drivers(&reasons), want, "{reasons:?}");
        }
    }

    proptest! {
        #[test]
        fn order_does_not_matter(
            (given, shuffled) in prop::collection::btree_map(any::<u8>(), 0_u8..20, 0..40).prop_flat_map(|runs| {
                let given: Vec<_> = runs.into_iter().collect();
                (Just(given.clone()), Just(given).prop_shuffle())
            }),
        ) {
            let observe = |runs: &[(u8, u8)]| -> Vec<_> { runs.iter().map(|(run, kind)| observation(*run, *kind)).collect() };
            let found = families(&observe(&given));
            prop_assert_eq!(&found, &families(&observe(&shuffled)));
            prop_assert_eq!(found.iter().map(|family| family.count).sum::<usize>(), given.len());
            prop_assert!(found.is_sorted_by_key(|family| Reverse(family.severity_score)));
            let issues = issues(&found);
            prop_assert_eq!(issues.len(), found.len().min(MOST_ISSUES));
            prop_assert!(issues.iter().zip(1..).all(|(issue, rank)| issue.rank == rank));
        }
    }
}
