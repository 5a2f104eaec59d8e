//! Each request of a client: what it asks, whether it may, and what the server is told of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts,
};
use gait_canon::{Digest, short_id};
use gait_http::{Handler, MediaError, Peer, require_json};
use gait_mcp::ToolCall;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::sync::{oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::mirror::{self, Mismatch, Said};
use super::relay;
use super::scope::{Owed, Scope};
use super::sessions::Sessions;
use super::shelf::{Place, Shelf};
use super::{Settings, Staff};
use crate::answer;
use crate::call::{Caller, InvalidCall, Wanted};
use crate::exchange::{CALL, Decided, Dropped, objection};
use crate::frame::{self, FrameError, Message, RequestId};
use crate::judge::Outcome;
use crate::stdio::Notice;

/// Names the session of the era before the stateless one.
pub(crate) const SESSION_ID: &str = "mcp-session-id";
/// The event after which a stream goes on.
const LAST_EVENT_ID: &str = "last-event-id";
/// The methods that are passed on.
const METHODS: &str = "GET, POST, DELETE, OPTIONS";
/// A header that does not say what the body says (MCP 2026-07-28).
const HEADER_MISMATCH: i32 = -32020;
/// The reason code of calls that are refused for it.
const MISMATCH_CODE: &str = "mcp_header_mismatch";

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

/// What all requests share.
pub(crate) struct Proxy {
    pub(crate) settings: Settings,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) ending: watch::Receiver<bool>,
    shelf: Shelf,
}

/// Answers the requests of every connection.
#[derive(Clone)]
pub(crate) struct Front(pub(crate) Arc<Proxy>);

/// Who asks, and how the server is to be asked for it.
pub(crate) struct Asking {
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) fields: HeaderMap,
    pub(crate) place: Arc<Place>,
    pub(crate) session: Digest,
    /// The `_meta` of a request of the stateless era.
    pub(crate) meta: Option<String>,
    query: Option<String>,
}

/// What a client sends.
enum Sent {
    Call(RequestId, Wanted),
    Page(RequestId),
    Request { id: RequestId, is_endless: bool },
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
    pub(crate) fn new(settings: Settings, ending: watch::Receiver<bool>) -> Self {
        Self {
            settings,
            sessions: Arc::default(),
            ending,
            shelf: Shelf::default(),
        }
    }

    pub(crate) const fn staff(&self) -> &Staff {
        &self.settings.staff
    }

