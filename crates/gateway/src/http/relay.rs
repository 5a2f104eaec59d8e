//! Each answer of the server: read before the client sees it, and passed on as it came wherever that is possible.

use std::io;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, StatusCode, header, response::Parts};
use futures_util::stream;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::time::timeout;

use super::fields;
use super::lengthy::lengthy;
use super::proxy::Asking;
use super::refused::refusal;
use super::scope::{Scope, Taken};
use super::sse::{self, Event, Events};
use crate::answer;
use crate::exchange::Dropped;
use crate::frame::{self, Message, Response as Answered};
use crate::notice::Notice;

/// What clients are told of a server that does not answer in time.
pub(crate) const TOO_LATE: &str = "the server did not answer in time";
/// What clients are told of an answer that they must not see.
const UNUSABLE: &str = "the server's answer cannot be used";

/// What an answer's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One message.
    Whole,
    /// A stream of events.
    Events,
}

impl Form {
    /// What the headers of an answer say; nothing when the body cannot be read.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(header::CONTENT_ENCODING) {
            return None;
        }
        let mut types = headers.get_all(header::CONTENT_TYPE).iter();
        let (first, more) = (types.next(), types.next());
        if more.is_some() {
            return None;
        }
        let text = first.map_or(Some(""), |value| value.to_str().ok())?;
        let media_type = text.split(';').next().unwrap_or_default().trim();
        Some(if media_type.eq_ignore_ascii_case("text/event-stream") {
            Self::Events
        } else {
            Self::Whole
        })
    }
}

/// The answer to a request that the server did not answer itself.
pub(crate) fn failed(mut scope: Scope, status: StatusCode, text: &str) -> Response<Body> {
    let id = scope.give_up();
    refusal(status, id.as_ref(), answer::INTERNAL_ERROR, text).into_answer()
}

/// Passes an answer on.
pub(crate) async fn answer(
    asking: Asking,
    answered: Response<Incoming>,
    scope: Scope,
    is_endless: bool,
) -> Response<Body> {
    let (head, body) = answered.into_parts();
    // A client that is sent elsewhere would go around the gateway.
    if head.status.is_redirection() && head.status != StatusCode::NOT_MODIFIED {
        return failed(
            scope,
            StatusCode::BAD_GATEWAY,
            "the server sends clients elsewhere",
        );
    }
    match Form::of(&head.headers) {
        Some(Form::Events) if head.status.is_success() => {
            let ending = asking.proxy.ending.clone();
            let streaming = Streaming {
                asking,
                body,
                events: Events::default(),
                scope,
                ending: is_endless.then_some(ending),
                is_over: false,
            };
            let stream = stream::unfold(Box::new(streaming), |mut streaming| async move {
                let next = streaming.next().await?;
                Some((next, streaming))
            });
            response(head, Body::from_stream(stream))
        }
        Some(Form::Whole) => {
            let limit = asking.proxy.settings.answer_time;
            let reading = timeout(limit, whole(body));
            match reading.await {
                Ok(Some(bytes)) => one(&asking, head, bytes, scope).await,
                Ok(None) => failed(scope, StatusCode::BAD_GATEWAY, UNUSABLE),
                Err(_) => failed(scope, StatusCode::GATEWAY_TIMEOUT, TOO_LATE),
            }
        }
        _ => failed(scope, StatusCode::BAD_GATEWAY, UNUSABLE),
    }
}

/// The whole body, if it was not cut off and is no longer than a message may be.
pub(crate) async fn whole(body: Incoming) -> Option<Bytes> {
    let read = Limited::new(body, frame::MAX_BYTES).collect().await;
    read.ok().map(http_body_util::Collected::to_bytes)
}

fn response(head: Parts, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = fields::of_answer(head.headers);
    response
}

