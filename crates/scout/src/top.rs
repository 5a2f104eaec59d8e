//! The actions that could do most harm, out of many runs and traces.
//!
//! [`Sources::find`] turns what a caller names into files, [`rank`] reads them one after the other and keeps the gravest
//! actions. Runpacks are held to their manifests; signatures are not looked at.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use gait_artifact::{
    Timestamp,
    report::{RankedAction, SCHEMA_VERSION, TOP_ACTIONS_SCHEMA_ID, TopActions},
    text,
};
use gait_canon::json::{self, Reader};
use gait_disk::{PathError, ReadError, path::local_or_absolute, read::read_bounded};
use gait_runpack::{LocateError, Runpack, RunpackError, locate};

use crate::{
    risk::{ToolClass, mentions, plain, sensitivity, status_reason, target_systems},
    trace::TraceEvidence,
    walk::{Walk, WalkError},
};

/// The largest trace that is read, in bytes.
const MAX_TRACE_BYTES: usize = 16 << 20;
/// The run of a trace that names none.
const UNKNOWN_RUN: &str = "unknown";

/// Why there is no ranking.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopError {
    /// A source is not a path that may be read.
    #[error("invalid source {given:?}: {source}")]
    Path {
        /// What the caller named.
        given: String,
        /// Why.
        source: PathError,
    },
    /// The root of the file system is too much to search.
    #[error("invalid source {0:?}: it names the whole file system")]
    Root(String),
    /// There is no such file or directory.
    #[error("source not found: {0}")]
    NotFound(String),
    /// There is no such run.
    #[error(transparent)]
    Run(#[from] LocateError),
    /// A trace has another name.
    #[error("trace source must be a .json file or a directory: {0}")]
    NotATrace(String),
    /// A directory cannot be searched.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The sources hold neither runpack nor trace.
    #[error("no runpack or trace artifacts found in provided sources")]
    NothingFound,
    /// A runpack cannot be read.
    #[error("read runpack {}: {source}", path.display())]
    Runpack {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RunpackError,
    },
    /// A runpack does not say which run it holds.
    #[error("runpack {} names no run", .0.display())]
    NamelessRun(PathBuf),
    /// A trace cannot be read.
    #[error("read trace: {0}")]
    Trace(#[from] ReadError),
    /// A trace is not the JSON it should be.
    #[error("parse trace {}: {source}", path.display())]
    TraceJson {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: json::Error,
    },
    /// No run and no trace tells of an action.
    #[error("no actions found in provided runpack/trace sources")]
    NoActions,
}

/// The files to rank.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    runpacks: BTreeSet<PathBuf>,
    traces: BTreeSet<PathBuf>,
}

impl Sources {
    /// The runpacks and traces that `runs` and `traces` name: files, directories that hold them at any depth (as
    /// `runpack_*.zip` and `trace_*.json`), and run ids, which are looked up in `gait-out` and below `home`.
    pub fn find<S: AsRef<str>>(runs: &[S], traces: &[S], home: Option<&Path>) -> Result<Self, TopError> {
        let mut found = Self::default();
        for given in runs.iter().map(AsRef::as_ref) {
            found.add_runs(text::trim(given), home)?;
        }
        for given in traces.iter().map(AsRef::as_ref) {
            found.add_traces(text::trim(given))?;
        }
        if found.runpacks.is_empty() && found.traces.is_empty() {
            return Err(TopError::NothingFound);
        }
        Ok(found)
    }

    fn add_runs(&mut self, given: &str, home: Option<&Path>) -> Result<(), TopError> {
        let path = source_path(given)?;
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                collect(&path, ("runpack_", ".zip"), &mut self.runpacks)?;
            }
            Ok(_) => drop(self.runpacks.insert(path)),
            Err(_) if locate::is_path(given) => return Err(TopError::NotFound(given.to_owned())),
            Err(_) => drop(self.runpacks.insert(locate(given, home)?)),
        }
        Ok(())
    }

    fn add_traces(&mut self, given: &str) -> Result<(), TopError> {
        let path = source_path(given)?;
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => collect(&path, ("trace_", ".json"), &mut self.traces)?,
            Ok(_) if is_json(&path) => drop(self.traces.insert(path)),
            Ok(_) => return Err(TopError::NotATrace(given.to_owned())),
            Err(_) => return Err(TopError::NotFound(given.to_owned())),
        }
        Ok(())
    }
}

