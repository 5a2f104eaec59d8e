//! What one client, or all those that share their servers, said and was told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gait_canon::json::{Document, Edits, Part};
use tokio::sync::Notify;

use super::buffer::{Buffer, Event, Found, OWN};
use crate::fleet::Inlet;
use crate::frame::{self, Message, Request, RequestId, Response};
use crate::pipe::{Arrival, Unread};

/// Requests that are not answered.
const MAX_WAITING: usize = 1024;
/// The member of `_meta` that says to which request a notice belongs.
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// Takes a request back.
const CANCELLED: &str = "notifications/cancelled";
/// The member that says of which request something is the progress.
const PROGRESS_TOKEN: &str = "progressToken";

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum AskError {
    /// Its id is in use.
    #[error("a request with this id is still in flight")]
    InFlight,
    /// There are too many.
    #[error("too many requests are in flight")]
    TooMany,
    /// Nobody is there any more who could answer it.
    #[error("the session is over")]
    Over,
}

/// A session, or what requests without one share.
#[derive(Debug)]
pub(super) struct Session {
    inlet: Inlet,
    /// Whether requests of many clients come together here, so that they need ids of their own.
    is_shared: bool,
    table: Mutex<Table>,
    changed: Notify,
}

#[derive(Debug)]
struct Table {
    buffer: Buffer,
    waiting: HashMap<RequestId, Waiting>,
    /// The streams that progress belongs to.
    progress: HashMap<RequestId, Progress>,
    last: u32,
    used: Instant,
    is_over: bool,
}

/// A request that is not answered.
#[derive(Debug)]
struct Waiting {
    stream: u64,
    /// The id as the client wrote it.
    id: String,
    token: Option<RequestId>,
}

#[derive(Debug)]
struct Progress {
    stream: u64,
    /// The token as the client wrote it.
    token: String,
}

impl Session {
    pub(super) fn new(inlet: Inlet, is_shared: bool) -> Arc<Self> {
        Arc::new(Self {
            inlet,
            is_shared,
            table: Mutex::new(Table {
                buffer: Buffer::new(!is_shared),
                waiting: HashMap::new(),
                progress: HashMap::new(),
                last: 0,
                used: Instant::now(),
                is_over: false,
            }),
            changed: Notify::new(),
        })
    }

    /// Asks, and gives the reader of what comes back.
    pub(super) fn ask(
        self: &Arc<Self>,
        request: &Request<'_>,
        document: &Document<'_>,
    ) -> Result<Reader, AskError> {
        let (number, reader, text) = {
            let mut table = self.table();
            if table.is_over {
                return Err(AskError::Over);
            }
            if !self.is_shared && table.waiting.contains_key(&request.id) {
                return Err(AskError::InFlight);
            }
            if table.waiting.len() >= MAX_WAITING {
                return Err(AskError::TooMany);
            }
            table.last += 1;
            let number = u64::from(table.last);
            let own = RequestId::Integer(i64::from(table.last));
            let token = request.params.and_then(progress_token);
            let text = if self.is_shared {
                renumbered(document, &own, token)
            } else {
                document.text().to_owned()
            };
            let id = if self.is_shared {
                own.clone()
            } else {
                request.id.clone()
            };
            let key = token.and_then(|token| {
                if self.is_shared {
                    Some(own)
                } else {
                    RequestId::read(token).ok()
                }
            });
            if let Some((token, key)) = token.zip(key.clone()) {
                let progress = Progress {
                    stream: number,
                    token: token.raw().to_owned(),
                };
                table.progress.insert(key, progress);
            }
            let waiting = Waiting {
                stream: number,
                id: request.id.to_json(),
                token: key,
            };
            table.waiting.insert(id, waiting);
            table.buffer.open(number);
            let reader = table.buffer.take_over(number).ok_or(AskError::Over)?;
            (number, reader, text)
        };
        let reader = Reader {
            session: Arc::clone(self),
            stream: number,
            number: reader,
            after: 0,
        };
        if self.inlet.tell(Arrival::Message(text.into_bytes())) {
            Ok(reader)
        } else {
            Err(AskError::Over)
        }
    }

