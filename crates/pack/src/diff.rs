//! How two packs differ: their declared files by digest, and the context of two runs by what changed in it.
//!
//! Manifests are taken at their word; whether the packs are genuine is a question for verification.

use std::collections::BTreeMap;
use std::path::Path;

use gait_artifact::Timestamp;
use gait_artifact::pack::{DIFF_SCHEMA_ID, DiffSummary, PackDiff, PackType, SCHEMA_VERSION};
use gait_artifact::runpack::Refs;
use gait_canon::json;
use gait_runpack::{Drift, drift};

use crate::inspect::{InspectError, Inspected};

/// Why two packs were not compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// One of them could not be looked into.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// A manifest has no canonical form.
    #[error("pack manifest: {0}")]
    Canonical(#[from] json::Error),
}

/// One of the two packs: what a comparison looks at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side {
    /// Id of the pack.
    pub pack_id: String,
    /// What kind of pack it is.
    pub pack_type: String,
    /// Digest of the canonical manifest, signatures included; the stated one of a runpack.
    pub manifest_digest: String,
    /// The declared files and their digests.
    pub files: BTreeMap<String, String>,
    /// The context of its run.
    pub context: Context,
}

/// What a run looked at, as far as the pack tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// All references; absent when there is no run or it cannot be read.
    pub refs: Option<Refs>,
    /// Digest of the set of references; empty when not stated.
    pub set_digest: String,
    /// `best_effort`, `required`, or empty.
    pub evidence_mode: String,
    /// The number of references.
    pub ref_count: u64,
}

impl Side {
    /// Reads what a comparison needs of the pack or runpack at `path`.
    pub fn open(path: &Path) -> Result<Self, DiffError> {
        let inspected = Inspected::open(path)?;
        let files = inspected.files();
        let files = files
            .map(|(path, digest)| (path.to_owned(), digest.to_owned()))
            .collect();
        let manifest_digest = match &inspected.runpack_manifest {
            Some(manifest) => manifest.manifest_digest.clone(),
            None => inspected.manifest_digest()?.to_string(),
        };
        let inspection = inspected.inspection;
        let context = inspection.run_payload.map(|payload| Context {
            refs: None,
            set_digest: payload.context_set_digest,
            evidence_mode: payload.context_evidence_mode,
            ref_count: payload.context_ref_count,
        });
        Ok(Self {
            pack_id: inspection.pack_id,
            pack_type: inspection.pack_type,
            manifest_digest,
            files,
            context: Context {
                refs: inspected.runpack.map(|runpack| runpack.refs),
                ..context.unwrap_or_default()
            },
        })
    }

    fn is_run(&self) -> bool {
        self.pack_type == PackType::Run.as_str()
    }
}

/// How the pack or runpack at `right` differs from the one at `left`.
pub fn diff(left: &Path, right: &Path) -> Result<PackDiff, DiffError> {
    Ok(compare(&Side::open(left)?, &Side::open(right)?))
}

/// How `right` differs from `left`.
#[must_use]
pub fn compare(left: &Side, right: &Side) -> PackDiff {
    let only_in = |one: &Side, other: &Side| -> Vec<String> {
        let paths = one.files.keys().filter(|path| !other.files.contains_key(*path));
        paths.cloned().collect()
    };
    let added_files = only_in(right, left);
    let removed_files = only_in(left, right);
    let changed = left
        .files
        .iter()
        .filter(|(path, digest)| right.files.get(*path).is_some_and(|other| other != *digest));
    let changed_files: Vec<_> = changed.map(|(path, _)| path.clone()).collect();
    let manifest_delta = left.manifest_digest != right.manifest_digest || left.pack_type != right.pack_type;
    let drift = if left.is_run() && right.is_run() {
        context_drift(&left.context, &right.context)
    } else {
        Drift::None
    };
    let summary = DiffSummary {
        changed: manifest_delta
            || drift != Drift::None
            || !(added_files.is_empty() && removed_files.is_empty() && changed_files.is_empty()),
        added_files,
        removed_files,
        changed_files,
        manifest_delta,
        context_changed: drift != Drift::None,
        context_runtime_only_changes: drift == Drift::RuntimeOnly,
        context_drift_classification: drift.as_str().to_owned(),
    };
    PackDiff {
        schema_id: DIFF_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: Timestamp::EPOCH_1980,
        left_pack_id: left.pack_id.clone(),
        right_pack_id: right.pack_id.clone(),
        left_pack_type: left.pack_type.clone(),
        right_pack_type: right.pack_type.clone(),
        summary,
    }
}

