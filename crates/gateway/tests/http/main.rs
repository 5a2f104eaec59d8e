//! The gateway between clients and a server over HTTP: what passes, what is judged, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod every_message;
mod messages;
mod recorded;
mod running;
mod wire;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;

use gait_gateway::http::Authorization;
use running::Running;
use wire::{Said, Server, ask, begin, begin_events, read_chunk, send, whole};

const TOOLS: &str = r#"[{"name":"read","inputSchema":{"type":"object","properties":{"path":{"type":"string","x-mcp-header":"Path"}},"required":["path"]}},{"name":"drop"}]"#;
const JSON: &str = "application/json";
const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
const VERSION: (&str, &str) = ("MCP-Protocol-Version", "2026-07-28");

/// The id of a request, as it stands in the body.
fn id(asked: &Said) -> &str {
    let (_, rest) = asked.body.split_once("\"id\":").unwrap_or(("", "null"));
    rest.split([',', '}']).next().unwrap()
}

/// Answers a listing; whether it was one.
fn lists(asked: &Said, stream: &mut TcpStream) -> bool {
    let is_listing = asked.mentions("\"tools/list\"");
    if is_listing {
        let id = id(asked);
        let page = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"tools":{TOOLS},"cacheScope":"public","x":1.0}}}}"#
        );
        whole(stream, "200 OK", JSON, &page);
    }
    is_listing
}

fn result(asked: &Said) -> String {
    format!(
        r#"{{ "jsonrpc":"2.0","id":{},"result":{{"content":[],"n":1.0}}}}"#,
        id(asked)
    )
}

/// A server that lists, and answers everything else with an empty result, in a stream when a header asks for it.
fn plain() -> Server {
    Server::start(|asked, stream| {
        if lists(asked, stream) {
            return;
        }
        if id(asked) == "null" {
            return whole(stream, "202 Accepted", JSON, "");
        }
        let result = result(asked);
        if asked.header("x-stream").is_none() {
            return whole(stream, "200 OK", JSON, &result);
        }
        begin_events(stream);
        stream.write_all(events(&result).as_bytes()).unwrap();
    })
}

fn events(result: &str) -> String {
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0}}"#;
    format!(
        "id: 1\nretry: 10\ndata: \n\n: alive\n\nevent: message\r\nid: 2\r\ndata: {progress}\r\n\r\ndata: {result}\n\n"
    )
}

fn call(name: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0", "id":7,"method":"tools/call","params":{{"name":"{name}","arguments":{arguments},"new":[1.0]}}}}"#
    )
}

fn modern_call(name: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"{name}","arguments":{arguments},{META}}}}}"#
    )
}

