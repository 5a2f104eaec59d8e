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
mod lengthy;
mod listing;
pub(crate) mod mirror;
mod proxy;
pub(crate) mod refused;
pub(crate) mod relay;
mod scope;
mod sessions;
mod shelf;
pub(crate) mod sse;
mod told;
mod upstream;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_http::{Access, Limits, Serving};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::judge::Judge;
use crate::listening::Served;
use crate::notice::Notice;
use crate::review::Reviewer;
use front::Front;
use proxy::Proxy;

pub use crate::listening::ServeError;
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

/// A gateway in front of one server over HTTP.
pub type Gateway = crate::listening::Gateway<Settings>;

impl Served for Settings {
    fn judge(&self) -> &Arc<Judge> {
        &self.staff.judge
    }

    async fn serve(self, listener: TcpListener, ending: watch::Receiver<bool>) -> bool {
        let limits = self.limits;
        let proxy = Arc::new(Proxy::new(self, ending.clone()));
        let serving = Serving {
            handler: Front(proxy),
            limits,
        };
        gait_http::serve(listener, serving, ending).await
    }
}
