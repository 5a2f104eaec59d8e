//! What is said to one server over HTTP, and what it says.

mod memory;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use bytes::Bytes;
use gait_canon::json::Part;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::{Mutex as AsyncMutex, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::super::Tell;
use super::super::outgoing::{Kind, Outgoing, value};
use super::Remote;
use crate::answer;
use crate::frame::{self, Message, RequestId};
use crate::http::mirror;
use crate::http::relay::{Form, whole};
use crate::http::sse::Events;
use crate::pipe::Arrival;
use crate::protocol::TOOLS_CHANGED;
use memory::{Memory, Session};

/// Names the session of the era before the stateless one.
const SESSION_ID: &str = "mcp-session-id";
/// The event after which a stream goes on.
const LAST_EVENT_ID: &str = "last-event-id";
/// Requests that the server answers at a time; more wait.
const MAX_AT_ONCE: usize = 256;
/// How long the server may take to accept what it need not answer. What comes after it waits meanwhile.
const ACCEPT_TIME: Duration = Duration::from_secs(10);
/// How long the end of a session may take.
const LEAVE_TIME: Duration = Duration::from_secs(2);
/// How often an answer that broke off is gone on with.
const MAX_RESUMPTIONS: usize = 8;
/// How long to wait before a stream is gone on with, unless the server says.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How long at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why a request has no answer of the server.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the server cannot be reached")]
    Unreachable,
    #[error("the server did not answer in time")]
    TooLate,
    #[error("the server asks for authorization that the gateway does not have (HTTP 401)")]
    Unauthorized,
    #[error("the server refused the request (HTTP {0})")]
    Status(u16),
    #[error("the server's answer cannot be used")]
    Unusable,
    #[error("the server's answer broke off")]
    BrokenOff,
    #[error("the server forgot the session and opens no other like it")]
    SessionLost,
    /// The server says why, as an error of JSON-RPC.
    #[error("{0}")]
    Told(String),
}

/// One conversation with a server.
pub(super) struct Conversation {
    remote: Arc<Remote>,
    tell: Mutex<Tell>,
    waiting: Arc<AtomicUsize>,
    memory: Mutex<Memory>,
    slots: Semaphore,
    reopening: AsyncMutex<()>,
}

impl Conversation {
    pub(super) fn new(remote: Arc<Remote>, tell: Tell, waiting: Arc<AtomicUsize>) -> Arc<Self> {
        Arc::new(Self {
            remote,
            tell: Mutex::new(tell),
            waiting,
            memory: Mutex::default(),
            slots: Semaphore::new(MAX_AT_ONCE),
            reopening: AsyncMutex::new(()),
        })
    }

    /// Says what comes in `queue` until that ends, waits for what the server still has to say to it, and takes leave.
    pub(super) async fn run(
        self: Arc<Self>,
        queue: mpsc::UnboundedReceiver<String>,
        mut hurried: watch::Receiver<bool>,
    ) {
        {
            let mut tasks = JoinSet::new();
            let speaking = self.speak(queue, &mut tasks);
            tokio::select! {
                () = speaking => {}
                _ = hurried.wait_for(|hurry| *hurry) => {}
            }
        }
        self.stop_listening();
        _ = timeout(LEAVE_TIME, self.leave()).await;
        self.tell(Arrival::End);
    }

    async fn speak(self: &Arc<Self>, mut queue: mpsc::UnboundedReceiver<String>, tasks: &mut JoinSet<()>) {
        loop {
            tokio::select! {
                message = queue.recv() => match message {
                    Some(message) => self.say(message, tasks).await,
                    None => break,
                },
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            }
        }
        self.stop_listening();
        while tasks.join_next().await.is_some() {}
    }

    async fn say(self: &Arc<Self>, message: String, tasks: &mut JoinSet<()>) {
        self.waiting.fetch_sub(message.len(), Ordering::AcqRel);
        // What reaches the server was read before.
        let Ok(outgoing) = Outgoing::read(message) else {
            return;
        };
        match &outgoing.kind {
            // Nothing else may be said before that is answered.
            Kind::Opening(id) => self.ask(&outgoing, id).await,
            Kind::Request(id) | Kind::Endless(id) => {
                let (id, is_stateless) = (id.clone(), outgoing.is_stateless());
                let is_endless = matches!(outgoing.kind, Kind::Endless(_));
                let (conversation, asked) = (Arc::clone(self), id.clone());
                let task = tasks.spawn(async move {
                    conversation.ask(&outgoing, &asked).await;
                    conversation.memory(|memory| memory.answered(&asked));
                });
                self.memory(|memory| memory.asked(id, task, is_stateless, is_endless));
            }
            // In the stateless era the end of its stream is what tells the server.
            Kind::Cancelled(Some(id)) if self.memory(|memory| memory.give_up(id)) => {}
            Kind::Cancelled(_) | Kind::Other => self.notify(&outgoing).await,
            Kind::Opened => {
                self.notify(&outgoing).await;
                self.begin_listening();
            }
        }
    }

