//! The line for collectors of log records: a data model in the manner of OpenTelemetry's, not its protocol.

use gait_artifact::{Timestamp, Verdict};
use gait_canon::json;
use serde::Serialize;

use super::delegation;
use crate::boundary::Judged;

/// What a collector is told of a decision, keys sorted.
#[derive(Debug, Serialize)]
pub struct OtelLine<'a> {
    attributes: Attributes<'a>,
    body: &'static str,
    severity_text: &'static str,
    time_unix_nano: i64,
    trace_id: &'a str,
}

/// Every attribute is always there.
#[derive(Debug, Serialize)]
struct Attributes<'a> {
    #[serde(rename = "gait.decision_latency_ms")]
    decision_latency_ms: u64,
    #[serde(rename = "gait.delegation_depth")]
    delegation_depth: usize,
    #[serde(rename = "gait.delegation_ref")]
    delegation_ref: &'a str,
    #[serde(rename = "gait.intent_digest")]
    intent_digest: &'a str,
    #[serde(rename = "gait.policy_digest")]
    policy_digest: &'a str,
    #[serde(rename = "gait.reason_codes")]
    reason_codes: Vec<String>,
    #[serde(rename = "gait.run_id")]
    run_id: &'a str,
    #[serde(rename = "gait.session_id")]
    session_id: &'a str,
    #[serde(rename = "gait.tool_name")]
    tool_name: &'a str,
    #[serde(rename = "gait.trace_path")]
    trace_path: &'a str,
    #[serde(rename = "gait.verdict")]
    verdict: Verdict,
}

impl<'a> OtelLine<'a> {
    /// The line about `judged`, whose trace is at `trace_path` and which took `latency_ms` whole milliseconds.
    #[must_use]
    pub fn of(judged: &'a Judged, trace_path: &'a str, latency_ms: u64) -> Self {
        let trace = judged.decision.trace.record();
        let (delegation_ref, delegation_depth) = delegation(trace);
        Self {
            attributes: Attributes {
                decision_latency_ms: latency_ms,
                delegation_depth,
                delegation_ref,
                intent_digest: &trace.intent_digest,
                policy_digest: &trace.policy_digest,
                reason_codes: judged.decision.outcome.reasons(),
                run_id: &judged.run_id,
                session_id: judged.session_id(),
                tool_name: &trace.tool_name,
                trace_path,
                verdict: trace.verdict,
            },
            body: "gait.mcp.proxy.decision",
            severity_text: "INFO",
            time_unix_nano: unix_nanos(trace.created_at),
            trace_id: &trace.trace_id,
        }
    }

    /// The line itself, without its line feed.
    pub fn to_json(&self) -> Result<String, json::Error> {
        json::line(self)
    }
}

/// Nanoseconds since 1970, as far as 64 bits reach.
fn unix_nanos(time: Timestamp) -> i64 {
    time.unix_seconds()
        .saturating_mul(1_000_000_000)
        .saturating_add(i64::from(time.subsec_nanos()))
}
