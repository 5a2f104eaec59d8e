//! A pack as eight lines in the manner of OpenTelemetry: a span, an event and six metrics.

use gait_artifact::Timestamp;
use gait_canon::{
    Digest,
    json::{self, Object},
};
use serde::Serialize;

use super::ExportSummary;

const SCOPE: &str = "gait.pack.export";
const SPAN_NAME: &str = "gait.pack.verify";
const EVENT_BODY: &str = "gait.pack.export.metadata";

#[derive(Serialize)]
struct SpanRecord<'a> {
    record_type: &'static str,
    name: &'static str,
    trace_id: &'a str,
    span_id: &'a str,
    start_time_unix_nano: i64,
    end_time_unix_nano: i64,
    status: Status,
    instrumentation_scope: &'static str,
    attributes: &'a Object,
}

#[derive(Serialize)]
struct Status {
    code: &'static str,
}

#[derive(Serialize)]
struct EventRecord<'a> {
    record_type: &'static str,
    time_unix_nano: i64,
    severity_text: &'static str,
    body: &'static str,
    trace_id: &'a str,
    span_id: &'a str,
    attributes: &'a Object,
}

#[derive(Serialize)]
struct MetricRecord<'a> {
    record_type: &'static str,
    time_unix_nano: i64,
    name: &'static str,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_int: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_double: Option<f64>,
    attributes: &'a Object,
}

/// The lines of an export, without line feeds.
pub fn lines(summary: &ExportSummary) -> Result<Vec<String>, json::Error> {
    let attributes = attributes(summary);
    let seed = seed(summary);
    let (trace_id, span_id) = (&seed[..32], &seed[32..48]);
    let time = unix_nanos(summary.created_at);
    let span = SpanRecord {
        record_type: "span",
        name: SPAN_NAME,
        trace_id,
        span_id,
        start_time_unix_nano: time,
        end_time_unix_nano: time,
        status: Status {
            code: if summary.is_intact() { "ok" } else { "error" },
        },
        instrumentation_scope: SCOPE,
        attributes: &attributes,
    };
    let event = EventRecord {
        record_type: "event",
        time_unix_nano: time,
        severity_text: "INFO",
        body: EVENT_BODY,
        trace_id,
        span_id,
        attributes: &attributes,
    };
    let mut lines = vec![line(&span)?, line(&event)?];
    for metric in metrics(summary, time, &attributes) {
        lines.push(line(&metric)?);
    }
    Ok(lines)
}

fn line<T: Serialize>(record: &T) -> Result<String, json::Error> {
    json::to_value(record).map(|value| json::compact(&value))
}

fn metrics<'a>(summary: &ExportSummary, time: i64, attributes: &'a Object) -> [MetricRecord<'a>; 6] {
    let metrics = &summary.metrics;
    let count = |name, value| MetricRecord {
        record_type: "metric",
        time_unix_nano: time,
        name,
        unit: "1",
        value_int: Some(value),
        value_double: None,
        attributes,
    };
    [
        count("gait.pack.tool_calls_total", metrics.tool_calls_total),
        count("gait.pack.tool_calls_success_total", metrics.tool_calls_success),
        MetricRecord {
            unit: "ratio",
            value_int: None,
            value_double: Some(metrics.tool_calls_success_rate),
            ..count("gait.pack.tool_calls_success_rate", 0)
        },
        count("gait.pack.policy_blocked_total", metrics.policy_blocked),
        count("gait.pack.approval_required_total", metrics.approval_required),
        count("gait.pack.regress_failures_total", metrics.regress_failures),
    ]
}

/// What every line carries.
fn attributes(summary: &ExportSummary) -> Object {
    let mut attributes = Object::new();
    for (name, text) in [
        ("gait.pack_id", &summary.pack_id),
        ("gait.pack_type", &summary.pack_type),
        ("gait.source_ref", &summary.source_ref),
        ("gait.manifest_digest", &summary.manifest_digest),
        ("gait.signature_status", &summary.signature_status),
    ] {
        attributes.insert(name, text.as_str());
    }
    for (name, count) in [
        ("gait.files_checked", summary.files_checked),
        ("gait.hash_mismatches", summary.hash_mismatches),
        ("gait.missing_files", summary.missing_files),
        ("gait.undeclared_files", summary.undeclared_files),
        ("gait.signatures_total", summary.signatures_total),
        ("gait.signatures_valid", summary.signatures_valid),
        ("gait.tool_calls_total", summary.metrics.tool_calls_total),
        ("gait.tool_calls_ok", summary.metrics.tool_calls_success),
        ("gait.policy_blocked", summary.metrics.policy_blocked),
        ("gait.approval_required", summary.metrics.approval_required),
        ("gait.regress_failures", summary.metrics.regress_failures),
    ] {
        attributes.insert(name, count);
    }
    attributes.insert("gait.integrity_ok", summary.is_intact());
    attributes
}