#[test]
fn what_is_no_call_passes_byte_for_byte() {
    let server = plain();
    let gateway = Running::before(server.address);
    let requests = [
        ("initialize", r#"{"protocolVersion":"2025-11-25","x":1.0}"#),
        ("ping", "{ }"),
        ("resources/read", r#"{"uri":"a"}"#),
        ("prompts/get", r#"{"name":"p"}"#),
        ("tasks/get", "{}"),
        ("unheard/of", r#"{"a":[1e2]}"#),
    ];
    let mut sent = Vec::new();
    for (method, params) in requests {
        let body =
            format!(r#" {{"jsonrpc":"2.0" ,"id":"a-{method}","method":"{method}","params":{params}}}"#);
        let session = ("Mcp-Session-Id", "s1");
        let answer = ask(gateway.address, "POST", &[session], &body);
        assert_eq!(
            (answer.status(), answer.header("x-server")),
            (200, Some("yes")),
            "{answer:?}"
        );
        let expected = result(&Said {
            body: body.clone(),
            ..Said::default()
        });
        assert_eq!(answer.body, expected);
        let streamed = ask(gateway.address, "POST", &[session, ("X-Stream", "1")], &body);
        assert_eq!(streamed.header("content-type"), Some("text/event-stream"));
        assert_eq!(streamed.body, events(&expected), "{method}");
        sent.extend([body.clone(), body]);
    }
    for params in ["{}", &format!("{{{META}}}")] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{params}}}"#);
        let headers = [VERSION, ("Mcp-Method", "server/discover")];
        let headers = if params == "{}" { &[] } else { &headers[..] };
        assert_eq!(ask(gateway.address, "POST", headers, &body).status(), 200);
        sent.push(body);
    }
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(ask(gateway.address, "POST", &[], notice).status(), 202);
    sent.push(notice.to_owned());
    let asked = server.asked();
    let bodies: Vec<_> = asked.iter().map(|said| said.body.clone()).collect();
    assert_eq!(bodies, sent);
    assert_eq!(asked[0].header("mcp-session-id"), Some("s1"));
    assert_eq!(asked[0].header("host"), Some(&*server.address.to_string()));
    assert!(gateway.end());
}

#[test]
fn calls_reach_the_server_only_when_they_may() {
    let server = plain();
    let gateway = Running::before(server.address);
    let allowed = call("read", r#"{"path":"/a"}"#);
    for (body, reason) in [
        (call("read", r#"{"path":"/secret"}"#), "reason_codes"),
        (call("read", "{}"), "mcp_arguments_invalid"),
        (call("drop", "{}"), "isError"),
        (call("hidden", "{}"), "mcp_tool_unknown"),
    ] {
        let answer = ask(gateway.address, "POST", &[], &body);
        assert!(answer.status() == 200 && answer.mentions(reason), "{answer:?}");
        assert!(answer.mentions("\"executed\":false"), "{answer:?}");
    }
    assert_eq!((server.asked().len(), gateway.traces()), (0, 4));
    assert_eq!(ask(gateway.address, "POST", &[], &allowed).status(), 200);
    let streamed = ask(gateway.address, "POST", &[("X-Stream", "1")], &allowed);
    assert!(streamed.mentions("\"n\":1.0"), "{streamed:?}");
    let headers = [
        VERSION,
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "read"),
        ("Mcp-Param-Path", "/a"),
    ];
    let modern = modern_call("read", r#"{"path":"/a"}"#);
    assert_eq!(ask(gateway.address, "POST", &headers, &modern).status(), 200);
    let bodies: Vec<_> = server.asked().into_iter().map(|said| said.body).collect();
    assert_eq!(bodies, [allowed.clone(), allowed, modern]);
    assert_eq!((server.listings(), gateway.traces()), (1, 7));
}

#[test]
fn headers_that_say_something_else_are_refused_with_a_trace() {
    let server = plain();
    let gateway = Running::before(server.address);
    let body = modern_call("read", r#"{"path":"/a"}"#);
    let method = ("Mcp-Method", "tools/call");
    let name = ("Mcp-Name", "read");
    let path = ("Mcp-Param-Path", "/a");
    for (number, headers) in [
        &[VERSION, ("Mcp-Method", "ping"), name, path][..],
        &[VERSION, method, ("Mcp-Name", "other"), path],
        &[VERSION, method, path],
        &[("MCP-Protocol-Version", "2025-11-25"), method, name, path],
        &[VERSION, method, name, ("Mcp-Param-Path", "/b")],
        &[VERSION, method, name],
        &[VERSION, method, name, name, path],
        &[VERSION, method, name, path, ("Connection", "mcp-name")],
    ]
    .into_iter()
    .enumerate()
    {
        let answer = ask(gateway.address, "POST", headers, &body);
        assert!(
            answer.status() == 400 && answer.mentions("-32020"),
            "{headers:?} {answer:?}"
        );
        assert_eq!(gateway.traces(), number + 1);
    }
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(ask(gateway.address, "POST", &[method], ping).status(), 400);
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn what_could_be_understood_in_two_ways_is_refused() {
    let server = plain();
    let gateway = Running::before(server.address);
    for body in [
        "{",
        "[]",
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"read"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ] {
        assert_eq!(ask(gateway.address, "POST", &[], body).status(), 400, "{body}");
    }
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (headers, status) in [
        (&[("Host", "evil.example")][..], 403),
        (&[("Origin", "https://evil.example")], 403),
        (&[("Content-Encoding", "gzip")], 415),
    ] {
        assert_eq!(ask(gateway.address, "POST", headers, ping).status(), status);
    }
    let long = format!("{ping}{}", " ".repeat(1 << 20));
    assert_eq!(ask(gateway.address, "POST", &[], &long).status(), 413);
    assert_eq!(ask(gateway.address, "PUT", &[], ping).status(), 405);
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn clients_see_only_what_is_offered() {
    let server = Server::start(|asked, stream| {
        if asked.header("x-stream").is_none() || asked.mentions("gait-tools") {
            lists(asked, stream);
            return;
        }
        begin_events(stream);
        let page = format!(
            r#"{{"jsonrpc":"2.0","id":{},"result":{{"tools":{TOOLS}}}}}"#,
            id(asked)
        );
        // A name that not every reader takes for one, and a mark before the first line.
        stream
            .write_all(format!("\u{FEFF}id: 1\n data: {page}\ndata: {page}\n\n").as_bytes())
            .unwrap();
    });
    let gateway = Running::before(server.address);
    let list = r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#;
    let page = ask(gateway.address, "POST", &[], list);
    assert!(page.mentions("\"read\"") && !page.mentions("drop"), "{page:?}");
    assert!(
        page.mentions("\"private\"") && page.mentions("\"x\":1.0"),
        "{page:?}"
    );
    let streamed = ask(gateway.address, "POST", &[("X-Stream", "1")], list);
    assert!(
        streamed.mentions("\"read\"") && !streamed.mentions("drop"),
        "{streamed:?}"
    );
    assert!(streamed.body.starts_with("id: 1\ndata: {"), "{streamed:?}");
}

#[test]
fn answers_that_cannot_be_used_do_not_pass() {
    let server = Server::start(|asked, stream| {
        if lists(asked, stream) {
            return;
        }
        let right = result(asked);
        match asked.header("x-answer").unwrap() {
            "foreign" => whole(stream, "200 OK", JSON, &right.replace("\"id\":7", "\"id\":8")),
            "html" => whole(stream, "200 OK", "text/html", "<p>"),
            "elsewhere" => whole(
                stream,
                "307 Temporary Redirect\r\nLocation: http://elsewhere/",
                JSON,
                "",
            ),
            "failed" => whole(stream, "500 Oops", JSON, &right),
            "unknown" => {
                let unknown = right.replace("\"content\"", "\"resultType\":\"surprise\",\"content\"");
                whole(stream, "200 OK", JSON, &unknown);
            }
            "large" => whole(stream, "200 OK", JSON, &" ".repeat((16 << 20) + 1)),
            "twice" => {
                begin_events(stream);
                let foreign = right.replace("\"id\":7", "\"id\":8");
                let text = format!(
                    "data: {foreign}\n\nid: 5\ndata: {right}\n\nid: 6\ndata: {right}\n\ndata: no message\n\n"
                );
                stream.write_all(text.as_bytes()).unwrap();
            }
            other => unreachable!("{other}"),
        }
    });
    let gateway = Running::before(server.address);
    let body = call("read", r#"{"path":"/a"}"#);
    for (answer, status) in [
        ("foreign", 502),
        ("html", 502),
        ("elsewhere", 502),
        ("failed", 502),
        ("large", 502),
        ("unknown", 200),
    ] {
        let said = ask(gateway.address, "POST", &[("X-Answer", answer)], &body);
        assert_eq!(said.status(), status, "{answer}");
        assert!(
            said.mentions("-32603") && !said.mentions("\"n\":1.0"),
            "{answer}: {said:?}"
        );
        assert!(said.mentions("\"id\":7"), "{answer}: {said:?}");
    }
    let said = ask(gateway.address, "POST", &[("X-Answer", "twice")], &body);
    let right = result(&Said {
        body,
        ..Said::default()
    });
    assert_eq!(said.body, format!("id: 5\ndata: {right}\n\nid: 6\n\n"));
}

#[test]
fn a_server_that_is_not_there_is_told_of() {
    let server = plain();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = Running::before(gone.local_addr().unwrap());
    drop((gone, server));
    for body in [
        r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#.to_owned(),
        call("read", "{}"),
    ] {
        let answer = ask(gateway.address, "POST", &[], &body);
        assert!(
            answer.status() == 502 && answer.mentions("\"id\":7"),
            "{answer:?}"
        );
    }
}

#[test]
fn the_stream_of_a_session_passes_and_changes_are_looked_at_first() {
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    let question = r#"{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage"}"#;
    let server = Server::start(move |asked, stream| {
        if asked.first.starts_with("GET") {
            begin_events(stream);
            let text = format!("data: {question}\n\ndata: {notice}\n\n");
            stream.write_all(text.as_bytes()).unwrap();
            // It stays open until the client is gone.
            _ = stream.read(&mut [0]);
        } else if !lists(asked, stream) {
            whole(stream, "202 Accepted", JSON, "");
        }
    });
    let gateway = Running::before(server.address);
    let session = ("Mcp-Session-Id", "s1");
    let mut stream = send(
        gateway.address,
        "GET",
        &[session, ("Accept", "text/event-stream")],
        "",
    );
    assert_eq!(begin(&mut stream).status(), 200);
    assert_eq!(read_chunk(&mut stream).unwrap(), format!("data: {question}\n\n"));
    assert_eq!(read_chunk(&mut stream).unwrap(), format!("data: {notice}\n\n"));
    assert_eq!(server.listings(), 1);
    // What the server asked is answered once, and by nobody else.
    let answer = r#"{"jsonrpc":"2.0","id":"q","result":{}}"#;
    for (session, status) in [("s2", 400), ("s1", 202), ("s1", 400)] {
        let headers = [("Mcp-Session-Id", session)];
        assert_eq!(
            ask(gateway.address, "POST", &headers, answer).status(),
            status,
            "{session}"
        );
    }
    assert_eq!(ask(gateway.address, "DELETE", &[session], "").status(), 202);
    let firsts: Vec<_> = server.asked().into_iter().map(|said| said.first).collect();
    assert_eq!(
        firsts,
        [
            "GET /mcp HTTP/1.1\r\n",
            "POST /mcp HTTP/1.1\r\n",
            "DELETE /mcp HTTP/1.1\r\n"
        ]
    );
    // A stream without end does not keep the gateway.
    assert!(gateway.end());
}

#[test]
fn a_stream_that_broke_off_can_be_resumed() {
    let server = Server::start(|asked, stream| {
        if lists(asked, stream) {
            return;
        }
        begin_events(stream);
        let text = if asked.header("last-event-id").is_some() {
            let right = r#"data: {"jsonrpc":"2.0","id":7,"result":{}}"#;
            format!("{right}\n\n{right}\n\n")
        } else {
            "id: 1\ndata: \n\n".to_owned()
        };
        stream.write_all(text.as_bytes()).unwrap();
    });
    let gateway = Running::before(server.address);
    let session = ("Mcp-Session-Id", "s1");
    let body = call("read", r#"{"path":"/a"}"#);
    let broken = ask(gateway.address, "POST", &[session], &body);
    assert_eq!(broken.body, "id: 1\ndata: \n\n");
    for (session, expected) in [("s2", 0), ("s1", 1)] {
        let headers = [("Mcp-Session-Id", session), ("Last-Event-ID", "1")];
        let resumed = ask(gateway.address, "GET", &headers, "");
        assert_eq!(resumed.body.matches("\"id\":7").count(), expected, "{session}");
    }
}

#[test]
fn a_client_that_goes_away_ends_what_it_asked() {
    let (gone, told) = mpsc::channel();
    let server = Server::start(move |asked, stream| {
        if lists(asked, stream) {
            return;
        }
        if asked.header("x-stream").is_some() {
            begin_events(stream);
            stream.write_all(b": alive\n\n").unwrap();
        }
        gone.send(false).unwrap();
        // The end of the stream, or its reset.
        let ended = stream.read(&mut [0]).unwrap_or_default() == 0;
        gone.send(ended).unwrap();
    });
    let gateway = Running::before(server.address);
    for headers in [&[][..], &[("X-Stream", "1")]] {
        let stream = send(
            gateway.address,
            "POST",
            headers,
            &call("read", r#"{"path":"/a"}"#),
        );
        assert!(!told.recv().unwrap());
        drop(stream);
        assert!(told.recv().unwrap(), "{headers:?}");
    }
}

#[test]
fn credentials_of_clients_stay_unless_they_are_forwarded() {
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let shown = [("Authorization", "Bearer mine"), ("Cookie", "c=1")];
    for (authorization, expected) in [
        (Authorization::None, None),
        (Authorization::Forwarded, Some("Bearer mine")),
        (Authorization::Bearer("ours".to_owned()), Some("Bearer ours")),
    ] {
        let server = plain();
        let is_forwarded = matches!(authorization, Authorization::Forwarded);
        let gateway = Running::with(server.address, authorization);
        assert_eq!(ask(gateway.address, "POST", &shown, ping).status(), 200);
        let asked = &server.asked()[0];
        assert_eq!(asked.header("authorization"), expected);
        assert_eq!(asked.header("cookie").is_some(), is_forwarded);
    }
}

#[test]
fn who_shows_something_else_has_a_catalogue_of_their_own() {
    let server = Server::start(|asked, stream| {
        if asked.header("authorization").is_none() {
            let challenge = "401 Unauthorized\r\nWWW-Authenticate: Bearer scope=\"x\"";
            return whole(stream, challenge, JSON, "");
        }
        if !lists(asked, stream) {
            whole(stream, "200 OK", JSON, &result(asked));
        }
    });
    let gateway = Running::with(server.address, Authorization::Forwarded);
    let list = r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#;
    for token in ["Bearer a", "Bearer b", "Bearer a"] {
        let answer = ask(gateway.address, "POST", &[("Authorization", token)], list);
        assert_eq!(answer.status(), 200, "{answer:?}");
    }
    assert_eq!(server.listings(), 2);
    let refused = ask(gateway.address, "POST", &[], list);
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer scope=\"x\""));
    assert!(refused.mentions("\"id\":3"), "{refused:?}");
}