/// How one run's context differs from another's. Where references are missing, or are none, their summaries decide; any
/// difference there must count as a change of meaning.
fn context_drift(left: &Context, right: &Context) -> Drift {
    if let (Some(left), Some(right)) = (&left.refs, &right.refs)
        && let Ok(drift) = drift(left, right)
    {
        return drift;
    }
    let summary = |context: &Context| {
        (
            context.set_digest.clone(),
            context.evidence_mode.clone(),
            context.ref_count,
        )
    };
    if summary(left) == summary(right) {
        Drift::None
    } else {
        Drift::Semantic
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn side() -> impl Strategy<Value = Side> {
        (
            "[ab]",
            prop::sample::select(vec!["run", "job"]),
            "[ab]",
            prop::collection::btree_map("[abc]", "[01]", 0..4),
            (prop::option::of("[ab]"), "[ab]", 0u64..2),
        )
            .prop_map(
                |(pack_id, pack_type, manifest_digest, files, (run_id, mode, ref_count))| Side {
                    pack_id,
                    pack_type: pack_type.to_owned(),
                    manifest_digest,
                    files,
                    context: Context {
                        refs: run_id.map(|run_id| Refs {
                            run_id,
                            ..Refs::default()
                        }),
                        evidence_mode: mode,
                        ref_count,
                        ..Context::default()
                    },
                },
            )
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself(side in side()) {
            let summary = compare(&side, &side).summary;
            prop_assert!(!summary.changed && !summary.manifest_delta && !summary.context_changed);
            prop_assert_eq!(summary.context_drift_classification, "none");
            let listed = [summary.added_files, summary.removed_files, summary.changed_files].concat();
            prop_assert_eq!(listed, Vec::<String>::new());
        }

        #[test]
        fn the_other_way_round_added_is_removed(left in side(), right in side()) {
            let there = compare(&left, &right).summary;
            let back = compare(&right, &left).summary;
            prop_assert_eq!(there.added_files, back.removed_files);
            prop_assert_eq!(there.changed_files, back.changed_files);
            prop_assert_eq!(there.context_drift_classification, back.context_drift_classification);
            prop_assert_eq!(there.changed, back.changed);
        }

        #[test]
        fn every_path_is_told_once(left in side(), right in side()) {
            let summary = compare(&left, &right).summary;
            let mut told = [summary.added_files, summary.removed_files, summary.changed_files].concat();
            told.sort();
            let mut expected: Vec<_> = left.files.keys().chain(right.files.keys()).cloned().collect();
            expected.retain(|path| left.files.get(path) != right.files.get(path));
            expected.sort();
            expected.dedup();
            prop_assert_eq!(told, expected);
        }
    }

    #[test]
    fn summaries_decide_where_references_are_missing() {
        let known = Context {
            refs: Some(Refs::default()),
            ..Context::default()
        };
        let counted = Context {
            ref_count: 1,
            ..Context::default()
        };
        assert_eq!(context_drift(&known, &Context::default()), Drift::None);
        assert_eq!(context_drift(&known, &counted), Drift::Semantic);
        assert_eq!(context_drift(&counted, &counted), Drift::None);
    }

    #[test]
    fn only_runs_have_a_context() {
        let job = Side {
            pack_type: "job".to_owned(),
            context: Context {
                ref_count: 1,
                ..Context::default()
            },
            ..Side::default()
        };
        let run = Side {
            pack_type: "run".to_owned(),
            ..Side::default()
        };
        let summary = compare(&job, &run).summary;
        assert!(summary.manifest_delta && summary.changed && !summary.context_changed);
    }
}
