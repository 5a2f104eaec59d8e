//! The life of the service: everything is read, the socket is bound, requests are answered, and at the end those in work
//! are finished.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use gait_disk::ledger::LedgerError;
use gait_disk::reload::{First, Load, OnInvalid};
use gait_http::{Access, Limits, ListenAddress, ListenError, Serving, Workers, run_until_told};
use tokio::runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::api::{Api, Front};
use crate::decide::{Decider, DecisionSettings, Decisions};
use crate::engine::Engine;
use crate::grpc::{self, ExtAuthzSettings};
use crate::log::LogQueue;
use crate::metrics::Metrics;

/// How often files are looked at when nobody asks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a service is made of.
pub struct Settings {
    /// Who may ask.
    pub access: Access,
    /// How much, and for how long.
    pub limits: Limits,
    /// Policy, keys and state as they were read first. A change of any of their files is noticed.
    pub first: First<Decider>,
    /// Reads them anew.
    pub load: Load<Decider>,
    /// What to do when they become unusable.
    pub on_invalid: OnInvalid,
    /// How decisions are asked for and kept.
    pub decisions: DecisionSettings,
    /// The log, to tell how many lines it lost.
    pub log: Option<LogQueue>,
    /// The door for proxies; none when they can't ask.
    pub ext_authz: Option<ExtAuthzSettings>,
}

/// Why a service can't begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can't be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Threads, signals or sockets can't be had.
    #[error("start the service: {0}")]
    Start(#[source] io::Error),
    /// What an earlier process left undone can't be made good, so nothing may be promised.
    #[error("recover the traces of an earlier run: {0}")]
    Recover(#[source] LedgerError),
}

/// How a service came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every request in work was answered.
    Drained,
    /// Some were given up: the time was up, or the service was told to end twice.
    CutOff,
}

/// A service that is bound to its addresses.
pub struct Service {
    listener: TcpListener,
    address: SocketAddr,
    ext_authz: Option<Door>,
    engine: Arc<Engine<Decider>>,
    front: Parts,
}

/// A door for proxies that is bound to its address.
struct Door {
    listener: TcpListener,
    address: SocketAddr,
    passing: Vec<String>,
}

impl Door {
    fn bind(settings: ExtAuthzSettings) -> Result<Self, ServeError> {
        let (listener, address) = bound(&settings.address)?;
        Ok(Self {
            listener,
            address,
            passing: settings.passing,
        })
    }

    fn open(self) -> Result<(tokio::net::TcpListener, Vec<String>), ServeError> {
        tracing::info!(address = %self.address, "listening for proxies");
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(ServeError::Start)?;
        Ok((listener, self.passing))
    }
}

fn bound(address: &ListenAddress) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listener = address.bind()?;
    let address = listener.local_addr().map_err(ServeError::Start)?;
    Ok((listener, address))
}

/// What the front is made of once it is known when the service ends.
struct Parts {
    access: Access,
    limits: Limits,
    metrics: Arc<Metrics>,
    decisions: Arc<Decisions>,
    log: Option<LogQueue>,
}

impl Service {
    /// Binds `address`, makes good what an earlier process left undone, and takes over policy, keys and state.
    ///
    /// That these can't be used is no error here: [`invalid`](Self::invalid) tells it.
    pub fn bind(address: &ListenAddress, settings: Settings) -> Result<Self, ServeError> {
        let (listener, address) = bound(address)?;
        let ext_authz = settings.ext_authz.map(Door::bind).transpose()?;
        let metrics = Arc::<Metrics>::default();
        let engine = Arc::new(Engine::new(
            settings.first,
            settings.load,
            settings.on_invalid,
            Arc::clone(&metrics),
        ));
        let decisions = Decisions::open(settings.decisions, Arc::clone(&engine), Arc::clone(&metrics))
            .map_err(ServeError::Recover)?;
        let front = Parts {
            access: settings.access,
            limits: settings.limits,
            metrics,
            decisions: Arc::new(decisions),
            log: settings.log,
        };
        Ok(Self {
            listener,
            address,
            ext_authz,
            engine,
            front,
        })
    }

    /// The address that was bound.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The address that was bound for external authorization, where proxies can ask.
    #[must_use]
    pub fn ext_authz_addr(&self) -> Option<SocketAddr> {
        self.ext_authz.as_ref().map(|door| door.address)
    }

    /// Why nothing can be decided at present, when that is so.
    #[must_use]
    pub fn invalid(&self) -> Option<Arc<str>> {
        self.engine.latest().value.as_ref().err().cloned()
    }

    /// Serves on threads of its own until the process is told to end by SIGTERM or SIGINT. SIGHUP reads everything anew.
    pub fn run(self) -> Result<Ending, ServeError> {
        // Connections have threads of their own; those of proxies have these.
        let mut runtime = match self.ext_authz {
            Some(_) => runtime::Builder::new_multi_thread(),
            None => runtime::Builder::new_current_thread(),
        };
        let runtime = runtime
            .enable_all()
            .thread_name("serve")
            .on_thread_park(self.front.decisions.rest())
            .build()
            .map_err(ServeError::Start)?;
        let engine = Arc::clone(&self.engine);
        let ending = run_until_told(runtime, move || engine.reload(), |ending| self.serve(ending));
        ending.map_err(ServeError::Start)?.unwrap_or(Ok(Ending::CutOff))
    }

    /// Serves until `ending` becomes true, then as long as the limits allow for requests in work. Must be called on a
    /// runtime of tokio.
    pub async fn serve(self, ending: watch::Receiver<bool>) -> Result<Ending, ServeError> {
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(ServeError::Start)?;
        let ext_authz = self.ext_authz.map(Door::open).transpose()?;
        let parts = self.front;
        let workers = Workers::start("serve", parts.decisions.rest()).map_err(ServeError::Start)?;
        let all = u32::try_from(parts.limits.in_flight).unwrap_or(u32::MAX).max(1);
        let places = Arc::new(Semaphore::new(all as usize));
        let api = Arc::new(Api {
            access: parts.access,
            limits: parts.limits,
            metrics: Arc::clone(&parts.metrics),
            decisions: parts.decisions,
            places: Arc::clone(&places),
            log: parts.log,
            ending: ending.clone(),
        });
        let serving = Serving {
            handler: Front::new(Arc::clone(&api)),
            limits: parts.limits,
        };
        let watching = tokio::spawn(keep_looking(self.engine));
        tracing::info!(address = %self.address, "listening");
        let proxies = async {
            match ext_authz {
                Some((listener, passing)) => grpc::serve(listener, api, passing, ending.clone()).await,
                None => true,
            }
        };
        let serving = gait_http::serve_on(&workers, listener, serving, ending.clone());
        let (drained, proxies_drained) = tokio::join!(serving, proxies);
        let mut drained = drained && proxies_drained;
        watching.abort();
        // Decisions whose callers went away are brought to their end too.
        let rest = tokio::time::timeout(parts.limits.drain_time, places.acquire_many(all));
        drained &= rest.await.is_ok();
        tracing::info!(drained, "ended");
        Ok(if drained { Ending::Drained } else { Ending::CutOff })
    }
}

/// Notices changes also when nobody asks, so that readiness tells them.
async fn keep_looking(engine: Arc<Engine<Decider>>) {
    let mut times = interval(LOOK_EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        let engine = Arc::clone(&engine);
        if spawn_blocking(move || engine.refresh()).await.is_err() {
            return;
        }
    }
}
