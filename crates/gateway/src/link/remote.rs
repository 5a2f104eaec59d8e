//! A server that is asked over streamable HTTP, in either era of the protocol.
//!
//! Messages of the stateless era (2026-07-28) carry their revision with them; everything that the way to the server has to
//! repeat is taken from the body. Messages of the era before belong to the session that `initialize` opened: its id is kept
//! here and never seen by the client, its stream is listened to, and it is opened anew when the server forgot it.

mod conversation;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as channel;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, watch};

use super::Tell;
use crate::http::Upstream;
use crate::pipe::{MAX_WAITING, Unread};
use conversation::Conversation;

/// How long to wait for the last word of a server.
const PATIENCE: Duration = Duration::from_secs(5);
/// Threads that carry all links.
const THREADS: usize = 2;

/// Headers of a request that are the gateway's to say.
const RESERVED: [HeaderName; 9] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
];

/// The threads that carry messages to servers over HTTP.
#[derive(Debug)]
pub struct Network(Option<Runtime>);

impl Network {
    /// Starts the threads.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .thread_name("link")
            .build()?;
        Ok(Self(Some(runtime)))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A header that cannot be sent to a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// It is no header.
    #[error("the header {0:?} cannot be sent")]
    Header(String),
    /// The gateway sends it itself.
    #[error("the header {0:?} is the gateway's to send")]
    Reserved(String),
    /// There are no threads.
    #[error("the network is shut down")]
    NoNetwork,
}

/// A server that is asked over streamable HTTP.
#[derive(Debug)]
pub struct Remote {
    upstream: Upstream,
    fields: HeaderMap,
    answer_time: Duration,
    runtime: Handle,
}

impl Remote {
    /// The server `upstream`, which is sent `headers` with every request and may take `answer_time` until it answers; a
    /// stream may last longer once it began.
    pub fn new(
        network: &Network,
        upstream: Upstream,
        headers: &[(String, String)],
        answer_time: Duration,
    ) -> Result<Self, RemoteError> {
        let runtime = network.0.as_ref().ok_or(RemoteError::NoNetwork)?;
        Ok(Self {
            upstream,
            fields: fields(headers)?,
            answer_time,
            runtime: runtime.handle().clone(),
        })
    }
}

fn fields(headers: &[(String, String)]) -> Result<HeaderMap, RemoteError> {
    let mut fields = HeaderMap::new();
    for (name, value) in headers {
        let unsound = || RemoteError::Header(name.clone());
        let key = HeaderName::try_from(name.as_str()).map_err(|_| unsound())?;
        if RESERVED.contains(&key) || key.as_str().starts_with("mcp-") || key == "last-event-id" {
            return Err(RemoteError::Reserved(name.clone()));
        }
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| unsound())?;
        // Nobody knows which of them is a secret.
        value.set_sensitive(true);
        fields.append(key, value);
    }
    Ok(fields)
}

/// A way to a server over HTTP.
#[derive(Debug)]
pub struct Connected {
    messages: Option<mpsc::UnboundedSender<String>>,
    waiting: Arc<AtomicUsize>,
    hurry: watch::Sender<bool>,
    ended: channel::Receiver<()>,
}

impl Connected {
    pub(super) fn begin(remote: &Arc<Remote>, tell: Tell) -> Self {
        let (messages, queue) = mpsc::unbounded_channel();
        let waiting = Arc::<AtomicUsize>::default();
        let (hurry, hurried) = watch::channel(false);
        let (end, ended) = channel::channel();
        let conversation = Conversation::new(Arc::clone(remote), tell, Arc::clone(&waiting));
        remote.runtime.spawn(async move {
            conversation.run(queue, hurried).await;
            // Nobody may be waiting.
            _ = end.send(());
        });
        Self {
            messages: Some(messages),
            waiting,
            hurry,
            ended,
        }
    }

    pub(super) fn send(&self, message: String) -> Result<(), Unread> {
        let Some(messages) = &self.messages else {
            return Ok(());
        };
        if self.waiting.fetch_add(message.len(), Ordering::AcqRel) > MAX_WAITING {
            return Err(Unread);
        }
        messages.send(message).map_err(|_| Unread)
    }

    pub(super) fn close(&mut self) {
        self.messages = None;
    }

    pub(super) fn end(mut self) {
        self.close();
        self.hurry.send_replace(true);
        // What is not over by then never will be.
        _ = self.ended.recv_timeout(PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_are_not_the_operators_to_send_are_refused() {
        for (name, value, expected) in [
            ("X-Api-Key", "k", None),
            ("Authorization", "Bearer k", None),
            ("Mcp-Session-Id", "s", Some("gateway")),
            ("Content-Length", "0", Some("gateway")),
            ("Host", "a", Some("gateway")),
            ("bad name", "k", Some("cannot be sent")),
            ("X-A", "a\nb", Some("cannot be sent")),
        ] {
            let result = fields(&[(name.to_owned(), value.to_owned())]);
            match expected {
                None => assert!(result.is_ok(), "{name}"),
                Some(text) => assert!(result.unwrap_err().to_string().contains(text), "{name}"),
            }
        }
    }
}
