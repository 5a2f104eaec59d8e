//! What traces say about the runs they belong to.

use std::collections::BTreeSet;

use gait_artifact::text;
use serde::Deserialize;

use crate::risk::plain;

/// What is read of a trace.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TraceEvidence {
    pub(crate) trace_id: String,
    pub(crate) correlation_id: String,
    pub(crate) run_id: String,
    pub(crate) tool_name: String,
    pub(crate) intent_digest: String,
    pub(crate) verdict: String,
    pub(crate) violations: Vec<String>,
}

impl TraceEvidence {
    /// The run it belongs to: the one it names, or the first whose id shows in its other identifiers.
    pub(crate) fn run(&self) -> Option<&str> {
        let named = Some(text::trim(&self.run_id)).filter(|run_id| !run_id.is_empty());
        named
            .or_else(|| run_id_in(&self.correlation_id))
            .or_else(|| run_id_in(&self.trace_id))
    }

    /// What it says against the action: the verdict unless it allows, and what was violated.
    pub(crate) fn reasons(&self) -> BTreeSet<String> {
        let verdict = plain(&self.verdict)
            .filter(|verdict| verdict != "allow")
            .map(|verdict| format!("trace_verdict_{verdict}"));
        let violations = self.violations.iter().filter_map(|violation| plain(violation));
        violations
            .map(|violation| format!("violation_{violation}"))
            .chain(verdict)
            .collect()
    }
}

/// The first run id in `text`: `run_` and at least one letter, digit, `_` or `-`.
fn run_id_in(text: &str) -> Option<&str> {
    const MARK: &str = "run_";
    text.match_indices(MARK).find_map(|(start, _)| {
        let tail = &text[start + MARK.len()..];
        let length = tail
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
            .unwrap_or(tail.len());
        (length > 0).then(|| &text[start..start + MARK.len() + length])
    })
}
