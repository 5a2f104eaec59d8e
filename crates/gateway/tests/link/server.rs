//! A server over HTTP that does what a test tells it.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use futures_util::{StreamExt as _, stream};
use gait_canon::json::{self, Value};
use tokio::runtime::Runtime;

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) query: String,
    pub(crate) body: String,
    headers: HeaderMap,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The method of JSON-RPC.
    pub(crate) fn rpc_method(&self) -> &str {
        let (_, rest) = self.body.split_once("\"method\":\"").unwrap_or(("", ""));
        rest.split('"').next().unwrap()
    }
}

/// What a server answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    content_type: &'static str,
    body: String,
    ends: bool,
    is_silent: bool,
    session: Option<String>,
}

impl Answer {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            content_type: "application/json",
            body: body.into(),
            ends: true,
            is_silent: false,
            session: None,
        }
    }

    pub(crate) fn events(body: impl Into<String>) -> Self {
        Self {
            content_type: "text/event-stream",
            ..Self::json(body)
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::json("").under(status)
    }

    /// One message, and then nothing.
    pub(crate) fn endless(message: &str) -> Self {
        Self {
            ends: false,
            ..Self::events(format!("data: {message}\n\n"))
        }
    }

    pub(crate) fn silent() -> Self {
        Self {
            is_silent: true,
            ..Self::json("")
        }
    }

    pub(crate) const fn under(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    async fn respond(self, log: Arc<Log>) -> Response<Body> {
        if self.is_silent {
            std::future::pending::<()>().await;
        }
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(self.body))]);
        let body = if self.ends {
            Body::from_stream(first)
        } else {
            let held = Held(log);
            let rest = stream::once(async move {
                let _held = held;
                std::future::pending().await
            });
            Body::from_stream(first.chain(rest))
        };
        let mut response = Response::builder()
            .status(StatusCode::from_u16(self.status).unwrap())
            .header("content-type", self.content_type);
        if let Some(session) = self.session {
            response = response.header("mcp-session-id", session);
        }
        response.body(body).unwrap()
    }
}

/// What happened at the server.
#[derive(Debug, Default)]
struct Log {
    happened: Mutex<Happened>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Happened {
    asked: Vec<Asked>,
    let_go: usize,
}

impl Log {
    fn note<T>(&self, note: impl FnOnce(&mut Happened) -> T) -> T {
        let noted = note(&mut self.happened.lock().unwrap());
        self.changed.notify_all();
        noted
    }

    fn wait(&self, until: impl Fn(&Happened) -> bool) {
        let happened = self.happened.lock().unwrap();
        let waited = self
            .changed
            .wait_timeout_while(happened, PATIENCE, |happened| !until(happened));
        assert!(!waited.unwrap().1.timed_out());
    }
}

/// A stream that somebody listens to.
struct Held(Arc<Log>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.note(|happened| happened.let_go += 1);
    }
}

/// A server over HTTP.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: Arc<Log>,
    _runtime: Option<Runtime>,
}

impl Server {
    /// A server that answers each request by what `answer` says.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::<Log>::default();
        let (shared, answer) = (Arc::clone(&log), Arc::new(answer));
        let app = Router::new().fallback(
            move |method: Method, uri: Uri, headers: HeaderMap, body: String| async move {
                let asked = Asked {
                    method: method.to_string(),
                    query: uri.query().unwrap_or_default().to_owned(),
                    body,
                    headers,
                };
                shared.note(|happened| happened.asked.push(asked.clone()));
                answer(&asked).respond(Arc::clone(&shared)).await
            },
        );
        let runtime = Runtime::new().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            address,
            log,
            _runtime: Some(runtime),
        }
    }

    /// The same with sessions, which are opened and ended here.
    pub(crate) fn of_sessions(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let opened = Mutex::new(0);
        Self::start(move |asked| match (asked.method.as_str(), asked.rpc_method()) {
            (_, "initialize") => {
                let mut opened = opened.lock().unwrap();
                *opened += 1;
                let id = json::parse(asked.body.as_bytes()).unwrap();
                let id = json::compact(id.get("id").unwrap_or(&Value::Null));
                Answer {
                    session: Some(format!("session-{opened}")),
                    ..Answer::json(format!(
                        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"protocolVersion":"2025-11-25"}}}}"#
                    ))
                }
            }
            (_, "notifications/initialized") => Answer::status(202),
            ("DELETE", _) => Answer::status(204),
            _ => answer(asked),
        })
    }

    /// The address of no server.
    pub(crate) fn gone() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            log: Arc::default(),
            _runtime: None,
        }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.log.note(|happened| happened.asked.clone())
    }

    /// Waits for a request.
    pub(crate) fn wait_for(&self, is_it: impl Fn(&Asked) -> bool) {
        self.log.wait(|happened| happened.asked.iter().any(&is_it));
    }

    /// Waits until nobody listens to a stream any more.
    pub(crate) fn wait_until_let_go(&self) {
        self.log.wait(|happened| happened.let_go > 0);
    }
}
