//! A runpack or a session chain at a glance: what was meant to be done, and what came of it.

use std::collections::{BTreeMap, HashSet, btree_map};

use gait_artifact::Timestamp;
use gait_artifact::runpack::ResultRecord;
use gait_artifact::session::{SessionChain, SessionCheckpoint};
use gait_artifact::text;
use gait_canon::json::{Object, Value, is_default};
use serde::Serialize;

use crate::Runpack;

/// What a runpack holds: its intents, each with its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunInspection<'a> {
    /// The run that `run.json` names.
    pub run_id: &'a str,
    /// The manifest's capture mode.
    pub capture_mode: &'a str,
    /// Number of intents.
    #[serde(skip_serializing_if = "is_default")]
    pub intents_total: usize,
    /// Number of results.
    #[serde(skip_serializing_if = "is_default")]
    pub results_total: usize,
    /// The intents in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry<'a>>,
    /// Results of intents that are not there, by intent id and digest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmatched_results: Vec<UnmatchedResult<'a>>,
    /// What the entries do not show, a phrase each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// An intent and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// Place in the file, from 1.
    pub index: usize,
    /// Id of the intent.
    pub intent_id: &'a str,
    /// The tool.
    pub tool_name: &'a str,
    /// When the intent was recorded, in UTC.
    pub created_at: Timestamp,
    /// SHA-256 of the arguments.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub args_digest: &'a str,
    /// The first result of the intent; without one, empty.
    #[serde(flatten)]
    pub outcome: Outcome<'a>,
}

/// A result whose intent is not in the runpack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnmatchedResult<'a> {
    /// Id of the missing intent.
    pub intent_id: &'a str,
    /// The result.
    #[serde(flatten)]
    pub outcome: Outcome<'a>,
}

/// What a result says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outcome<'a> {
    /// How it went, such as `ok`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub status: &'a str,
    /// SHA-256 of the result.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub result_digest: &'a str,
    /// The gate's verdict, where the result tells one.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub verdict: &'a str,
    /// The verdict's reason codes, sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// The violations the verdict names, sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
}

/// Tells what `runpack` holds.
#[must_use]
pub fn inspect(runpack: &Runpack) -> RunInspection<'_> {
    let mut results: BTreeMap<&str, Found<'_>> = BTreeMap::new();
    for result in &runpack.results {
        match results.entry(&result.intent_id) {
            btree_map::Entry::Vacant(entry) => {
                entry.insert(Found {
                    first: result,
                    repeated: false,
                });
            }
            btree_map::Entry::Occupied(entry) => entry.into_mut().repeated = true,
        }
    }
    let entries = (1..).zip(&runpack.intents).map(|(index, intent)| {
        let found = results.get(intent.intent_id.as_str());
        Entry {
            index,
            intent_id: &intent.intent_id,
            tool_name: &intent.tool_name,
            created_at: intent.created_at.to_utc(),
            args_digest: &intent.args_digest,
            outcome: found.map(|found| Outcome::of(found.first)).unwrap_or_default(),
        }
    });
    RunInspection {
        run_id: &runpack.run.run_id,
        capture_mode: &runpack.manifest.capture_mode,
        intents_total: runpack.intents.len(),
        results_total: runpack.results.len(),
        entries: entries.collect(),
        unmatched_results: unmatched(runpack),
        warnings: warnings(&results),
    }
}

/// The results under one intent id.
struct Found<'a> {
    first: &'a ResultRecord,
    repeated: bool,
}

fn unmatched(runpack: &Runpack) -> Vec<UnmatchedResult<'_>> {
    let intents: HashSet<&str> = runpack
        .intents
        .iter()
        .map(|intent| intent.intent_id.as_str())
        .collect();
    let mut unmatched: Vec<_> = runpack
        .results
        .iter()
        .filter(|result| !intents.contains(result.intent_id.as_str()))
        .map(|result| UnmatchedResult {
            intent_id: &result.intent_id,
            outcome: Outcome::of(result),
        })
        .collect();
    unmatched.sort_by_key(|result| (result.intent_id, result.outcome.result_digest));
    unmatched
}

fn warnings(results: &BTreeMap<&str, Found<'_>>) -> Vec<String> {
    let repeated = results.iter().filter(|(_, found)| found.repeated);
    repeated
        .map(|(id, _)| {
            let id = if id.is_empty() { "(empty)" } else { id };
            format!("multiple result records for intent_id={id} (kept first)")
        })
        .collect()
}

impl<'a> Outcome<'a> {
    fn of(record: &'a ResultRecord) -> Self {
        let member = |name| {
            record
                .result
                .as_ref()
                .and_then(|result: &Object| result.get(name))
        };
        Self {
            status: &record.status,
            result_digest: &record.result_digest,
            verdict: member("verdict")
                .and_then(Value::as_str)
                .map(text::trim)
                .unwrap_or_default(),
            reason_codes: texts(member("reason_codes")),
            violations: texts(member("violations")),
        }
    }
}

/// The texts of a list, or one text that stands for a list of itself.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => text::list([text.as_str()]),
        Some(Value::Array(items)) => text::list(items.iter().filter_map(Value::as_str)),
        _ => Vec::new(),
    }
}

/// What a session chain holds: its checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainInspection<'a> {
    /// The run that the session is about.
    pub run_id: &'a str,
    /// The session.
    pub session_id: &'a str,
    /// Number of checkpoints.
    pub checkpoint_count: usize,
    /// The checkpoints by index.
    pub checkpoints: Vec<Checkpoint<'a>>,
}

/// A checkpoint of a session chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checkpoint<'a> {
    /// Place in the chain, from 1.
    pub checkpoint_index: i64,
    /// Where the runpack was written.
    pub runpack_path: &'a str,
    /// Sequence of the first event.
    pub sequence_start: i64,
    /// Sequence of the last event.
    pub sequence_end: i64,
    /// Digest of this link of the chain.
    pub checkpoint_digest: &'a str,
    /// Digest of the link before; empty in the first.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub prev_checkpoint_digest: &'a str,
}

/// Tells what `chain` holds. Nothing is verified.
#[must_use]
pub fn inspect_chain(chain: &SessionChain) -> ChainInspection<'_> {
    let mut checkpoints: Vec<_> = chain.checkpoints.iter().map(Checkpoint::of).collect();
    checkpoints.sort_by_key(|checkpoint| checkpoint.checkpoint_index);
    ChainInspection {
        run_id: &chain.run_id,
        session_id: &chain.session_id,
        checkpoint_count: checkpoints.len(),
        checkpoints,
    }
}

impl<'a> Checkpoint<'a> {
    fn of(checkpoint: &'a SessionCheckpoint) -> Self {
        Self {
            checkpoint_index: checkpoint.checkpoint_index,
            runpack_path: &checkpoint.runpack_path,
            sequence_start: checkpoint.sequence_start,
            sequence_end: checkpoint.sequence_end,
            checkpoint_digest: &checkpoint.checkpoint_digest,
            prev_checkpoint_digest: &checkpoint.prev_checkpoint_digest,
        }
    }
}