    /// Says something that the server need not answer. A server that does not take it stays as it is.
    async fn notify(&self, outgoing: &Outgoing) {
        if let Ok(Ok(response)) = timeout(ACCEPT_TIME, self.post(outgoing)).await
            && response.status().is_success()
        {
            _ = timeout(ACCEPT_TIME, whole(response.into_body())).await;
        }
    }

    /// Asks the server, and tells its answer or why there is none.
    async fn ask(self: &Arc<Self>, outgoing: &Outgoing, id: &RequestId) {
        let Ok(_slot) = self.slots.acquire().await else {
            return;
        };
        let Err(failure) = self.try_ask(outgoing, id).await else {
            return;
        };
        let text = match failure {
            Failure::Told(error) => {
                let id = id.to_json();
                format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}")
            }
            failure => answer::error(Some(id), answer::INTERNAL_ERROR, &failure.to_string()),
        };
        self.tell(Arrival::Message(text.into_bytes()));
    }

    async fn try_ask(self: &Arc<Self>, outgoing: &Outgoing, id: &RequestId) -> Result<(), Failure> {
        let is_opening = matches!(outgoing.kind, Kind::Opening(_));
        if is_opening {
            self.stop_listening();
            self.memory(|memory| memory.open(outgoing.body.clone()));
        }
        let session = self.memory(|memory| memory.session().cloned());
        let mut response = self.answered(self.post(outgoing)).await?;
        if response.status() == StatusCode::NOT_FOUND
            && let Some(session) = session.filter(|_| !outgoing.is_stateless())
        {
            self.reopen(&session).await?;
            response = self.answered(self.post(outgoing)).await?;
        }
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        if is_opening {
            let named = response.headers().get(SESSION_ID).cloned();
            self.memory(|memory| memory.name_session(named));
        }
        let asked = Asked {
            id,
            is_opening,
            learns: outgoing.lists_tools && outgoing.is_stateless(),
        };
        match Form::of(response.headers()) {
            Some(Form::Whole) => {
                let reading = timeout(self.remote.answer_time, whole(response.into_body()));
                let bytes = reading.await.map_err(|_| Failure::TooLate)?;
                let bytes = bytes.filter(|bytes| !bytes.is_empty()).ok_or(Failure::Unusable)?;
                if self.take(&bytes, Some(&asked)) {
                    Ok(())
                } else {
                    Err(Failure::Unusable)
                }
            }
            Some(Form::Events) => self.follow(response, &asked, outgoing.is_stateless()).await,
            None => Err(Failure::Unusable),
        }
    }

    /// Follows a stream until the answer came, also when it breaks off.
    async fn follow(
        &self,
        mut response: Response<Incoming>,
        asked: &Asked<'_>,
        is_stateless: bool,
    ) -> Result<(), Failure> {
        let mut position = Position::default();
        for _ in 0..MAX_RESUMPTIONS {
            if self
                .read(response.into_body(), Some(asked), &mut position)
                .await?
            {
                return Ok(());
            }
            if is_stateless || position.last.is_none() {
                return Err(Failure::BrokenOff);
            }
            sleep(position.pause()).await;
            response = self.answered(self.get(position.last.as_ref())).await?;
            if !response.status().is_success() || Form::of(response.headers()) != Some(Form::Events) {
                return Err(Failure::BrokenOff);
            }
        }
        Err(Failure::BrokenOff)
    }

    /// Reads a stream to its end, or to the answer; whether that came.
    async fn read(
        &self,
        mut body: Incoming,
        asked: Option<&Asked<'_>>,
        position: &mut Position,
    ) -> Result<bool, Failure> {
        let mut events = Events::default();
        loop {
            while let Some(event) = events.next().map_err(|_| Failure::Unusable)? {
                position.note(event.id(), event.retry());
                if event.data().is_some_and(|data| self.take(data, asked)) {
                    return Ok(true);
                }
            }
            match body.frame().await {
                Some(Ok(frame)) => events.push(&frame.into_data().unwrap_or_default()),
                Some(Err(_)) | None => return Ok(false),
            }
        }
    }

    /// Takes in a message of the server; whether it is the answer.
    fn take(&self, bytes: &[u8], asked: Option<&Asked<'_>>) -> bool {
        let is_answer = asked.is_some_and(|asked| self.learn(bytes, asked));
        self.tell(Arrival::Message(bytes.to_vec()));
        is_answer
    }

    /// Takes note of what later messages depend on; whether this is the answer.
    fn learn(&self, bytes: &[u8], asked: &Asked<'_>) -> bool {
        let Ok(document) = frame::read(bytes) else {
            return false;
        };
        let Ok(Message::Response(response)) = Message::of(&document) else {
            return false;
        };
        if response.id.as_ref().is_some_and(|id| id != asked.id) {
            return false;
        }
        if let Some(result) = response.result {
            self.memory(|memory| {
                if asked.is_opening {
                    memory.agree_on(result.get("protocolVersion").and_then(Part::as_str));
                }
                if asked.learns {
                    memory.learn_tools(result);
                }
            });
        }
        true
    }

    /// Opens another session in place of `lost`, which the server forgot.
    async fn reopen(self: &Arc<Self>, lost: &Session) -> Result<(), Failure> {
        let _alone = self.reopening.lock().await;
        if self.memory(|memory| memory.session() != Some(lost)) {
            // Somebody else did.
            return Ok(());
        }
        self.stop_listening();
        let opening = self.memory(Memory::reopen).ok_or(Failure::SessionLost)?;
        let opening = Outgoing::read(opening).map_err(|_| Failure::SessionLost)?;
        let response = self.answered(self.post(&opening)).await?;
        if !response.status().is_success() {
            return Err(Failure::SessionLost);
        }
        let named = response.headers().get(SESSION_ID).cloned();
        self.memory(|memory| memory.name_session(named));
        let id = opening.id().ok_or(Failure::SessionLost)?;
        let asked = Asked {
            id,
            is_opening: true,
            learns: false,
        };
        let reading = timeout(self.remote.answer_time, self.opened(response, &asked));
        reading.await.map_err(|_| Failure::TooLate)??;
        if self.memory(|memory| !memory.agrees_with(lost)) {
            return Err(Failure::SessionLost);
        }
        let opened = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        if let Ok(opened) = Outgoing::read(opened.to_owned()) {
            self.notify(&opened).await;
        }
        self.begin_listening();
        // The server may have been exchanged for another one.
        let changed = format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{TOOLS_CHANGED}\"}}");
        self.tell(Arrival::Message(changed.into_bytes()));
        Ok(())
    }

    /// Reads the answer to an opening that the client did not ask for.
    async fn opened(&self, response: Response<Incoming>, asked: &Asked<'_>) -> Result<(), Failure> {
        let form = Form::of(response.headers()).ok_or(Failure::Unusable)?;
        let mut body = response.into_body();
        if form == Form::Whole {
            let bytes = whole(body).await.ok_or(Failure::Unusable)?;
            return self.learn(&bytes, asked).then_some(()).ok_or(Failure::Unusable);
        }
        let mut events = Events::default();
        loop {
            while let Some(event) = events.next().map_err(|_| Failure::Unusable)? {
                if event.data().is_some_and(|data| self.learn(data, asked)) {
                    return Ok(());
                }
            }
            let frame = body.frame().await.ok_or(Failure::BrokenOff)?;
            let frame = frame.map_err(|_| Failure::BrokenOff)?;
            events.push(&frame.into_data().unwrap_or_default());
        }
    }

    /// Listens to what the server says by itself in a session.
    fn begin_listening(self: &Arc<Self>) {
        let conversation = Arc::clone(self);
        let task = tokio::spawn(async move { conversation.listen().await });
        self.memory(|memory| memory.listen(task.abort_handle()));
    }

    fn stop_listening(&self) {
        self.memory(Memory::stop_listening);
    }

    async fn listen(&self) {
        let mut position = Position::default();
        let mut pause = FIRST_PAUSE;
        loop {
            if let Ok(response) = self.answered(self.get(position.last.as_ref())).await {
                let is_stream = Form::of(response.headers()) == Some(Form::Events);
                let speaks = response.status().is_success() && is_stream;
                if !speaks && !response.status().is_server_error() {
                    // It says nothing by itself, or forgot the session.
                    return;
                }
                if speaks {
                    pause = FIRST_PAUSE;
                    _ = self.read(response.into_body(), None, &mut position).await;
                }
            }
            sleep(position.retry.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Ends the session.
    async fn leave(&self) {
        if self.memory(|memory| memory.session().is_some()) {
            _ = self.send(Method::DELETE, self.fields(), Bytes::new()).await;
        }
    }

    async fn post(&self, outgoing: &Outgoing) -> Result<Response<Incoming>, Failure> {
        let mut fields = if outgoing.is_stateless() {
            self.remote.fields.clone()
        } else {
            self.fields()
        };
        let tool = outgoing
            .tool()
            .and_then(|tool| self.memory(|memory| memory.tool(tool)));
        outgoing.repeat(tool.as_deref(), &mut fields);
        let json = HeaderValue::from_static("application/json");
        fields.insert(header::CONTENT_TYPE, json);
        let both = HeaderValue::from_static("application/json, text/event-stream");
        fields.insert(header::ACCEPT, both);
        self.send(Method::POST, fields, outgoing.body.clone()).await
    }

    async fn get(&self, last: Option<&HeaderValue>) -> Result<Response<Incoming>, Failure> {
        let mut fields = self.fields();
        fields.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(last) = last {
            fields.insert(LAST_EVENT_ID, last.clone());
        }
        self.send(Method::GET, fields, Bytes::new()).await
    }

    /// What every request of the session says.
    fn fields(&self) -> HeaderMap {
        let mut fields = self.remote.fields.clone();
        self.memory(|memory| {
            if let Some(Session { name, version }) = memory.session() {
                fields.insert(SESSION_ID, name.clone());
                if let Some(version) = version.as_deref().and_then(value) {
                    fields.insert(mirror::VERSION, version);
                }
            } else if let Some(version) = memory.version().and_then(value) {
                fields.insert(mirror::VERSION, version);
            }
        });
        fields
    }

    async fn send(
        &self,
        method: Method,
        fields: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, Failure> {
        let upstream = &self.remote.upstream;
        let fields = upstream.with_own_fields(fields);
        let sent = upstream.send(method, upstream.query(), fields, body);
        sent.await.map_err(|_| Failure::Unreachable)
    }

    /// The answer, if it begins in time.
    async fn answered(
        &self,
        asked: impl Future<Output = Result<Response<Incoming>, Failure>>,
    ) -> Result<Response<Incoming>, Failure> {
        let answered = timeout(self.remote.answer_time, asked);
        answered.await.map_err(|_| Failure::TooLate)?
    }

    fn tell(&self, arrival: Arrival) {
        let mut tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
        // When nobody listens any more, the end is near.
        _ = tell(arrival);
    }

    fn memory<T>(&self, look: impl FnOnce(&mut Memory) -> T) -> T {
        look(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request that waits for its answer.
struct Asked<'a> {
    id: &'a RequestId,
    is_opening: bool,
    /// Whether the answer says what later calls must repeat.
    learns: bool,
}

/// Where a stream stands.
#[derive(Debug, Default)]
struct Position {
    last: Option<HeaderValue>,
    retry: Option<Duration>,
}

impl Position {
    fn note(&mut self, id: Option<&str>, retry: Option<u64>) {
        if let Some(id) = id {
            self.last = value(id).filter(|_| !id.is_empty());
        }
        self.retry = retry.map(Duration::from_millis).or(self.retry);
    }

    fn pause(&self) -> Duration {
        self.retry.unwrap_or(FIRST_PAUSE).min(LONGEST_PAUSE)
    }
}

/// What an answer that says it failed tells.
async fn refused(response: Response<Incoming>) -> Failure {
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        return Failure::Unauthorized;
    }
    let read = timeout(ACCEPT_TIME, whole(response.into_body())).await;
    let bytes = read.ok().flatten().unwrap_or_default();
    let told = frame::read(&bytes).ok().and_then(|document| {
        let error = document.root().get("error")?;
        error.get("code")?;
        Some(error.raw().to_owned())
    });
    told.map_or(Failure::Status(status.as_u16()), Failure::Told)
}
