//! The smallest part of a run that still shows what is wrong with it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use gait_artifact::runpack::{IntentRecord, Receipt, Refs, ResultRecord, Run};
use gait_artifact::{Timestamp, text};
use gait_canon::json::{self, Object, Value};
use serde::{Serialize, Serializer};

use crate::content::UnknownCaptureMode;
use crate::{Content, Runpack};

/// The schema id of a report.
pub const REPORT_SCHEMA_ID: &str = "gait.runpack.reduce_report";
/// The schema version of a report.
pub const REPORT_SCHEMA_VERSION: &str = "1.0.0";

/// What is wrong with a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Predicate {
    /// An intent has no result.
    #[default]
    MissingResult,
    /// An intent has a result whose status is neither `ok` nor `success`.
    NonOkStatus,
}

impl Predicate {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MissingResult => "missing_result",
            Self::NonOkStatus => "non_ok_status",
        }
    }

    /// Whether it holds for an intent with these results.
    fn holds(self, results: &[&ResultRecord]) -> bool {
        match self {
            Self::MissingResult => results.is_empty(),
            Self::NonOkStatus => results.iter().any(|result| !is_ok(result)),
        }
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Predicate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A predicate that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unsupported predicate {0:?}")]
pub struct UnknownPredicate(pub String);

/// White space around the name and letter case are ignored.
impl FromStr for Predicate {
    type Err = UnknownPredicate;

    fn from_str(name: &str) -> Result<Self, UnknownPredicate> {
        [Self::MissingResult, Self::NonOkStatus]
            .into_iter()
            .find(|predicate| text::trim_lower(name) == predicate.as_str())
            .ok_or_else(|| UnknownPredicate(name.to_owned()))
    }
}

/// A reduced run, and what was left out of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduction {
    /// The reduced run, ready to be written.
    pub content: Content,
    /// What was done.
    pub report: Report,
}

/// What a reduction kept, in the member order of the published report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `gait.runpack.reduce_report`.
    pub schema_id: &'static str,
    /// `1.0.0`.
    pub schema_version: &'static str,
    /// When the run was recorded, in UTC.
    pub created_at: Timestamp,
    /// Version of the program that recorded the run.
    pub producer_version: String,
    /// The run.
    pub run_id: String,
    /// The reduced run.
    pub reduced_run_id: String,
    /// What is wrong with both.
    pub predicate: Predicate,
    /// The intent that shows it.
    pub selected_intent_id: String,
    /// Number of intents of the run.
    pub original_intent_count: usize,
    /// Number of intents kept.
    pub reduced_intent_count: usize,
    /// Number of results of the run.
    pub original_result_count: usize,
    /// Number of results kept.
    pub reduced_result_count: usize,
    /// Number of references of the run.
    pub original_ref_count: usize,
    /// Number of references kept. The reduced run itself goes on telling the count and the digest of the context that the
    /// whole run had.
    pub reduced_ref_count: usize,
    /// Whether the predicate holds for the reduced run.
    pub still_failing: bool,
}

impl Report {
    /// The report as a document: one line of JSON without a line feed.
    pub fn to_json(&self) -> Result<String, json::Error> {
        json::line(self)
    }
}

/// Why a run cannot be reduced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReduceError {
    /// No intent has an id.
    #[error("runpack has no intent IDs")]
    NoIntents,
    /// Nothing of the kind is wrong with the run.
    #[error("predicate {0} not triggered by runpack")]
    NotTriggered(Predicate),
    /// The manifest's capture mode is none.
    #[error("write reduced runpack: {0}")]
    CaptureMode(#[from] UnknownCaptureMode),
    /// The run's id cannot be part of a file name.
    #[error("run id {0:?} cannot be part of a file name; name the output file")]
    FileName(String),
}

/// Reduces `runpack` to the first intent by id for which `predicate` holds.
pub fn reduce(runpack: &Runpack, predicate: Predicate) -> Result<Reduction, ReduceError> {
    let results = results_by_intent(&runpack.results);
    let selected = select(runpack, &results, predicate)?;
    let run_id = reduced_run_id(&runpack.run.run_id, predicate);
    let result = match predicate {
        Predicate::MissingResult => None,
        Predicate::NonOkStatus => results_of(&results, &selected.intent_id)
            .iter()
            .find(|result| !is_ok(result)),
    };
    let intent = IntentRecord {
        run_id: run_id.clone(),
        ..selected.clone()
    };
    let result = result.map(|result| ResultRecord {
        run_id: run_id.clone(),
        ..(*result).clone()
    });
    let content = Content {
        run: reduced_run(&runpack.run, &run_id, &selected.intent_id),
        refs: reduced_refs(&runpack.refs, &run_id, &references(&intent, result.as_ref())),
        intents: vec![intent],
        results: result.into_iter().collect(),
        capture_mode: runpack.manifest.capture_mode.parse()?,
    };
    let report = report(runpack, &content, predicate);
    Ok(Reduction { content, report })
}