    /// Passes on what needs no answer; whether anybody is there. A request that is taken back is not waited for any more.
    pub(super) fn tell(&self, document: &Document<'_>) -> bool {
        self.table().used = Instant::now();
        if let Ok(Message::Notification {
            method: CANCELLED,
            params: Some(params),
        }) = Message::of(document)
            && let Some(Ok(id)) = params.get("requestId").map(RequestId::read)
        {
            self.table().take_back(&id);
            self.changed.notify_waiters();
        }
        self.inlet
            .tell(Arrival::Message(document.text().as_bytes().to_vec()))
    }

    /// Reads a stream behind a place; none when there is no such stream.
    pub(super) fn read(self: &Arc<Self>, stream: u64, after: u64) -> Option<Reader> {
        let reader = self.table().buffer.take_over(stream)?;
        // Whoever read it before has to learn of it.
        self.changed.notify_waiters();
        Some(Reader {
            session: Arc::clone(self),
            stream,
            number: reader,
            after,
        })
    }

    /// Takes a message for the client.
    pub(super) fn deliver(&self, text: &str) -> Result<(), Unread> {
        let delivered = {
            let Ok(document) = frame::read(text.as_bytes()) else {
                return Ok(());
            };
            let Ok(message) = Message::of(&document) else {
                return Ok(());
            };
            let mut table = self.table();
            match message {
                Message::Response(Response { id, .. }) => {
                    let waiting = id.and_then(|id| table.waiting.remove(&id));
                    let Some(Waiting { stream, id, token }) = waiting else {
                        return Ok(());
                    };
                    if let Some(token) = token {
                        table.progress.remove(&token);
                    }
                    let text = if self.is_shared {
                        with_id(&document, &id)
                    } else {
                        document.text().to_owned()
                    };
                    table.buffer.push(stream, text, true)
                }
                Message::Notification { params, .. } => {
                    let (stream, text) = table.place_of(params, &document, self.is_shared);
                    table.buffer.push(stream, text, false)
                }
                // Only in a session does a server ask its client.
                Message::Request(_) if self.is_shared => Ok(()),
                Message::Request(_) => {
                    let stream = table.stream_for_requests();
                    table.buffer.push(stream, document.text().to_owned(), false)
                }
            }
        };
        self.changed.notify_waiters();
        delivered.map_err(|_| Unread)
    }

    /// Nothing will be said any more.
    pub(super) fn is_over(&self) {
        self.table().is_over = true;
        self.changed.notify_waiters();
    }

    /// Tells the servers that the client is gone.
    pub(super) fn end(&self) {
        // When nobody listens, that is known already.
        _ = self.inlet.tell(Arrival::End);
    }

