//! Each request of a client: what it brings, and the stream that answers it.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts,
};
use futures_util::stream;
use gait_canon::Digest;
use gait_canon::json::{Document, Part};
use gait_http::{Handler, Peer};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{interval, timeout};

use super::Settings;
use super::buffer::OWN;
use super::session::{AskError, Reader, Session};
use super::sessions::{Opening, Sessions};
use crate::frame::{self, Message, RequestId};
use crate::http::front::{admit, message_of, not_allowed};
use crate::http::mirror::Said;
use crate::http::refused::{Refused, message, mismatched, refusal};
use crate::protocol::CALL;
use crate::{answer, era};

/// Names the session of the era before the stateless one.
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// The event after which a stream goes on.
const LAST_EVENT_ID: &str = "last-event-id";
/// Tells proxies in front of the gateway to pass events on at once.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// The methods that are answered.
const METHODS: &str = "GET, POST, DELETE";
/// How long a stream may be silent before its reader is told that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often sessions are looked at that may be idle.
const SWEEP: Duration = Duration::from_secs(5);
/// The request that opens a session.
const OPENING: &str = "initialize";

/// Answers the requests of every connection.
#[derive(Clone)]
pub(super) struct Front(pub(super) Arc<Service>);

/// What all requests share.
pub(super) struct Service {
    settings: Settings,
    pub(super) sessions: Sessions,
    slots: Arc<Semaphore>,
    ending: watch::Receiver<bool>,
}

impl Handler for Front {
    async fn answer(&self, request: Request<Incoming>, _: Peer) -> Result<Response<Body>, Infallible> {
        let answered = Box::pin(Arc::clone(&self.0).answer(request)).await;
        Ok(answered.unwrap_or_else(Refused::into_answer))
    }
}

/// Who asks.
struct Who {
    /// What everybody with the same credentials shows.
    principal: Digest,
    /// What a session shows besides.
    session: Option<Digest>,
    accepts_events: bool,
}

impl Who {
    fn of(headers: &HeaderMap) -> Self {
        let shown = |name: HeaderName| headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
        let principal = Digest::of(shown(header::AUTHORIZATION));
        let session = headers.get(SESSION_ID);
        let accepted = shown(header::ACCEPT);
        Self {
            principal,
            session: session.map(|session| key(principal, session.as_bytes())),
            accepts_events: [&b"text/event-stream"[..], b"*/*"]
                .iter()
                .any(|media| memchr::memmem::find(accepted, media).is_some()),
        }
    }
}

/// What the requests of a session show: nobody else's name for it leads there.
fn key(principal: Digest, session: &[u8]) -> Digest {
    Digest::of(&[principal.to_string().as_bytes(), b"\n", session].concat())
}

/// What stands for requests without a session; no name of one leads there.
fn shared_key(principal: Digest) -> Digest {
    Digest::of(format!("{principal} shared").as_bytes())
}

