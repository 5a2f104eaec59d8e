//! Who waits for what.

use gait_canon::json::Part;

use super::era::Era;
use super::wire::{Answer, Change, patched, response};
use super::{Hub, HubDropped, HubStep, MAX_IN_FLIGHT};
use crate::frame::RequestId;

/// Whom a stream from a server is for.
#[derive(Debug, Clone)]
pub(super) enum Owner {
    /// A stream of the client.
    Listener(RequestId),
    /// A client with sessions, which wants to know of changed lists.
    Lists,
    /// Such a client, which subscribed to a resource.
    Resource {
        uri: String,
        /// Its request, until it is answered.
        asker: Option<RequestId>,
    },
}

/// A request that the client waits for.
#[derive(Debug)]
pub(super) struct Asked {
    /// Its id as the client wrote it.
    pub(super) id: String,
    /// The era it was asked in.
    pub(super) era: Era,
    pub(super) state: State,
}

/// What a request of the client waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The hub itself.
    Here,
    /// What a server owes under this id.
    Relayed(i64),
    /// A list that is gathered under this id.
    Gathered(i64),
    /// The client's own answers to what a server asked back; they come together under this id.
    Round(i64),
    /// Changes, until it is ended.
    Listening,
}

/// What a server owes.
#[derive(Debug)]
pub(super) struct Debt {
    pub(super) server: usize,
    pub(super) owed: Owed,
}

/// What is owed.
#[derive(Debug)]
pub(super) enum Owed {
    /// Whether it speaks the stateless era.
    Probe,
    /// The answer to `initialize`.
    Initialize,
    /// An answer that says nothing.
    Nothing,
    /// The answer to a request of the client.
    Relay(Relay),
    /// Its part of the list that is gathered under this id.
    Page(i64),
    /// Notices of changes, until the stream is ended.
    Stream(Owner),
    /// Whether it will tell of changes of a resource.
    Subscription {
        /// Who wants to know.
        listener: RequestId,
        /// The resource.
        uri: String,
    },
}

/// A request of the client that was passed on to a server.
#[derive(Debug)]
pub(super) struct Relay {
    /// The request; nothing while the client has to ask anew before it may be answered.
    pub(super) asker: Option<RequestId>,
    pub(super) era: Era,
    pub(super) method: String,
    /// What the client wants to be told progress under, as it wrote it.
    pub(super) token: Option<String>,
    /// Whether the client wants log messages meanwhile.
    pub(super) wants_log: bool,
    /// The message as the client sent it, where it may be needed again.
    pub(super) origin: Option<String>,
    /// How often the server asked something back.
    pub(super) rounds: u8,
}

impl Hub {
    /// Answers a request of the client, unless it was answered or taken back meanwhile.
    pub(super) fn answer(&mut self, id: &RequestId, answer: &Answer, steps: &mut Vec<HubStep>) {
        if let Some(asked) = self.asked.remove(id) {
            steps.push(HubStep::ToClient(response(&asked.id, answer)));
        }
    }

    /// Answers it with `member` of a server's message, changed as said.
    pub(super) fn answer_with(
        &mut self,
        id: &RequestId,
        message: Part<'_>,
        (member, changes): (&'static str, &[Change<'_>]),
        steps: &mut Vec<HubStep>,
    ) {
        let Some(asked) = self.asked.remove(id) else {
            return;
        };
        let mut outer = vec![("id", Some(asked.id))];
        if let Some(body) = message.get(member).filter(|_| !changes.is_empty()) {
            outer.push((member, Some(patched(body, changes))));
        }
        steps.push(HubStep::ToClient(patched(message, &outer)));
    }

    /// Puts a request of the hub's own to a server.
    pub(super) fn owe(&mut self, id: i64, server: usize, owed: Owed) {
        self.owed.insert(id, Debt { server, owed });
    }

    /// The id of a request whose answer says nothing.
    pub(super) fn owe_nothing(&mut self, server: usize) -> i64 {
        let id = self.next_id();
        // A server that never answers must not fill the table; its answers are told as unasked then.
        if self.owed.len() < MAX_IN_FLIGHT {
            self.owe(id, server, Owed::Nothing);
        }
        id
    }

    /// The era that a request of the client was asked in.
    pub(super) fn era_of(&self, id: &RequestId) -> Era {
        self.asked.get(id).map_or(Era::Handshake, |asked| asked.era)
    }

    pub(super) fn now_waits(&mut self, id: &RequestId, state: State) {
        if let Some(asked) = self.asked.get_mut(id) {
            asked.state = state;
        }
    }

    /// Tells that a server sent what nobody waits for.
    pub(super) fn drop_unasked(&self, server: usize, what: &str, steps: &mut Vec<HubStep>) {
        steps.push(HubStep::Dropped(HubDropped::Unasked {
            server: self.servers[server].name.clone(),
            what: what.to_owned(),
        }));
    }
}