    pub(crate) fn tell(&self, notice: Notice<'_>) {
        (self.settings.staff.watch)(notice);
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Refused> {
        let (head, body) = request.into_parts();
        let access = &self.settings.access;
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
        if head.uri.path() != self.settings.upstream.path() {
            let text = "there is nothing at this path";
            return Err(refusal(
                StatusCode::NOT_FOUND,
                None,
                answer::INVALID_REQUEST,
                text,
            ));
        }
        match head.method {
            Method::POST => self.post(head, body).await,
            Method::GET | Method::DELETE | Method::OPTIONS => Ok(self.bare(head).await),
            _ => {
                let text = "the method is not allowed";
                let status = StatusCode::METHOD_NOT_ALLOWED;
                let refused = refusal(status, None, answer::INVALID_REQUEST, text);
                Err(refused.with(header::ALLOW, HeaderValue::from_static(METHODS)))
            }
        }
    }

    /// A request without a body: a stream of the server's own, or the end of a session.
    async fn bare(self: Arc<Self>, head: Parts) -> Response<Body> {
        let resumes = head.headers.contains_key(LAST_EVENT_ID);
        let method = head.method.clone();
        let asking = Asking::new(self, head);
        let scope = asking.scope().resuming(resumes);
        let is_end = method == Method::DELETE;
        let (sessions, session) = (Arc::clone(&asking.proxy.sessions), asking.session);
        let answered = asking.forward(method, Bytes::new(), scope, true).await;
        if is_end && answered.status().is_success() {
            sessions.forget(session);
        }
        answered
    }

    async fn post(self: Arc<Self>, head: Parts, body: Incoming) -> Result<Response<Body>, Refused> {
        let limits = self.settings.limits;
        require_json(&head.headers).map_err(unsupported)?;
        let reading = timeout(limits.request_time, whole(body, limits.request_bytes));
        let bytes = reading.await.map_err(|_| {
            let text = "the body did not arrive in time";
            refusal(StatusCode::REQUEST_TIMEOUT, None, answer::INVALID_REQUEST, text)
        })??;
        let mut asking = Asking::new(self, head);
        let read = Read::of(&bytes, &asking.fields)?;
        asking.meta = read.meta;
        let scope = asking.scope();
        let (scope, is_endless) = match read.sent {
            Sent::Call(id, wanted) => return asking.call(id, &wanted, read.mismatch, bytes).await,
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
                    Sent::Request { id, is_endless } => (scope.owing(id, Owed::Answer), is_endless),
                    Sent::Answer(id) => {
                        asking.require_asked(id)?;
                        (scope, false)
                    }
                    Sent::Notification | Sent::Call(..) => (scope, false),
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
            Self::Notification | Self::Answer(_) => None,
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
        let meta = mirror::stateless_meta(params);
        let sent = match message {
            Message::Request(request) => match request.method {
                CALL => {
                    let wanted = Wanted::read(params).map_err(|error| invalid_call(&request.id, &error))?;
                    Sent::Call(request.id, wanted)
                }
                "tools/list" => Sent::Page(request.id),
                method => Sent::Request {
                    is_endless: method == "subscriptions/listen",
                    id: request.id,
                },
            },
            // A server that does not look for the id would run it.
            Message::Notification { method: CALL, .. } => return Err(unreadable(&FrameError::Id)),
            Message::Notification { .. } => Sent::Notification,
            Message::Response(response) => Sent::Answer(response.id),
        };
        Ok(Self { sent, meta, mismatch })
    }
}

impl Asking {
    fn new(proxy: Arc<Proxy>, head: Parts) -> Self {
        let fields = proxy.settings.upstream.fields(head.headers);
        let shown = |name: &str| fields.get(name).map_or(&[][..], HeaderValue::as_bytes);
        let who = [shown("authorization"), b"\n", shown("cookie")].concat();
        let session = [&who[..], b"\n", shown(SESSION_ID)].concat();
        Self {
            place: proxy.shelf.place(Digest::of(&who)),
            session: Digest::of(&session),
            meta: None,
            query: head.uri.query().map(ToOwned::to_owned),
            fields,
            proxy,
        }
    }

    /// What the request may bring back when nothing is owed for it.
    fn scope(&self) -> Scope {
        let has_session = self.fields.contains_key(SESSION_ID);
        Scope::new(Arc::clone(&self.proxy.sessions), self.session).resumable(has_session)
    }

    /// Refuses an answer to what the server did not ask.
    fn require_asked(&self, id: Option<RequestId>) -> Result<(), Refused> {
        let sessions = &self.proxy.sessions;
        if id.as_ref().is_some_and(|id| sessions.answer(self.session, id)) {
            return Ok(());
        }
        self.proxy.tell(Notice::Dropped(&Dropped::UnaskedByServer(id)));
        let text = "the server did not ask what this answers";
        Err(refusal(
            StatusCode::BAD_REQUEST,
            None,
            answer::INVALID_REQUEST,
            text,
        ))
    }

    /// A call: judged, and passed on only when it may run.
    async fn call(
        self,
        id: RequestId,
        wanted: &Wanted,
        mismatch: Option<Mismatch>,
        bytes: Bytes,
    ) -> Result<Response<Body>, Refused> {
        let begun = Instant::now();
        let catalog = if mismatch.is_none() {
            let listed = self.catalog().await;
            listed.map_err(|unlisted| unlisted.answer(&id))?
        } else {
            // Nobody asks the server on behalf of such a call.
            Arc::default()
        };
        let tool = catalog.get(&wanted.name);
        let must_repeat = self.meta.is_some();
        let arguments = &wanted.arguments;
        let mismatch = mismatch.or_else(|| {
            let tool = tool?;
            mirror::check_arguments(&self.fields, tool, arguments, must_repeat).err()
        });
        let objection = match &mismatch {
            Some(_) => Some(MISMATCH_CODE),
            None => objection(&catalog, wanted).map(|objection| objection.code),
        };
        let judge = &self.proxy.staff().judge;
        let call = wanted.to_call(&judge.server, tool, &self.caller(), Vec::new());
        let outcome = self.judge(call, objection).await;
        let internal = || {
            let text = "the call was not judged";
            refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                Some(&id),
                answer::INTERNAL_ERROR,
                text,
            )
        };
        let Outcome { decided, ruling } = outcome.ok_or_else(internal)?;
        self.proxy.tell(Notice::Decided {
            tool: &wanted.name,
            ruling: &ruling,
            took: begun.elapsed(),
        });
        if let Some(mismatch) = &mismatch {
            return Err(mismatched(Some(&id), mismatch));
        }
        match decided {
            Decided::Run(_) if objection.is_none() => {
                let scope = self.scope().owing(id, Owed::Call);
                Ok(self.forward(Method::POST, bytes, scope, false).await)
            }
            Decided::Run(_) => Err(internal()),
            Decided::Refuse(ruling) => {
                let refused = answer::refused(&id, &ruling, self.meta.is_some());
                Ok(message(StatusCode::OK, refused).into_answer())
            }
        }
    }

    /// What comes of the call once its trace is durable.
    async fn judge(&self, call: ToolCall, objection: Option<&'static str>) -> Option<Outcome> {
        let (tell, told) = oneshot::channel();
        let staff = self.proxy.staff();
        let judge = Arc::clone(&staff.judge);
        let judging = move || {
            judge.judge(call, objection, move |outcome| {
                // Nobody may be waiting any more; then nothing runs.
                _ = tell.send(outcome);
            });
        };
        if staff.judging_waits {
            spawn_blocking(judging).await.ok()?;
        } else {
            judging();
        }
        told.await.ok()
    }

    /// Who calls: each session of the client is one of the gateway's.
    fn caller(&self) -> Caller {
        let mut caller = self.proxy.staff().judge.caller.clone();
        if self.fields.contains_key(SESSION_ID) {
            caller.session_id = format!("mcp-{}", short_id(&self.session.to_string()));
        }
        caller
    }

    /// Passes a request on, and its answer back.
    async fn forward(self, method: Method, bytes: Bytes, scope: Scope, is_endless: bool) -> Response<Body> {
        let settings = &self.proxy.settings;
        let asked = settings
            .upstream
            .send(method, self.query.as_deref(), self.fields.clone(), bytes);
        match timeout(settings.answer_time, asked).await {
            Ok(Ok(answered)) => Box::pin(relay::answer(self, answered, scope, is_endless)).await,
            Ok(Err(_)) => relay::failed(scope, StatusCode::BAD_GATEWAY, "the server cannot be reached"),
            Err(_) => relay::failed(scope, StatusCode::GATEWAY_TIMEOUT, relay::TOO_LATE),
        }
    }
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

fn mismatched(id: Option<&RequestId>, mismatch: &Mismatch) -> Refused {
    refusal(
        StatusCode::BAD_REQUEST,
        id,
        HEADER_MISMATCH,
        &mismatch.to_string(),
    )
}

fn invalid_call(id: &RequestId, error: &InvalidCall) -> Refused {
    refusal(
        StatusCode::OK,
        Some(id),
        answer::INVALID_PARAMS,
        &error.to_string(),
    )
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
