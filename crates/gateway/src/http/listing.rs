//! The gateway's own listing of the server's tools.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use gait_canon::json::{self, Part, Value};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::mirror;
use super::proxy::Asking;
use super::refused::{Refused, message};
use super::relay::{Form, TOO_LATE, whole};
use super::sse::Events;
use crate::answer;
use crate::catalog::{Catalog, Definition, Quarantine};
use crate::frame::{self, Message, RequestId, Response as Answered};
use crate::listing::{Listing, Next};
use crate::notice::Notice;
use crate::review::Standings;

/// The id of the gateway's own requests: each has a connection for itself.
const OWN_ID: &str = "gait-tools";

/// Why the tools cannot be listed, as a client may be told.
#[derive(Debug)]
pub(crate) struct Unlisted {
    status: StatusCode,
    /// What the server asks the client to show.
    challenge: Option<HeaderValue>,
    /// The error of JSON-RPC.
    error: String,
}

impl Unlisted {
    fn failed(why: &str) -> Self {
        let mut error = json::Object::new();
        error.insert("code", i64::from(answer::INTERNAL_ERROR));
        error.insert("message", format!("the server's tools cannot be listed: {why}"));
        Self {
            status: StatusCode::BAD_GATEWAY,
            challenge: None,
            error: json::compact_in_order(&Value::from(error)),
        }
    }

    /// The answer to the request `id`.
    pub(crate) fn answer(self, id: &RequestId) -> Refused {
        let (id, error) = (id.to_json(), self.error);
        let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}");
        let answer = message(self.status, text);
        match self.challenge {
            Some(challenge) => answer.with(header::WWW_AUTHENTICATE, challenge),
            None => answer,
        }
    }
}

/// What one page leads to.
type Page = Result<Next, Unlisted>;

impl Asking {
    /// The catalogue of those who show what this client shows.
    pub(crate) async fn catalog(&self) -> Result<Arc<Catalog>, Unlisted> {
        match self.place.current(self.rules()) {
            Some(catalog) => Ok(catalog),
            None => self.list_after(None).await,
        }
    }

    /// A catalogue that is current or, when a moment is given, whose listing began after it.
    pub(crate) async fn list_after(&self, moment: Option<Instant>) -> Result<Arc<Catalog>, Unlisted> {
        let _alone = self.place.list().await;
        let listed = match moment {
            None => self.place.current(self.rules()),
            moment => self.place.since(moment, self.rules()),
        };
        if let Some(catalog) = listed {
            return Ok(catalog);
        }
        let (begun, rules) = (Instant::now(), self.rules());
        let definitions = self.all_tools().await?;
        let catalog = self.review(definitions).await?;
        self.place.keep(Arc::clone(&catalog), begun, rules);
        Ok(catalog)
    }

    async fn all_tools(&self) -> Result<Vec<Definition>, Unlisted> {
        let mut listing = Listing::default();
        let mut cursor = None;
        loop {
            let time = self.proxy.settings.answer_time;
            let page = timeout(time, self.page(&mut listing, cursor.as_deref()));
            match page.await.map_err(|_| Unlisted::failed(TOO_LATE))?? {
                Next::Page(next) => cursor = Some(next),
                Next::Done(definitions) => return Ok(definitions),
            }
        }
    }

    async fn page(&self, listing: &mut Listing, cursor: Option<&str>) -> Page {
        let id = RequestId::Text(OWN_ID.to_owned());
        let request = Listing::request(&id, cursor, self.meta.as_deref());
        let upstream = &self.proxy.settings.upstream;
        let asked = upstream.send(Method::POST, None, self.own_fields(), request.into());
        let answered = asked
            .await
            .map_err(|_| Unlisted::failed("it cannot be reached"))?;
        let (status, challenge) = (
            answered.status(),
            answered.headers().get(header::WWW_AUTHENTICATE).cloned(),
        );
        let unlisted = |error: Option<String>| Unlisted {
            status,
            challenge,
            error: error.unwrap_or_else(|| Unlisted::failed(status.as_str()).error),
        };
        let form = Form::of(answered.headers());
        let body = answered.into_body();
        let read = match form {
            Some(Form::Whole) => whole(body).await.map(|bytes| take(listing, &bytes)),
            Some(Form::Events) => take_events(listing, body).await,
            None => None,
        };
        match read {
            Some(Taken::Page(next)) if status.is_success() => Ok(next),
            Some(Taken::Error(error)) if !status.is_redirection() => Err(unlisted(Some(error))),
            _ if status.is_client_error() || status.is_server_error() => Err(unlisted(None)),
            _ => Err(Unlisted::failed("its answer cannot be used")),
        }
    }

