//! A run told again, step by step.
//!
//! By default nothing happens: a step is the recorded result, or a stub whose digest depends on nothing but the run. Real
//! tools run only in [`Mode::Real`], which takes a [`RealTools`], and that is given only to who has undone every
//! interlock. What tools do to the world happens behind [`Executor`].

mod interlock;
mod stub;
mod tool;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use gait_artifact::runpack::{IntentRecord, ResultRecord};
use gait_artifact::text;
use serde::Serialize;

use crate::Runpack;

pub use interlock::{Interlocks, Locked, RealTools};
pub use stub::StubKind;
pub use tool::{COMMAND_OUTPUT_LIMIT, COMMAND_TIME_LIMIT, Executor, ToolError};

/// Whether tools run.
#[derive(Clone, Copy)]
pub enum Mode<'a> {
    /// No tool runs.
    Stub,
    /// The allowed tools run, the others do not.
    Real {
        /// Which tools may run.
        tools: &'a RealTools,
        /// What runs them.
        executor: &'a dyn Executor,
    },
}

impl Mode<'_> {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stub => "stub",
            Self::Real { .. } => "real",
        }
    }
}

impl fmt::Debug for Mode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A run told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replay<'a> {
    /// The run that `run.json` names.
    pub run_id: &'a str,
    /// `stub` or `real`.
    pub mode: &'static str,
    /// What became of each intent, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step<'a>>,
    /// Ids of intents that have no result and are of no known kind, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_results: Vec<&'a str>,
}

impl Replay<'_> {
    /// Whether every intent has a result.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing_results.is_empty()
    }
}

/// What became of an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step<'a> {
    /// Id of the intent.
    pub intent_id: &'a str,
    /// The tool.
    pub tool_name: &'a str,
    /// How it went: the recorded status, `ok` or `error` of a tool that ran, `stubbed` or `missing_result`.
    pub status: &'a str,
    /// Where the result comes from.
    pub execution: Execution,
    /// What kind of tool the stub stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stub_type: Option<StubKind>,
    /// SHA-256 of the result; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub result_digest: String,
}

/// Where a result comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Execution {
    /// From the runpack.
    Recorded,
    /// From nowhere: a stand-in that is the same every time.
    Stubbed,
    /// From the tool, which has just run.
    Executed,
    /// There is none.
    Missing,
}

/// Why a run cannot be told again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Tools should run and their arguments were not recorded.
    #[error("real replay requires capture_mode=raw; reference-mode runpacks strip raw tool inputs")]
    ArgumentsNotRecorded,
    /// Two intents have one id.
    #[error("duplicate intent_id: {0}")]
    DuplicateIntent(String),
    /// An intent has two results.
    #[error("duplicate result for intent_id: {0}")]
    DuplicateResult(String),
    /// Somebody asked the replay to end. What ran before has run.
    #[error("interrupted at intent_id: {0}")]
    Interrupted(String),
}

/// Tells `runpack` again. In [`Mode::Real`] allowed tools run, one after the other, after all of the runpack was found
/// usable.
pub fn replay<'a>(runpack: &'a Runpack, mode: Mode<'_>) -> Result<Replay<'a>, ReplayError> {
    if matches!(mode, Mode::Real { .. }) && text::trim_lower(&runpack.manifest.capture_mode) != "raw" {
        return Err(ReplayError::ArgumentsNotRecorded);
    }
    unique(&runpack.intents, |intent| &intent.intent_id).map_err(ReplayError::DuplicateIntent)?;
    let results =
        unique(&runpack.results, |result| &result.intent_id).map_err(ReplayError::DuplicateResult)?;

    let run_id = runpack.run.run_id.as_str();
    let mut steps = Vec::with_capacity(runpack.intents.len());
    for intent in &runpack.intents {
        let executed = match mode {
            Mode::Real { tools, executor } if tools.allow(&intent.tool_name) => {
                Some(Step::executed(intent, executor)?)
            }
            _ => None,
        };
        let recorded = || Some(Step::recorded(intent, results.get(intent.intent_id.as_str())?));
        let stubbed = || Some(Step::stubbed(intent, run_id, StubKind::of(&intent.tool_name)?));
        let step = executed.or_else(recorded).or_else(stubbed);
        steps.push(step.unwrap_or_else(|| Step::missing(intent)));
    }
    let missing = steps
        .iter()
        .filter(|step: &&Step<'_>| step.execution == Execution::Missing);
    let mut missing_results: Vec<_> = missing.map(|step| step.intent_id).collect();
    missing_results.sort_unstable();
    Ok(Replay {
        run_id,
        mode: mode.as_str(),
        steps,
        missing_results,
    })
}

/// The records by their ids, or an id that two of them have.
fn unique<'a, R>(records: &'a [R], id: impl Fn(&'a R) -> &'a str) -> Result<HashMap<&'a str, &'a R>, String> {
    let mut found = HashMap::with_capacity(records.len());
    for record in records {
        match found.entry(id(record)) {
            Entry::Vacant(entry) => entry.insert(record),
            Entry::Occupied(entry) => return Err((*entry.key()).to_owned()),
        };
    }
    Ok(found)
}

impl<'a> Step<'a> {
    fn new(intent: &'a IntentRecord, status: &'a str, execution: Execution) -> Self {
        Self {
            intent_id: &intent.intent_id,
            tool_name: &intent.tool_name,
            status,
            execution,
            stub_type: None,
            result_digest: String::new(),
        }
    }

    fn executed(intent: &'a IntentRecord, executor: &dyn Executor) -> Result<Self, ReplayError> {
        let (status, digest) = match tool::execute(intent, executor) {
            Ok(digest) => ("ok", digest),
            Err(ToolError::Interrupted) => {
                return Err(ReplayError::Interrupted(intent.intent_id.clone()));
            }
            Err(error) => ("error", error.digest()),
        };
        Ok(Self {
            result_digest: digest.to_string(),
            ..Self::new(intent, status, Execution::Executed)
        })
    }

    fn recorded(intent: &'a IntentRecord, result: &'a ResultRecord) -> Self {
        Self {
            result_digest: result.result_digest.clone(),
            ..Self::new(intent, &result.status, Execution::Recorded)
        }
    }

    fn stubbed(intent: &'a IntentRecord, run_id: &str, kind: StubKind) -> Self {
        Self {
            stub_type: Some(kind),
            result_digest: kind.digest(run_id, intent).to_string(),
            ..Self::new(intent, "stubbed", Execution::Stubbed)
        }
    }

    fn missing(intent: &'a IntentRecord) -> Self {
        Self::new(intent, "missing_result", Execution::Missing)
    }
}
