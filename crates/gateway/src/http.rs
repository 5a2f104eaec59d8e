//! The gateway between clients and one server that speak streamable HTTP.
//!
//! Every message of a client is read before the server hears of it: tool calls are judged, headers that repeat the body
//! are held against it, and what could be understood in two ways is refused. Every message of the server is read before
//! the client sees it: listings are filtered, and answers that nobody waits for are dropped. Everything else passes byte
//! for byte. Both eras pass, the stateless one (2026-07-28) and the one of sessions before it.

mod calls;
pub(crate) mod fields;
pub(crate) mod front;
mod holds;
mod listing;
pub(crate) mod mirror;
mod proxy;
pub(crate) mod refused;
pub(crate) mod relay;
mod scope;
mod sessions;
mod shelf;
pub(crate) mod socket;
pub(crate) mod sse;
mod told;
mod upstream;
mod waiting;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_http::{Access, Limits, ListenAddress, ListenError, Serving};
use tokio::sync::watch;

use crate::judge::Judge;
use crate::notice::Notice;
use crate::review::Reviewer;
use front::Front;
use proxy::Proxy;
use socket::Socket;

pub use upstream::{Authorization, Upstream, UpstreamError};

/// What a gateway over HTTP is made of.
pub struct Settings {
    /// Who may ask.
    pub access: Access,
    /// How much, and for how long.
    pub limits: Limits,
    /// How long the server may take until it answers; a stream may last longer once it began.
    pub answer_time: Duration,
    /// The server.
    pub upstream: Upstream,
    /// Who decides, who reviews, and who watches.
    pub staff: Staff,
}

/// Who decides, who reviews, and who watches.
pub struct Staff {
    /// Judges calls.
    pub judge: Arc<Judge>,
    /// Reviews tools.
    pub reviewer: Arc<Reviewer>,
    /// Tells the time.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Is told what happens.
    pub watch: Arc<dyn Fn(Notice<'_>) + Send + Sync>,
}

/// Why a gateway cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Threads, signals or sockets cannot be had.
    #[error("start the gateway: {0}")]
    Start(#[source] io::Error),
}

/// A gateway that is bound to its address.
pub struct Gateway {
    socket: Socket,
    settings: Settings,
}

impl Gateway {
    /// Binds `address`.
    pub fn bind(address: &ListenAddress, settings: Settings) -> Result<Self, ServeError> {
        Ok(Self {
            socket: Socket::bind(address)?,
            settings,
        })
    }

    /// The address that was bound.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.socket.address
    }

    /// Serves on threads of its own until the process is told to end by SIGTERM or SIGINT; whether every request in work was
    /// answered then. SIGHUP has policy and keys read anew.
    pub fn run(self) -> Result<bool, ServeError> {
        let judge = Arc::clone(&self.settings.staff.judge);
        Socket::run(move || judge.reload(), |ending| self.serve(ending))
    }

    /// Serves until `ending` becomes true, then as long as the limits allow for requests in work; whether all of them were
    /// answered. Must be called on a runtime of tokio.
    pub async fn serve(self, ending: watch::Receiver<bool>) -> Result<bool, ServeError> {
        let listener = self.socket.listener()?;
        let limits = self.settings.limits;
        let proxy = Arc::new(Proxy::new(self.settings, ending.clone()));
        let serving = Serving {
            handler: Front(proxy),
            limits,
        };
        Ok(gait_http::serve(listener, serving, ending).await)
    }
}