impl Service {
    pub(super) fn new(settings: Settings, ending: watch::Receiver<bool>) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(settings.limits.in_flight.max(1))),
            settings,
            sessions: Sessions::default(),
            ending,
        }
    }

    /// Ends sessions that nobody uses, for as long as the gateway serves.
    pub(super) async fn sweep(self: Arc<Self>) {
        let mut ticks = interval(SWEEP.min(self.settings.idle_time));
        loop {
            ticks.tick().await;
            self.sessions.sweep(self.settings.idle_time);
        }
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Refused> {
        let (head, body) = request.into_parts();
        admit(&self.settings.access, &self.settings.path, &head)?;
        let who = Who::of(&head.headers);
        match head.method {
            Method::POST => {
                let bytes = message_of(&head.headers, body, self.settings.limits).await?;
                self.post(&who, &head, &bytes).await
            }
            Method::GET => self.listen(&who, &head),
            Method::DELETE => {
                let session = who.session.ok_or_else(|| not_allowed("POST"))?;
                if self.sessions.close(session) {
                    Ok(empty(StatusCode::NO_CONTENT))
                } else {
                    Err(unknown_session(None))
                }
            }
            _ => Err(not_allowed(METHODS)),
        }
    }

    /// The stream of what belongs to no request, or of one that broke off.
    fn listen(&self, who: &Who, head: &Parts) -> Result<Response<Body>, Refused> {
        let key = who.session.ok_or_else(|| not_allowed("POST"))?;
        let session = self.sessions.find(key).ok_or_else(|| unknown_session(None))?;
        let last = head.headers.get(LAST_EVENT_ID).and_then(place);
        let reader = last
            .and_then(|(stream, after)| session.read(stream, after))
            .or_else(|| session.read(OWN, 0))
            .ok_or_else(|| unknown_session(None))?;
        Ok(self.streaming(reader, Vec::new(), None, None))
    }

    async fn post(&self, who: &Who, head: &Parts, bytes: &[u8]) -> Result<Response<Body>, Refused> {
        let unreadable = |error: &frame::FrameError| {
            let code = answer::code_of(error);
            refusal(StatusCode::BAD_REQUEST, None, code, &error.to_string())
        };
        let document = frame::read(bytes).map_err(|error| unreadable(&error))?;
        let message = Message::of(&document).map_err(|error| unreadable(&error))?;
        let (id, method, params) = match &message {
            Message::Request(request) => (Some(&request.id), Some(request.method), request.params),
            Message::Notification { method, params } => (None, Some(*method), *params),
            Message::Response(_) => (None, None, None),
        };
        let said = Said {
            method,
            params,
            is_request: id.is_some(),
        };
        said.check(&head.headers)
            .map_err(|mismatch| mismatched(id, &mismatch))?;
        if id.is_none() && method == Some(CALL) {
            return Err(unreadable(&frame::FrameError::Id));
        }
        let is_stateless = era::stateless_meta(params).is_some() || method == Some("server/discover");
        let session = match (who.session, method) {
            (Some(key), _) => self.sessions.find(key).ok_or_else(|| unknown_session(id))?,
            (None, Some(OPENING)) if id.is_some() => return self.open(who, &message, &document).await,
            (None, _) if is_stateless => self.shared(who, id)?,
            (None, _) => {
                let text = "a request without a session must say which revision it follows";
                let status = StatusCode::BAD_REQUEST;
                return Err(refusal(status, id, answer::INVALID_REQUEST, text));
            }
        };
        match message {
            Message::Request(request) => {
                let reader = session
                    .ask(&request, &document)
                    .map_err(|error| unasked(&request.id, error))?;
                let asked = Asked::of(&request.id, method, is_stateless);
                self.respond(reader, who, &asked, None).await
            }
            // Without a session nobody knows what it is about; a stream is given up by closing it.
            _ if who.session.is_none() => Ok(empty(StatusCode::ACCEPTED)),
            _ if session.tell(&document) => Ok(empty(StatusCode::ACCEPTED)),
            _ => Err(unknown_session(id)),
        }
    }

    /// Opens a session, which lasts if its servers agree.
    async fn open(
        &self,
        who: &Who,
        message: &Message<'_>,
        document: &Document<'_>,
    ) -> Result<Response<Body>, Refused> {
        let Message::Request(request) = message else {
            return Err(unknown_session(None));
        };
        let name = (self.settings.nonce)().ok_or_else(|| crowded(Some(&request.id)))?;
        let key = key(who.principal, name.as_bytes());
        let session = self.begin(key, false, Some(&request.id))?;
        let asked = Asked::of(&request.id, Some(request.method), false);
        let answered = match session.ask(request, document) {
            Ok(reader) => {
                let name = HeaderValue::try_from(name).map_err(|_| crowded(Some(&request.id)))?;
                self.respond(reader, who, &asked, Some(name)).await
            }
            Err(error) => Err(unasked(&request.id, error)),
        };
        let is_open = answered
            .as_ref()
            .is_ok_and(|answered| answered.headers().contains_key(SESSION_ID));
        if !is_open {
            self.sessions.close(key);
        }
        answered
    }

    /// What requests of one principal without a session share.
    fn shared(&self, who: &Who, id: Option<&RequestId>) -> Result<Arc<Session>, Refused> {
        let key = shared_key(who.principal);
        if let Some(session) = self
            .sessions
            .find(key)
            .filter(|session| !session.is_idle(Duration::MAX))
        {
            return Ok(session);
        }
        self.sessions.sweep(self.settings.idle_time);
        self.begin(key, true, id)
    }

    fn begin(&self, key: Digest, is_shared: bool, id: Option<&RequestId>) -> Result<Arc<Session>, Refused> {
        let opening = Opening {
            key,
            is_shared,
            limit: self.settings.sessions,
            crew: &self.settings.crew,
        };
        let fleet = || (self.settings.fleet)(&(self.settings.nonce)()?);
        self.sessions.open(&opening, fleet).map_err(|_| crowded(id))
    }

    /// Answers with one message where nothing comes before it, and with a stream otherwise.
    async fn respond(
        &self,
        mut reader: Reader,
        who: &Who,
        asked: &Asked<'_>,
        session: Option<HeaderValue>,
    ) -> Result<Response<Body>, Refused> {
        let slot = if asked.is_endless {
            None
        } else {
            let slot = Arc::clone(&self.slots).try_acquire_owned();
            Some(slot.map_err(|_| crowded(Some(asked.id)))?)
        };
        let mut before = Vec::new();
        loop {
            let next = if who.accepts_events {
                timeout(KEEP_ALIVE, reader.next()).await
            } else {
                Ok(reader.next().await)
            };
            match next {
                Ok(Some(event)) if event.is_last => {
                    return Ok(asked.answer(event.text, session));
                }
                Ok(Some(event)) if who.accepts_events => {
                    before.push(written(reader.name(&event), &event.text));
                }
                // Who does not read events is told the answer only.
                Ok(Some(_)) => continue,
                Ok(None) if reader.was_taken_back() => return Ok(empty(StatusCode::ACCEPTED)),
                Ok(None) => {
                    let text = "the servers ended before they answered";
                    let status = StatusCode::BAD_GATEWAY;
                    return Err(refusal(status, Some(asked.id), answer::INTERNAL_ERROR, text));
                }
                Err(_) => before.push(Bytes::from_static(b": alive\n\n")),
            }
            let mut response = self.streaming(reader, before, slot, Some(asked.is_endless));
            if let Some(session) = session {
                response.headers_mut().insert(SESSION_ID, session);
            }
            return Ok(response);
        }
    }

    /// A stream of events. Without a request it goes on until the gateway ends.
    fn streaming(
        &self,
        reader: Reader,
        before: Vec<Bytes>,
        slot: Option<OwnedSemaphorePermit>,
        is_endless: Option<bool>,
    ) -> Response<Body> {
        let streaming = Streaming {
            reader,
            before: before.into_iter(),
            ending: is_endless.unwrap_or(true).then(|| self.ending.clone()),
            _slot: slot,
        };
        let body = Body::from_stream(stream::unfold(streaming, |mut streaming| async move {
            let next = streaming.next().await?;
            Some((Ok::<_, io::Error>(next), streaming))
        }));
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(NO_BUFFERING, HeaderValue::from_static("no"));
        response
    }
}

