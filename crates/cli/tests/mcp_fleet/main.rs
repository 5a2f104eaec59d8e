//! `gait mcp gateway` in front of servers over HTTP, and of several servers at once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod listening;
mod site;

use gait_canon::json::Value;
use listening::{Listening, Said};
use site::{Remote, Site, answer, call, result};

const OPENING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#;
const OPENED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;

#[test]
fn a_client_on_standard_input_reaches_a_server_over_http() {
    let (site, remote) = (Site::new(), Remote::start());
    let address = remote.address();
    let flags = ["--server", "far", "--upstream", &address];
    let messages = [
        OPENING,
        OPENED,
        LIST,
        &call(3, "read", r#"{"path":"/a"}"#),
        &call(4, "drop", "{}"),
    ];
    let (answers, told) = site.talk(&flags, &messages);
    let tools = result(&answers, 2).get("tools").unwrap().as_array().unwrap();
    assert_eq!(tools.len(), 1, "{told}");
    assert_eq!(
        result(&answers, 3).get("from").and_then(Value::as_str),
        Some("far")
    );
    assert_eq!(
        result(&answers, 4).get("isError").and_then(Value::as_bool),
        Some(true)
    );
    assert_eq!(remote.called(), ["read"]);
    assert!(told.contains("gait: far: 1 tools offered, 1 hidden"), "{told}");
}

#[test]
fn a_server_that_is_not_there_is_told_of_in_the_answers() {
    let site = Site::new();
    let address = Remote::nowhere();
    let (answers, _) = site.talk(&["--upstream", &address], &[OPENING]);
    let error = answer(&answers, 1).get("error").unwrap();
    let message = error.get("message").and_then(Value::as_str).unwrap();
    assert_eq!(message, "the server cannot be reached");
}

/// Two servers that are started and one over HTTP, in a file.
fn three(site: &Site, remote: &Remote) {
    let address = remote.address();
    site.write(
        "servers.json",
        &format!(
            r#"{{"mcpServers": {{
                "one": {{"command": "sh", "args": ["server.sh", "one"]}},
                "two": {{"command": "sh", "args": ["server.sh", "${{NAME:-two}}"]}},
                "far": {{"type": "http", "url": "{address}"}}
            }}}}"#
        ),
    );
}

fn names(listed: &Value) -> Vec<&str> {
    let tools = listed.get("tools").unwrap().as_array().unwrap();
    let mut names: Vec<_> = tools
        .iter()
        .map(|tool| tool.get("name").unwrap().as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn several_servers_are_one_to_their_client() {
    let (site, remote) = (Site::new(), Remote::start());
    three(&site, &remote);
    let messages = [
        OPENING,
        OPENED,
        LIST,
        &call(3, "one__read", r#"{"path":"/a"}"#),
        &call(4, "two__read", r#"{"path":"/b"}"#),
        &call(5, "far__read", r#"{"path":"/c"}"#),
        &call(6, "two__drop", "{}"),
        &call(7, "two__read", r#"{"path":"/die"}"#),
        &call(8, "one__read", r#"{"path":"/d"}"#),
    ];
    let (answers, told) = site.talk(&["--servers", "servers.json"], &messages);
    assert_eq!(
        names(result(&answers, 2)),
        ["far__read", "one__read", "two__read"],
        "{told}"
    );
    for (id, server) in [(3, "one"), (4, "two"), (5, "far"), (8, "one")] {
        let from = result(&answers, id).get("from").and_then(Value::as_str);
        assert_eq!(from, Some(server), "{told}");
    }
    assert_eq!(
        result(&answers, 6).get("isError").and_then(Value::as_bool),
        Some(true)
    );
    // A server that dies in the middle of a call takes nobody along.
    assert!(
        answer(&answers, 7).get("error").is_some(),
        "{:?}",
        answer(&answers, 7)
    );
    for server in ["one", "two"] {
        assert!(!site.seen(server).contains("drop"), "{}", site.seen(server));
    }
    assert_eq!(remote.called(), ["read"]);
    assert!(told.contains("gait: two: 1 tools offered, 1 hidden"), "{told}");
}

#[test]
fn a_server_that_cannot_be_started_is_told_of_and_left_out() {
    let site = Site::new();
    site.write(
        "servers.json",
        r#"{"mcpServers": {"one": {"command": "sh", "args": ["server.sh", "one"]}, "no": {"command": "./not-there"}}}"#,
    );
    let (answers, told) = site.talk(&["--servers", "servers.json"], &[OPENING, OPENED, LIST]);
    assert_eq!(names(result(&answers, 2)), ["one__read"]);
    assert!(
        told.contains("gait: no: cannot be started and is left out"),
        "{told}"
    );
}

#[test]
fn eras_are_translated_for_one_server_too() {
    let site = Site::new();
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let list = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{meta}}}}}"#);
    let read = format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"read","arguments":{{"path":"/a"}},{meta}}}}}"#
    );
    let flags = [
        "--translate-eras",
        "--server",
        "one",
        "--",
        "sh",
        "server.sh",
        "one",
    ];
    let (answers, told) = site.talk(&flags, &[&list, &read]);
    assert_eq!(names(result(&answers, 1)), ["read"], "{told}");
    let read = result(&answers, 2);
    assert_eq!(read.get("resultType").and_then(Value::as_str), Some("complete"));
    assert_eq!(read.get("from").and_then(Value::as_str), Some("one"));
}

