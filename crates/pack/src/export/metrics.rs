//! What a run did, counted from its results.

use gait_artifact::runpack::ResultRecord;
use gait_canon::json::{Number, Object, Value};
use serde::Serialize;

/// The counts of a run. A pack without a run has none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct RunMetrics {
    /// Results, or intents when there are no results.
    pub tool_calls_total: u64,
    /// Results that went well.
    pub tool_calls_success: u64,
    /// The share of those, between 0 and 1; 0 without calls.
    pub tool_calls_success_rate: f64,
    /// Results that policy blocked; only raw captures tell.
    pub policy_blocked: u64,
    /// Results that waited for an approval; only raw captures tell.
    pub approval_required: u64,
    /// Results that tell of a failed regression test; only raw captures tell.
    pub regress_failures: u64,
}

impl RunMetrics {
    /// Counts `results`. `intents` is the number of calls that were meant to be made.
    #[must_use]
    pub fn of(intents: usize, results: &[ResultRecord]) -> Self {
        let count = |holds: &dyn Fn(&ResultRecord) -> bool| {
            results.iter().filter(|result| holds(result)).count() as u64
        };
        let captured = |holds: fn(&Object) -> bool| {
            count(&|result: &ResultRecord| result.result.as_ref().is_some_and(holds))
        };
        let total = if results.is_empty() {
            intents
        } else {
            results.len()
        } as u64;
        let success = count(&|result| result.status.trim().eq_ignore_ascii_case("ok"));
        Self {
            tool_calls_total: total,
            tool_calls_success: success,
            tool_calls_success_rate: share(success, total),
            policy_blocked: captured(is_blocked),
            approval_required: captured(needs_approval),
            regress_failures: captured(is_regress_failure),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no archive holds 2^53 results")]
fn share(part: u64, total: u64) -> f64 {
    if total == 0 {
        0.0
    } else {
        part as f64 / total as f64
    }
}

fn is_blocked(result: &Object) -> bool {
    word(result, "verdict") == "block"
}

fn needs_approval(result: &Object) -> bool {
    [
        "require_approval",
        "approval_required",
        "needs_approval",
        "needsapproval",
    ]
    .contains(&word(result, "verdict").as_str())
}

fn is_regress_failure(result: &Object) -> bool {
    let counted = ["regress_failures", "failed"].into_iter().any(|name| {
        result
            .get(name)
            .and_then(Value::as_number)
            .is_some_and(is_positive)
    });
    let stated = ["regress_status", "status", "result_status"]
        .into_iter()
        .any(|name| ["fail", "failed", "regress_failed"].contains(&word(result, name).as_str()));
    let codes = result
        .get("reason_codes")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let explained = ["reason", "failure_reason"]
        .into_iter()
        .filter_map(|name| result.get(name))
        .chain(codes)
        .filter_map(Value::as_str)
        .any(tells_of_regression);
    counted || stated || explained
}

/// Whether the integer part of a number is above zero.
fn is_positive(number: &Number) -> bool {
    number.as_f64().is_some_and(|value| value >= 1.0)
}

fn tells_of_regression(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    reason.contains("regress") && (reason.contains("fail") || reason.contains("drift"))
}

/// A text member, trimmed and in lower case; empty when there is none.
fn word(result: &Object, name: &str) -> String {
    let text = result.get(name).and_then(Value::as_str).unwrap_or("");
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    fn result(status: &str, captured: &str) -> ResultRecord {
        ResultRecord {
            status: status.to_owned(),
            result: json::read(captured.as_bytes()).unwrap(),
            ..ResultRecord::default()
        }
    }

    #[test]
    fn each_captured_result_is_judged() {
        // Blocked, waiting for approval, failed regression.
        for (captured, expected) in [
            ("null", [0, 0, 0]),
            ("{}", [0, 0, 0]),
            (r#"{"verdict":"allow"}"#, [0, 0, 0]),
            (r#"{"verdict":" Block\n"}"#, [1, 0, 0]),
            (r#"{"verdict":["block"]}"#, [0, 0, 0]),
            (r#"{"verdict":"require_approval"}"#, [0, 1, 0]),
            (r#"{"verdict":"approval_required"}"#, [0, 1, 0]),
            (r#"{"verdict":"needs_approval"}"#, [0, 1, 0]),
            (r#"{"verdict":"NeedsApproval"}"#, [0, 1, 0]),
            (r#"{"regress_failures":1}"#, [0, 0, 1]),
            (r#"{"failed":1.9}"#, [0, 0, 1]),
            (r#"{"failed":0.9,"regress_failures":-3}"#, [0, 0, 0]),
            (r#"{"failed":true,"regress_failures":"7"}"#, [0, 0, 0]),
            (r#"{"regress_status":"FAIL"}"#, [0, 0, 1]),
            (r#"{"status":"failed"}"#, [0, 0, 1]),
            (r#"{"result_status":"regress_failed"}"#, [0, 0, 1]),
            (r#"{"status":"failing"}"#, [0, 0, 0]),
            (r#"{"reason":"Regress drift"}"#, [0, 0, 1]),
            (r#"{"failure_reason":"failed the regression"}"#, [0, 0, 1]),
            (r#"{"reason":"regress","failure_reason":"failed"}"#, [0, 0, 0]),
            (r#"{"reason_codes":[1,"x","regress_fail"]}"#, [0, 0, 1]),
            (r#"{"reason_codes":"regress_fail"}"#, [0, 0, 0]),
            (r#"{"verdict":"block","failed":2,"status":"fail"}"#, [1, 0, 1]),
        ] {
            let metrics = RunMetrics::of(0, &[result("ok", captured)]);
            let counts = [
                metrics.policy_blocked,
                metrics.approval_required,
                metrics.regress_failures,
            ];
            assert_eq!(counts, expected, "{captured}");
        }
    }

    #[test]
    fn calls_are_results_or_else_intents() {
        let metrics = RunMetrics::of(
            9,
            &[
                result(" OK ", "{}"),
                result("error", "{}"),
                result("oks", "{}"),
                result("ok", "null"),
            ],
        );
        assert_eq!((metrics.tool_calls_total, metrics.tool_calls_success), (4, 2));
        assert!((metrics.tool_calls_success_rate - 0.5).abs() < f64::EPSILON);
        let planned = RunMetrics::of(9, &[]);
        assert_eq!((planned.tool_calls_total, planned.tool_calls_success), (9, 0));
        assert_eq!(RunMetrics::of(0, &[]), RunMetrics::default());
    }
}
