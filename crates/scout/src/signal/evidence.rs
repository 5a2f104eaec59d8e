//! What traces and regression tests say about runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use gait_artifact::text;
use gait_canon::json::{Reader, Value};
use gait_disk::read::read_bounded;
use serde::{Deserialize, de::DeserializeOwned};

use super::SignalError;
use crate::{risk::plain, trace::TraceEvidence};

/// The largest trace or result that is read, in bytes.
const MAX_BYTES: usize = 64 << 20;
/// The reason of a failed grader that gives none.
const UNEXPLAINED: &str = "regress_failure";

/// What is known of each run beside its runpack.
#[derive(Debug, Default)]
pub(super) struct Evidence(BTreeMap<String, RunEvidence>);

/// What is known of one run beside its runpack.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct RunEvidence {
    pub(super) reasons: BTreeSet<String>,
    pub(super) traces: usize,
    pub(super) regressed: bool,
}

/// What is read of a regression result.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Regress {
    graders: Vec<Grader>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Grader {
    name: String,
    status: String,
    reason_codes: Vec<String>,
    details: BTreeMap<String, Value>,
}

impl Grader {
    /// The run it graded: the one it names, or the first part of its own name.
    fn run(&self) -> &str {
        let named = self.details.get("run_id").and_then(Value::as_str);
        let named = named.map(text::trim).filter(|run| !run.is_empty());
        named.unwrap_or_else(|| text::trim(self.name.split('/').next().unwrap_or_default()))
    }

    fn reasons(&self) -> BTreeSet<String> {
        let reasons: BTreeSet<_> = self.reason_codes.iter().filter_map(|code| plain(code)).collect();
        if reasons.is_empty() {
            BTreeSet::from([UNEXPLAINED.to_owned()])
        } else {
            reasons
        }
    }
}

impl Evidence {
    /// Adds the trace in a file to what is known of its run. A trace that belongs to no run says nothing.
    pub(super) fn add_trace(&mut self, path: &Path) -> Result<(), SignalError> {
        let trace: TraceEvidence = read(path)?;
        if let Some(run) = trace.run() {
            let known = self.0.entry(run.to_owned()).or_default();
            known.traces += 1;
            known.reasons.extend(trace.reasons());
        }
        Ok(())
    }

    /// Adds the failures of a regression result to what is known of their runs.
    pub(super) fn add_regress(&mut self, path: &Path) -> Result<(), SignalError> {
        let result: Regress = read(path)?;
        let failures = result.graders.iter();
        for grader in failures.filter(|grader| text::trim_lower(&grader.status) != "pass") {
            let run = grader.run();
            if !run.is_empty() {
                let known = self.0.entry(run.to_owned()).or_default();
                known.regressed = true;
                known.reasons.extend(grader.reasons());
            }
        }
        Ok(())
    }

    pub(super) fn of(&self, run_id: &str) -> RunEvidence {
        self.0.get(run_id).cloned().unwrap_or_default()
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, SignalError> {
    let bytes = read_bounded(path, MAX_BYTES)?;
    let reader = Reader::new().keep_last_duplicates();
    reader.read(&bytes).map_err(|source| SignalError::Json {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    #[test]
    fn graders_name_their_runs() {
        for (grader, run, reasons) in [
            (r#"{"name":"run_a/diff/x"}"#, "run_a", &["regress_failure"][..]),
            (r#"{"name":"run_a"}"#, "run_a", &["regress_failure"]),
            (
                r#"{"name":"x/y","details":{"run_id":" run_b "},"reason_codes":["B c","b_c"," ","a"]}"#,
                "run_b",
                &["a", "b_c"],
            ),
            (
                r#"{"name":" x /y","details":{"run_id":7}}"#,
                "x",
                &["regress_failure"],
            ),
            ("{}", "", &["regress_failure"]),
        ] {
            let grader: Grader = json::read(grader.as_bytes()).unwrap();
            assert_eq!(grader.run(), run);
            assert_eq!(grader.reasons().into_iter().collect::<Vec<_>>(), reasons);
        }
    }
}
