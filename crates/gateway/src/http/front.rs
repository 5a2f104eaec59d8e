//! Each request of a client: what it asks, and where that goes.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use gait_http::{Access, Handler, Limits, MediaError, Peer, require_json};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::mirror::{Mismatch, Said};
use super::proxy::{Asking, Proxy};
use super::refused::{Refused, invalid_call, mismatched, refusal};
use super::sessions::Owed;
use crate::answer;
use crate::call::Wanted;
use crate::era;
use crate::frame::{self, FrameError, Message, RequestId};
use crate::protocol::{BETWEEN_PROGRAMS, CALL};

/// The event after which a stream goes on.
const LAST_EVENT_ID: &str = "last-event-id";
/// The methods that are passed on.
const METHODS: &str = "GET, POST, DELETE, OPTIONS";

/// Answers the requests of every connection.
#[derive(Clone)]
pub(crate) struct Front(pub(crate) Arc<Proxy>);

/// What a client sends.
enum Sent {
    Call(RequestId, Wanted),
    Page(RequestId),
    Request {
        id: RequestId,
        owed: Owed,
        is_endless: bool,
    },
    /// The client does not want the answer to this request any more.
    Cancel(RequestId),
    Notification,
    Answer(Option<RequestId>),
}

/// A body that was read, and what headers say of it.
struct Read {
    sent: Sent,
    meta: Option<String>,
    mismatch: Option<Mismatch>,
}

impl Handler for Front {
    async fn answer(&self, request: Request<Incoming>, _: Peer) -> Result<Response<Body>, Infallible> {
        let answered = Box::pin(Arc::clone(&self.0).answer(request)).await;
        Ok(answered.unwrap_or_else(Refused::into_answer))
    }
}

impl Proxy {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Refused> {
        let (head, body) = request.into_parts();
        admit(&self.settings.access, self.settings.upstream.path(), &head)?;
        match head.method {
            Method::POST => self.post(head, body).await,
            Method::GET | Method::DELETE | Method::OPTIONS => Ok(self.bare(head).await),
            _ => Err(not_allowed(METHODS)),
        }
    }

    /// A request without a body: a stream of the server's own, or the end of a session.
    async fn bare(self: Arc<Self>, head: Parts) -> Response<Body> {
        let resumes = head.headers.contains_key(LAST_EVENT_ID);
        let method = head.method.clone();
        let asking = Asking::new(self, head);
        let scope = asking.scope().resuming(resumes);
        let is_end = method == Method::DELETE;
        let (proxy, session) = (Arc::clone(&asking.proxy), asking.session);
        let answered = asking.forward(method, Bytes::new(), scope, true).await;
        if is_end && answered.status().is_success() {
            proxy.sessions.forget(session);
            proxy.staff().judge.records().forget(session);
        }
        answered
    }

    async fn post(self: Arc<Self>, head: Parts, body: Incoming) -> Result<Response<Body>, Refused> {
        let limits = self.settings.limits;
        let bytes = message_of(&head.headers, body, limits).await?;
        let mut asking = Asking::new(self, head);
        let read = Read::of(&bytes, &asking.fields)?;
        // A server that goes by what the client says of the body could read another message in it.
        let json = HeaderValue::from_static("application/json");
        asking.fields.insert(header::CONTENT_TYPE, json);
        asking.meta = read.meta;
        let scope = asking.scope();
        let (scope, is_endless) = match read.sent {
            Sent::Call(id, wanted) => return asking.call(id, wanted, read.mismatch, bytes).await,
            sent => {
                if let Some(mismatch) = &read.mismatch {
                    return Err(mismatched(sent.id(), mismatch));
                }
                match sent {
                    Sent::Page(id) => {
                        let listed = asking.catalog().await;
                        listed.map_err(|unlisted| unlisted.answer(&id))?;
                        (scope.owing(id, Owed::Page), false)
                    }
                    Sent::Request { id, owed, is_endless } => (scope.owing(id, owed), is_endless),
                    Sent::Answer(id) => {
                        asking.require_asked(id)?;
                        (scope, false)
                    }
                    // The server never heard of it.
                    Sent::Cancel(id) if asking.proxy.waiting.cancel(asking.session, &id) => {
                        let mut accepted = Response::new(Body::empty());
                        *accepted.status_mut() = StatusCode::ACCEPTED;
                        return Ok(accepted);
                    }
                    Sent::Cancel(_) | Sent::Notification | Sent::Call(..) => (scope, false),
                }
            }
        };
        Ok(asking.forward(Method::POST, bytes, scope, is_endless).await)
    }
}

