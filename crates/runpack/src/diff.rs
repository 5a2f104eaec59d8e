//! What differs between two runs, or between two session chains.
//!
//! A pure function of what was read: nothing is opened, and comparing anything with itself tells no difference. What
//! must differ between two recordings of the same run (its id, its times, the recording program) is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use gait_artifact::runpack::{IntentRecord, Manifest, Refs, ResultRecord};
use gait_artifact::session::SessionChain;
use gait_artifact::time::Timestamp;
use gait_canon::Digest;
use gait_canon::json::{self, Object, is_default};
use serde::{Serialize, Serializer};

use crate::Runpack;
use crate::refs::{Drift, RefsError, drift};

/// How much of the records is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Privacy {
    /// Everything.
    #[default]
    Full,
    /// Digests and names only: neither arguments nor results are looked at, and references are counted.
    Metadata,
}

impl Privacy {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Metadata => "metadata",
        }
    }
}

/// A privacy mode that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unsupported privacy mode: {0}")]
pub struct UnknownPrivacy(pub String);

/// Exactly `full` or `metadata`; the empty text is `full`.
impl FromStr for Privacy {
    type Err = UnknownPrivacy;

    fn from_str(text: &str) -> Result<Self, UnknownPrivacy> {
        match text {
            "" | "full" => Ok(Self::Full),
            "metadata" => Ok(Self::Metadata),
            _ => Err(UnknownPrivacy(text.to_owned())),
        }
    }
}

/// What differs, in the member order of the published report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The left run.
    pub run_id_left: String,
    /// The right run.
    pub run_id_right: String,
    /// Whether the manifests differ in schema, capture mode or declared paths.
    pub manifest_changed: bool,
    /// Paths that only one side declares, sorted; between chains, the checkpoints that differ.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub files_changed: BTreeSet<String>,
    /// Whether the intents differ.
    pub intents_changed: bool,
    /// Whether the results differ.
    pub results_changed: bool,
    /// Whether the references differ.
    pub refs_changed: bool,
    /// Ids of intents that only the left side has, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_only_intents: Vec<String>,
    /// Ids of intents that only the right side has, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub right_only_intents: Vec<String>,
    /// Intent ids of results that only the left side has, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_only_results: Vec<String>,
    /// Intent ids of results that only the right side has, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub right_only_results: Vec<String>,
    /// What became of the context; absent between chains.
    #[serde(
        rename = "context_drift_classification",
        serialize_with = "drift_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub context_drift: Option<Drift>,
    /// Whether only times of retrieval differ.
    #[serde(skip_serializing_if = "is_default")]
    pub context_runtime_only_changes: bool,
}

impl Summary {
    /// Whether nothing differs.
    #[must_use]
    pub const fn is_unchanged(&self) -> bool {
        !(self.manifest_changed || self.intents_changed || self.results_changed || self.refs_changed)
    }

    /// The summary as a document of its own: `{"privacy":…,"summary":…}` on one line, without a line feed.
    pub fn to_report(&self, privacy: &str) -> Result<String, json::Error> {
        #[derive(Serialize)]
        struct Report<'a> {
            privacy: &'a str,
            summary: &'a Summary,
        }
        let report = Report {
            privacy,
            summary: self,
        };
        json::line(&report)
    }
}

/// Why two runs could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A record has no canonical form: it holds a number that is no double.
    #[error("compare {records}: {source}")]
    Encode {
        /// What kind of record it is.
        records: &'static str,
        /// What has no canonical form.
        source: json::Error,
    },
    /// The references of a side cannot be normalised.
    #[error(transparent)]
    Refs(#[from] RefsError),
}

/// Compares two runs.
pub fn diff(left: &Runpack, right: &Runpack, privacy: Privacy) -> Result<Summary, DiffError> {
    let mut summary = Summary {
        run_id_left: left.run.run_id.clone(),
        run_id_right: right.run.run_id.clone(),
        manifest_changed: ManifestFacts::of(&left.manifest) != ManifestFacts::of(&right.manifest),
        files_changed: files_changed(&left.manifest, &right.manifest),
        ..Summary::default()
    };
    let intents = compare(
        "intents",
        &by_id(&left.intents, |record| RecordFacts::of_intent(record, privacy)),
        &by_id(&right.intents, |record| RecordFacts::of_intent(record, privacy)),
    )?;
    summary.intents_changed = intents.changed;
    summary.left_only_intents = intents.left_only;
    summary.right_only_intents = intents.right_only;
    let results = compare(
        "results",
        &by_id(&left.results, |record| RecordFacts::of_result(record, privacy)),
        &by_id(&right.results, |record| RecordFacts::of_result(record, privacy)),
    )?;
    summary.results_changed = results.changed;
    summary.left_only_results = results.left_only;
    summary.right_only_results = results.right_only;

    let drift = context_drift(&left.refs, &right.refs, privacy)?;
    summary.refs_changed = match privacy {
        Privacy::Full => drift != Drift::None,
        Privacy::Metadata => left.refs.receipts.len() != right.refs.receipts.len(),
    };
    summary.context_drift = Some(drift);
    summary.context_runtime_only_changes = drift == Drift::RuntimeOnly;
    Ok(summary)
}