/// A request that is being answered.
struct Asked<'a> {
    id: &'a RequestId,
    is_endless: bool,
    is_stateless: bool,
}

impl<'a> Asked<'a> {
    fn of(id: &'a RequestId, method: Option<&str>, is_stateless: bool) -> Self {
        Self {
            id,
            is_endless: method == Some("subscriptions/listen"),
            is_stateless,
        }
    }

    /// The answer under the status that stands for it. Only a session that was opened gets a name.
    fn answer(&self, text: String, session: Option<HeaderValue>) -> Response<Body> {
        let code = error_code(text.as_bytes());
        let status = match code {
            Some(-32601) if self.is_stateless => StatusCode::NOT_FOUND,
            Some(-32022..=-32020) if self.is_stateless => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        let answer = message(status, text);
        let named = session.filter(|_| code.is_none());
        match named {
            Some(session) => answer.with(SESSION_ID, session).into_answer(),
            None => answer.into_answer(),
        }
    }
}

/// A stream of events on its way.
struct Streaming {
    reader: Reader,
    before: std::vec::IntoIter<Bytes>,
    /// Tells a stream without end that the gateway ends.
    ending: Option<watch::Receiver<bool>>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Streaming {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(bytes) = self.before.next() {
            return Some(bytes);
        }
        let next = timeout(KEEP_ALIVE, self.reader.next());
        let next = match &mut self.ending {
            None => next.await,
            Some(ending) => tokio::select! {
                next = next => next,
                _ = ending.wait_for(|ends| *ends) => return None,
            },
        };
        match next {
            Ok(event) => {
                let event = event?;
                Some(written(self.reader.name(&event), &event.text))
            }
            Err(_) => Some(Bytes::from_static(b": alive\n\n")),
        }
    }
}

/// An event with a message, which may have line ends between its values.
fn written(name: Option<String>, text: &str) -> Bytes {
    let mut event = name.map_or_else(String::new, |name| format!("id: {name}\n"));
    for line in text.split(['\n', '\r']) {
        event.push_str("data: ");
        event.push_str(line);
        event.push('\n');
    }
    event.push('\n');
    event.into()
}

/// The stream and the place in it that an event's name says.
fn place(name: &HeaderValue) -> Option<(u64, u64)> {
    let (stream, after) = name.to_str().ok()?.split_once('-')?;
    Some((stream.parse().ok()?, after.parse().ok()?))
}

fn error_code(text: &[u8]) -> Option<i64> {
    let document = frame::read(text).ok()?;
    let error = document.root().get("error")?;
    Some(
        error
            .get("code")
            .and_then(|code: Part<'_>| code.read().ok())
            .unwrap_or_default(),
    )
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn unknown_session(id: Option<&RequestId>) -> Refused {
    let text = "there is no such session";
    refusal(StatusCode::NOT_FOUND, id, answer::INVALID_REQUEST, text)
}

fn crowded(id: Option<&RequestId>) -> Refused {
    let text = "too much is going on; try again later";
    refusal(StatusCode::SERVICE_UNAVAILABLE, id, answer::INTERNAL_ERROR, text)
        .with(header::RETRY_AFTER, HeaderValue::from_static("5"))
}

fn unasked(id: &RequestId, error: AskError) -> Refused {
    let status = match error {
        AskError::InFlight => StatusCode::BAD_REQUEST,
        AskError::TooMany => StatusCode::SERVICE_UNAVAILABLE,
        AskError::Over => StatusCode::NOT_FOUND,
    };
    refusal(status, Some(id), answer::INVALID_REQUEST, &error.to_string())
}
