//! What the requests of all clients share, and what is known of each.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, request::Parts};
use gait_canon::Digest;
use tokio::sync::watch;

use super::holds::Waiting;
use super::refused::{Refused, refusal};
use super::scope::Scope;
use super::sessions::Sessions;
use super::shelf::{Place, Shelf};
use super::told::Told;
use super::{Settings, Staff};
use crate::answer;
use crate::exchange::Dropped;
use crate::frame::RequestId;
use crate::notice::Notice;

/// Names the session of the era before the stateless one.
pub(crate) const SESSION_ID: &str = "mcp-session-id";

/// What all requests share.
pub(crate) struct Proxy {
    pub(crate) settings: Settings,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) ending: watch::Receiver<bool>,
    /// The calls that wait for an approval.
    pub(crate) waiting: Arc<Waiting>,
    shelf: Shelf,
}

/// Who asks, and how the server is to be asked for it.
pub(crate) struct Asking {
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) fields: HeaderMap,
    pub(crate) place: Arc<Place>,
    pub(crate) session: Digest,
    /// The `_meta` of a request of the stateless era.
    pub(crate) meta: Option<String>,
}

impl Proxy {
    pub(crate) fn new(settings: Settings, ending: watch::Receiver<bool>) -> Self {
        Self {
            settings,
            sessions: Arc::default(),
            ending,
            waiting: Arc::default(),
            shelf: Shelf::default(),
        }
    }

    pub(crate) const fn staff(&self) -> &Staff {
        &self.settings.staff
    }

    pub(crate) fn tell(&self, notice: Notice<'_>) {
        (self.settings.staff.watch)(notice);
    }
}

impl Asking {
    pub(crate) fn new(proxy: Arc<Proxy>, head: Parts) -> Self {
        let fields = proxy.settings.upstream.fields(head.headers);
        let shown = |name: &str| fields.get(name).map_or(&[][..], HeaderValue::as_bytes);
        let who = [shown("authorization"), b"\n", shown("cookie")].concat();
        // A server may show the tools of one session to no other. Where there is no session, the key is that of who asks.
        let session = Digest::of(&[&who[..], b"\n", shown(SESSION_ID)].concat());
        Self {
            place: proxy.shelf.place(session),
            session,
            meta: None,
            fields,
            proxy,
        }
    }

    /// What the request may bring back when nothing is owed for it.
    pub(crate) fn scope(&self) -> Scope {
        let has_session = self.fields.contains_key(SESSION_ID);
        let staff = self.proxy.staff();
        let told = Told {
            records: Arc::clone(staff.judge.records()),
            now: Arc::clone(&staff.now),
        };
        Scope::new(Arc::clone(&self.proxy.sessions), told, self.session).resumable(has_session)
    }

    /// Which rules count now.
    pub(crate) fn rules(&self) -> u64 {
        self.proxy.staff().judge.rules().number
    }

    /// Refuses an answer to what the server did not ask.
    pub(crate) fn require_asked(&self, id: Option<RequestId>) -> Result<(), Refused> {
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
}
