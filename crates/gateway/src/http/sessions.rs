//! What the two sides of a session still owe each other, beyond the request in which it was said.
//!
//! In the era of sessions a server asks its client in one stream and is answered by another request, and a stream that broke
//! off may be resumed by another one. In the stateless era neither happens.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gait_canon::Digest;

use crate::frame::RequestId;

/// Sessions that are remembered.
const MAX_SESSIONS: usize = 4096;
/// Requests of one session that are remembered.
const MAX_REQUESTS: usize = 1024;
/// Bytes of an id that is remembered.
const MAX_ID_BYTES: usize = 1024;

/// What the server owes for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owed {
    /// An answer that is passed on.
    Answer,
    /// An answer that a model may read.
    Text,
    /// A page of tools.
    Page,
    /// The result of the call with this ticket.
    Call(u64),
}

/// Every session that is remembered, by the digest of what its requests show.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    sessions: HashMap<Digest, Session>,
    /// From the oldest to the newest.
    order: VecDeque<Digest>,
}

#[derive(Debug, Default)]
struct Session {
    /// What the server asked.
    asked: HashSet<RequestId>,
    /// What the server did not answer in the stream that it was asked in.
    owed: HashMap<RequestId, Owed>,
}

impl Sessions {
    /// The server asks its client.
    pub(crate) fn ask(&self, key: Digest, id: &RequestId) {
        if is_short(id) {
            let mut table = self.table();
            let session = table.session(key);
            if session.asked.len() < MAX_REQUESTS {
                session.asked.insert(id.clone());
            }
        }
    }

    /// The client answers; whether it was asked.
    pub(crate) fn answer(&self, key: Digest, id: &RequestId) -> bool {
        let mut table = self.table();
        table
            .sessions
            .get_mut(&key)
            .is_some_and(|session| session.asked.remove(id))
    }

    /// A stream ended before the server answered.
    pub(crate) fn leave(&self, key: Digest, id: &RequestId, owed: Owed) {
        if is_short(id) {
            let mut table = self.table();
            let session = table.session(key);
            if session.owed.len() < MAX_REQUESTS {
                session.owed.insert(id.clone(), owed);
            }
        }
    }

    /// The server answers in another stream what it still owes.
    pub(crate) fn claim(&self, key: Digest, id: &RequestId) -> Option<Owed> {
        self.table().sessions.get_mut(&key)?.owed.remove(id)
    }

    /// The session ended.
    pub(crate) fn forget(&self, key: Digest) {
        let mut table = self.table();
        if table.sessions.remove(&key).is_some() {
            table.order.retain(|other| *other != key);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn session(&mut self, key: Digest) -> &mut Session {
        if !self.sessions.contains_key(&key) {
            if self.sessions.len() >= MAX_SESSIONS
                && let Some(oldest) = self.order.pop_front()
            {
                self.sessions.remove(&oldest);
            }
            self.order.push_back(key);
        }
        self.sessions.entry(key).or_default()
    }
}

fn is_short(id: &RequestId) -> bool {
    match id {
        RequestId::Integer(_) => true,
        RequestId::Text(text) => text.len() <= MAX_ID_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_know_their_own_requests_and_no_others() {
        let sessions = Sessions::default();
        let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
        let id = RequestId::Integer(1);
        sessions.ask(one, &id);
        sessions.leave(one, &id, Owed::Page);
        assert!(!sessions.answer(other, &id) && sessions.claim(other, &id).is_none());
        assert!(sessions.answer(one, &id) && !sessions.answer(one, &id));
        assert_eq!(sessions.claim(one, &id), Some(Owed::Page));
        assert_eq!(sessions.claim(one, &id), None);
    }

    #[test]
    fn the_oldest_session_makes_room() {
        let sessions = Sessions::default();
        let key = |number: usize| Digest::of(&number.to_le_bytes());
        let id = RequestId::Integer(1);
        for number in 0..=MAX_SESSIONS {
            sessions.ask(key(number), &id);
        }
        assert!(!sessions.answer(key(0), &id) && sessions.answer(key(MAX_SESSIONS), &id));
    }
}