/// 64 hexadecimal digits that are the same for every export of a pack: its id, or what comes closest.
fn seed(summary: &ExportSummary) -> String {
    let digest = Digest::parse_any_case(summary.pack_id.trim())
        .or_else(|_| Digest::parse_any_case(summary.manifest_digest.trim()))
        .unwrap_or_else(|_| Digest::of(format!("{}|{}", summary.pack_type, summary.source_ref).as_bytes()));
    digest.to_string()
}

/// Nanoseconds since 1970, which end with the year 2262 in this format.
fn unix_nanos(time: Timestamp) -> i64 {
    time.unix_seconds()
        .saturating_mul(1_000_000_000)
        .saturating_add(i64::from(time.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use gait_canon::json::Value;

    use super::*;
    use crate::export::RunMetrics;

    fn summary() -> ExportSummary {
        ExportSummary {
            pack_id: "AB".repeat(32),
            pack_type: "run".to_owned(),
            source_ref: "run_1".to_owned(),
            created_at: Timestamp::EPOCH_1980,
            metrics: RunMetrics {
                tool_calls_total: 4,
                tool_calls_success: 3,
                tool_calls_success_rate: 0.75,
                ..RunMetrics::default()
            },
            ..ExportSummary::default()
        }
    }

    fn records(summary: &ExportSummary) -> Vec<Value> {
        let lines = lines(summary).unwrap();
        lines
            .iter()
            .map(|line| json::parse(line.as_bytes()).unwrap())
            .collect()
    }

    #[test]
    fn eight_records_share_their_attributes() {
        let records = records(&summary());
        let kinds: Vec<_> = records
            .iter()
            .map(|record| record.get("record_type").and_then(Value::as_str).unwrap())
            .collect();
        assert_eq!(
            kinds,
            [
                "span", "event", "metric", "metric", "metric", "metric", "metric", "metric"
            ]
        );
        for record in &records {
            assert_eq!(record.get("attributes"), records[0].get("attributes"));
        }
        assert_eq!(
            records[0]
                .get("attributes")
                .and_then(Value::as_object)
                .unwrap()
                .len(),
            17
        );
        let rate = &records[4];
        assert_eq!(
            rate.get("value_double")
                .and_then(Value::as_number)
                .unwrap()
                .as_f64(),
            Some(0.75)
        );
        assert!(rate.get("value_int").is_none());
        assert_eq!(records[3].get("value_int").and_then(Value::as_i64), Some(3));
        assert_eq!(
            records[0].get("start_time_unix_nano").and_then(Value::as_i64),
            Some(315_532_800_000_000_000)
        );
    }

    #[test]
    fn damage_is_an_error_status() {
        let status =
            |summary: &ExportSummary| records(summary)[0].get("status").unwrap().get("code").cloned();
        assert_eq!(status(&summary()), Some(Value::from("ok")));
        for damaged in [
            ExportSummary {
                hash_mismatches: 1,
                ..summary()
            },
            ExportSummary {
                missing_files: 1,
                ..summary()
            },
            ExportSummary {
                undeclared_files: 1,
                ..summary()
            },
        ] {
            assert_eq!(status(&damaged), Some(Value::from("error")));
        }
    }

    #[test]
    fn ids_come_from_the_pack_or_what_is_closest() {
        let other = "c".repeat(64);
        for (pack_id, manifest_digest, expected) in [
            ("AB".repeat(32), other.clone(), "ab".repeat(32)),
            ("pack_1".to_owned(), other.clone(), other),
            (
                String::new(),
                "d".repeat(63),
                Digest::of(b"run|run_1").to_string(),
            ),
        ] {
            let summary = ExportSummary {
                pack_id,
                manifest_digest,
                ..summary()
            };
            assert_eq!(seed(&summary), expected);
            let span = &records(&summary)[0];
            assert_eq!(
                span.get("trace_id").and_then(Value::as_str),
                Some(&expected[..32])
            );
            assert_eq!(
                span.get("span_id").and_then(Value::as_str),
                Some(&expected[32..48])
            );
        }
    }

    #[test]
    fn times_stop_where_the_format_does() {
        assert_eq!(unix_nanos(Timestamp::from_unix(1, 5)), 1_000_000_005);
        assert_eq!(unix_nanos(Timestamp::ZERO), i64::MIN);
        assert_eq!(unix_nanos(Timestamp::from_unix(i64::MAX, 0)), i64::MAX);
    }
}
