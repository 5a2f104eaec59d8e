//! The way to a server over streamable HTTP, in both eras.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod server;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use gait_gateway::http::{Authorization, Upstream};
use gait_gateway::link::{Link, Network, Remote, Target};
use gait_gateway::pipe::Arrival;
use server::{Answer, Server};

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
const OPENING: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;
const OPENED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// One end of a link.
struct Talk {
    link: Link,
    heard: mpsc::Receiver<Arrival>,
    _network: Network,
}

impl Talk {
    fn with(server: &Server) -> Self {
        Self::patient(server, PATIENCE)
    }

    fn patient(server: &Server, answer_time: Duration) -> Self {
        let network = Network::start().unwrap();
        let address = format!("http://{}/mcp?tenant=a", server.address);
        let token = Authorization::Bearer("own".to_owned());
        let upstream = Upstream::new(&address, &token, false).unwrap();
        let headers = [("X-Extra".to_owned(), "yes".to_owned())];
        let remote = Remote::new(&network, upstream, &headers, answer_time).unwrap();
        let (tell, heard) = mpsc::channel();
        let tell = Box::new(move |arrival| tell.send(arrival).is_ok());
        Self {
            link: Link::open(&Target::Remote(Arc::new(remote)), tell).unwrap(),
            heard,
            _network: network,
        }
    }

    fn say(&self, message: &str) {
        self.link.send(message.to_owned()).unwrap();
    }

    fn hear(&self) -> String {
        match self.heard.recv_timeout(PATIENCE).unwrap() {
            Arrival::Message(bytes) => String::from_utf8(bytes).unwrap(),
            other => format!("{other:?}"),
        }
    }

    fn ask(&self, message: &str) -> String {
        self.say(message);
        self.hear()
    }

    /// Opens a session of the era before the stateless one.
    fn open(&self) -> String {
        let answer = self.ask(OPENING);
        self.say(OPENED);
        answer
    }
}

fn request(id: u32, method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{}}}}"#)
}

fn result(id: u32) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"x":1.0}}}}"#)
}

#[test]
fn a_session_is_opened_kept_and_ended() {
    let server = Server::of_sessions(|asked| match asked.rpc_method() {
        "ping" => Answer::json(result(2)),
        _ => Answer::json(result(3)),
    });
    let mut talk = Talk::with(&server);
    assert!(talk.open().contains("2025-11-25"));
    assert_eq!(talk.ask(&request(2, "ping")), result(2));
    talk.link.close();
    assert_eq!(talk.hear(), "End");
    talk.link.end(false).unwrap();

    let asked = server.asked();
    let of = |method: &str| asked.iter().find(|asked| asked.rpc_method() == method).unwrap();
    let opening = of("initialize");
    assert_eq!(opening.header("accept"), "application/json, text/event-stream");
    assert_eq!(
        (opening.header("authorization"), opening.header("x-extra")),
        ("Bearer own", "yes")
    );
    assert_eq!(
        (opening.header("mcp-session-id"), opening.query.as_str()),
        ("", "tenant=a")
    );
    for method in ["notifications/initialized", "ping"] {
        let asked = of(method);
        assert_eq!(asked.header("mcp-session-id"), "session-1", "{method}");
        assert_eq!(asked.header("mcp-protocol-version"), "2025-11-25", "{method}");
        assert_eq!(asked.header("mcp-method"), "", "{method}");
    }
    let last = asked.last().unwrap();
    assert_eq!(
        (last.method.as_str(), last.header("mcp-session-id")),
        ("DELETE", "session-1")
    );
}

#[test]
fn streams_are_heard_to_their_answer_and_gone_on_with() {
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0}}"#;
    let server = Server::of_sessions(move |asked| match (asked.method.as_str(), asked.rpc_method()) {
        ("POST", "tools/call") => Answer::events(format!("id: 7\nretry: 1\ndata: {progress}\n\n")),
        ("GET", _) if asked.header("last-event-id") == "7" => {
            Answer::events(format!("id: 8\ndata: {}\n\n", result(2)))
        }
        ("POST", _) => Answer::events(format!("data: {progress}\n\ndata: {}\n\n", result(3))),
        _ => Answer::status(405),
    });
    let talk = Talk::with(&server);
    talk.open();
    assert_eq!(talk.ask(&request(2, "tools/call")), progress);
    assert_eq!(talk.hear(), result(2));
    assert_eq!(talk.ask(&request(3, "resources/read")), progress);
    assert_eq!(talk.hear(), result(3));
}

