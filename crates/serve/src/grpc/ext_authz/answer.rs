//! One check from its question to its reply.

use std::sync::Arc;
use std::time::Instant;

use super::protocol::{CheckRequest, CheckResponse};
use super::question::{Manner, Question};
use super::reply;
use crate::api::Api;
use crate::decide::Told;
use crate::metrics::Checked;

/// Answers checks.
pub(in crate::grpc) struct ExtAuthz {
    api: Arc<Api>,
    manner: Manner,
}

/// What the numbers and the log are told of a check.
struct Checking {
    outcome: Checked,
    told: Option<Told>,
}

impl ExtAuthz {
    /// Answers that let the methods `passing` of MCP through without judging them.
    pub(in crate::grpc) fn new(api: Arc<Api>, passing: Vec<String>) -> Self {
        let manner = Manner {
            body_bytes: api.limits.request_bytes,
            passing,
        };
        Self { api, manner }
    }

    /// Answers a check, and tells the numbers and the log of it.
    pub(super) async fn check(&self, check: CheckRequest) -> CheckResponse {
        let begun = Instant::now();
        let metrics = &self.api.metrics;
        let held = metrics.in_flight.hold();
        let source = source(&check).unwrap_or_default();
        let (reply, Checking { outcome, told }) = Box::pin(self.answer(check)).await;
        drop(held);
        let took = begun.elapsed();
        metrics.count_check(outcome);
        if let Some(told) = &told {
            metrics.count_decision(told.verdict, took);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let status = reply::status(&reply);
        if let Some(told) = &told {
            tracing::info!(
                source,
                door = "ext_authz",
                status,
                micros,
                verdict = told.verdict.as_str(),
                trace_id = told.trace_id,
                run_id = told.run_id,
                adapter = told.adapter,
                epoch = told.epoch,
                "decision"
            );
        } else {
            tracing::info!(source, door = "ext_authz", status, micros, "check");
        }
        reply
    }

    async fn answer(&self, check: CheckRequest) -> (CheckResponse, Checking) {
        let (request, call) = match self.manner.read(check) {
            Ok(Question::Judge(request, call)) => (request, call),
            Ok(Question::Pass(method)) => {
                tracing::debug!(method, "passed unjudged");
                return (reply::passed(), Checked::Passed.alone());
            }
            Err(error) => {
                let reply = reply::unreadable(&error);
                let outcome = Checked::of_status(reply::status(&reply));
                return (reply, outcome.alone());
            }
        };
        match self.api.decide(request, Some(call)).await {
            Ok(decided) => {
                let reply = reply::decided(&decided);
                let outcome = Checked::of_status(reply::status(&reply));
                let told = Some(decided.told());
                (reply, Checking { outcome, told })
            }
            Err(refusal) => {
                let reply = reply::refused(&refusal);
                let outcome = Checked::of_status(reply::status(&reply));
                (reply, outcome.alone())
            }
        }
    }
}

impl Checked {
    const fn alone(self) -> Checking {
        Checking {
            outcome: self,
            told: None,
        }
    }
}

/// Where the proxy says that the request comes from.
fn source(check: &CheckRequest) -> Option<String> {
    let peer = check.attributes.as_ref()?.source.as_ref()?;
    let socket = peer.address.as_ref()?.socket_address.as_ref()?;
    Some(socket.address.clone())
}