/// Compares two session chains by their checkpoints. Nothing is verified.
#[must_use]
pub fn diff_chains(left: &SessionChain, right: &SessionChain) -> Summary {
    let digests = |chain: &SessionChain| -> BTreeMap<i64, String> {
        let checkpoints = chain.checkpoints.iter();
        checkpoints
            .map(|checkpoint| (checkpoint.checkpoint_index, checkpoint.checkpoint_digest.clone()))
            .collect()
    };
    let (lefts, rights) = (digests(left), digests(right));
    let indices: BTreeSet<_> = lefts.keys().chain(rights.keys()).collect();
    let files_changed: BTreeSet<_> = indices
        .into_iter()
        .filter_map(|index| match (lefts.get(index), rights.get(index)) {
            (Some(left), Some(right)) if left == right => None,
            (Some(_), Some(_)) => Some(format!("checkpoint_{index}")),
            (Some(_), None) => Some(format!("left_only_checkpoint_{index}")),
            (None, _) => Some(format!("right_only_checkpoint_{index}")),
        })
        .collect();
    let changed = !files_changed.is_empty();
    Summary {
        run_id_left: left.run_id.clone(),
        run_id_right: right.run_id.clone(),
        manifest_changed: changed,
        files_changed,
        intents_changed: changed,
        results_changed: changed,
        refs_changed: changed,
        ..Summary::default()
    }
}

/// What a manifest says beyond what follows from the run and from the contents of its files.
#[derive(PartialEq)]
struct ManifestFacts<'a> {
    schema: (&'a str, &'a str),
    capture_mode: &'a str,
    paths: Vec<&'a str>,
}

impl<'a> ManifestFacts<'a> {
    fn of(manifest: &'a Manifest) -> Self {
        Self {
            schema: (&manifest.schema_id, &manifest.schema_version),
            capture_mode: &manifest.capture_mode,
            paths: paths(manifest).collect(),
        }
    }
}

fn paths(manifest: &Manifest) -> impl Iterator<Item = &str> {
    manifest.files.iter().flatten().map(|file| file.path.as_str())
}

fn files_changed(left: &Manifest, right: &Manifest) -> BTreeSet<String> {
    let (left, right): (BTreeSet<_>, BTreeSet<_>) = (paths(left).collect(), paths(right).collect());
    left.symmetric_difference(&right)
        .map(|path| (*path).to_owned())
        .collect()
}

/// What of a record is compared; equal facts have equal canonical bytes.
#[derive(PartialEq, Serialize)]
struct RecordFacts<'a> {
    schema: (&'a str, &'a str),
    intent_id: &'a str,
    /// The tool of an intent, the status of a result.
    word: &'a str,
    digest: &'a str,
    payload: Option<&'a Object>,
}

impl<'a> RecordFacts<'a> {
    fn of_intent(record: &'a IntentRecord, privacy: Privacy) -> Self {
        Self {
            schema: (&record.schema_id, &record.schema_version),
            intent_id: &record.intent_id,
            word: &record.tool_name,
            digest: &record.args_digest,
            payload: payload(record.args.as_ref(), privacy),
        }
    }

    fn of_result(record: &'a ResultRecord, privacy: Privacy) -> Self {
        Self {
            schema: (&record.schema_id, &record.schema_version),
            intent_id: &record.intent_id,
            word: &record.status,
            digest: &record.result_digest,
            payload: payload(record.result.as_ref(), privacy),
        }
    }
}

/// Whether two records say the same. The same number can be written in several ways, so what is written differently is
/// compared in canonical form.
fn agree<T: PartialEq + Serialize>(left: &T, right: &T) -> Result<bool, json::Error> {
    Ok(left == right || Digest::of_canonical(left)? == Digest::of_canonical(right)?)
}

/// An empty payload is written like an absent one.
fn payload(object: Option<&Object>, privacy: Privacy) -> Option<&Object> {
    object.filter(|object| privacy == Privacy::Full && !object.is_empty())
}

type FactsById<'a> = BTreeMap<&'a str, RecordFacts<'a>>;

/// Of several records with one id the last counts.
fn by_id<'a, R>(records: &'a [R], facts: impl Fn(&'a R) -> RecordFacts<'a>) -> FactsById<'a> {
    records
        .iter()
        .map(facts)
        .map(|facts| (facts.intent_id, facts))
        .collect()
}

struct Comparison {
    changed: bool,
    left_only: Vec<String>,
    right_only: Vec<String>,
}

fn compare(
    records: &'static str,
    left: &FactsById<'_>,
    right: &FactsById<'_>,
) -> Result<Comparison, DiffError> {
    let only = |these: &FactsById<'_>, those: &FactsById<'_>| -> Vec<String> {
        let missing = these.keys().filter(|id| !those.contains_key(*id));
        missing.map(|id| (*id).to_owned()).collect()
    };
    let (left_only, right_only) = (only(left, right), only(right, left));
    let mut changed = !left_only.is_empty() || !right_only.is_empty();
    for (id, left) in left {
        if changed {
            break;
        }
        if let Some(right) = right.get(id) {
            let agree = agree(left, right).map_err(|source| DiffError::Encode { records, source })?;
            changed = !agree;
        }
    }
    Ok(Comparison {
        changed,
        left_only,
        right_only,
    })
}

fn context_drift(left: &Refs, right: &Refs, privacy: Privacy) -> Result<Drift, DiffError> {
    // References that only count are all the context that metadata may tell of.
    if privacy == Privacy::Metadata || same_context(left, right)? {
        return Ok(Drift::None);
    }
    Ok(drift(left, right)?)
}

/// Whether two lists of references are the same but for what follows from the run.
fn same_context(left: &Refs, right: &Refs) -> Result<bool, DiffError> {
    let facts = |refs: &Refs| Refs {
        run_id: String::new(),
        producer_version: String::new(),
        created_at: Timestamp::default(),
        ..refs.clone()
    };
    agree(&facts(left), &facts(right)).map_err(|source| DiffError::Encode {
        records: "refs",
        source,
    })
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands members over by reference"
)]
fn drift_name<S: Serializer>(drift: &Option<Drift>, serializer: S) -> Result<S::Ok, S::Error> {
    drift.map(Drift::as_str).serialize(serializer)
}
