//! The gateway as a server over streamable HTTP, in front of servers of any kind.
//!
//! Clients of the era of sessions open one with `initialize`: each has servers of its own, its name cannot be guessed and is of
//! no use to anybody else, and it ends when it is not used. Requests of the stateless era carry everything with them: those
//! of one principal share their servers, under ids that cannot meet. Every message passes a [`Fleet`], so that what is
//! true of a client on standard input is true of these.
//!
//! What headers say besides the body is held against it and then forgotten: servers are told what the body says.

mod buffer;
mod front;
mod session;
mod sessions;

use std::sync::Arc;
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_http::{Access, Limits, Serving};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::fleet::Fleet;
use crate::judge::Judge;
use crate::listening::Served;
use crate::notice::Notice;
use crate::review::Reviewer;
use front::{Front, Service};

/// Makes the servers of one session.
pub type MakeFleet = Arc<dyn Fn(&str) -> Option<Fleet> + Send + Sync>;
/// Is told what happens at which server.
pub type Watch = Arc<dyn Fn(&str, Notice<'_>) + Send + Sync>;

/// What a gateway over HTTP in front of a fleet is made of.
pub struct Settings {
    /// Who may ask.
    pub access: Access,
    /// How much, and for how long.
    pub limits: Limits,
    /// The path at which clients ask.
    pub path: String,
    /// How long a session lives that is not used.
    pub idle_time: Duration,
    /// Sessions at a time.
    pub sessions: usize,
    /// Makes the servers of one session, whose client cannot guess the text that is given.
    pub fleet: MakeFleet,
    /// Gives a text of at least 128 bits that nobody can guess; none when the system has no randomness.
    pub nonce: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    /// Who decides, who reviews, and who watches.
    pub crew: Crew,
}

/// Who decides, who reviews, and who watches, on any thread.
#[derive(Clone)]
pub struct Crew {
    /// Judges calls.
    pub judge: Arc<Judge>,
    /// Reviews tools.
    pub reviewer: Arc<Reviewer>,
    /// Tells the time.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Is told what happens, and at which server by its id.
    pub watch: Watch,
}

/// A gateway in front of a fleet for each session.
pub type Gateway = crate::listening::Gateway<Settings>;

impl Served for Settings {
    fn judge(&self) -> &Arc<Judge> {
        &self.crew.judge
    }

    /// Every session is over then.
    async fn serve(self, listener: TcpListener, ending: watch::Receiver<bool>) -> bool {
        let limits = self.limits;
        let service = Arc::new(Service::new(self, ending.clone()));
        let sweeping = tokio::spawn(Arc::clone(&service).sweep());
        let serving = Serving {
            handler: Front(Arc::clone(&service)),
            limits,
        };
        let drained = gait_http::serve(listener, serving, ending).await;
        sweeping.abort();
        service.sessions.end().await;
        drained
    }
}
