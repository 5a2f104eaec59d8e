//! The routes: what each asks of a request before it is answered, in this order: method, token, content type, body.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use gait_http::{Access, Handler, Limits, Peer, require_json};
use gait_mcp::answer::Answer;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::decide::{Decided, Decisions, ReadCall, Told};
use crate::log::LogQueue;
use crate::metrics::{self, Metrics, Present, ROUTES};
use crate::refusal::Refusal;
use crate::reply::{self, Form};
use crate::request::{EvaluateRequest, refuse_too_long};
use crate::unbroken::Unbroken;

/// The description of these routes.
const OPENAPI: &str = include_str!("../../../docs/reference/openapi.json");

/// What all requests share.
pub(crate) struct Api {
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) decisions: Arc<Decisions>,
    /// Places for decisions in work.
    pub(crate) places: Arc<Semaphore>,
    /// The log, when there is one, to tell how many lines it lost.
    pub(crate) log: Option<LogQueue>,
    /// Whether the service is about to end.
    pub(crate) ending: watch::Receiver<bool>,
}

/// Answers the requests of every connection.
#[derive(Clone)]
pub(crate) struct Front {
    api: Arc<Api>,
}

impl Front {
    pub(crate) const fn new(api: Arc<Api>) -> Self {
        Self { api }
    }
}

impl Handler for Front {
    /// Answers one request, counts it and tells the log.
    async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Result<Response, Infallible> {
        let begun = Instant::now();
        let held = self.api.metrics.in_flight.hold();
        let route = ROUTES
            .iter()
            .position(|route| *route == request.uri().path())
            .unwrap_or(ROUTES.len() - 1);
        let method = request.method().clone();
        let mut reply = match self.api.access.check_source(request.headers(), request.uri()) {
            Ok(()) => self.api.answer(route, request).await,
            Err(error) => Refusal::from(error).into_response(),
        };
        drop(held);
        let took = begun.elapsed();
        self.api.metrics.count_reply(route, reply.status());
        let told = reply.extensions_mut().remove::<Told>();
        if let Some(told) = &told {
            self.api.metrics.count_decision(told.verdict, took);
        }
        tell_log(peer, &method, ROUTES[route], reply.status(), took, told.as_ref());
        Ok(reply)
    }

    fn opened(&self) {
        self.api.metrics.connections.add(1);
    }

    fn closed(&self, timed_out: bool) {
        self.api.metrics.connections.add(-1);
        if timed_out {
            self.api.metrics.timed_out_connections.add_one();
        }
    }
}

fn tell_log(
    Peer(peer): Peer,
    method: &Method,
    route: &'static str,
    status: StatusCode,
    took: Duration,
    told: Option<&Told>,
) {
    let (status, micros) = (
        status.as_u16(),
        u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
    );
    match told {
        Some(told) => tracing::info!(
            %peer,
            %method,
            route,
            status,
            micros,
            verdict = told.verdict.as_str(),
            trace_id = told.trace_id,
            run_id = told.run_id,
            adapter = told.adapter,
            epoch = told.epoch,
            "decision"
        ),
        // Probes come every few seconds and tell nothing when all is well.
        None if status < 400 => tracing::debug!(%peer, %method, route, status, micros, "request"),
        None => tracing::info!(%peer, %method, route, status, micros, "request"),
    }
}

impl Api {
    /// Answers a request of the route at the index `route` of [`ROUTES`].
    async fn answer(&self, route: usize, request: Request<Incoming>) -> Response {
        let (method, headers) = (request.method(), request.headers());
        let reply = match route {
            0 => self.decision(Form::Json, request).await,
            1 => self.decision(Form::EventStream, request).await,
            2 => self.decision(Form::Lines, request).await,
            3 => health(method),
            4 => self.readiness(method),
            5 => self.numbers(method, headers),
            6 => description(method),
            _ => Ok(unknown(request.uri())),
        };
        reply.unwrap_or_else(IntoResponse::into_response)
    }

    async fn decision(&self, form: Form, request: Request<Incoming>) -> Result<Response, Refusal> {
        let (head, body) = request.into_parts();
        if head.method != Method::POST {
            return Err(Refusal::Method("POST"));
        }
        self.access.check_token(&head.headers)?;
        require_json(&head.headers)?;
        let body = timeout(
            self.limits.request_time,
            read_body(body, &head.headers, self.limits.request_bytes),
        );
        let body = body.await.map_err(|_| Refusal::SlowBody)??;
        let request = EvaluateRequest::read(&body)?;
        let decided = self.decide(request, None).await?;
        let mut answer = Answer::of(&decided.judged, &decided.artifacts).exit_code(decided.exit_code());
        if !decided.session_id.is_empty() {
            answer = answer.session(&decided.session_id);
        }
        let mut reply = reply::decision(form, decided.status, &answer);
        reply.extensions_mut().insert(decided.told());
        Ok(reply)
    }

    /// Has the call of `request`, or else the one that was `read`, decided while there is a place for it.
    pub(crate) async fn decide(
        &self,
        request: EvaluateRequest,
        read: Option<Box<ReadCall>>,
    ) -> Result<Decided, Refusal> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Refusal::Busy)?;
        let decisions = Arc::clone(&self.decisions);
        // What was begun is brought to its end, also when the caller does not wait for it: otherwise a session could lack
        // an event whose trace exists.
        let work = Unbroken::new(async move {
            let decided = decisions.decide(request, read).await;
            drop(place);
            decided
        });
        timeout(self.limits.reply_time, work)
            .await
            .map_err(|_| Refusal::TooSlow)?
    }
}

