//! One client in front of one server or several, whatever carries the messages.
//!
//! What arrives is dealt with one after the other: the cores are asked what to do about it, and that is done. There is an
//! [`Exchange`] for each server, and a [`Hub`] in front of those where there is more than one server to speak of or an era
//! to be translated. A server alone is spoken to through its exchange only, so that messages stay as they are.
//!
//! No thread has the cores to itself: they lie on a strand, and the thread that reads a message deals with it at once unless
//! another is at work. Nothing of that waits for a client or a server to read, so that whoever reads goes on reading.

mod desk;
mod recorded;
mod serving;
mod strand;

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gait_artifact::Timestamp;
use gait_artifact::mcp::McpServer;

use crate::approvals::{Counter, News};
use crate::call::Caller;
use crate::exchange::{Asked, Exchange};
use crate::hub::Hub;
use crate::judge::{Judge, Outcome};
use crate::link::{Link, Target};
use crate::notice::Notice;
use crate::pipe::{Arrival, Unread};
use crate::review::Reviewer;
use serving::Serving;
use strand::Strand;

/// Is told what happens, and at which server by its id; that is empty for what concerns none alone.
pub type Watch = Arc<dyn Fn(&str, Notice<'_>) + Send + Sync>;

/// Who decides, who reviews, and who watches, on any thread.
pub struct Staff {
    /// Judges calls.
    pub judge: Arc<Judge>,
    /// Who calls.
    pub caller: Caller,
    /// Reviews tools.
    pub reviewer: Arc<Reviewer>,
    /// Tells the time.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Watches.
    pub watch: Watch,
}

/// A server behind the gateway.
#[derive(Debug, Clone)]
pub struct Member {
    /// What policies, pins and traces know it as.
    pub identity: McpServer,
    /// Where it is.
    pub target: Target,
}

/// What happens.
enum Event {
    Client(Arrival),
    Server(usize, Arrival),
    Settled(usize, Box<Asked>, Outcome, Duration),
    News(usize, u64, News),
    Stop,
}

/// Tells what the client says.
#[derive(Clone)]
pub struct Inlet(Strand<Serving>);

impl Inlet {
    /// Tells it, and leaves it to another thread to deal with it; whether anybody still listens.
    #[allow(
        clippy::must_use_candidate,
        reason = "who has said what there is need not know"
    )]
    pub fn tell(&self, arrival: Arrival) -> bool {
        self.0.leave(Event::Client(arrival))
    }

    /// Tells it, and deals with it on this thread where that can be; whether anybody still listens. That may take as long as
    /// the judgement of a call.
    #[must_use]
    pub fn attend(&self, arrival: Arrival) -> bool {
        self.0.attend(Event::Client(arrival))
    }

    /// Tells it to end now, whatever the client and the servers still have to say.
    pub fn stop(&self) {
        // Nobody listens who has not ended already.
        _ = self.0.leave(Event::Stop);
    }
}

impl fmt::Debug for Inlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").finish_non_exhaustive()
    }
}

/// Takes messages to the client; nobody waits until it has read them.
pub type Outlet = Box<dyn Fn(String) -> Result<(), Unread> + Send>;

/// Several servers that are one to their client, or a single one.
pub struct Fleet {
    hub: Option<Hub>,
    servers: Vec<Server>,
    strand: Strand<Serving>,
    has_ledger_alone: bool,
}

/// A server, and what is known of the conversation with it.
struct Server {
    identity: McpServer,
    target: Target,
    exchange: Exchange,
    /// Its calls that need an approval.
    counter: Counter,
    link: Option<Link>,
    /// When the hub wants to be woken for it.
    alarm: Option<Instant>,
    /// Until when it may say its last words, since it takes no messages any more.
    deaf_until: Option<Instant>,
}

impl Fleet {
    /// One server, whose messages pass as they are. The client must not be able to guess `nonce`.
    #[must_use]
    pub fn alone(member: Member, nonce: &str) -> Self {
        Self::new(None, vec![member], nonce)
    }

    /// The servers that `hub` was made for, in the same order.
    #[must_use]
    pub fn behind(hub: Hub, members: Vec<Member>, nonce: &str) -> Self {
        Self::new(Some(hub), members, nonce)
    }

    fn new(hub: Option<Hub>, members: Vec<Member>, nonce: &str) -> Self {
        let server = |(index, member): (usize, Member)| Server {
            identity: member.identity,
            target: member.target,
            exchange: Exchange::new(&format!("{nonce}-{index}")),
            counter: Counter::default(),
            link: None,
            alarm: None,
            deaf_until: None,
        };
        Self {
            hub,
            servers: members.into_iter().enumerate().map(server).collect(),
            strand: Strand::new(),
            has_ledger_alone: false,
        }
    }

    /// The same, as the only one whose calls its judge judges. What a decision leads to is then done by the thread that made
    /// it durable, which others would have to wait for.
    #[must_use]
    pub const fn with_ledger_alone(mut self) -> Self {
        self.has_ledger_alone = true;
        self
    }

    /// Where the client's messages go.
    #[must_use]
    pub fn inlet(&self) -> Inlet {
        Inlet(self.strand.clone())
    }

    /// Starts the servers and serves until the client is gone, or the server that stands alone; gives what that ended with.
    /// The error is that of a server that stands alone and cannot be started.
    pub fn run(self, to_client: Outlet, staff: Staff) -> io::Result<Option<ExitStatus>> {
        let strand = self.strand.clone();
        let mut serving = Serving::new(self, to_client, staff);
        serving.open()?;
        strand.stand_by(serving).end()
    }
}
