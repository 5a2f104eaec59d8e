//! Why a request is not answered with a decision, and the HTTP status that says so.
//!
//! What the caller got wrong is a 4xx; what this service can't do at the moment is a 503, so that a client knows whether
//! asking again can help. Whatever the status, nothing may execute.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gait_http::{AccessError, MediaError};
use serde::Serialize;

use crate::reply;

/// A request without a decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The caller may not ask.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The route takes another method.
    #[error("expected {0}")]
    Method(&'static str),
    /// The body says that it is something other than plain JSON.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The body is longer than the service takes.
    #[error("request body exceeds max-request-bytes")]
    TooLarge,
    /// The body did not arrive in time.
    #[error("request body did not arrive in time")]
    SlowBody,
    /// The body was cut off.
    #[error("read request body: {0}")]
    Body(String),
    /// The request, or the call in it, can't be used.
    #[error("{0}")]
    Unusable(String),
    /// The policy in force can't be used, so nothing is decided.
    #[error("{0}")]
    NoPolicy(String),
    /// As many requests are in work as the service takes.
    #[error("too many requests in progress")]
    Busy,
    /// The service failed. What went wrong is for its operator; the caller learns what kind of thing.
    #[error("{0}")]
    Failed(String),
    /// The decision took too long.
    #[error("the decision took too long")]
    TooSlow,
}

impl Refusal {
    /// The status that stands for it.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Access(error) => error.status(),
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Media(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            // Callers rely on a 400 also where the policy file is broken.
            Self::Body(_) | Self::Unusable(_) | Self::NoPolicy(_) => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Failed(_) | Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether the rest of the body may still be under way, so that the connection can't be used again.
    const fn leaves_body_unread(&self) -> bool {
        matches!(self, Self::TooLarge | Self::SlowBody | Self::Body(_))
    }
}

/// The body of every error reply.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ErrorBody {
    /// What went wrong, for people.
    pub(crate) error: String,
    /// Always false.
    pub(crate) ok: bool,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            error: self.to_string(),
            ok: false,
        };
        let mut response = reply::json(self.status(), &body);
        let headers = response.headers_mut();
        match &self {
            Self::Method(allowed) => {
                headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
            }
            Self::Busy | Self::Failed(_) | Self::TooSlow => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            refusal if refusal.leaves_body_unread() => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
