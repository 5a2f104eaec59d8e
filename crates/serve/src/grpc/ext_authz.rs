//! External authorization of Envoy, version 3 of its API: a proxy asks about each request before it hands it on.
//!
//! The request becomes a call (`question`), the call is judged and kept as any other, and the verdict becomes what the
//! proxy does (`reply`). Whatever goes wrong on the way is a reply that lets nothing through.

mod extensions;
mod frame;
mod question;
mod reply;
mod request;
mod url;

use std::sync::Arc;
use std::time::Instant;

use envoy_types::pb::envoy::config::core::v3::address::Address;
use envoy_types::pb::envoy::service::auth::v3::authorization_server::Authorization;
use envoy_types::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};
use tonic::{Request, Response, Status};

use self::question::{Manner, Question};
use crate::api::Api;
use crate::decide::Told;
use crate::metrics::Checked;

/// Answers checks.
pub(super) struct ExtAuthz {
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
    pub(super) fn new(api: Arc<Api>, passing: Vec<String>) -> Self {
        let manner = Manner {
            body_bytes: api.limits.request_bytes,
            passing,
        };
        Self { api, manner }
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

#[tonic::async_trait]
impl Authorization for ExtAuthz {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let begun = Instant::now();
        let metrics = &self.api.metrics;
        let held = metrics.in_flight.hold();
        let check = request.into_inner();
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
        Ok(Response::new(reply))
    }
}

/// Where the proxy says that the request comes from.
fn source(check: &CheckRequest) -> Option<String> {
    let peer = check.attributes.as_ref()?.source.as_ref()?;
    match peer.address.as_ref()?.address.as_ref()? {
        Address::SocketAddress(address) => Some(address.address.clone()),
        _ => None,
    }
}