/// Where a reduced run is written unless told otherwise: beside the runpack at `input`.
pub fn default_output(input: &Path, run_id: &str, predicate: Predicate) -> Result<PathBuf, ReduceError> {
    let run_id = text::trim(run_id);
    if run_id.contains(['/', '\\', '\0']) {
        return Err(ReduceError::FileName(run_id.to_owned()));
    }
    Ok(input.with_file_name(format!("runpack_{run_id}_reduced_{predicate}.zip")))
}

type ResultsByIntent<'a> = HashMap<&'a str, Vec<&'a ResultRecord>>;

fn results_by_intent(results: &[ResultRecord]) -> ResultsByIntent<'_> {
    let mut by_intent = ResultsByIntent::new();
    for result in results {
        by_intent.entry(&result.intent_id).or_default().push(result);
    }
    by_intent
}

fn results_of<'a, 'b>(results: &'b ResultsByIntent<'a>, intent_id: &str) -> &'b [&'a ResultRecord] {
    results.get(intent_id).map_or(&[], Vec::as_slice)
}

fn is_ok(result: &ResultRecord) -> bool {
    matches!(text::trim_lower(&result.status).as_str(), "ok" | "success")
}

/// The first intent by id, of several with that id the first in the file, for which `predicate` holds.
fn select<'a>(
    runpack: &'a Runpack,
    results: &ResultsByIntent<'_>,
    predicate: Predicate,
) -> Result<&'a IntentRecord, ReduceError> {
    let named = || {
        runpack
            .intents
            .iter()
            .filter(|intent| !intent.intent_id.is_empty())
    };
    if named().next().is_none() {
        return Err(ReduceError::NoIntents);
    }
    named()
        .filter(|intent| predicate.holds(results_of(results, &intent.intent_id)))
        .min_by_key(|intent| &intent.intent_id)
        .ok_or(ReduceError::NotTriggered(predicate))
}

fn reduced_run_id(run_id: &str, predicate: Predicate) -> String {
    let run_id = text::trim(run_id);
    let prefix = if run_id.starts_with("run_") { "" } else { "run_" };
    let predicate = predicate.as_str().replace('_', "");
    format!("{prefix}{run_id}_reduced_{predicate}")
}

fn reduced_run(run: &Run, run_id: &str, intent_id: &str) -> Run {
    let concerns = |reference: &str| reference.is_empty() || reference == intent_id;
    let timeline = run.timeline.as_ref().map(|events| {
        let kept = events.iter().filter(|event| concerns(&event.reference));
        kept.cloned().collect()
    });
    Run {
        run_id: run_id.to_owned(),
        timeline,
        ..run.clone()
    }
}

fn reduced_refs(refs: &Refs, run_id: &str, references: &HashSet<&str>) -> Refs {
    let kept = refs
        .receipts
        .iter()
        .filter(|receipt| references.contains(receipt.ref_id.as_str()));
    let mut receipts: Vec<Receipt> = kept.cloned().collect();
    receipts.sort_by(|left, right| left.ref_id.cmp(&right.ref_id));
    Refs {
        run_id: run_id.to_owned(),
        receipts,
        ..refs.clone()
    }
}

/// What the payloads of a call refer to: every text under a key that speaks of references, and every text that looks like
/// one.
fn references<'a>(intent: &'a IntentRecord, result: Option<&'a ResultRecord>) -> HashSet<&'a str> {
    let payloads = [
        intent.args.as_ref(),
        result.and_then(|result| result.result.as_ref()),
    ];
    let mut references = HashSet::new();
    let mut pending: Vec<(&str, &Value)> = payloads.into_iter().flatten().flat_map(Object::iter).collect();
    while let Some((key, value)) = pending.pop() {
        match value {
            Value::Object(members) => pending.extend(members.iter()),
            Value::Array(items) => pending.extend(items.iter().map(|item| (key, item))),
            Value::String(text) => {
                if text::lower(key).contains("ref") {
                    references.insert(text::trim(text));
                }
                if text.starts_with("ref_") {
                    references.insert(text);
                }
            }
            _ => {}
        }
    }
    references
}

fn report(runpack: &Runpack, content: &Content, predicate: Predicate) -> Report {
    let results = results_by_intent(&content.results);
    let fails = |intent: &IntentRecord| predicate.holds(results_of(&results, &intent.intent_id));
    Report {
        schema_id: REPORT_SCHEMA_ID,
        schema_version: REPORT_SCHEMA_VERSION,
        created_at: runpack.run.created_at.to_utc(),
        producer_version: runpack.run.producer_version.clone(),
        run_id: runpack.run.run_id.clone(),
        reduced_run_id: content.run.run_id.clone(),
        predicate,
        selected_intent_id: content
            .intents
            .first()
            .map(|intent| intent.intent_id.clone())
            .unwrap_or_default(),
        original_intent_count: runpack.intents.len(),
        reduced_intent_count: content.intents.len(),
        original_result_count: runpack.results.len(),
        reduced_result_count: content.results.len(),
        original_ref_count: runpack.refs.receipts.len(),
        reduced_ref_count: content.refs.receipts.len(),
        still_failing: content.intents.iter().any(fails),
    }
}