impl Sent {
    const fn id(&self) -> Option<&RequestId> {
        match self {
            Self::Call(id, _) | Self::Page(id) | Self::Request { id, .. } => Some(id),
            Self::Cancel(_) | Self::Notification | Self::Answer(_) => None,
        }
    }
}

impl Read {
    fn of(bytes: &[u8], fields: &HeaderMap) -> Result<Self, Refused> {
        let unreadable = |error: &FrameError| {
            let code = answer::code_of(error);
            refusal(StatusCode::BAD_REQUEST, None, code, &error.to_string())
        };
        let document = frame::read(bytes).map_err(|error| unreadable(&error))?;
        let message = Message::of(&document).map_err(|error| unreadable(&error))?;
        let (method, params, is_request) = match &message {
            Message::Request(request) => (Some(request.method), request.params, true),
            Message::Notification { method, params } => (Some(*method), *params, false),
            Message::Response(_) => (None, None, false),
        };
        let said = Said {
            method,
            params,
            is_request,
        };
        let mismatch = said.check(fields).err();
        let meta = era::stateless_meta(params).map(|meta| meta.raw().to_owned());
        let sent = match message {
            Message::Request(request) => match request.method {
                CALL => {
                    let wanted = Wanted::read(params).map_err(|error| invalid_call(&request.id, &error))?;
                    Sent::Call(request.id, wanted)
                }
                "tools/list" => Sent::Page(request.id),
                method => Sent::Request {
                    is_endless: method == "subscriptions/listen",
                    owed: if BETWEEN_PROGRAMS.contains(&method) {
                        Owed::Answer
                    } else {
                        Owed::Text
                    },
                    id: request.id,
                },
            },
            // A server that does not look for the id would run it.
            Message::Notification { method: CALL, .. } => return Err(unreadable(&FrameError::Id)),
            Message::Notification {
                method: "notifications/cancelled",
                params: Some(params),
            } => {
                let id = params.get("requestId").and_then(|id| RequestId::read(id).ok());
                id.map_or(Sent::Notification, Sent::Cancel)
            }
            Message::Notification { .. } => Sent::Notification,
            Message::Response(response) => Sent::Answer(response.id),
        };
        Ok(Self { sent, meta, mismatch })
    }
}

/// Refuses a request of somebody who may not ask, or not for this.
pub(crate) fn admit(access: &Access, path: &str, head: &Parts) -> Result<(), Refused> {
    access
        .check_source(&head.headers, &head.uri)
        .and_then(|()| access.check_token(&head.headers))
        .map_err(|error| {
            let refused = refusal(error.status(), None, answer::INVALID_REQUEST, &error.to_string());
            if error.status() == StatusCode::UNAUTHORIZED {
                refused.with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            } else {
                refused
            }
        })?;
    if head.uri.path() == path {
        return Ok(());
    }
    let text = "there is nothing at this path";
    Err(refusal(
        StatusCode::NOT_FOUND,
        None,
        answer::INVALID_REQUEST,
        text,
    ))
}

/// The answer to a method that is none of `allowed`.
pub(crate) fn not_allowed(allowed: &'static str) -> Refused {
    let text = "the method is not allowed";
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let refused = refusal(status, None, answer::INVALID_REQUEST, text);
    refused.with(header::ALLOW, HeaderValue::from_static(allowed))
}

/// The body of a request that brings a message, if it is JSON and arrives whole and in time.
pub(crate) async fn message_of(
    headers: &HeaderMap,
    body: Incoming,
    limits: Limits,
) -> Result<Bytes, Refused> {
    require_json(headers).map_err(unsupported)?;
    let reading = timeout(limits.request_time, whole(body, limits.request_bytes));
    reading.await.map_err(|_| {
        let text = "the body did not arrive in time";
        refusal(StatusCode::REQUEST_TIMEOUT, None, answer::INVALID_REQUEST, text)
    })?
}

/// The whole body, if it is no longer than `limit` bytes.
async fn whole(body: Incoming, limit: usize) -> Result<Bytes, Refused> {
    let read = Limited::new(body, limit.min(frame::MAX_BYTES)).collect().await;
    read.map(http_body_util::Collected::to_bytes).map_err(|error| {
        let (status, text) = if error.is::<LengthLimitError>() {
            (StatusCode::PAYLOAD_TOO_LARGE, "the message is too long")
        } else {
            (StatusCode::BAD_REQUEST, "the body was cut off")
        };
        refusal(status, None, answer::INVALID_REQUEST, text)
            .with(header::CONNECTION, HeaderValue::from_static("close"))
    })
}

fn unsupported(error: MediaError) -> Refused {
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    refusal(status, None, answer::INVALID_REQUEST, &error.to_string())
}
