//! What one request may bring back from the server.

use std::sync::Arc;

use gait_canon::Digest;
use gait_canon::json::{Document, Kind, Part};

use super::sessions::{Owed, Sessions};
use super::told::Told;
use crate::answer;
use crate::catalog::{Catalog, Definition};
use crate::exchange::{Dropped, Unfinished};
use crate::frame::{self, Message, Request, RequestId, Response};
use crate::listing;
use crate::protocol::{TOOLS_CHANGED, UNKNOWN_TYPE, is_of_known_type};

/// What is to be done with a message of the server.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Pass it on as it came.
    Pass,
    /// Pass this on instead.
    Instead(String),
    /// It tells that the tools changed: look at them, then pass it on.
    Changed,
    /// It is a page with tools that the catalogue does not know: look at them, then take it again.
    Unknown,
    /// Hold it back.
    Drop(Dropped),
}

/// What one request may bring back.
#[derive(Debug)]
pub(crate) struct Scope {
    sessions: Arc<Sessions>,
    told: Told,
    /// The session, whether it has a name or not.
    session: Digest,
    owed: Option<(RequestId, Owed)>,
    /// Whether what is still owed may come in another stream.
    can_resume: bool,
    /// Whether this is such a stream.
    resumes: bool,
}

impl Scope {
    /// The scope of a stream in `session` that answers nothing.
    pub(crate) const fn new(sessions: Arc<Sessions>, told: Told, session: Digest) -> Self {
        Self {
            sessions,
            told,
            session,
            owed: None,
            can_resume: false,
            resumes: false,
        }
    }

    /// The same, of the request `id`.
    pub(crate) fn owing(mut self, id: RequestId, owed: Owed) -> Self {
        self.owed = Some((id, owed));
        self
    }

    /// The same, in a session whose streams can be resumed.
    pub(crate) const fn resumable(mut self, can_resume: bool) -> Self {
        self.can_resume = can_resume;
        self
    }

    /// The same, as a stream that goes on with an earlier one.
    pub(crate) const fn resuming(mut self, resumes: bool) -> Self {
        self.resumes = resumes;
        self
    }

    /// The request that was not answered yet.
    pub(crate) fn unanswered(&self) -> Option<&RequestId> {
        self.owed.as_ref().map(|(id, _)| id)
    }

    /// The request, which gets another answer than the server's.
    pub(crate) fn give_up(&mut self) -> Option<RequestId> {
        let (id, owed) = self.owed.take()?;
        self.told.unfinished(owed, Unfinished::ServerGone);
        Some(id)
    }

    /// The server refuses the request with `bytes`, which are no message of its own or an error.
    pub(crate) fn refused(&mut self, bytes: &[u8]) {
        if let Some((_, owed)) = self.owed.take() {
            self.told
                .answered(self.session, owed, &String::from_utf8_lossy(bytes));
        }
    }

    /// Takes in a message of the server. `is_fresh` says that the catalogue was made after the message came.
    pub(crate) fn take(&mut self, bytes: &[u8], catalog: &Catalog, is_fresh: bool) -> Taken {
        let document = match frame::read(bytes) {
            Ok(document) => document,
            Err(error) => return Taken::Drop(Dropped::Unreadable(error)),
        };
        match Message::of(&document) {
            Err(error) => Taken::Drop(Dropped::Unreadable(error)),
            Ok(Message::Request(Request { id, .. })) => {
                self.sessions.ask(self.session, &id);
                self.told.heard(self.session, document.text());
                Taken::Pass
            }
            Ok(Message::Notification {
                method: TOOLS_CHANGED,
                ..
            }) => Taken::Changed,
            Ok(Message::Notification { .. }) => Taken::Pass,
            Ok(Message::Response(Response { id: None, .. })) if self.owed.is_some() => {
                self.refused(bytes);
                Taken::Pass
            }
            Ok(Message::Response(Response { id: None, .. })) => Taken::Drop(Dropped::Unasked(None)),
            Ok(Message::Response(Response {
                id: Some(id), result, ..
            })) => self.answered(id, result, &document, (catalog, is_fresh)),
        }
    }

    fn answered(
        &mut self,
        id: RequestId,
        result: Option<Part<'_>>,
        document: &Document<'_>,
        (catalog, is_fresh): (&Catalog, bool),
    ) -> Taken {
        let owed = match &self.owed {
            Some((waiting, owed)) if *waiting == id => Some(*owed),
            _ if self.resumes => self.sessions.claim(self.session, &id),
            _ => None,
        };
        let Some(owed) = owed else {
            return Taken::Drop(Dropped::Unasked(Some(id)));
        };
        match (owed, result) {
            (Owed::Page, Some(result)) if !is_fresh && !knows(catalog, result) => {
                self.owed = Some((id, owed));
                Taken::Unknown
            }
            (Owed::Page, Some(result)) => {
                self.owed = None;
                Taken::Instead(listing::visible(document, result, catalog))
            }
            (Owed::Call(_), Some(result)) if !is_of_known_type(result) => {
                self.owed = None;
                let error = answer::error(Some(&id), answer::INTERNAL_ERROR, UNKNOWN_TYPE);
                self.told.answered(self.session, owed, &error);
                Taken::Instead(error)
            }
            _ => {
                self.owed = None;
                self.told.answered(self.session, owed, document.text());
                Taken::Pass
            }
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        match self.owed.take() {
            Some((id, owed)) if self.can_resume => self.sessions.leave(self.session, &id, owed),
            Some((_, owed)) => self.told.unfinished(owed, Unfinished::Abandoned),
            None => {}
        }
    }
}

/// Whether `catalog` was made of a listing with these very tools.
fn knows(catalog: &Catalog, result: Part<'_>) -> bool {
    let tools = result.get("tools").filter(|tools| tools.kind() == Kind::Array);
    tools.is_none_or(|tools| {
        tools
            .items()
            .filter_map(|item| Definition::read(item).ok())
            .all(|definition| {
                let known = catalog.get(&definition.name);
                known.is_some_and(|known| known.definition.digest == definition.digest)
            })
    })
}
