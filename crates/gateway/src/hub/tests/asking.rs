use super::*;

const FORM: &str = r#"{"message":"m","requestedSchema":{"type":"object","properties":{}},"n":1.0}"#;

/// What a server with sessions asks.
fn question(id: &str, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

#[test]
fn requests_of_servers_get_ids_of_the_hub() {
    let mut talk = Talk::open(Handshake, &[Handshake, Handshake]);
    let mut ids = Vec::new();
    for server in 0..2 {
        let asked = question("\"q\\u0041\"", "elicitation/create", FORM);
        let said = talk.server(server, &asked);
        let told = only(&said, "client");
        assert!(said[0].contains(FORM), "{said:#?}");
        ids.push(at(&told, "id"));
    }
    for (server, id) in ids.iter().enumerate().rev() {
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"action":"accept","n":1.0}}}}"#);
        let said = talk.client(&answer);
        assert_eq!(
            said,
            [format!(
                "{server} < {}",
                answer.replace(id.as_str(), "\"q\\u0041\"")
            )]
        );
        assert!(talk.client(&answer)[0].starts_with("dropped"));
    }
    // The client tells progress under what the hub made of the token.
    let said = talk.server(
        1,
        &question("7", "roots/list", r#"{"_meta":{"progressToken":"p"}}"#),
    );
    let own = at(&only(&said, "client"), "params._meta.progressToken");
    let told = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{own},"progress":1}}}}"#
    );
    assert_eq!(
        talk.client(&told),
        [format!("1 < {}", told.replace(&format!(":{own},"), ":\"p\","))]
    );
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
    assert!(talk.server(0, cancel)[0].starts_with("dropped"));
    assert_eq!(
        talk.server(1, cancel),
        [format!("client < {}", cancel.replace('7', &own))]
    );
    // Those that are stateless have no such requests.
    let mut talk = Talk::open(Handshake, &[Stateless]);
    assert!(talk.server(0, &question("1", "roots/list", "{}"))[0].contains("-32601"));
}

