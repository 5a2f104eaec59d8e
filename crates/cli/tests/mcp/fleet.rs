//! Servers over HTTP, and several servers at once, in front of a client on standard input and output.

use serde_json::Value;

use crate::messages::{LIST, META, OPENED, OPENING, answer, call, call_with, modern, names};
use crate::server::Remote;
use crate::site::{NEVER_DROP, Site};

/// What a client that says `messages` and waits for all answers is told, and what the operator is.
fn talk(site: &Site, flags: &[&str], messages: &[&str]) -> (Vec<Value>, String) {
    let mut gateway = site.start(flags);
    let mut answers = Vec::new();
    for message in messages {
        if message.contains("\"id\"") {
            answers.push(gateway.ask(message));
        } else {
            gateway.send(message);
        }
    }
    (answers, gateway.end().1)
}

#[test]
fn a_client_on_standard_input_reaches_a_server_over_http() {
    let (site, remote) = (Site::new(NEVER_DROP), Remote::start());
    let flags = ["--server", "far", "--upstream", remote.address()];
    let read = call(3, "read", r#"{"path":"/a"}"#);
    let messages = [OPENING, OPENED, LIST, &read, &call(4, "drop", "{}")];
    let (answers, told) = talk(&site, &flags, &messages);
    assert_eq!(names(answer(&answers, 2)), ["read"], "{told}");
    assert_eq!(answer(&answers, 3)["result"]["from"], "far");
    assert_eq!(answer(&answers, 4)["result"]["isError"], true);
    assert_eq!(remote.reached(), [read]);
    assert!(told.contains("gait: far: 1 tools offered, 1 hidden"), "{told}");
}

#[test]
fn a_server_that_is_not_there_is_told_of_in_the_answers() {
    let site = Site::new(NEVER_DROP);
    let address = Remote::nowhere();
    let (answers, _) = talk(&site, &["--upstream", &address], &[OPENING]);
    let error = &answer(&answers, 1)["error"];
    assert_eq!(error["message"], "the server cannot be reached");
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

#[test]
fn several_servers_are_one_to_their_client() {
    let (site, remote) = (Site::new(NEVER_DROP), Remote::start());
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
    let (answers, told) = talk(&site, &["--servers", "servers.json"], &messages);
    assert_eq!(
        names(answer(&answers, 2)),
        ["far__read", "one__read", "two__read"],
        "{told}"
    );
    for (id, server) in [(3, "one"), (4, "two"), (5, "far"), (8, "one")] {
        assert_eq!(answer(&answers, id)["result"]["from"], server, "{told}");
    }
    assert_eq!(answer(&answers, 6)["result"]["isError"], true);
    // A server that dies in the middle of a call takes nobody along.
    let left = answer(&answers, 7);
    let why = "the server two ended (exit status: 3) before it answered";
    assert_eq!(left["error"]["message"], why, "{told}");
    assert!(told.contains("gait: two: ended (exit status: 3)"), "{told}");
    for server in ["one", "two"] {
        assert!(!site.seen(server).contains("drop"), "{}", site.seen(server));
    }
    assert_eq!(remote.reached().len(), 1);
    assert!(told.contains("gait: two: 1 tools offered, 1 hidden"), "{told}");
}

#[test]
fn a_server_that_cannot_be_started_is_told_of_and_left_out() {
    let site = Site::new(NEVER_DROP);
    site.write(
        "servers.json",
        r#"{"mcpServers": {"one": {"command": "sh", "args": ["server.sh", "one"]}, "no": {"command": "./not-there"}}}"#,
    );
    let (answers, told) = talk(&site, &["--servers", "servers.json"], &[OPENING, OPENED, LIST]);
    assert_eq!(names(answer(&answers, 2)), ["one__read"]);
    assert!(
        told.contains("gait: no: cannot be started and is left out"),
        "{told}"
    );
}

#[test]
fn eras_are_translated_for_one_server_too() {
    let site = Site::new(NEVER_DROP);
    let list = modern(1, "tools/list", "");
    let read = call_with(2, "read", r#"{"path":"/a"}"#, META);
    let flags = [
        "--translate-eras",
        "--server",
        "one",
        "--",
        "sh",
        "server.sh",
        "one",
    ];
    let (answers, told) = talk(&site, &flags, &[&list, &read]);
    assert_eq!(names(answer(&answers, 1)), ["read"], "{told}");
    let read = &answer(&answers, 2)["result"];
    assert_eq!(read["resultType"], "complete");
    assert_eq!(read["from"], "one");
}

#[test]
fn servers_that_make_no_sense_are_refused() {
    let site = Site::new(NEVER_DROP);
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
    let site = Site::new(NEVER_DROP);
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
