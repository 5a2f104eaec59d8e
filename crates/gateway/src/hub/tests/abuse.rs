use super::*;

#[test]
fn broken_messages_are_told_to_the_client_and_dropped_from_servers() {
    let mut talk = Talk::open(Handshake, &[Handshake]);
    for (text, code) in [
        ("{", "-32700"),
        ("[]", "-32600"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[]}"#, "-32602"),
    ] {
        assert!(talk.client(text)[0].contains(code), "{text}");
        assert!(
            talk.server(0, text)[0].starts_with("dropped a sent what is no message"),
            "{text}"
        );
    }
    talk.hub.from_server(9, b"{}", &mut Vec::new());
    assert_eq!(talk.lose(9), [""; 0]);
    assert_eq!(talk.wake(9), [""; 0]);
}

#[test]
fn answers_count_once_and_from_who_was_asked() {
    let mut talk = Talk::open(Handshake, &[Handshake, Handshake]);
    talk.ask("1", "tools/call", r#""name":"a__x""#);
    let answer = talk.reply("tools/call", 0, r#""result":{"content":[]}"#);
    assert!(talk.server(1, &answer)[0].starts_with("dropped b"));
    assert!(talk.server(0, &answer.replace("\"id\":", "\"id\":9"))[0].starts_with("dropped a"));
    assert!(talk.server(0, r#"{"jsonrpc":"2.0","id":"1","result":{}}"#)[0].starts_with("dropped a"));
    assert!(talk.server(0, r#"{"jsonrpc":"2.0","id":null,"error":{}}"#)[0].starts_with("dropped a"));
    assert!(talk.server(0, &answer)[0].starts_with("client < "));
    assert!(talk.server(0, &answer)[0].starts_with("dropped a"));
    assert!(talk.client(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)[0].starts_with("dropped"));
}

#[test]
fn an_id_cannot_be_used_twice_at_a_time() {
    let mut talk = Talk::open(Handshake, &[Handshake]);
    talk.ask("1", "tools/call", r#""name":"x""#);
    assert!(talk.ask("1", "tools/list", "")[0].contains("still in flight"));
    assert!(talk.answer("tools/call", 0, r#""result":{}"#)[0].starts_with("client < "));
    assert!(talk.ask("1", "tools/list", "")[0].starts_with("0 < "));
}

#[test]
fn tables_are_bounded() {
    let mut talk = Talk::closed(1, Handshake);
    talk.begin();
    for id in 0..1000 {
        talk.ask(&id.to_string(), "tools/list", "");
    }
    assert!(talk.said()[0].contains("too many"));
    assert!(talk.hub.parked.len() < 300);

    let mut talk = Talk::open(Handshake, &[Handshake]);
    for id in 0..=MAX_IN_FLIGHT {
        talk.ask(&id.to_string(), "tools/list", "");
    }
    assert!(talk.said()[0].contains("too many"));
    for id in 0..=MAX_IN_FLIGHT {
        talk.server(
            0,
            &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"roots/list"}}"#),
        );
    }
    assert!(talk.said()[0].starts_with("0 < ") && talk.said()[0].contains("too many"));

    let mut talk = Talk::open(Stateless, &[Handshake]);
    for id in 0..300 {
        talk.ask(&id.to_string(), "tools/call", r#""name":"x""#);
        talk.server(
            0,
            &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"roots/list"}}"#),
        );
    }
    assert_eq!((talk.hub.suspended.len(), talk.hub.owed.len()), (256, 256));
    // Levels that change with every request leave nothing behind for long.
    for id in 0..20_000 {
        let level = ["debug", "info"][id % 2];
        let call = request(Stateless, &id.to_string(), "ping", "").replace(
            META,
            &format!(r#"{META},"io.modelcontextprotocol/logLevel":"{level}""#),
        );
        talk.client(&call);
        talk.client(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        ));
    }
    assert!(talk.hub.owed.len() <= MAX_IN_FLIGHT + 1);
    for id in 0..100 {
        talk.ask(
            &format!("\"l{id}\""),
            "subscriptions/listen",
            r#""notifications":{}"#,
        );
    }
    assert!(talk.said()[0].contains("-32600"));
}

#[test]
fn what_is_for_nobody_is_dropped_and_told() {
    let mut talk = Talk::open(Handshake, &[Handshake, Handshake]);
    for text in [
        r#"{"jsonrpc":"2.0","method":"notifications/unheard"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged"}"#,
    ] {
        assert!(talk.client(text)[0].starts_with("dropped"), "{text}");
        assert!(talk.server(0, text)[0].starts_with("dropped"), "{text}");
    }
    let roots = r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#;
    assert_eq!(
        talk.client(roots),
        [format!("0 < {roots}"), format!("1 < {roots}")]
    );
    let unheard = r#"{"jsonrpc":"2.0", "method":"notifications/unheard"}"#;
    let mut talk = Talk::open(Handshake, &[Handshake]);
    assert_eq!(talk.client(unheard), [format!("0 < {unheard}")]);
    assert_eq!(talk.server(0, unheard), [format!("client < {unheard}")]);
    assert_eq!(
        talk.client(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
        [""; 0]
    );
}
