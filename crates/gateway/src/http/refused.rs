//! Answers that the gateway gives in place of the server's.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::mirror::Mismatch;
use crate::answer;
use crate::call::InvalidCall;
use crate::frame::RequestId;

/// A header that does not say what the body says (MCP 2026-07-28).
const HEADER_MISMATCH: i32 = -32020;

/// An answer in place of what was asked for.
#[derive(Debug)]
pub(crate) struct Refused(Box<Response<Body>>);

impl Refused {
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().insert(name, value);
        self
    }

    pub(crate) fn into_answer(self) -> Response<Body> {
        *self.0
    }
}

/// An error of JSON-RPC under a status.
pub(crate) fn refusal(status: StatusCode, id: Option<&RequestId>, code: i32, text: &str) -> Refused {
    message(status, answer::error(id, code, text))
}

/// A message under a status.
pub(crate) fn message(status: StatusCode, text: String) -> Refused {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Refused(Box::new(response))
}

/// An answer that comes in pieces, as events.
pub(crate) fn stream_of_events(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The answer to a message whose headers say something else.
pub(crate) fn mismatched(id: Option<&RequestId>, mismatch: &Mismatch) -> Refused {
    refusal(
        StatusCode::BAD_REQUEST,
        id,
        HEADER_MISMATCH,
        &mismatch.to_string(),
    )
}

/// The answer to a call that calls nothing.
pub(crate) fn invalid_call(id: &RequestId, error: &InvalidCall) -> Refused {
    refusal(
        StatusCode::OK,
        Some(id),
        answer::INVALID_PARAMS,
        &error.to_string(),
    )
}