fn source_path(given: &str) -> Result<PathBuf, TopError> {
    let path = local_or_absolute(Path::new(given)).map_err(|source| TopError::Path {
        given: given.to_owned(),
        source,
    })?;
    if path == Path::new("/") {
        return Err(TopError::Root(given.to_owned()));
    }
    Ok(path)
}

fn is_json(path: &Path) -> bool {
    path.to_string_lossy()
        .rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"))
}

/// Adds the files below `directory` whose names begin and end so, letter case aside.
fn collect(
    directory: &Path,
    (beginning, ending): (&str, &str),
    found: &mut BTreeSet<PathBuf>,
) -> Result<(), WalkError> {
    for path in Walk::everything(directory) {
        let path = path?;
        let name = text::lower(&path.file_name().unwrap_or_default().to_string_lossy());
        if name.len() >= beginning.len() + ending.len()
            && name.starts_with(beginning)
            && name.ends_with(ending)
        {
            found.insert(path);
        }
    }
    Ok(())
}

/// The `limit` gravest actions of `sources`.
pub fn rank(sources: &Sources, limit: usize, producer_version: &str) -> Result<TopActions, TopError> {
    let mut ranking = Ranking::new(limit);
    for path in &sources.runpacks {
        ranking.add_runpack(path)?;
    }
    for path in &sources.traces {
        ranking.add_trace(path)?;
    }
    if ranking.action_count == 0 {
        return Err(TopError::NoActions);
    }
    Ok(TopActions {
        schema_id: TOP_ACTIONS_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: Timestamp::EPOCH_1980,
        producer_version: producer_version.to_owned(),
        run_count: ranking.runs.len(),
        trace_count: sources.traces.len(),
        action_count: ranking.action_count,
        top_actions: ranking.into_actions(),
    })
}

/// The gravest actions of the files that were read so far.
struct Ranking {
    limit: usize,
    runs: BTreeSet<String>,
    action_count: usize,
    gravest: Vec<Action>,
}

impl Ranking {
    const fn new(limit: usize) -> Self {
        Self {
            limit,
            runs: BTreeSet::new(),
            action_count: 0,
            gravest: Vec::new(),
        }
    }

    fn add_runpack(&mut self, path: &Path) -> Result<(), TopError> {
        let runpack = Runpack::open(path).map_err(|source| TopError::Runpack {
            path: path.to_owned(),
            source,
        })?;
        let run_id = text::trim(&runpack.run.run_id);
        if run_id.is_empty() {
            return Err(TopError::NamelessRun(path.to_owned()));
        }
        self.add(actions_of(&runpack, run_id, &path.to_string_lossy()));
        self.runs.insert(run_id.to_owned());
        Ok(())
    }

    fn add_trace(&mut self, path: &Path) -> Result<(), TopError> {
        let bytes = read_bounded(path, MAX_TRACE_BYTES)?;
        let trace: TraceEvidence = Reader::new()
            .keep_last_duplicates()
            .read(&bytes)
            .map_err(|source| TopError::TraceJson {
                path: path.to_owned(),
                source,
            })?;
        let run_id = trace.run().unwrap_or(UNKNOWN_RUN);
        self.add(action_of(&trace, run_id, &path.to_string_lossy()));
        self.runs.insert(run_id.to_owned());
        Ok(())
    }

    fn add(&mut self, actions: impl IntoIterator<Item = Action>) {
        let kept = self.gravest.len();
        self.gravest.extend(actions);
        self.action_count += self.gravest.len() - kept;
        self.gravest.sort_by(Action::gravest_first);
        self.gravest.truncate(self.limit);
    }