    /// What the server is told besides the body of a listing.
    fn own_fields(&self) -> HeaderMap {
        let mut fields = self.fields.clone();
        let of_the_call: Vec<_> = fields
            .keys()
            .filter(|name| name.as_str().starts_with("mcp-param-"))
            .cloned()
            .collect();
        for name in of_the_call {
            fields.remove(name);
        }
        fields.remove(mirror::NAME);
        fields.remove(mirror::METHOD);
        fields.remove("last-event-id");
        if self.meta.is_some() {
            fields.insert(mirror::METHOD, HeaderValue::from_static("tools/list"));
        }
        let json = HeaderValue::from_static("application/json");
        fields.insert(header::CONTENT_TYPE, json);
        let both = HeaderValue::from_static("application/json, text/event-stream");
        fields.insert(header::ACCEPT, both);
        fields
    }

    async fn review(&self, definitions: Vec<Definition>) -> Result<Arc<Catalog>, Unlisted> {
        let staff = self.proxy.staff();
        let (judge, reviewer) = (Arc::clone(&staff.judge), Arc::clone(&staff.reviewer));
        let now = (staff.now)();
        let reviewing =
            spawn_blocking(move || judge.review(&reviewer, &judge.server.server_id, definitions, now));
        let outcome = reviewing
            .await
            .map_err(|_| Unlisted::failed("the review was abandoned"))?;
        Ok(match outcome {
            Ok(mut catalog) => {
                catalog.hold_back(&Quarantine::UnusableHeaders, mirror::cannot_follow);
                self.proxy.tell(Notice::Reviewed(Standings::of(&catalog)));
                Arc::new(catalog)
            }
            Err(error) => {
                self.proxy.tell(Notice::NotReviewed(&error));
                Arc::default()
            }
        })
    }
}

/// What the server says of a page.
enum Taken {
    Page(Next),
    Error(String),
    /// Something else.
    Other,
    /// What nobody can use.
    Unusable,
}

fn take(listing: &mut Listing, bytes: &[u8]) -> Taken {
    let Ok(document) = frame::read(bytes) else {
        return Taken::Unusable;
    };
    let own = |id: Option<&RequestId>| match id {
        Some(RequestId::Text(id)) => id == OWN_ID,
        Some(RequestId::Integer(_)) => false,
        None => true,
    };
    match Message::of(&document) {
        Ok(Message::Response(Answered {
            id,
            result: Some(result),
        })) if own(id.as_ref()) => listing.take(result).map_or(Taken::Unusable, Taken::Page),
        Ok(Message::Response(Answered { id, result: None })) if own(id.as_ref()) => {
            let error = document.root().get("error").map(Part::raw);
            Taken::Error(error.unwrap_or("null").to_owned())
        }
        Ok(_) => Taken::Other,
        Err(_) => Taken::Unusable,
    }
}

/// Reads events until one is the page.
async fn take_events(listing: &mut Listing, mut body: Incoming) -> Option<Taken> {
    let mut events = Events::default();
    loop {
        while let Some(event) = events.next().ok()? {
            let taken = event.data().map_or(Taken::Other, |data| take(listing, data));
            if !matches!(taken, Taken::Other) {
                return Some(taken);
            }
        }
        let bytes: Bytes = body.frame().await?.ok()?.into_data().unwrap_or_default();
        events.push(&bytes);
    }
}
