//! The socket: connections are accepted, served within their limits, and let go when the service ends.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::api::Front;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::pace::{Paced, Phase};

/// How long to wait before accepting again when the system has no resources for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Whom a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What every connection is served with.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) front: Front,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
}

/// Serves connections until `ending` says so, then waits for those in work, at most as long as the limits say. Tells
/// whether all of them came to their end.
pub(crate) async fn serve(
    listener: TcpListener,
    serving: Serving,
    mut ending: watch::Receiver<bool>,
) -> bool {
    let all = u32::try_from(serving.limits.connections)
        .unwrap_or(u32::MAX)
        .max(1);
    let places = Arc::new(Semaphore::new(all as usize));
    while let Some((stream, peer, place)) = accept(&listener, &places, &mut ending).await {
        let connection = Connection {
            serving: serving.clone(),
            peer,
            ending: ending.clone(),
        };
        tokio::spawn(async move {
            connection.run(stream).await;
            drop(place);
        });
    }
    drop(listener);
    let drained = tokio::time::timeout(serving.limits.drain_time, places.acquire_many(all));
    drained.await.is_ok()
}

/// The next connection and its place; none when the service ends.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    ending: &mut watch::Receiver<bool>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let next = async {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return Some((stream, peer, place)),
                // The caller went away before it was its turn.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::error!(%error, "accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = told_to_end(ending) => None,
        next = next => next,
    }
}

struct Connection {
    serving: Serving,
    peer: SocketAddr,
    ending: watch::Receiver<bool>,
}

impl Connection {
    async fn run(mut self, stream: TcpStream) {
        let metrics = Arc::clone(&self.serving.metrics);
        let _held = metrics.connections.hold();
        // Replies are written at once and whole; waiting for more would only hold them up.
        _ = stream.set_nodelay(true);
        let phase = Arc::<Phase>::default();
        let paced = Paced::new(stream, Arc::clone(&phase), self.serving.limits);
        let front = Arc::new(self.serving.front.clone());
        let peer = Peer(self.peer);
        let service = service_fn(move |request| {
            phase.begin_request();
            let (front, phase) = (Arc::clone(&front), Arc::clone(&phase));
            async move {
                let reply = front.answer(request, peer).await;
                phase.end_request();
                reply
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // Times are kept by the stream, which knows a slow head from a resting connection.
            .header_read_timeout(None)
            .max_buf_size(self.serving.limits.header_bytes.max(8192))
            .serve_connection(TokioIo::new(paced), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told_to_end(&mut self.ending) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended
            && is_timeout(&error)
        {
            metrics.timed_out_connections.add_one();
        }
    }
}

/// Returns when the service ends, or when nobody is left who could say so.
async fn told_to_end(ending: &mut watch::Receiver<bool>) {
    drop(ending.wait_for(|ends| *ends).await);
}

fn is_timeout(error: &hyper::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.kind() == io::ErrorKind::TimedOut;
        }
        source = error.source();
    }
    false
}