    fn into_actions(self) -> Vec<RankedAction> {
        let ranks = 1..;
        ranks
            .zip(self.gravest)
            .map(|(rank, Action { record, .. })| RankedAction { rank, ..record })
            .collect()
    }
}

/// An action without its rank.
struct Action {
    class: ToolClass,
    record: RankedAction,
}

impl Action {
    /// Weighs an action. Class, score and rank of `record` are not given yet.
    fn weighed(mut record: RankedAction) -> Self {
        const GRAVE: [&str; 6] = [
            "violation_",
            "blocked",
            "approval",
            "destructive",
            "credential",
            "prompt_injection",
        ];
        let class = ToolClass::of(&record.tool_name);
        let verdict = match record.verdict.as_str() {
            "block" => 15,
            "require_approval" => 12,
            "error" => 8,
            _ => 0,
        };
        let reasons = record.reason_codes.iter();
        let reasons = reasons.fold(0_u32, |sum, reason| {
            sum.saturating_add(if mentions(reason, &GRAVE) { 2 } else { 1 })
        });
        record.score = (100 * class.weight() + 10 * record.blast_radius + verdict).saturating_add(reasons);
        record.tool_class = class.to_string();
        Self { class, record }
    }

    fn gravest_first(&self, other: &Self) -> Ordering {
        let weight = |action: &Self| (action.record.score, action.class, action.record.blast_radius);
        weight(other)
            .cmp(&weight(self))
            .then_with(|| self.names().cmp(&other.names()))
    }

    /// What decides between actions of the same weight.
    fn names(&self) -> [&str; 7] {
        let record = &self.record;
        [
            &record.run_id,
            &record.intent_id,
            &record.intent_digest,
            &record.trace_id,
            &record.tool_name,
            &record.source_type,
            &record.source_artifact,
        ]
    }
}

/// The actions of a run: its intents that name a tool.
fn actions_of(runpack: &Runpack, run_id: &str, source: &str) -> Vec<Action> {
    let blast_radius = sensitivity(&target_systems(&runpack.refs.receipts));
    // A later result of the same intent takes the place of an earlier one.
    let statuses: BTreeMap<&str, &str> = runpack
        .results
        .iter()
        .map(|result| (text::trim(&result.intent_id), result.status.as_str()))
        .filter(|(intent_id, _)| !intent_id.is_empty())
        .collect();
    runpack
        .intents
        .iter()
        .filter(|intent| !text::is_blank(&intent.tool_name))
        .map(|intent| {
            let intent_id = text::trim(&intent.intent_id);
            let reason = statuses.get(intent_id).and_then(|status| status_reason(status));
            Action::weighed(RankedAction {
                blast_radius,
                run_id: run_id.to_owned(),
                intent_id: intent_id.to_owned(),
                tool_name: text::trim(&intent.tool_name).to_owned(),
                reason_codes: reason.into_iter().collect(),
                source_type: "runpack".to_owned(),
                source_artifact: source.to_owned(),
                ..RankedAction::default()
            })
        })
        .collect()
}

/// The action that a trace tells of, if it names a tool.
fn action_of(trace: &TraceEvidence, run_id: &str, source: &str) -> Option<Action> {
    let tool_name = text::trim(&trace.tool_name);
    (!tool_name.is_empty()).then(|| {
        Action::weighed(RankedAction {
            blast_radius: blast_radius(trace),
            run_id: run_id.to_owned(),
            intent_digest: text::trim_lower(&trace.intent_digest),
            trace_id: text::trim(&trace.trace_id).to_owned(),
            tool_name: tool_name.to_owned(),
            verdict: plain(&trace.verdict).unwrap_or_default(),
            reason_codes: trace.reasons().into_iter().collect(),
            source_type: "trace".to_owned(),
            source_artifact: source.to_owned(),
            ..RankedAction::default()
        })
    })
}

