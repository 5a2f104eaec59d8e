//! What is recorded of calls, and results that come back in arguments.

use std::io::Write as _;

use super::running::Running;
use super::wire::{Said, Server, ask, begin_events, whole};
use super::{JSON, call, id};

const TOOLS: &str = r#"[{"name":"fetch"},{"name":"local","annotations":{"openWorldHint":false}},{"name":"send"},{"name":"fail"}]"#;
const LETTER: &str = "Dear Sir, the board has decided to postpone the merger until the audit is complete.";

/// A megabyte that nobody would send.
fn ballast() -> String {
    let lines: Vec<_> = (0..1 << 16).map(|number| format!("line {number:010} ")).collect();
    lines.concat()
}

/// A server whose tools return a letter, in a stream or behind much else when that is asked for; and which fails.
fn mail() -> Server {
    Server::start(|asked, stream| {
        let id = id(asked);
        let before = if asked.mentions("\"long\"") {
            ballast()
        } else {
            String::new()
        };
        let text = format!(r#"{{"content":[{{"type":"text","text":"{before}{LETTER}"}}]}}"#);
        let body = if asked.mentions("\"tools/list\"") {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"tools":{TOOLS}}}}}"#)
        } else if asked.mentions("\"fail\"") {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32603,"message":"no"}}}}"#)
        } else if asked.mentions("\"send\"") {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"isError":true}}}}"#)
        } else {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{text}}}"#)
        };
        if asked.header("x-stream").is_none() {
            return whole(stream, "200 OK", JSON, &body);
        }
        begin_events(stream);
        stream.write_all(format!("data: {body}\n\n").as_bytes()).unwrap();
    })
}

fn said(gateway: &Running, session: &str, body: &str) -> Said {
    ask(gateway.address, "POST", &[("Mcp-Session-Id", session)], body)
}

/// Whether a letter may be sent.
fn may_send(gateway: &Running, session: &str, letter: &str) -> bool {
    let answer = said(
        gateway,
        session,
        &call("send", &format!(r#"{{"mail":{{"body":["{letter}"]}}}}"#)),
    );
    let is_blocked = answer.mentions("matched_rule_no_leaks");
    assert_eq!(answer.mentions("\"executed\":false"), is_blocked, "{answer:?}");
    !is_blocked
}

#[test]
fn what_a_tool_returned_is_not_sent_on() {
    let server = mail();
    let gateway = Running::before(server.address);
    let copied = "FWD: THE BOARD HAS DECIDED to postpone the merger until the audit is over";
    for (session, streams, request) in [
        ("a", false, call("fetch", "{}")),
        ("b", true, call("fetch", "{}")),
        (
            "c",
            false,
            r#"{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{"uri":"a:b"}}"#.to_owned(),
        ),
        (
            "d",
            true,
            r#"{"jsonrpc":"2.0","id":7,"method":"prompts/get","params":{"name":"p"}}"#.to_owned(),
        ),
    ] {
        let mut headers = vec![("Mcp-Session-Id", session)];
        headers.extend(streams.then_some(("X-Stream", "1")));
        let answer = ask(gateway.address, "POST", &headers, &request);
        assert!(answer.mentions(LETTER), "{answer:?}");
        assert!(!may_send(&gateway, session, copied), "{request}");
        assert!(may_send(&gateway, session, "the weather is fine"));
    }
    // Another session was not told, and what a tool of a closed world returns is not external.
    assert!(may_send(&gateway, "e", copied));
    assert!(said(&gateway, "f", &call("local", "{}")).mentions(LETTER));
    assert!(may_send(&gateway, "f", copied));
    // What the client said itself before stays its own.
    assert!(said(&gateway, "e", &call("fetch", "{}")).mentions(LETTER));
    assert!(may_send(&gateway, "e", copied));
    // A session that ended leaves nothing behind.
    assert_eq!(
        ask(gateway.address, "DELETE", &[("Mcp-Session-Id", "a")], "").status(),
        200
    );
    assert!(may_send(&gateway, "a", copied));
    assert!(gateway.end());
}

#[test]
fn what_takes_long_to_remember_is_remembered_before_it_is_told() {
    let server = mail();
    let gateway = Running::before(server.address);
    for (session, streams) in [("a", false), ("b", true)] {
        let mut headers = vec![("Mcp-Session-Id", session)];
        headers.extend(streams.then_some(("X-Stream", "1")));
        let asked = call("fetch", r#"{"long":true}"#);
        let answer = ask(gateway.address, "POST", &headers, &asked);
        assert!(answer.mentions(LETTER));
        assert!(!may_send(&gateway, session, LETTER), "{session}");
    }
    // What is long itself is looked at as well.
    let long = ballast()[..100_000].to_owned() + LETTER;
    assert!(!may_send(&gateway, "a", &long));
    assert!(gateway.end());
}

#[test]
fn calls_and_what_came_of_them_are_recorded() {
    let server = mail();
    let gateway = Running::before(server.address);
    for tool in ["fetch", "send", "fail", "drop"] {
        said(&gateway, "a", &call(tool, "{}"));
    }
    said(&gateway, "b", &call("fetch", "{}"));
    let events = gateway.recorded(".journal.jsonl");
    let count = |kind: &str| events.iter().filter(|line| line.contains(kind)).count();
    assert_eq!(
        (
            count("\"record_type\":\"header\""),
            count("\"verdict\":\"allow\"")
        ),
        (2, 4)
    );
    assert_eq!(count("mcp_tool_unknown"), 1);
    let results = gateway.recorded(".results.jsonl");
    let count = |outcome: &str| results.iter().filter(|line| line.contains(outcome)).count();
    assert_eq!(results.len(), 4);
    assert_eq!(
        ["completed", "tool_error", "protocol_error"].map(|outcome| count(&format!("\"{outcome}\""))),
        [2, 1, 1]
    );
    assert!(gateway.end());
}
