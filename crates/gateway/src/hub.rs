//! One client in front of several servers, whichever era of the protocol each of them speaks.
//!
//! ```text
//! client <-> Hub <-> one Exchange per server <-> server
//! ```
//!
//! The hub merges what the servers offer, routes requests, and translates between the stateless era (2026-07-28) and the
//! eras that begin with `initialize` (2024-11-05 to 2025-11-25). It decides nothing: whatever it sends towards a server goes
//! through the [`Exchange`](crate::exchange::Exchange) of that server, which holds each call against the server's own
//! reviewed tools. Like the exchange it knows no transport, clock or process.

use std::collections::HashMap;
use std::time::Duration;

use crate::answer;
use crate::frame::{self, FrameError, Message, RequestId};

mod asking;
mod client;
mod era;
mod listener;
mod listing;
mod name;
mod opening;
mod owed;
mod places;
mod relay;
mod round;
mod seal;
mod server;
mod subscription;
mod suspended;
#[cfg(test)]
mod tests;
mod wire;

use asking::Question;
use listener::Listeners;
use listing::Gathering;
pub use name::{InvalidServerName, ServerName};
use opening::{Phase, Server, Session};
use owed::{Asked, Debt};
use places::Places;
use round::Round;
use seal::Seal;
use suspended::Suspended;

/// What the hub goes by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The version of the program, which the hub tells to both sides as its own.
    pub version: String,
    /// How long a server may take to answer whether it speaks the stateless era before it is taken for one that does not.
    pub probe_patience: Duration,
    /// How long a server may take to answer `initialize` before it is left out.
    pub opening_patience: Duration,
    /// How long a server may take for its part of a list before the others are shown without it.
    pub listing_patience: Duration,
}

impl Settings {
    /// The usual settings of the program of this version.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            probe_patience: Duration::from_secs(10),
            opening_patience: Duration::from_secs(60),
            listing_patience: Duration::from_secs(30),
        }
    }
}

/// What is to be done.
#[derive(Debug)]
pub enum HubStep {
    /// Send this to the client.
    ToClient(String),
    /// Give this to the exchange of that server, as from its client.
    ToServer(usize, String),
    /// [`Hub::wake`] this server once that time is over. A later one for the same server takes the place of this one.
    WakeAfter(usize, Duration),
    /// Something was held back or left out that somebody should know of.
    Dropped(HubDropped),
}

/// What was held back or left out, and why.
#[derive(Debug, thiserror::Error)]
pub enum HubDropped {
    /// A server sent what is no message.
    #[error("{server} sent what is no message: {error}")]
    Unreadable {
        /// The server.
        server: ServerName,
        /// What is wrong with it.
        error: FrameError,
    },
    /// A server answered, or spoke about, what nobody asked it or waits for any more.
    #[error("{server} sent {what} that nobody waits for")]
    Unasked {
        /// The server.
        server: ServerName,
        /// What it sent.
        what: String,
    },
    /// The client answered, or spoke about, what nobody asked it or waits for any more.
    #[error("the client sent {what} that nobody waits for")]
    UnaskedByServer {
        /// What it sent.
        what: String,
    },
    /// A server could not be opened, and nothing of it is offered.
    #[error("{server} is left out: {why}")]
    ServerLeftOut {
        /// The server.
        server: ServerName,
        /// Why.
        why: String,
    },
    /// Something that a server offers is not shown.
    #[error("{what} of {server} is left out: {why}")]
    ItemLeftOut {
        /// The server.
        server: ServerName,
        /// What it is.
        what: String,
        /// Why.
        why: &'static str,
    },
    /// A server could not list what it offers, and its part of the list is missing.
    #[error("{server} did not answer {method}: {error}")]
    ListLeftOut {
        /// The server.
        server: ServerName,
        /// What it was asked.
        method: String,
        /// Its error, as JSON.
        error: String,
    },
}

/// Servers that cannot stand behind one hub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServers {
    /// There is none, or more than the hub serves.
    #[error("there must be 1 to {MAX_SERVERS} servers")]
    Count,
    /// Two have the same name.
    #[error("two servers are called {0}")]
    Ambiguous(ServerName),
}

/// Servers behind one hub.
pub const MAX_SERVERS: usize = 64;
/// Requests that one side may owe the other at a time.
const MAX_IN_FLIGHT: usize = 8192;

