//! What the service counts, and the text in which Prometheus reads it (exposition format 0.0.4).

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use gait_artifact::Verdict;

/// The content type of the text.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The verdicts that are counted, with the name each has in the text.
const VERDICTS: [Verdict; 4] = [
    Verdict::Allow,
    Verdict::Block,
    Verdict::DryRun,
    Verdict::RequireApproval,
];

/// The statuses that replies have.
const STATUSES: [u16; 16] = [
    200, 307, 400, 401, 403, 404, 405, 408, 409, 413, 415, 421, 431, 500, 503, 0,
];

/// The routes that are counted apart; the last stands for all others.
pub(crate) const ROUTES: [&str; 8] = [
    "/v1/evaluate",
    "/v1/evaluate/sse",
    "/v1/evaluate/stream",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "other",
];

/// What became of the checks of proxies, with the name that each has in the text.
const CHECKS: [(Checked, &str); 5] = [
    (Checked::Allowed, "allowed"),
    (Checked::Passed, "passed"),
    (Checked::Denied, "denied"),
    (Checked::Unavailable, "unavailable"),
    (Checked::Refused, "refused"),
];

/// What became of a check of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// The request goes on, by a decision.
    Allowed,
    /// It goes on without one, by the operator's word.
    Passed,
    /// It does not.
    Denied,
    /// It does not, because of the service itself.
    Unavailable,
    /// The proxy was not heard.
    Refused,
}

impl Checked {
    /// By the HTTP status that the proxy is to answer with; 200 is none of its own.
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            200 => Self::Allowed,
            503 => Self::Unavailable,
            _ => Self::Denied,
        }
    }
}

/// The upper ends of the histogram's buckets, in microseconds.
const BOUNDS: [u64; 14] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
];

/// Everything that is counted since the service started.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    decisions: [AtomicU64; VERDICTS.len()],
    replies: [[AtomicU64; STATUSES.len()]; ROUTES.len()],
    checks: [AtomicU64; CHECKS.len()],
    /// How long requests for a decision took that got one.
    pub(crate) decision_time: Histogram,
    /// How long decisions waited until their trace was durable.
    pub(crate) commit_time: Histogram,
    /// Records that could not be made durable.
    pub(crate) ledger_failures: Counter,
    /// Times the policy and the other files were read anew, with success.
    pub(crate) reloads: Counter,
    /// Times that failed.
    pub(crate) failed_reloads: Counter,
    /// Requests in work.
    pub(crate) in_flight: Gauge,
    /// Open connections.
    pub(crate) connections: Gauge,
    /// Connections that were closed because they were too slow.
    pub(crate) timed_out_connections: Counter,
}

/// What is known when the text is asked for.
pub(crate) struct Present {
    /// Whether the policy in force is the one in its file.
    pub(crate) policy_is_current: bool,
    /// Lines of the log that nobody took off in time.
    pub(crate) dropped_log_lines: u64,
}

impl Metrics {
    pub(crate) fn count_decision(&self, verdict: Verdict, took: Duration) {
        if let Some(index) = VERDICTS.iter().position(|known| *known == verdict) {
            self.decisions[index].fetch_add(1, Ordering::Relaxed);
        }
        self.decision_time.observe(took);
    }

