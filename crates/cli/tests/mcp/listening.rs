//! Several servers in front of clients over HTTP.

use crate::http::Listening;
use crate::messages::{LIST, OPENING, ask_modern, assert_ran, call, modern, names, opened};
use crate::site::{NEVER_DROP, Site};

/// A gateway over HTTP in front of two servers that are started.
fn two(site: &Site, flags: &[&str]) -> Listening {
    site.write(
        "servers.json",
        r#"{"mcpServers": {
            "one": {"command": "sh", "args": ["server.sh", "one"]},
            "two": {"command": "sh", "args": ["server.sh", "two"]}
        }}"#,
    );
    Listening::start(site, &[&["--servers", "servers.json"], flags].concat())
}

#[test]
fn clients_of_sessions_have_servers_of_their_own() {
    let site = Site::new(NEVER_DROP);
    let gateway = two(&site, &[]);
    let sessions = [opened(&gateway, &[]), opened(&gateway, &[])];
    assert_ne!(sessions[0], sessions[1]);
    for session in &sessions {
        let named = [("Mcp-Session-Id", session.as_str())];
        let listed = gateway.post(&named, LIST).json();
        assert_eq!(names(&listed), ["one__read", "two__read"]);
        // Both clients may use the same ids.
        for (tool, server) in [("one__read", "one"), ("two__read", "two")] {
            let answer = gateway.post(&named, &call(7, tool, r#"{"path":"/a"}"#)).json();
            assert_eq!(answer["result"]["from"], server);
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
    let site = Site::new(NEVER_DROP);
    let gateway = two(&site, &[]);
    let list = modern(1, "tools/list", "");
    let listed = ask_modern(&gateway, "tools/list", "", &list);
    assert_eq!(names(&listed.json()), ["one__read", "two__read"], "{listed:?}");
    assert_eq!(listed.header("mcp-session-id"), "");
    let read = modern(
        1,
        "tools/call",
        r#""name":"two__read","arguments":{"path":"/a"},"#,
    );
    let answer = ask_modern(&gateway, "tools/call", "two__read", &read).json();
    assert_ran(&answer, 1, "two");
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
    let site = Site::new(NEVER_DROP);
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
    let site = Site::new(NEVER_DROP);
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
    let site = Site::new(NEVER_DROP);
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
    let site = Site::new(NEVER_DROP);
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
    let site = Site::new(NEVER_DROP);
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

#[test]
fn a_request_that_is_taken_back_is_not_waited_for() {
    let site = Site::new(NEVER_DROP);
    let gateway = two(&site, &[]);
    let session = opened(&gateway, &[]);
    let named = [("Mcp-Session-Id", session.as_str())];
    let holding = call(7, "one__read", r#"{"path":"/hold"}"#);
    let held = gateway.begin("POST", &named, &holding);
    site.wait_for("holds-one");
    assert_eq!(gateway.post(&named, &holding).status, 400);
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
    assert_eq!(gateway.post(&named, cancel).status, 202);
    assert_eq!((held.wait().status, site.reached("one").len()), (202, 1));
    // Its id is free, and what the server says of it still is for nobody.
    let other = call(7, "two__read", r#"{"path":"/a"}"#);
    site.write("go-one", "\n");
    assert_ran(&gateway.post(&named, &other).json(), 7, "two");
    gateway.end();
}
