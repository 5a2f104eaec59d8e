//! The socket: connections are accepted, served within their limits, and let go when the service ends.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::limits::Limits;
use crate::pace::{Paced, Phase};
use crate::workers::Workers;

/// How long to wait before accepting again when the system has no resources for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Whom a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Answers the requests of every connection.
pub trait Handler: Clone + Send + Sync + 'static {
    /// Answers one request. Nobody waits any more once the future is dropped: the other end is gone.
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: Peer,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send;

    /// A connection was accepted.
    fn opened(&self) {}

    /// A connection ended, maybe since its other end was too slow.
    fn closed(&self, timed_out: bool) {
        _ = timed_out;
    }
}

/// What every connection is served with.
#[derive(Debug, Clone)]
pub struct Serving<H> {
    /// Answers requests.
    pub handler: H,
    /// How much, and for how long.
    pub limits: Limits,
}

/// Serves connections until `ending` says so, then waits for those in work, at most as long as the limits say. Tells
/// whether all of them came to their end.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    serving: Serving<H>,
    ending: watch::Receiver<bool>,
) -> bool {
    serve_on(&Workers::default(), listener, serving, ending).await
}

/// As [`serve`], on the threads of `workers`.
pub async fn serve_on<H: Handler>(
    workers: &Workers,
    listener: TcpListener,
    serving: Serving<H>,
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
        let served = workers.spawn(stream, async move |stream| {
            connection.run(stream).await;
            drop(place);
        });
        if let Err(error) = served {
            tracing::error!(%error, "hand a connection over");
        }
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

struct Connection<H> {
    serving: Serving<H>,
    peer: SocketAddr,
    ending: watch::Receiver<bool>,
}

impl<H: Handler> Connection<H> {
    async fn run(mut self, stream: TcpStream) {
        let open = Open::of(self.serving.handler.clone());
        // Replies are written at once and whole; waiting for more would only hold them up.
        _ = stream.set_nodelay(true);
        let phase = Arc::<Phase>::default();
        let paced = Paced::new(stream, Arc::clone(&phase), self.serving.limits);
        let handler = Arc::new(self.serving.handler);
        let peer = Peer(self.peer);
        let service = service_fn(move |request| {
            let answering = Answering::begin(&phase);
            let handler = Arc::clone(&handler);
            async move {
                let reply = handler.answer(request, peer).await?;
                Ok::<_, Infallible>(reply.map(|body| Answer {
                    body,
                    _answering: answering,
                }))
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
        open.close(ended.is_err_and(|error| is_timeout(&error)));
    }
}

/// A connection that the handler was told of.
struct Open<H: Handler> {
    handler: H,
    timed_out: bool,
}

impl<H: Handler> Open<H> {
    fn of(handler: H) -> Self {
        handler.opened();
        Self {
            handler,
            timed_out: false,
        }
    }

    fn close(mut self, timed_out: bool) {
        self.timed_out = timed_out;
    }
}

impl<H: Handler> Drop for Open<H> {
    fn drop(&mut self) {
        self.handler.closed(self.timed_out);
    }
}

/// A request that is being answered until the last byte of the answer was taken.
struct Answering(Arc<Phase>);

impl Answering {
    fn begin(phase: &Arc<Phase>) -> Self {
        phase.begin_request();
        Self(Arc::clone(phase))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.end_request();
    }
}

/// The body of an answer, which may take as long as its other end takes pieces of it.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