#[test]
fn servers_that_make_no_sense_are_refused() {
    let site = Site::new();
    site.write("list.json", r#"{"mcpServers": []}"#);
    site.write("name.json", r#"{"mcpServers": {"a__b": {"command": "x"}}}"#);
    site.write(
        "header.json",
        r#"{"mcpServers": {"a": {"url": "http://127.0.0.1:1/", "headers": {"Host": "x"}}}}"#,
    );
    for (flags, expected) in [
        (
            &["--servers", "list.json"][..],
            "list.json: /mcpServers at line 1 is no object",
        ),
        (&["--servers", "gone.json"], "gone.json"),
        (&["--servers", "name.json"], "a__b"),
        (
            &["--servers", "header.json"],
            "a: the header \"Host\" is the gateway's to send",
        ),
        (
            &["--servers", "list.json", "--", "sh"],
            "expected either a command",
        ),
        (
            &["--upstream", "a=http://127.0.0.1:1/,b"],
            "\"b\" is not name=address",
        ),
        (
            &["--upstream", "a=http://127.0.0.1:1/,a=http://127.0.0.1:2/"],
            "two servers are called a",
        ),
        (&["--upstream", "http://example.org/"], "https"),
        (
            &[],
            "expected a command that starts an MCP server, --upstream or --servers",
        ),
    ] {
        let output = site.gateway(flags).output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(
            output.status.code() != Some(0) && told.contains(expected),
            "{flags:?}: {told}"
        );
    }
}

#[test]
fn what_the_gateway_goes_by_names_every_server_and_no_secret() {
    let site = Site::new();
    site.write(
        "servers.json",
        r#"{"mcpServers": {"one": {"command": "sh", "args": ["server.sh"], "env": {"KEY": "secret"}},
            "far": {"url": "https://far.example/mcp", "headers": {"Authorization": "secret"}}}}"#,
    );
    let flags = ["--servers", "servers.json", "--explain-config"];
    let text = site.gateway(&flags).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("server: one (sh server.sh)"), "{text}");
    assert!(
        text.contains("server: far (https://far.example/mcp)") && !text.contains("secret"),
        "{text}"
    );
    let json = site
        .gateway(&[&flags[..], &["--json"]].concat())
        .output()
        .unwrap();
    let json = String::from_utf8(json.stdout).unwrap();
    let listed = r#"[{"command":["sh","server.sh"],"name":"one"},{"name":"far","upstream":"https://far.example/mcp"}]"#;
    assert!(json.contains(listed) && !json.contains("secret"), "{json}");
}

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

/// A gateway over HTTP in front of two servers that are started.
fn two(site: &Site, flags: &[&str]) -> Listening {
    site.write(
        "servers.json",
        r#"{"mcpServers": {
            "one": {"command": "sh", "args": ["server.sh", "one"]},
            "two": {"command": "sh", "args": ["server.sh", "two"]}
        }}"#,
    );
    let always = ["--servers", "servers.json", "--listen", "127.0.0.1:0"];
    Listening::start(site.gateway(&[&always[..], flags].concat()))
}

