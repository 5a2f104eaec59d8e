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

use std::time::Duration;

use crate::frame::FrameError;

mod name;

pub use name::{InvalidServerName, ServerName};

/// What the hub goes by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The version of the program, which the hub tells to both sides as its own.
    pub version: String,
    /// How long a server may take to answer whether it speaks the stateless era before it is taken for one that does not.
    pub probe_patience: Duration,
    /// How long a server may take to answer `initialize` before it is left out.
    pub opening_patience: Duration,
}

impl Settings {
    /// The usual settings of the program of this version.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            probe_patience: Duration::from_secs(10),
            opening_patience: Duration::from_secs(60),
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

/// One client in front of several servers.
#[derive(Debug)]
pub struct Hub {
    names: Vec<ServerName>,
    settings: Settings,
}

impl Hub {
    /// A hub in which nothing was said yet. Servers are known by their place in `servers`. The client must not be able to
    /// guess `nonce`, and no two hubs may have the same.
    pub fn new(servers: Vec<ServerName>, settings: Settings, nonce: &str) -> Result<Self, InvalidServers> {
        let _ = nonce;
        Ok(Self {
            names: servers,
            settings,
        })
    }

    /// Takes in a message of the client.
    pub fn from_client(&mut self, bytes: &[u8], steps: &mut Vec<HubStep>) {
        let _ = (bytes, steps, &self.settings);
    }

    /// Takes in a message that the exchange of `server` lets through to its client.
    pub fn from_server(&mut self, server: usize, bytes: &[u8], steps: &mut Vec<HubStep>) {
        let _ = (server, bytes, steps, &self.names);
    }

    /// Takes note that `server` will never say anything again.
    pub fn server_is_gone(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        let _ = (server, steps, &self.names);
    }

    /// Takes note that the time that [`HubStep::WakeAfter`] asked for `server` is over.
    pub fn wake(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        let _ = (server, steps, &self.names);
    }
}
