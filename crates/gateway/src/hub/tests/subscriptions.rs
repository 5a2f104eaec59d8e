use super::*;

const TOOLS: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

/// A notification of a stateless server on the stream `id`.
fn on_stream(id: &str, method: &str, members: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/{method}","params":{{{members}"_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}}}}}"#
    )
}

/// Two servers that each list a resource.
fn listed(client: Era, servers: &[Era]) -> Talk {
    let mut talk = Talk::open(client, servers);
    talk.ask("0", "resources/list", "");
    for server in 0..servers.len() {
        talk.answer(
            "resources/list",
            server,
            &format!(r#""result":{{"resources":[{{"uri":"s{server}:1"}}]}}"#),
        );
    }
    talk
}

#[test]
fn a_stream_of_a_stateless_client_is_made_of_all_servers() {
    let mut talk = listed(Stateless, &[Stateless, Handshake]);
    let said = talk.ask(
        "\"l\"",
        "subscriptions/listen",
        r#""notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["s0:1","s1:1","none:1"]}"#,
    );
    assert_eq!(said.len(), 2, "{said:#?}");
    let own = talk.owed("subscriptions/listen", 0).to_string();
    assert!(
        said[0].starts_with("0 < ")
            && said[0].contains(r#""promptsListChanged":true,"resourceSubscriptions":["s0:1"]}"#),
        "{said:#?}"
    );
    assert!(
        said[1].contains(r#""method":"resources/subscribe","params":{"uri":"s1:1"}"#),
        "{said:#?}"
    );
    // Nothing is told before the stream is acknowledged.
    assert_eq!(talk.server(1, TOOLS), [""; 0]);
    let accepted = r#""notifications":{"resourceSubscriptions":["s0:1"]},"#;
    assert_eq!(
        talk.server(0, &on_stream(&own, "subscriptions/acknowledged", accepted)),
        [""; 0]
    );
    let said = talk.answer("resources/subscribe", 1, r#""result":{}"#);
    let told = only(&said[..1], "client");
    assert_eq!(
        at(&told, "method"),
        r#""notifications/subscriptions/acknowledged""#
    );
    assert_eq!(
        at(&told, "params.notifications"),
        r#"{"resourceSubscriptions":["s0:1","s1:1"],"toolsListChanged":true}"#
    );
    let on = |method, members| format!("client < {}", on_stream("\"l\"", method, members));
    assert_eq!(said[1..], [on("tools/list_changed", "")]);
    for (server, told, expected) in [
        (
            0,
            on_stream(&own, "resources/updated", r#""uri":"s0:1","#),
            r#""uri":"s0:1","#,
        ),
        (
            1,
            r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"s1:1/x"}}"#
                .to_owned(),
            r#""uri":"s1:1/x","#,
        ),
    ] {
        assert_eq!(talk.server(server, &told), [on("resources/updated", expected)]);
    }
    // Nobody listens for prompts, or to a stream that is another's.
    let prompts = r#"{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}"#;
    assert_eq!(talk.server(1, prompts), [""; 0]);
    assert!(talk.server(1, &on_stream(&own, "tools/list_changed", ""))[0].starts_with("dropped"));

    let said =
        talk.client(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"l"}}"#);
    assert!(
        said[0].starts_with("0 < ") && said[0].contains(&format!(r#""requestId":{own}"#)),
        "{said:#?}"
    );
    assert!(
        said[1].starts_with("1 < ") && said[1].contains("resources/unsubscribe"),
        "{said:#?}"
    );
    assert_eq!(talk.server(1, TOOLS), [""; 0]);
}

#[test]
fn a_stream_ends_when_nobody_tells_anything_any_more() {
    let mut talk = Talk::open(Stateless, &[Stateless, Stateless]);
    let said = talk.ask(
        "1",
        "subscriptions/listen",
        r#""notifications":{"toolsListChanged":true}"#,
    );
    assert_eq!(said.len(), 2);
    let refusal = r#""error":{"code":-32601,"message":"no"}"#;
    assert_eq!(talk.answer("subscriptions/listen", 1, refusal), [""; 0]);
    let own = talk.owed("subscriptions/listen", 0).to_string();
    let accepted = r#""notifications":{"toolsListChanged":true},"#;
    let said = talk.server(0, &on_stream(&own, "subscriptions/acknowledged", accepted));
    assert_eq!(
        at(&only(&said, "client"), "params.notifications"),
        r#"{"toolsListChanged":true}"#
    );
    let ended = r#"client < {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":1}}}"#;
    let cancelled =
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{own}}}}}"#);
    assert_eq!(talk.server(0, &cancelled), [ended]);

    let mut talk = Talk::open(Stateless, &[Handshake]);
    talk.ask(
        "1",
        "subscriptions/listen",
        r#""notifications":{"toolsListChanged":true}"#,
    );
    assert_eq!(talk.lose(0)[0], ended);
}