    pub(crate) fn count_reply(&self, route: usize, status: StatusCode) {
        let route = route.min(ROUTES.len() - 1);
        let status = STATUSES
            .iter()
            .position(|known| *known == status.as_u16())
            .unwrap_or(STATUSES.len() - 1);
        self.replies[route][status].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_check(&self, outcome: Checked) {
        if let Some(index) = CHECKS.iter().position(|(known, _)| *known == outcome) {
            self.checks[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn tell_checks(&self, text: &mut String) {
        let name = "gait_ext_authz_checks_total";
        head(text, name, "counter", "Checks of proxies by what became of them.");
        for ((_, outcome), count) in CHECKS.iter().zip(&self.checks) {
            let count = count.load(Ordering::Relaxed);
            line(text, format_args!("{name}{{outcome=\"{outcome}\"}} {count}"));
        }
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(&self, present: &Present) -> String {
        let mut text = String::with_capacity(4096);
        head(
            &mut text,
            "gait_decisions_total",
            "counter",
            "Decisions by verdict.",
        );
        for (verdict, count) in VERDICTS.iter().zip(&self.decisions) {
            let count = count.load(Ordering::Relaxed);
            line(
                &mut text,
                format_args!("gait_decisions_total{{verdict=\"{verdict}\"}} {count}"),
            );
        }
        head(
            &mut text,
            "gait_http_replies_total",
            "counter",
            "Replies by route and status.",
        );
        for (route, statuses) in ROUTES.iter().zip(&self.replies) {
            for (status, count) in STATUSES.iter().zip(statuses) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    line(
                        &mut text,
                        format_args!(
                            "gait_http_replies_total{{route=\"{route}\",status=\"{status}\"}} {count}"
                        ),
                    );
                }
            }
        }
        self.tell_checks(&mut text);
        self.decision_time.tell(
            &mut text,
            "gait_decision_seconds",
            "Time from the request to its decision, durable and answered.",
        );
        self.commit_time.tell(
            &mut text,
            "gait_ledger_commit_seconds",
            "Time until the trace of a decision was durable.",
        );
        let stale = u64::from(!present.policy_is_current);
        for (name, kind, help, value) in [
            (
                "gait_ledger_failures_total",
                "counter",
                "Records that could not be made durable.",
                self.ledger_failures.get(),
            ),
            (
                "gait_reloads_total",
                "counter",
                "Times policy, key and state were read anew.",
                self.reloads.get(),
            ),
            (
                "gait_reload_failures_total",
                "counter",
                "Times that failed.",
                self.failed_reloads.get(),
            ),
            (
                "gait_policy_stale",
                "gauge",
                "1 while the policy file can't be used.",
                stale,
            ),
            (
                "gait_http_timed_out_connections_total",
                "counter",
                "Connections closed for being slow.",
                self.timed_out_connections.get(),
            ),
            (
                "gait_log_lines_dropped_total",
                "counter",
                "Log lines that nobody took off in time.",
                present.dropped_log_lines,
            ),
            (
                "gait_http_in_flight",
                "gauge",
                "Requests in work.",
                self.in_flight.get(),
            ),
            (
                "gait_http_connections",
                "gauge",
                "Open connections.",
                self.connections.get(),
            ),
        ] {
            head(&mut text, name, kind, help);
            line(&mut text, format_args!("{name} {value}"));
        }
        text
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number of things that are there at the moment.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    /// Counts one more, until the guard is dropped.
    pub(crate) fn hold(&self) -> Held<'_> {
        self.add(1);
        Held(self)
    }

    pub(crate) fn add(&self, more: i64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or_default()
    }
}

/// One thing that is there.
#[derive(Debug)]
pub(crate) struct Held<'a>(&'a Gauge);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long things took.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    microseconds: AtomicU64,
}

impl Histogram {
    pub(crate) fn observe(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = BOUNDS.iter().position(|bound| took <= *bound) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(took, Ordering::Relaxed);
    }

    fn tell(&self, text: &mut String, name: &str, help: &str) {
        head(text, name, "histogram", help);
        let mut sum = 0;
        for (bound, count) in BOUNDS.iter().zip(&self.buckets) {
            sum += count.load(Ordering::Relaxed);
            let bound = seconds(*bound);
            line(text, format_args!("{name}_bucket{{le=\"{bound}\"}} {sum}"));
        }
        // Read last, so that it is no less than what the buckets hold.
        let count = self.count.load(Ordering::Relaxed).max(sum);
        line(text, format_args!("{name}_bucket{{le=\"+Inf\"}} {count}"));
        line(
            text,
            format_args!(
                "{name}_sum {}",
                seconds(self.microseconds.load(Ordering::Relaxed))
            ),
        );
        line(text, format_args!("{name}_count {count}"));
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a sum of years is still right to the microsecond"
)]
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_tells_what_was_counted() {
        let metrics = Metrics::default();
        metrics.count_decision(Verdict::Block, Duration::from_micros(300));
        metrics.count_decision(Verdict::Block, Duration::from_secs(60));
        metrics.count_reply(0, StatusCode::OK);
        metrics.count_reply(99, StatusCode::IM_A_TEAPOT);
        let held = metrics.in_flight.hold();
        let present = Present {
            policy_is_current: false,
            dropped_log_lines: 7,
        };
        let text = metrics.text(&present);
        drop(held);
        for want in [
            "gait_decisions_total{verdict=\"block\"} 2\n",
            "gait_decisions_total{verdict=\"allow\"} 0\n",
            "gait_http_replies_total{route=\"/v1/evaluate\",status=\"200\"} 1\n",
            "gait_http_replies_total{route=\"other\",status=\"0\"} 1\n",
            "gait_decision_seconds_bucket{le=\"0.00025\"} 0\n",
            "gait_decision_seconds_bucket{le=\"0.0005\"} 1\n",
            "gait_decision_seconds_bucket{le=\"5\"} 1\n",
            "gait_decision_seconds_bucket{le=\"+Inf\"} 2\n",
            "gait_decision_seconds_sum 60.0003\n",
            "gait_policy_stale 1\n",
            "gait_log_lines_dropped_total 7\n",
            "gait_http_in_flight 1\n",
        ] {
            assert!(text.contains(want), "{want}{text}");
        }
        assert_eq!(metrics.in_flight.get(), 0);
    }
}