/// How far a mistake would reach, judged by the tool and by what was violated.
fn blast_radius(trace: &TraceEvidence) -> u32 {
    const HIGH: [&str; 9] = [
        "prod", "payment", "finance", "customer", "pii", "ssn", "delete", "drop", "destroy",
    ];
    const MIDDLE: [&str; 3] = ["internal", "staging", "queue"];
    let words = text::lower(&format!("{} {}", trace.tool_name, trace.violations.join(" ")));
    if mentions(&words, &HIGH) {
        3
    } else if mentions(&words, &MIDDLE) {
        2
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn trace(json: &str) -> TraceEvidence {
        Reader::new().read(json.as_bytes()).unwrap()
    }

    fn record(json: &str) -> Option<RankedAction> {
        action_of(&trace(json), "r", "t.json").map(|action| action.record)
    }

    #[test]
    fn traces_are_weighed() {
        let grave = record(
            r#"{"tool_name":"db.delete_rows","verdict":"block","violations":["Destructive Op","prompt_injection","Destructive Op",""]}"#,
        )
        .unwrap();
        assert_eq!(grave.score, 450);
        assert_eq!(
            grave.reason_codes,
            [
                "trace_verdict_block",
                "violation_destructive_op",
                "violation_prompt_injection"
            ]
        );
        let mild = record(r#"{"tool_name":"tool.read_file","verdict":"allow"}"#).unwrap();
        assert_eq!(mild.score, 110);
        let queue = record(r#"{"tool_name":"queue.publish","verdict":"Error"}"#).unwrap();
        assert_eq!((queue.blast_radius, queue.verdict.as_str()), (2, "error"));
        assert_eq!(record(r#"{"tool_name":" "}"#), None);
    }

    #[test]
    fn directories_are_searched_for_names() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join(".git/deep")).unwrap();
        for name in [
            "runpack_a.ZIP",
            "runpack_.zip",
            "run.zip",
            ".git/deep/Trace_x.json",
        ] {
            fs::write(root.join(name), "").unwrap();
        }
        let root = root.to_str().unwrap();
        let names = |paths: &BTreeSet<PathBuf>| -> Vec<String> {
            paths
                .iter()
                .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
                .collect()
        };
        let found = Sources::find(&[root], &[root], None).unwrap();
        assert_eq!(names(&found.runpacks), ["runpack_.zip", "runpack_a.ZIP"]);
        assert_eq!(names(&found.traces), ["Trace_x.json"]);
    }

    #[test]
    fn sources_are_found_or_named() {
        let refused = |runs: &[&str], traces: &[&str]| Sources::find(runs, traces, None).unwrap_err();
        assert!(matches!(refused(&["../x"], &[]), TopError::Path { .. }));
        assert!(matches!(refused(&["//"], &[]), TopError::Root(_)));
        assert!(matches!(refused(&["./gone.zip"], &[]), TopError::NotFound(_)));
        assert!(matches!(refused(&["run_gone"], &[]), TopError::Run(_)));
        assert!(matches!(refused(&[], &["gone"]), TopError::NotFound(_)));
        assert!(matches!(refused(&[], &["Cargo.toml"]), TopError::NotATrace(_)));
        assert!(matches!(refused(&["src"], &[]), TopError::NothingFound));
    }

    proptest! {
        #[test]
        fn a_smaller_limit_shows_the_beginning(scores in prop::collection::vec((0_u32..4, 0_u8..4), 0..30), limit in 0_usize..10) {
            let actions = || scores.iter().map(|(blast_radius, run)| Action::weighed(RankedAction {
                blast_radius: *blast_radius,
                run_id: run.to_string(),
                ..RankedAction::default()
            }));
            let (mut few, mut all) = (Ranking::new(limit), Ranking::new(usize::MAX));
            // One at a time for the few, all at once for the others.
            actions().for_each(|action| few.add([action]));
            all.add(actions());
            let all = all.into_actions();
            prop_assert_eq!(few.action_count, scores.len());
            prop_assert_eq!(few.into_actions(), all[..limit.min(all.len())].to_vec());
        }
    }
}