/// Passes an answer on that is one message, or none.
async fn one(asking: &Asking, head: Parts, bytes: Bytes, mut scope: Scope) -> Response<Body> {
    if bytes.is_empty() {
        return response(head, Body::empty());
    }
    if !head.status.is_success() {
        if has_result(&bytes) {
            return failed(scope, StatusCode::BAD_GATEWAY, UNUSABLE);
        }
        lengthy(bytes.len(), || scope.refused(&bytes));
        return response(head, Body::from(bytes));
    }
    match seen(asking, &mut scope, &bytes).await {
        Seen::AsItCame => response(head, Body::from(bytes)),
        Seen::Instead(text) => response(head, Body::from(text)),
        Seen::Nothing if scope.unanswered().is_some() => failed(scope, StatusCode::BAD_GATEWAY, UNUSABLE),
        Seen::Nothing => response(head, Body::empty()),
    }
}

/// Whether an answer that says it failed brings something all the same.
fn has_result(bytes: &[u8]) -> bool {
    let Ok(document) = frame::read(bytes) else {
        return false;
    };
    !matches!(
        Message::of(&document),
        Ok(Message::Response(Answered { result: None, .. })) | Err(_)
    )
}

/// What a client may see of a message.
enum Seen {
    AsItCame,
    Instead(String),
    Nothing,
}

/// Looks at a message of the server, and first at its tools where that is needed.
async fn seen(asking: &Asking, scope: &mut Scope, bytes: &[u8]) -> Seen {
    let came = Instant::now();
    let mut catalog = asking.place.since(None, asking.rules()).unwrap_or_default();
    let mut is_fresh = false;
    loop {
        match lengthy(bytes.len(), || scope.take(bytes, &catalog, is_fresh)) {
            Taken::Pass => return Seen::AsItCame,
            Taken::Instead(text) => return Seen::Instead(text),
            Taken::Changed => {
                asking.place.forget();
                // When it cannot be listed now, whoever asks next will see why.
                _ = asking.list_after(Some(came)).await;
                return Seen::AsItCame;
            }
            Taken::Unknown => {
                is_fresh = true;
                if let Ok(fresh) = asking.list_after(Some(came)).await {
                    catalog = fresh;
                }
            }
            Taken::Drop(why) => {
                asking.proxy.tell(Notice::Dropped(&why));
                return Seen::Nothing;
            }
        }
    }
}

/// A stream of events on its way.
struct Streaming {
    asking: Asking,
    body: Incoming,
    events: Events,
    scope: Scope,
    /// Tells a stream without end that the gateway ends.
    ending: Option<watch::Receiver<bool>>,
    is_over: bool,
}

impl Streaming {
    /// The next piece for the client. Nothing is read from the server before the client took the piece before.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        while !self.is_over {
            match self.events.next() {
                Ok(Some(event)) => {
                    if let Some(bytes) = self.pass(event).await {
                        return Some(Ok(bytes));
                    }
                    continue;
                }
                Ok(None) => {}
                Err(sse::TooLong) => return self.break_off(),
            }
            match self.read().await? {
                Ok(bytes) => self.events.push(&bytes),
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// More of the stream; none at its end.
    async fn read(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            let frame = match &mut self.ending {
                None => self.body.frame().await?,
                Some(ending) => tokio::select! {
                    frame = self.body.frame() => frame?,
                    _ = ending.wait_for(|ends| *ends) => return None,
                },
            };
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(bytes)) => return Some(Ok(bytes)),
                // Trailers say nothing here.
                Ok(Err(_)) => {}
                Err(error) => return Some(Err(io::Error::other(error))),
            }
        }
    }

    async fn pass(&mut self, event: Event) -> Option<Bytes> {
        let Some(data) = event.data() else {
            return Some(event.into_bytes());
        };
        match seen(&self.asking, &mut self.scope, data).await {
            Seen::AsItCame => Some(event.into_bytes()),
            Seen::Instead(text) => Some(event.carrying(&text)),
            Seen::Nothing => event.without_message(),
        }
    }

    /// Ends a stream that cannot be read on, with an answer to what was asked.
    fn break_off(&mut self) -> Option<io::Result<Bytes>> {
        self.is_over = true;
        let why = Dropped::Listing("an event is longer than any may be".to_owned());
        self.asking.proxy.tell(Notice::Dropped(&why));
        let id = self.scope.give_up()?;
        let error = answer::error(Some(&id), answer::INTERNAL_ERROR, UNUSABLE);
        Some(Ok(sse::event(&error)))
    }
}