#[test]
fn what_a_stateless_server_needs_is_asked_and_the_call_made_again() {
    let mut talk = Talk::open(Handshake, &[Stateless, Stateless]);
    talk.ask("1", "tools/call", r#""name":"b__x","arguments":{"n":1.0}"#);
    let first = talk.owed("tools/call", 1);
    let needs = format!(
        r#""result":{{"resultType":"input_required","inputRequests":{{"f":{{"method":"elicitation/create","params":{FORM}}},"r":{{"method":"roots/list"}}}},"requestState":"s\u0041"}}"#
    );
    let said = talk.answer("tools/call", 1, &needs);
    let (form, roots) = (only(&said[..1], "client"), only(&said[1..], "client"));
    assert!(said[0].contains(FORM), "{said:#?}");
    assert_eq!(at(&roots, "method"), r#""roots/list""#);
    let answer = |asked: &Value, result: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#,
            at(asked, "id")
        )
    };
    assert_eq!(talk.client(&answer(&roots, r#"{"roots":[]}"#)), [""; 0]);
    let said = talk.client(&answer(&form, r#"{"action":"accept","content":{"n":1.0}}"#));
    assert_ne!(talk.owed("tools/call", 1), first);
    for part in [
        r#""name":"x","arguments":{"n":1.0}"#,
        r#""f":{"action":"accept","content":{"n":1.0}}"#,
        r#""r":{"roots":[]}"#,
        r#""requestState":"s\u0041""#,
    ] {
        assert!(
            said.len() == 1 && said[0].starts_with("1 < ") && said[0].contains(part),
            "{said:#?}"
        );
    }
    let said = talk.answer(
        "tools/call",
        1,
        r#""result":{"resultType":"complete","content":[]}"#,
    );
    assert_eq!(
        said,
        [r#"client < {"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#]
    );
}

#[test]
fn a_call_fails_when_the_client_cannot_give_what_is_needed() {
    for (needed, told) in [
        (
            r#"{"method":"sampling/createMessage","params":{}}"#,
            "sampling/createMessage",
        ),
        (
            r#"{"method":"elicitation/create","params":{"mode":"url","url":"https://x"}}"#,
            "elicitation/create",
        ),
        (r#"{"method":"unheard/of"}"#, "unheard/of"),
    ] {
        let mut talk = Talk::open(Handshake, &[Stateless]);
        talk.ask("1", "tools/call", r#""name":"x""#);
        let needs = format!(r#""result":{{"resultType":"input_required","inputRequests":{{"k":{needed}}}}}"#);
        let said = talk.answer("tools/call", 0, &needs);
        let answer = only(&said, "client");
        assert_eq!(at(&answer, "result.isError"), "true", "{said:#?}");
        assert!(at(&answer, "result.content.0.text").contains(told), "{said:#?}");
        talk.ask("2", "prompts/get", r#""name":"x""#);
        assert!(talk.answer("prompts/get", 0, &needs)[0].contains("-32603"));
    }
    let mut talk = Talk::open(Handshake, &[Stateless]);
    talk.ask("1", "tools/call", r#""name":"x""#);
    let needs = r#""result":{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"},"b":{"method":"roots/list"}}}"#;
    let said = talk.answer("tools/call", 0, needs);
    let id = at(&only(&said[..1], "client"), "id");
    let said = talk.client(&format!(
        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":1,"message":"no roots"}}}}"#
    ));
    assert!(said[0].contains("notifications/cancelled"), "{said:#?}");
    assert!(
        said[1].contains("no roots") && said[1].contains("isError"),
        "{said:#?}"
    );
}

#[test]
fn a_server_that_only_asks_comes_to_an_end() {
    let mut talk = Talk::open(Handshake, &[Stateless]);
    talk.ask("1", "tools/call", r#""name":"x""#);
    for round in 0..=16 {
        let said = talk.answer(
            "tools/call",
            0,
            r#""result":{"resultType":"input_required","requestState":"s"}"#,
        );
        let is_last = round == 16;
        assert!(
            said[0].starts_with(if is_last { "client < " } else { "0 < " }),
            "{round} {said:#?}"
        );
    }
}

/// A stateless client whose call waits for a form; what it has to bring back, and the key of the form.
fn suspended(talk: &mut Talk) -> (String, String) {
    talk.ask("1", "tools/call", r#""name":"x","arguments":{"n":1.0}"#);
    let said = talk.server(0, &question("\"q\"", "elicitation/create", FORM));
    let answer = only(&said, "client");
    assert_eq!(at(&answer, "id"), "1");
    assert_eq!(at(&answer, "result.resultType"), r#""input_required""#);
    assert!(
        said[0].contains(&format!(r#"{{"method":"elicitation/create","params":{FORM}}}"#)),
        "{said:#?}"
    );
    let requests = answer
        .get("result")
        .unwrap()
        .get("inputRequests")
        .unwrap()
        .as_object()
        .unwrap();
    (
        at(&answer, "result.requestState"),
        requests.keys().next().unwrap().to_owned(),
    )
}

fn again(state: &str, key: &str) -> String {
    format!(
        r#""arguments":{{"n":1.0}},"name":"x","requestState":{state},"inputResponses":{{"{key}":{{"action":"accept","n":1.0}}}}"#
    )
}

#[test]
fn what_a_server_with_sessions_asks_becomes_a_result_and_the_call_goes_on() {
    let mut talk = Talk::open(Stateless, &[Handshake]);
    let (state, key) = suspended(&mut talk);
    let members = again(&state, &key);
    assert_eq!(
        talk.ask("2", "tools/call", &members),
        [r#"0 < {"jsonrpc":"2.0","id":"q","result":{"action":"accept","n":1.0}}"#]
    );
    let said = talk.answer("tools/call", 0, r#""result":{"content":[]}"#);
    assert_eq!(
        said,
        [r#"client < {"jsonrpc":"2.0","id":2,"result":{"content":[],"resultType":"complete"}}"#]
    );
    // It goes on once.
    assert!(talk.ask("3", "tools/call", &members)[0].contains("-32602"));
}

#[test]
fn a_state_is_good_for_its_own_call_only() {
    let mut talk = Talk::open(Stateless, &[Handshake]);
    let (state, key) = suspended(&mut talk);
    let other = again(&state, &key).replace("1.0}", "2.0}");
    let said = talk.ask("2", "tools/call", &other);
    assert!(
        said[0].starts_with("0 < ") && said[0].contains(r#""id":"q","error""#),
        "{said:#?}"
    );
    assert!(
        said[1].contains("notifications/cancelled") && said[2].contains("-32602"),
        "{said:#?}"
    );
    assert!(talk.hub.owed.is_empty() && talk.hub.suspended.is_empty());
    // What was not given out here is the server's own business.
    assert!(talk.ask("3", "tools/call", &again("\"theirs\"", "k"))[0].starts_with("0 < "));
}

#[test]
fn the_client_is_asked_until_it_has_said_all() {
    let mut talk = Talk::open(Stateless, &[Handshake]);
    let (state, key) = suspended(&mut talk);
    assert_eq!(talk.server(0, &question("8", "roots/list", "{}")), [""; 0]);
    let said = talk.ask("2", "tools/call", &again(&state, &key));
    assert!(said[0].contains(r#""id":"q","result""#), "{said:#?}");
    let answer = only(&said[1..], "client");
    assert_eq!(at(&answer, "result.resultType"), r#""input_required""#);
    assert!(
        said[1].contains("roots/list") && !said[1].contains("elicitation"),
        "{said:#?}"
    );
    let next = at(&answer, "result.requestState");
    assert_ne!(next, state);
    // The server does not want to know any more, and answers before the client comes back.
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}}"#;
    assert_eq!(talk.server(0, cancel), [""; 0]);
    assert_eq!(
        talk.answer("tools/call", 0, r#""result":{"content":[1.0]}"#),
        [""; 0]
    );
    let said = talk.ask("3", "tools/call", &again(&next, "0"));
    assert!(
        said.len() == 1 && said[0].contains(r#""id":3,"result":{"content":[1.0]"#),
        "{said:#?}"
    );
}

#[test]
fn what_the_gateway_asks_about_one_call_is_put_to_no_other() {
    let mut talk = Talk::open(Stateless, &[Handshake]);
    talk.ask("1", "tools/call", r#""name":"x""#);
    let first = talk.owed("tools/call", 0);
    talk.ask("2", "tools/call", r#""name":"y""#);
    let asked = |call: i64| {
        question(
            &format!("\"gait-approval-{call}-0123\""),
            "elicitation/create",
            FORM,
        )
    };
    assert!(talk.server(0, &asked(12345))[0].contains("-32601"));
    let answer = only(&talk.server(0, &asked(first + 1)), "client");
    assert_eq!(at(&answer, "id"), "2");
    let answer = only(&talk.server(0, &asked(first)), "client");
    assert_eq!(at(&answer, "id"), "1");
}

#[test]
fn nobody_is_asked_what_no_call_can_carry() {
    let mut talk = Talk::open(Stateless, &[Handshake]);
    let roots = question("1", "roots/list", "{}");
    assert!(talk.server(0, &roots)[0].starts_with("0 < ") && talk.said()[0].contains("-32601"));
    talk.ask("1", "tools/list", "");
    assert!(talk.server(0, &roots)[0].contains("-32601"));
    talk.ask("2", "tools/call", r#""name":"x""#);
    assert!(talk.server(0, &question("1", "sampling/createMessage", "{}"))[0].contains("-32601"));
    assert!(talk.server(0, &roots)[0].starts_with("client < "));
}

#[test]
fn between_stateless_sides_nothing_is_asked_by_the_hub() {
    let mut talk = Talk::open(Stateless, &[Stateless]);
    talk.ask("1", "tools/call", r#""name":"x""#);
    let needs = r#""result":{"resultType":"input_required","inputRequests":{},"requestState":"s"}"#;
    let said = talk.answer("tools/call", 0, needs);
    assert!(
        said[0].starts_with("client < ") && said[0].contains(needs),
        "{said:#?}"
    );
    let said = talk.ask(
        "2",
        "tools/call",
        r#""name":"x","requestState":"s","inputResponses":{}"#,
    );
    assert!(said[0].starts_with("0 < ") && said[0].contains(r#""requestState":"s","inputResponses":{}"#));
}

#[test]
fn cancelling_takes_back_what_the_client_was_asked() {
    let mut talk = Talk::open(Handshake, &[Stateless]);
    talk.ask("1", "tools/call", r#""name":"x""#);
    let needs = r#""result":{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"}}}"#;
    let id = at(&only(&talk.answer("tools/call", 0, needs), "client"), "id");
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let said = talk.client(cancel);
    assert!(
        said.len() == 1 && said[0].contains(&format!(r#""requestId":{id}"#)),
        "{said:#?}"
    );
    assert!(
        talk.client(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#))[0].starts_with("dropped")
    );
}
