//! `gait mcp gateway` in front of servers over HTTP, and of several servers at once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod site;

use gait_canon::json::Value;
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
