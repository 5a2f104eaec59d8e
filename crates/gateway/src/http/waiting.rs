//! Calls over HTTP that need an approval. While a call waits no thread does; who goes away is not waited for.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use futures_util::{StreamExt as _, stream};
use gait_mcp::ToolCall;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::calls::Call;
use super::holds::Place;
use super::refused::{message, stream_of_events};
use super::relay::Form;
use super::sse;
use crate::answer::{self, Ruling};
use crate::approvals::{Approved, Desk, Medium, News, Petition};
use crate::exchange::later_objection;
use crate::frame::{self, RequestId};
use crate::judge::Pending;

/// A call at the desk.
struct Held {
    call: Call,
    again: ToolCall,
    ruling: Ruling,
    news: UnboundedReceiver<News>,
    /// Ends the waiting when it is dropped together with the place in [`Waiting`](super::holds::Waiting).
    place: Place,
}

impl Call {
    /// Brings the call to the desk, and answers it when people have decided, or shall decide later.
    pub(crate) async fn petition(self, desk: &Desk, pending: Pending, ruling: Ruling) -> Response<Body> {
        let presented = self.wanted.presented.clone();
        let medium = if presented.can_come_back {
            Medium::ComeBack
        } else {
            Medium::Wait
        };
        let wants_news = presented.progress_token.is_some() && self.takes_events();
        let petition = Petition {
            pending: pending.request,
            ruling: ruling.clone(),
            presented,
            medium,
        };
        let (tell, news) = mpsc::unbounded_channel();
        let hold = desk.receive(petition, move |news| {
            // Nobody may be listening any more; then nothing runs.
            _ = tell.send(news);
        });
        let key = (self.asking.session, self.id.clone());
        let place = Place::take(&self.asking.proxy.waiting, key, hold);
        let mut call = Held {
            call: self,
            again: pending.call,
            ruling,
            news,
            place,
        };
        loop {
            match call.next().await {
                Some(News::Waits(_)) if wants_news => return call.stream(),
                Some(News::Waits(_) | News::StillWaits(_)) => {}
                news => return call.answer(news).await,
            }
        }
    }
}

impl Held {
    /// What the desk says next. When the gateway is told to end, it says that the time is over.
    async fn next(&mut self) -> Option<News> {
        let mut ending = self.call.asking.proxy.ending.clone();
        tokio::select! {
            news = self.news.recv() => return news,
            _ = ending.wait_for(|ends| *ends) => self.place.give_up(),
        }
        self.news.recv().await
    }

    /// The answer to the call, once the desk has said its last.
    async fn answer(self, news: Option<News>) -> Response<Body> {
        let call = self.call;
        match news {
            Some(News::Approved(approved)) => {
                let again = self.again;
                drop(self.place);
                call.run_approved(again, approved).await
            }
            Some(News::ComeBack(invitation)) => {
                let text = answer::come_back(&call.id, &invitation);
                message(StatusCode::OK, text).into_answer()
            }
            Some(News::Refused(ruling)) => call.refuse(&ruling),
            Some(News::Waits(_) | News::StillWaits(_)) | None => call.refuse(&self.ruling),
        }
    }

    /// The answer as a stream that tells meanwhile that the call waits.
    fn stream(self) -> Response<Body> {
        let token = self
            .call
            .wanted
            .presented
            .progress_token
            .clone()
            .unwrap_or_default();
        let events = stream::unfold(Some(self), move |held| {
            let token = token.clone();
            async move {
                let mut held = held?;
                let body = match held.next().await {
                    Some(News::Waits(_)) => return Some((Body::empty(), Some(held))),
                    Some(News::StillWaits(times)) => {
                        let event = sse::event(&answer::still_waits(&token, times));
                        return Some((Body::from(event), Some(held)));
                    }
                    news => {
                        let id = held.call.id.clone();
                        let answered = Box::pin(held.answer(news)).await;
                        events_of(&id, answered).await
                    }
                };
                Some((body, None))
            }
        });
        let bytes = events.flat_map(Body::into_data_stream);
        stream_of_events(Body::from_stream(
            bytes.map(|piece| piece.map_err(io::Error::other)),
        ))
    }
}

/// An answer as a part of a stream of events.
async fn events_of(id: &RequestId, answered: Response<Body>) -> Body {
    let (head, body) = answered.into_parts();
    if Form::of(&head.headers) == Some(Form::Events) {
        return body;
    }
    let whole = body.collect().await.map(http_body_util::Collected::to_bytes);
    let message = whole.ok().filter(|bytes| frame::read(bytes).is_ok());
    let text = message.and_then(|bytes: Bytes| String::from_utf8(bytes.into()).ok());
    let text = text.unwrap_or_else(|| {
        let text = format!("the server answered with status {}", head.status.as_u16());
        answer::error(Some(id), answer::INTERNAL_ERROR, &text)
    });
    Body::from(sse::event(&text))
}

impl Call {
    /// Whether the client takes a stream of events for an answer.
    fn takes_events(&self) -> bool {
        let accepted = self.asking.fields.get_all(header::ACCEPT).iter();
        accepted
            .filter_map(|value: &HeaderValue| value.to_str().ok())
            .flat_map(|text| text.split(','))
            .filter_map(|kind| kind.split(';').next())
            .any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
    }

    /// Judges the call again that was approved, and passes it on only if that allows it.
    async fn run_approved(self, again: ToolCall, approved: Approved) -> Response<Body> {
        // While people decided, the server may have become another one.
        match self.asking.catalog().await {
            Err(unlisted) => return unlisted.answer(&self.id).into_answer(),
            Ok(now) => {
                if let Some(code) = later_objection(&self.catalog, &now, &self.wanted) {
                    return self.refuse(&Ruling::changed(code));
                }
            }
        }
        let outcome = self.judge_approved(again, approved).await;
        match self.settle(outcome).await {
            Ok(answered) => answered,
            Err(refused) => refused.into_answer(),
        }
    }
}