/// One client in front of several servers.
#[derive(Debug)]
pub struct Hub {
    settings: Settings,
    seal: Seal,
    servers: Vec<Server>,
    phase: Phase,
    session: Session,
    /// The last id that the hub gave to a request of its own, towards either side.
    last_id: i64,
    /// What the client waits for, by its ids.
    asked: HashMap<RequestId, Asked>,
    /// What the servers owe, by the hub's ids.
    owed: HashMap<i64, Debt>,
    /// Requests that wait until the servers are open.
    parked: Vec<(RequestId, String)>,
    /// Lists that are gathered from several servers.
    gatherings: HashMap<i64, Gathering>,
    /// What the client owes, by the hub's ids.
    questions: HashMap<i64, Question>,
    /// Calls whose server asks something that the client was sent as requests.
    rounds: HashMap<i64, Round>,
    /// Calls whose server asks something that the client has to bring an answer to; oldest first.
    suspended: Vec<Suspended>,
    listeners: Listeners,
    places: Places,
}

impl Hub {
    /// A hub in which nothing was said yet. Servers are known by their place in `servers`. The client must not be able to
    /// guess `nonce`, and no two hubs may have the same.
    pub fn new(servers: Vec<ServerName>, settings: Settings, nonce: &str) -> Result<Self, InvalidServers> {
        if servers.is_empty() || servers.len() > MAX_SERVERS {
            return Err(InvalidServers::Count);
        }
        let is_second = |(place, name): &(usize, &ServerName)| servers[..*place].contains(name);
        if let Some((_, name)) = servers.iter().enumerate().find(is_second) {
            return Err(InvalidServers::Ambiguous(name.clone()));
        }
        Ok(Self {
            session: Session::new(&settings.version),
            settings,
            seal: Seal::new(nonce),
            servers: servers.into_iter().map(Server::new).collect(),
            phase: Phase::Idle,
            last_id: 0,
            asked: HashMap::new(),
            owed: HashMap::new(),
            parked: Vec::new(),
            gatherings: HashMap::new(),
            questions: HashMap::new(),
            rounds: HashMap::new(),
            suspended: Vec::new(),
            listeners: Listeners::new(),
            places: Places::default(),
        })
    }

    /// Takes in a message of the client.
    pub fn from_client(&mut self, bytes: &[u8], steps: &mut Vec<HubStep>) {
        let refuse = |error: &FrameError| {
            HubStep::ToClient(answer::error(None, answer::code_of(error), &error.to_string()))
        };
        let document = match frame::read(bytes) {
            Ok(document) => document,
            Err(error) => return steps.push(refuse(&error)),
        };
        match Message::of(&document) {
            Err(error) => steps.push(refuse(&error)),
            Ok(Message::Request(request)) => self.client_asks(&request, &document, steps),
            Ok(Message::Notification { method, params }) => {
                self.client_tells(method, params, &document, steps);
            }
            Ok(Message::Response(response)) => self.client_answers(&response, &document, steps),
        }
    }

    /// Takes in a message that the exchange of `server` lets through to its client.
    pub fn from_server(&mut self, server: usize, bytes: &[u8], steps: &mut Vec<HubStep>) {
        let Some(name) = self.servers.get(server).map(|server| server.name.clone()) else {
            return;
        };
        let unreadable = |error| HubStep::Dropped(HubDropped::Unreadable { server: name, error });
        let document = match frame::read(bytes) {
            Ok(document) => document,
            Err(error) => return steps.push(unreadable(error)),
        };
        match Message::of(&document) {
            Err(error) => steps.push(unreadable(error)),
            Ok(Message::Request(request)) => self.server_asks(server, &request, &document, steps),
            Ok(Message::Notification { method, params }) => {
                self.server_tells(server, (method, params), &document, steps);
            }
            Ok(Message::Response(response)) => self.server_answers(server, &response, &document, steps),
        }
    }

    /// Takes note that `server` will never say anything again. What it owes is answered with errors, and the others go on.
    pub fn server_is_gone(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        self.lose(server, steps);
    }

    /// Takes note that the time that [`HubStep::WakeAfter`] asked for `server` is over.
    pub fn wake(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        self.opening_takes_too_long(server, steps);
        self.pages_take_too_long(server, steps);
    }

    /// Whether there is nothing to tell apart: names, cursors and ids of tasks stay as they are.
    const fn is_single(&self) -> bool {
        self.servers.len() == 1
    }

    const fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }
}