#[test]
fn a_client_with_sessions_hears_of_changed_lists_unasked() {
    let mut talk = Talk::open(Handshake, &[Stateless, Handshake]);
    let own = talk.owed("subscriptions/listen", 0).to_string();
    assert_eq!(
        talk.server(0, &on_stream(&own, "subscriptions/acknowledged", "")),
        [""; 0]
    );
    assert_eq!(
        talk.server(0, &on_stream(&own, "tools/list_changed", "")),
        [format!("client < {TOOLS}")]
    );
    assert_eq!(talk.server(1, TOOLS), [format!("client < {TOOLS}")]);
}

#[test]
fn subscribing_to_a_resource_of_a_stateless_server_opens_a_stream() {
    let mut talk = listed(Handshake, &[Stateless, Handshake]);
    let said = talk.ask("1", "resources/subscribe", r#""uri":"s0:1""#);
    let told = only(&said, "0");
    assert_eq!(
        at(&told, "params.notifications"),
        r#"{"resourceSubscriptions":["s0:1"]}"#
    );
    assert!(said[0].contains(era::META_CAPABILITIES));
    let own = at(&told, "id");
    let accepted = r#""notifications":{"resourceSubscriptions":["s0:1"]},"#;
    let done = |id| [format!(r#"client < {{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)];
    assert_eq!(
        talk.server(0, &on_stream(&own, "subscriptions/acknowledged", accepted)),
        done(1)
    );
    assert_eq!(talk.ask("2", "resources/subscribe", r#""uri":"s0:1""#), done(2));
    assert_eq!(
        talk.server(0, &on_stream(&own, "resources/updated", r#""uri":"s0:1","#)),
        [r#"client < {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"s0:1"}}"#]
    );
    let said = talk.ask("3", "resources/unsubscribe", r#""uri":"s0:1""#);
    assert!(
        said[0].contains("notifications/cancelled") && said[0].contains(&own),
        "{said:#?}"
    );
    assert_eq!(said[1..], done(3));

    // A server that does not tell says so.
    let said = talk.ask("4", "resources/subscribe", r#""uri":"s0:1""#);
    let own = at(&only(&said, "0"), "id");
    let said = talk.server(
        0,
        &on_stream(&own, "subscriptions/acknowledged", r#""notifications":{},"#),
    );
    assert!(
        said[0].contains("notifications/cancelled") && said[1].contains("-32602"),
        "{said:#?}"
    );
    talk.ask("5", "resources/subscribe", r#""uri":"s0:1""#);
    let said = talk.answer(
        "subscriptions/listen",
        0,
        r#""error":{"code":-32601,"message":"no"}"#,
    );
    assert!(said[0].contains(r#""id":5,"error":{"code":-32601"#), "{said:#?}");
    // One with sessions is asked in its own way.
    assert!(talk.ask("6", "resources/subscribe", r#""uri":"s1:1""#)[0].starts_with("1 < "));
}

#[test]
fn a_stream_is_accepted_once() {
    let mut talk = listed(Stateless, &[Stateless, Handshake]);
    talk.ask(
        "\"l\"",
        "subscriptions/listen",
        r#""notifications":{"toolsListChanged":true}"#,
    );
    let own = talk.owed("subscriptions/listen", 0).to_string();
    let accepted = r#""notifications":{"toolsListChanged":true},"#;
    talk.server(0, &on_stream(&own, "subscriptions/acknowledged", accepted));
    for number in 0..100 {
        let more = format!(r#""notifications":{{"more{number}":true}},"#);
        talk.server(0, &on_stream(&own, "subscriptions/acknowledged", &more));
    }
    let accepted: Vec<usize> = talk
        .hub
        .listeners
        .values()
        .map(|listener| listener.accepted.len())
        .collect();
    assert_eq!(accepted, [1]);
}