    /// Whether nobody has used it for so long.
    pub(super) fn is_idle(&self, time: Duration) -> bool {
        let table = self.table();
        table.is_over || (!table.buffer.has_readers() && table.used.elapsed() >= time)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up the request that a stream belongs to; its id, if it was not answered.
    fn give_up(&self, stream: u64) {
        let id = {
            let mut table = self.table();
            let mut waiting = table.waiting.iter();
            let id = waiting.find(|(_, waiting)| waiting.stream == stream);
            let id = id.map(|(id, _)| id.clone());
            if let Some(id) = &id {
                table.take_back(id);
            }
            table.buffer.remove(stream);
            id
        };
        if let Some(id) = id {
            let id = id.to_json();
            let cancelled = format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{{\"requestId\":{id}}}}}"
            );
            self.inlet.tell(Arrival::Message(cancelled.into_bytes()));
        }
    }
}

impl Table {
    /// Forgets a request that its client does not want answered.
    fn take_back(&mut self, id: &RequestId) {
        let Some(Waiting { stream, token, .. }) = self.waiting.remove(id) else {
            return;
        };
        if let Some(token) = token {
            self.progress.remove(&token);
        }
        self.buffer.remove(stream);
    }

    /// The stream that a notice belongs to, and the notice as its reader knows the request.
    fn place_of(&self, params: Option<Part<'_>>, document: &Document<'_>, is_shared: bool) -> (u64, String) {
        let as_it_came = || document.text().to_owned();
        let token = params.and_then(|params| params.get(PROGRESS_TOKEN));
        if let Some((token, progress)) = token.and_then(|token| Some((token, self.progress_of(token)?))) {
            let text = if is_shared {
                replaced(document, token, &progress.token)
            } else {
                as_it_came()
            };
            return (progress.stream, text);
        }
        let subscription = params
            .and_then(|params| params.get("_meta"))
            .and_then(|meta| meta.get(SUBSCRIPTION));
        if let Some((part, waiting)) = subscription.and_then(|part| Some((part, self.subscription(part)?))) {
            let text = if is_shared {
                replaced(document, part, &waiting.id)
            } else {
                as_it_came()
            };
            return (waiting.stream, text);
        }
        let stream = match self.only_stream() {
            Some(stream) if is_shared => stream,
            _ => OWN,
        };
        (stream, as_it_came())
    }

    fn progress_of(&self, token: Part<'_>) -> Option<&Progress> {
        self.progress.get(&RequestId::read(token).ok()?)
    }

    fn subscription(&self, part: Part<'_>) -> Option<&Waiting> {
        let id = RequestId::read(part).ok()?;
        // Some write the number of a request as a text.
        let number = match &id {
            RequestId::Text(text) => text.parse().ok().map(RequestId::Integer),
            RequestId::Integer(_) => None,
        };
        self.waiting.get(&id).or_else(|| self.waiting.get(&number?))
    }

    /// The stream of the only request that is not answered.
    fn only_stream(&self) -> Option<u64> {
        let mut streams = self.waiting.values().map(|waiting| waiting.stream);
        streams.next().filter(|_| streams.next().is_none())
    }

    /// Where a client hears what a server asks it: where it certainly belongs, else where somebody listens.
    fn stream_for_requests(&self) -> u64 {
        let read = |stream: &u64| self.buffer.is_read(*stream);
        if let Some(stream) = self.only_stream().filter(read) {
            return stream;
        }
        if self.buffer.is_read(OWN) {
            return OWN;
        }
        let streams = self.waiting.values().map(|waiting| waiting.stream);
        streams.filter(read).max().unwrap_or(OWN)
    }
}

/// Reads one stream.
pub(super) struct Reader {
    session: Arc<Session>,
    stream: u64,
    number: u64,
    after: u64,
}

impl Reader {
    /// The next message; none when there will be none.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            let changed = self.session.changed.notified();
            tokio::pin!(changed);
            // What happens from now on is noticed.
            changed.as_mut().enable();
            let found = {
                let mut table = self.session.table();
                table.used = Instant::now();
                match table.buffer.read(self.stream, self.number, self.after) {
                    Found::Nothing if table.is_over => Found::End,
                    found => found,
                }
            };
            match found {
                Found::Event(event) => {
                    self.after = event.place;
                    return Some(event);
                }
                Found::End => return None,
                Found::Nothing => changed.await,
            }
        }
    }

    /// Whether a stream that ended did so because its client took the request back, or reads it elsewhere.
    pub(super) fn was_taken_back(&self) -> bool {
        !self.session.table().is_over
    }

    /// By what a stream can be gone on with behind a message, where that is possible.
    pub(super) fn name(&self, event: &Event) -> Option<String> {
        (!self.session.is_shared).then(|| format!("{}-{}", self.stream, event.place))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Who asks without a session has nothing to come back to.
        if self.session.is_shared {
            self.session.give_up(self.stream);
        } else {
            let mut table = self.session.table();
            table.used = Instant::now();
            table.buffer.leave(self.stream, self.number);
        }
    }
}

fn progress_token(params: Part<'_>) -> Option<Part<'_>> {
    params.get("_meta")?.get(PROGRESS_TOKEN)
}

/// The request with an id, and a token for its progress, that no other has.
fn renumbered(document: &Document<'_>, id: &RequestId, token: Option<Part<'_>>) -> String {
    let mut edits = Edits::new(document);
    for part in document.root().get("id").into_iter().chain(token) {
        edits.replace(part, id.to_json());
    }
    edits.finish()
}

fn with_id(document: &Document<'_>, id: &str) -> String {
    match document.root().get("id") {
        Some(part) => replaced(document, part, id),
        None => document.text().to_owned(),
    }
}

fn replaced(document: &Document<'_>, part: Part<'_>, json: &str) -> String {
    let mut edits = Edits::new(document);
    edits.replace(part, json);
    edits.finish()
}