/// The whole body, if it is no longer than `limit` bytes.
async fn read_body<B>(mut body: B, headers: &HeaderMap, limit: usize) -> Result<Bytes, Refusal>
where
    B: HttpBody<Data = Bytes, Error: ToString> + Unpin,
{
    let announced: usize = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or_default();
    let mut read = Vec::with_capacity(announced.min(limit).min(64 << 10));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::Body(error.to_string()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let room = limit - read.len();
        if data.len() > room {
            read.extend_from_slice(&data[..room]);
            return Err(refuse_too_long(&read));
        }
        read.extend_from_slice(&data);
    }
    Ok(read.into())
}

/// The process answers.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Health {
    /// Always true.
    ok: bool,
    /// Names the service.
    service: &'static str,
}

const SERVICE: &str = "gait.mcp.serve";

fn health(method: &Method) -> Result<Response, Refusal> {
    require_get(method)?;
    let health = Health {
        ok: true,
        service: SERVICE,
    };
    Ok(reply::json(StatusCode::OK, &health))
}

/// Whether the service can decide. Callers learn the kind of trouble; the log has the rest.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Readiness {
    /// Whether requests for decisions are answered with decisions.
    ok: bool,
    /// Names the service.
    service: &'static str,
    /// Counts how often policy, key and state were read, from 1.
    epoch: u64,
    /// `current`, `stale` (an older policy decides, its file can't be used) or `invalid` (nothing is decided).
    policy: &'static str,
    /// Whether decisions can be made durable.
    durable: bool,
    /// Whether the service is about to end.
    draining: bool,
}

impl Api {
    fn readiness(&self, method: &Method) -> Result<Response, Refusal> {
        require_get(method)?;
        let epoch = self.decisions.engine().latest();
        let draining = *self.ending.borrow();
        let policy = match (&epoch.value, &epoch.invalid) {
            (Err(_), _) => "invalid",
            (Ok(_), Some(_)) => "stale",
            (Ok(_), None) => "current",
        };
        let readiness = Readiness {
            ok: epoch.value.is_ok() && self.decisions.can_keep() && !draining,
            service: SERVICE,
            epoch: epoch.number,
            policy,
            durable: self.decisions.can_keep(),
            draining,
        };
        let status = if readiness.ok {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        Ok(reply::json(status, &readiness))
    }

    fn numbers(&self, method: &Method, headers: &HeaderMap) -> Result<Response, Refusal> {
        require_get(method)?;
        self.access.check_token(headers)?;
        let present = Present {
            policy_is_current: self.decisions.engine().latest().invalid.is_none(),
            dropped_log_lines: self.log.as_ref().map_or(0, LogQueue::dropped),
        };
        let content_type = HeaderValue::from_static(metrics::CONTENT_TYPE);
        Ok(reply::with_body(
            StatusCode::OK,
            content_type,
            self.metrics.text(&present),
        ))
    }
}

fn description(method: &Method) -> Result<Response, Refusal> {
    require_get(method)?;
    let content_type = HeaderValue::from_static("application/json");
    Ok(reply::with_body(StatusCode::OK, content_type, OPENAPI))
}

/// `HEAD` is not taken for `GET`: probes that ask so are told.
fn require_get(method: &Method) -> Result<(), Refusal> {
    if method == Method::GET {
        Ok(())
    } else {
        Err(Refusal::Method("GET"))
    }
}

/// Paths that could be written shorter are sent there; all others lead nowhere.
fn unknown(uri: &Uri) -> Response {
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    let shorter = shortened(uri.path());
    if shorter == uri.path() {
        return reply::with_body(StatusCode::NOT_FOUND, text, "404 page not found\n");
    }
    let target = match uri.query() {
        Some(query) => format!("{shorter}?{query}"),
        None => shorter,
    };
    let mut response = reply::with_body(StatusCode::TEMPORARY_REDIRECT, text, "");
    if let Ok(target) = HeaderValue::try_from(target) {
        response.headers_mut().insert(header::LOCATION, target);
    }
    response
}

/// The path without empty, `.` and `..` segments (RFC 3986 section 5.2.4); a slash at its end stays.
fn shortened(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let mut shorter = String::with_capacity(path.len());
    for segment in &kept {
        shorter.push('/');
        shorter.push_str(segment);
    }
    if shorter.is_empty() || path.ends_with('/') {
        shorter.push('/');
    }
    shorter
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn paths_have_one_shortest_form() {
        for (path, want) in [
            ("/", "/"),
            ("/v1/evaluate", "/v1/evaluate"),
            ("/v1/evaluate/", "/v1/evaluate/"),
            ("//v1//evaluate", "/v1/evaluate"),
            ("/v1/./evaluate", "/v1/evaluate"),
            ("/v1/x/../evaluate", "/v1/evaluate"),
            ("/../../evil", "/evil"),
            ("//evil.example/..", "/"),
            ("/..", "/"),
            ("*", "/*"),
        ] {
            assert_eq!(shortened(path), want, "{path}");
        }
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let headers = HeaderMap::new();
        let read = read_body(Body::from("12345"), &headers, 5).await;
        assert_eq!(read.unwrap(), "12345");
        let read = read_body(Body::from("\"23456"), &headers, 5).await;
        assert_eq!(read, Err(Refusal::TooLarge));
    }
}