/// Opens a session and gives its name.
fn opened(gateway: &Listening, headers: &[(&str, &str)]) -> String {
    let answer = gateway.post(headers, OPENING);
    assert_eq!(answer.status, 200, "{answer:?}");
    let session = answer.header("mcp-session-id").to_owned();
    assert_eq!(session.len(), 32, "{answer:?}");
    let named = [headers, &[("Mcp-Session-Id", session.as_str())]].concat();
    assert_eq!(gateway.post(&named, OPENED).status, 202);
    session
}

fn modern(id: u32, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{params}{META}}}}}"#)
}

/// Asks in the stateless era.
fn ask_modern(gateway: &Listening, method: &str, name: &str, body: &str) -> Said {
    let mut headers = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)];
    if !name.is_empty() {
        headers.push(("Mcp-Name", name));
    }
    gateway.post(&headers, body)
}

#[test]
fn clients_of_sessions_have_servers_of_their_own() {
    let site = Site::new();
    let gateway = two(&site, &[]);
    let sessions = [opened(&gateway, &[]), opened(&gateway, &[])];
    assert_ne!(sessions[0], sessions[1]);
    for session in &sessions {
        let named = [("Mcp-Session-Id", session.as_str())];
        let listed = gateway.post(&named, LIST).json();
        assert_eq!(names(listed.get("result").unwrap()), ["one__read", "two__read"]);
        // Both clients may use the same ids.
        for (tool, server) in [("one__read", "one"), ("two__read", "two")] {
            let answer = gateway.post(&named, &call(7, tool, r#"{"path":"/a"}"#)).json();
            let from = answer.get("result").unwrap().get("from").and_then(Value::as_str);
            assert_eq!(from, Some(server));
        }
        let refused = gateway.post(&named, &call(8, "one__drop", "{}"));
        assert!(refused.body.contains("\"isError\":true"), "{refused:?}");
    }
    assert!(!site.seen("one").contains("drop"));
    assert_eq!(site.seen("one").matches("\"initialize\"").count(), 2);

    let named = [("Mcp-Session-Id", sessions[0].as_str())];
    assert_eq!(gateway.ask("DELETE", &named, "").status, 204);
    assert_eq!(gateway.post(&named, LIST).status, 404);
    assert_eq!(gateway.ask("DELETE", &named, "").status, 404);
    let other = [("Mcp-Session-Id", sessions[1].as_str())];
    assert_eq!(gateway.post(&other, LIST).status, 200);
    gateway.end();
}

#[test]
fn clients_without_sessions_share_their_servers() {
    let site = Site::new();
    let gateway = two(&site, &[]);
    let list = modern(1, "tools/list", "");
    let listed = ask_modern(&gateway, "tools/list", "", &list);
    assert_eq!(
        names(listed.json().get("result").unwrap()),
        ["one__read", "two__read"],
        "{listed:?}"
    );
    assert_eq!(listed.header("mcp-session-id"), "");
    let read = modern(
        1,
        "tools/call",
        r#""name":"two__read","arguments":{"path":"/a"},"#,
    );
    let answer = ask_modern(&gateway, "tools/call", "two__read", &read).json();
    assert_eq!(answer.get("id").and_then(Value::as_i64), Some(1));
    assert_eq!(
        answer.get("result").unwrap().get("from").and_then(Value::as_str),
        Some("two")
    );
    // Whoever goes by the header would let another call pass.
    let split = ask_modern(&gateway, "tools/call", "one__read", &read);
    assert!(split.status == 400 && split.body.contains("-32020"), "{split:?}");
    let unknown = modern(2, "unheard/of", "");
    assert_eq!(ask_modern(&gateway, "unheard/of", "", &unknown).status, 404);
    assert_eq!(site.seen("two").matches("\"initialize\"").count(), 1);
    assert_eq!(gateway.ask("GET", &[], "").status, 405);
    gateway.end();
}

#[test]
fn changes_are_told_in_a_stream_without_end() {
    let site = Site::new();
    let gateway = two(&site, &[]);
    let listen = modern(
        9,
        "subscriptions/listen",
        r#""notifications":{"toolsListChanged":true},"#,
    );
    let headers = [
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "subscriptions/listen"),
    ];
    let mut stream = gateway.stream("POST", &headers, &listen);
    let first = stream.event();
    assert!(
        first.contains("notifications/subscriptions/acknowledged"),
        "{first}"
    );
    // The stream is known by the id that its client gave it.
    assert!(
        first.contains(r#""io.modelcontextprotocol/subscriptionId":9"#)
            || first.contains(r#""io.modelcontextprotocol/subscriptionId":"9""#),
        "{first}"
    );
    gateway.end();
}

#[test]
fn sessions_are_of_no_use_to_others() {
    let site = Site::new();
    let gateway = two(&site, &["--max-sessions", "2"]);
    let mine = ("Authorization", "Bearer mine");
    let session = opened(&gateway, &[mine]);
    let name = ("Mcp-Session-Id", session.as_str());
    assert_eq!(gateway.post(&[mine, name], LIST).status, 200);
    let guessed = "0".repeat(32);
    for headers in [
        &[name][..],
        &[("Authorization", "Bearer other"), name],
        &[mine, ("Mcp-Session-Id", guessed.as_str())],
        &[mine, ("Mcp-Session-Id", "")],
    ] {
        for (method, body) in [("POST", LIST), ("GET", ""), ("DELETE", "")] {
            assert_eq!(
                gateway.ask(method, headers, body).status,
                404,
                "{method} {headers:?}"
            );
        }
    }
    opened(&gateway, &[]);
    let crowded = gateway.post(&[], OPENING);
    assert_eq!((crowded.status, crowded.header("mcp-session-id")), (503, ""));
    gateway.end();
}

#[test]
fn requests_that_are_none_start_no_server() {
    let site = Site::new();
    let gateway = two(&site, &["--max-request-bytes", "1000"]);
    let large = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","x":"{}"}}"#,
        "x".repeat(1000)
    );
    let batch = format!("[{OPENING}]");
    let twice = r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"initialize"}"#;
    for (headers, body, status) in [
        (&[][..], large.as_str(), 413),
        (&[], batch.as_str(), 400),
        (&[], twice, 400),
        (&[], LIST, 400),
        (&[], "", 400),
        (&[("Host", "evil.example")], OPENING, 403),
        (&[("Origin", "https://evil.example")], OPENING, 403),
        (&[("Content-Type", "text/plain")], OPENING, 415),
        (&[("Mcp-Method", "tools/list")], OPENING, 400),
    ] {
        assert_eq!(gateway.post(headers, body).status, status, "{headers:?} {body}");
    }
    assert_eq!(gateway.ask("PUT", &[], "").status, 405);
    assert_eq!(site.seen("one"), "");
    gateway.end();
}

#[test]
fn a_session_that_is_not_used_ends() {
    let site = Site::new();
    let gateway = two(&site, &["--session-idle", "50ms"]);
    let session = opened(&gateway, &[]);
    let named = [("Mcp-Session-Id", session.as_str())];
    assert_eq!(gateway.post(&named, LIST).status, 200);
    // The servers of the session say that they end.
    site.wait_for("ended-one");
    assert_eq!(gateway.post(&named, LIST).status, 404);
    gateway.end();
}

/// A call whose server tells how it goes on, with whatever else the params have.
fn steps(more: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"s","method":"tools/call","params":{{"name":"one__read","arguments":{{"path":"/steps"}},"_meta":{{"progressToken":"mine"{more}}}}}}}"#
    )
}

#[test]
fn progress_comes_before_the_answer_and_can_be_heard_again() {
    let site = Site::new();
    let gateway = two(&site, &[]);
    let session = opened(&gateway, &[]);
    let named = ("Mcp-Session-Id", session.as_str());
    let mut stream = gateway.stream("POST", &[named], &steps(""));
    let progress = stream.event();
    assert!(progress.contains(r#""progressToken":"mine""#), "{progress}");
    let answer = stream.event();
    assert!(
        answer.contains(r#""id":"s""#) && answer.contains(r#""from":"one""#),
        "{answer}"
    );
    // The opening was the first request of the session.
    let mut again = gateway.stream("GET", &[named, ("Last-Event-ID", "2-1")], "");
    assert_eq!(again.event(), answer);

    let modern = r#","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}"#;
    let headers = [
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "one__read"),
    ];
    let mut stream = gateway.stream("POST", &headers, &steps(modern));
    assert!(stream.event().contains(r#""progressToken":"mine""#));
    assert!(stream.event().contains(r#""id":"s""#));
    gateway.end();
}