#[test]
fn what_the_server_says_by_itself_is_heard() {
    let asks = r#"{"jsonrpc":"2.0","id":"s1","method":"roots/list"}"#;
    let server = Server::of_sessions(move |asked| match asked.method.as_str() {
        "GET" if asked.header("last-event-id").is_empty() => {
            Answer::events(format!("id: a\nretry: 1\ndata: {asks}\n\n"))
        }
        "GET" if asked.header("last-event-id") == "a" => Answer::events(format!("id: b\ndata: {asks}\n\n")),
        "GET" => Answer::status(405),
        _ => Answer::status(202),
    });
    let talk = Talk::with(&server);
    talk.open();
    assert_eq!((talk.hear(), talk.hear()), (asks.to_owned(), asks.to_owned()));
    talk.say(r#"{"jsonrpc":"2.0","id":"s1","result":{}}"#);
    server.wait_for(|asked| {
        asked.body.contains(r#""id":"s1""#) && asked.header("mcp-session-id") == "session-1"
    });
}

#[test]
fn a_session_that_was_forgotten_is_opened_anew() {
    let server = Server::of_sessions(|asked| {
        if asked.header("mcp-session-id") == "session-1" {
            Answer::status(404)
        } else {
            Answer::json(result(2))
        }
    });
    let talk = Talk::with(&server);
    talk.open();
    // The tools of a server that forgot everything have to be looked at again.
    assert!(
        talk.ask(&request(2, "ping"))
            .contains("notifications/tools/list_changed")
    );
    assert_eq!(talk.hear(), result(2));
    server.wait_for(|asked| {
        asked.rpc_method() == "notifications/initialized" && asked.header("mcp-session-id") == "session-2"
    });
}

#[test]
fn the_stateless_era_repeats_what_the_body_says() {
    let tools = r#"{"tools":[{"name":"t","inputSchema":{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}]}"#;
    let server = Server::start(move |asked| match asked.rpc_method() {
        "tools/list" => Answer::json(format!(r#"{{"jsonrpc":"2.0","id":1,"result":{tools}}}"#)),
        _ => Answer::json(result(2)),
    });
    let talk = Talk::with(&server);
    talk.ask(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{META}}}}}"#
    ));
    let call = format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"t","arguments":{{"region":"eu"}},{META}}}}}"#
    );
    assert_eq!(talk.ask(&call), result(2));
    let asked = server.asked();
    let called = asked.last().unwrap();
    assert_eq!(called.body, call);
    for (name, value) in [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "t"),
        ("mcp-param-region", "eu"),
        ("mcp-session-id", ""),
    ] {
        assert_eq!(called.header(name), value, "{name}");
    }
}

#[test]
fn giving_up_a_stateless_request_closes_its_stream() {
    let server = Server::start(|_| Answer::endless(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#));
    let talk = Talk::with(&server);
    let asked = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{{{META}}}}}"#);
    assert!(talk.ask(&asked).contains("notifications/x"));
    talk.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    server.wait_until_let_go();
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_stream_without_end_does_not_keep_the_link() {
    let server = Server::start(|_| Answer::endless(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#));
    let mut talk = Talk::with(&server);
    let asked = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{{{META}}}}}"#);
    talk.ask(&asked);
    talk.link.close();
    assert_eq!(talk.hear(), "End");
}

#[test]
fn what_goes_wrong_is_told_as_the_answer() {
    let large = "x".repeat((16 << 20) + 1);
    let unsupported =
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32022,"message":"no","data":{"supported":["a"]}}}"#;
    for (answer, expected) in [
        (Answer::status(401), "asks for authorization"),
        (Answer::status(500), "HTTP 500"),
        (Answer::status(204), "cannot be used"),
        (Answer::status(302), "HTTP 302"),
        (Answer::json("no json"), "cannot be used"),
        (Answer::json(result(8)), "cannot be used"),
        (Answer::json(large.clone()), "cannot be used"),
        (Answer::events(format!("data: {large}{large}")), "cannot be used"),
        (Answer::events(""), "broke off"),
        (
            Answer::json(unsupported).under(400),
            r#""error":{"code":-32022,"message":"no","data":{"supported":["a"]}}"#,
        ),
    ] {
        let server = Server::start(move |_| answer.clone());
        let talk = Talk::with(&server);
        talk.say(&request(2, "ping"));
        let told = std::iter::repeat_with(|| talk.hear()).find(|told| told.contains(r#""id":2,"#));
        let told = told.unwrap();
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn a_server_that_is_not_there_or_silent_is_told_of() {
    let silent = Server::start(|_| Answer::silent());
    let talk = Talk::patient(&silent, Duration::from_millis(50));
    assert!(talk.ask(&request(1, "ping")).contains("did not answer in time"));
    let gone = Server::gone();
    assert!(
        Talk::with(&gone)
            .ask(&request(1, "ping"))
            .contains("cannot be reached")
    );
}
