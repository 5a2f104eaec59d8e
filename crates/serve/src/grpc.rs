//! The doors for proxies: gRPC (HTTP/2 without TLS) beside the HTTP service, on the same core.
//!
//! A door is a service of its protocol that reads what it is asked, has it decided by [`Api::decide`], and says the
//! verdict in its own words. Connections, tokens and limits are the same for all and are seen to here; another door is
//! another module and a line in [`serve`].

mod ext_authz;
mod incoming;

use std::sync::Arc;

use gait_http::{Access, ListenAddress};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::{Request, Status};

use self::ext_authz::{AuthorizationServer, ExtAuthz};
use crate::api::Api;
use crate::metrics::Checked;

/// Calls in work on one connection.
const STREAMS: u32 = 256;

/// How the door for external authorization is opened.
#[derive(Debug, Clone)]
pub struct ExtAuthzSettings {
    /// Where it listens.
    pub address: ListenAddress,
    /// Methods of MCP that pass without being judged; `tools/call` never does.
    pub passing: Vec<String>,
}

/// Serves proxies until `ending` says so, then waits for those in work, at most as long as the limits say. Tells whether
/// all of them came to their end.
pub(crate) async fn serve(
    listener: TcpListener,
    api: Arc<Api>,
    passing: Vec<String>,
    mut ending: watch::Receiver<bool>,
) -> bool {
    let limits = api.limits;
    let incoming = incoming::connections(listener, limits, Arc::clone(&api.metrics));
    // Beside the body there are the headers, and what frames both.
    let message_bytes = limits.request_bytes.saturating_add(limits.header_bytes);
    let door = AuthorizationServer::new(ExtAuthz::new(Arc::clone(&api), passing), message_bytes);
    let guard = Guard::new(Arc::clone(&api));
    let guarded = InterceptedService::new(door, move |request| guard.admit(request));
    let mut told = ending.clone();
    let serving = Server::builder()
        .max_concurrent_streams(STREAMS)
        .http2_max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .http2_keepalive_interval(Some(limits.idle_time))
        .http2_keepalive_timeout(Some(limits.header_time))
        .timeout(limits.request_time.saturating_add(limits.reply_time))
        .serve_with_incoming_shutdown(guarded, incoming, async move {
            drop(told.wait_for(|ends| *ends).await);
        });
    let cut_off = async {
        drop(ending.wait_for(|ends| *ends).await);
        tokio::time::sleep(limits.drain_time).await;
    };
    tokio::select! {
        served = serving => served.is_ok(),
        () = cut_off => false,
    }
}

/// Sees to it that only those are heard who may ask, and no more at a time than there is room for.
#[derive(Clone)]
struct Guard {
    api: Arc<Api>,
    /// Places for messages that arrive or are answered: what is held of them in memory is bounded by that.
    places: Arc<Semaphore>,
}

/// A place that goes with its request.
#[derive(Clone)]
struct Admitted(#[expect(dead_code, reason = "held for its drop")] Arc<OwnedSemaphorePermit>);

impl Guard {
    fn new(api: Arc<Api>) -> Self {
        let places = Arc::new(Semaphore::new(
            api.limits.in_flight.clamp(1, Semaphore::MAX_PERMITS),
        ));
        Self { api, places }
    }

    /// Looks at the head of a request, before any of its message is read.
    fn admit(&self, request: Request<()>) -> Result<Request<()>, Status> {
        let admitted = self.check(request);
        if admitted.is_err() {
            self.api.metrics.count_check(Checked::Refused);
        }
        admitted
    }

    fn check(&self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let headers = request.metadata().as_ref();
        // Proxies name a server as they like, so the name says nothing. No page of a browser can speak HTTP/2 without TLS;
        // one that says it is a page is none of our callers.
        if matches!(self.api.access, Access::Loopback) && headers.contains_key("origin") {
            return Err(Status::permission_denied("pages may not ask"));
        }
        self.api
            .access
            .check_token(headers)
            .map_err(|error| Status::unauthenticated(error.to_string()))?;
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Status::unavailable("too many requests in progress"))?;
        request.extensions_mut().insert(Admitted(Arc::new(place)));
        Ok(request)
    }
}
