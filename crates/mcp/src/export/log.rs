//! The line for logs.

use gait_artifact::{Timestamp, Verdict};
use gait_canon::json;
use serde::Serialize;

use super::delegation;
use crate::boundary::Judged;

/// What a log is told of a decision, members in order.
#[derive(Debug, Serialize)]
pub struct LogLine<'a> {
    created_at: Timestamp,
    producer_version: &'a str,
    run_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    session_id: &'a str,
    trace_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    trace_path: &'a str,
    tool_name: &'a str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reason_codes: Vec<String>,
    policy_digest: &'a str,
    intent_digest: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    decision_latency_ms: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    delegation_ref: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    delegation_depth: usize,
}

impl<'a> LogLine<'a> {
    /// The line about `judged`, whose trace is at `trace_path` and which took `latency_ms` whole milliseconds.
    #[must_use]
    pub fn of(judged: &'a Judged, trace_path: &'a str, latency_ms: u64) -> Self {
        let trace = judged.decision.trace.record();
        let (delegation_ref, delegation_depth) = delegation(trace);
        Self {
            created_at: trace.created_at,
            producer_version: &trace.producer_version,
            run_id: &judged.run_id,
            session_id: judged.session_id(),
            trace_id: &trace.trace_id,
            trace_path,
            tool_name: &trace.tool_name,
            verdict: trace.verdict,
            reason_codes: judged.decision.outcome.reasons(),
            policy_digest: &trace.policy_digest,
            intent_digest: &trace.intent_digest,
            decision_latency_ms: latency_ms,
            delegation_ref,
            delegation_depth,
        }
    }

    /// The line itself, without its line feed.
    pub fn to_json(&self) -> Result<String, json::Error> {
        json::line(self)
    }
}
