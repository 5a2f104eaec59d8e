use super::*;

#[test]
fn the_first_request_opens_every_server() {
    let mut talk = Talk::closed(2, Handshake);
    let said = talk.begin();
    assert_eq!(said.len(), 4, "{said:#?}");
    for (server, place) in [(0, 0), (1, 2)] {
        let probe = only(&said[place..=place], &server.to_string());
        assert_eq!(at(&probe, "method"), r#""server/discover""#);
        let meta = probe.get("params").unwrap().get("_meta").unwrap();
        assert_eq!(meta.get(era::META_VERSION).unwrap().as_str(), Some("2026-07-28"));
        assert_eq!(
            meta.get(era::META_CLIENT).unwrap().get("name").unwrap().as_str(),
            Some("c")
        );
        assert!(meta.get(era::META_CAPABILITIES).unwrap().get("roots").is_some());
        assert_eq!(said[place + 1], format!("wake {server} 10"));
    }
    // What is asked meanwhile waits.
    assert_eq!(talk.ask("2", "tools/list", ""), [""; 0]);
    assert_eq!(talk.answer_opening(0, Stateless, r#"{"tools":{}}"#), [""; 0]);
    let said = talk.answer_opening(1, Handshake, r#"{"prompts":{}}"#);
    let welcome = only(&said[..1], "client");
    assert_eq!(at(&welcome, "id"), r#""first""#);
    assert_eq!(at(&welcome, "result.protocolVersion"), r#""2025-11-25""#);
    assert_eq!(
        at(&welcome, "result.capabilities"),
        r#"{"prompts":{},"tools":{}}"#
    );
    assert_eq!(at(&welcome, "result.serverInfo.name"), r#""gait""#);
    assert!(at(&welcome, "result.instructions").contains("a, b"));
    // Who has sessions may speak to the client now; only the other has tools.
    assert_eq!(
        said[1],
        r#"1 < {"jsonrpc":"2.0","method":"notifications/initialized"}"#
    );
    assert!(said.len() == 3 && said[2].starts_with("0 < "), "{said:#?}");
}

#[test]
fn servers_are_opened_in_their_era_or_left_out() {
    for (answer, then) in [
        (
            r#""result":{"supportedVersions":["2026-07-28"],"capabilities":{}}"#,
            "open",
        ),
        (
            r#""result":{"supportedVersions":["2025-11-25"],"capabilities":{}}"#,
            "initialize",
        ),
        (r#""result":{}"#, "initialize"),
        (r#""error":{"code":-32601,"message":"?"}"#, "initialize"),
        (
            r#""error":{"code":-32602,"message":"initialize first"}"#,
            "initialize",
        ),
        (
            r#""error":{"code":-32022,"message":"?","data":{"requested":"x","supported":["2025-06-18"]}}"#,
            "initialize",
        ),
        (
            r#""error":{"code":-32022,"message":"?","data":{"requested":"x","supported":["2027-01-01"]}}"#,
            "left out",
        ),
    ] {
        let mut talk = Talk::closed(1, Stateless);
        talk.begin();
        let said = talk.answer("server/discover", 0, answer);
        let what = match &talk.steps[..] {
            [HubStep::ToClient(_)] => "open",
            [HubStep::ToServer(0, _), HubStep::WakeAfter(0, _)] => "initialize",
            [HubStep::Dropped(_), HubStep::ToClient(_)] => "left out",
            _ => "?",
        };
        assert_eq!(what, then, "{answer} {said:#?}");
    }
    for answer in [
        r#""error":{"code":-32603,"message":"?"}"#,
        r#""result":{"protocolVersion":"1999-01-01","capabilities":{}}"#,
        r#""result":{"capabilities":{}}"#,
    ] {
        let mut talk = Talk::closed(1, Stateless);
        talk.begin();
        talk.wake(0);
        let said = talk.answer("initialize", 0, answer);
        assert!(
            said[0].starts_with("dropped a is left out") && said[1].contains("-32603"),
            "{said:#?}"
        );
    }
}

#[test]
fn who_does_not_answer_in_time_gets_another_chance_and_no_third() {
    let mut talk = Talk::closed(2, Handshake);
    talk.begin();
    let probe = talk.reply(
        "server/discover",
        0,
        r#""result":{"supportedVersions":["2026-07-28"]}"#,
    );
    let said = talk.wake(0);
    let initialize = only(&said[..1], "0");
    assert_eq!(at(&initialize, "params.protocolVersion"), r#""2025-11-25""#);
    assert_eq!(at(&initialize, "params.clientInfo.name"), r#""c""#);
    assert_eq!(said[1], "wake 0 60");
    // The answer to what was given up is of no use any more.
    assert_eq!(
        talk.server(0, &probe),
        ["dropped a sent an answer that nobody waits for"]
    );
    assert_eq!(talk.wake(0), ["dropped a is left out: it did not answer in time"]);
    assert_eq!(talk.wake(0), [""; 0]);
    let said = talk.answer_opening(1, Stateless, ALL);
    assert!(said[0].starts_with("client < "), "{said:#?}");
    let said = talk.ask("3", "tools/call", r#""name":"a__x""#);
    assert_eq!(at(&only(&said, "client"), "error.code"), "-32602");
}

#[test]
fn the_eras_of_the_servers_do_not_show() {
    for server in [Stateless, Handshake] {
        let mut talk = Talk::open(Stateless, &[server, server]);
        let said = talk.ask("1", "server/discover", "");
        let found = only(&said, "client");
        assert_eq!(at(&found, "result.supportedVersions"), r#"["2026-07-28"]"#);
        assert_eq!(at(&found, "result.capabilities.tools"), r#"{"listChanged":true}"#);
        assert_eq!(at(&found, "result.cacheScope"), r#""private""#);
        assert_eq!(at(&found, "result.resultType"), r#""complete""#);
        // The two eras have different tasks.
        assert_eq!(
            at(&found, "result.capabilities.tasks").is_empty(),
            server == Handshake
        );
    }
}

#[test]
fn the_client_gets_the_revision_that_all_servers_know() {
    let mut talk = Talk::closed(2, Handshake);
    talk.begin();
    talk.wake(0);
    let result = r#""result":{"protocolVersion":"2024-11-05","capabilities":{},"instructions":"Be kind."}"#;
    talk.answer("initialize", 0, result);
    let said = talk.answer_opening(1, Stateless, "{}");
    let welcome = only(&said, "client");
    assert_eq!(at(&welcome, "result.protocolVersion"), r#""2024-11-05""#);
    assert!(at(&welcome, "result.instructions").contains("# a\\n\\nBe kind."));
}

#[test]
fn requests_that_say_too_little_are_refused() {
    let mut talk = Talk::open(Stateless, &[Stateless]);
    let old = r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-01-01"}}}"#;
    let refusal = only(&talk.client(old), "client");
    assert_eq!(at(&refusal, "error.code"), "-32022");
    assert_eq!(
        at(&refusal, "error.data"),
        r#"{"requested":"2026-01-01","supported":["2026-07-28"]}"#
    );
    let bare = r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
    assert_eq!(at(&only(&talk.client(bare), "client"), "error.code"), "-32602");
    let mut talk = Talk::open(Handshake, &[Handshake]);
    assert_eq!(at(&only(&talk.begin(), "client"), "error.code"), "-32600");
    let mut talk = Talk::closed(1, Handshake);
    assert_eq!(
        at(&only(&talk.ask("1", "initialize", ""), "client"), "error.code"),
        "-32602"
    );
}

#[test]
fn nobody_speaks_to_a_client_that_is_not_ready() {
    let mut talk = Talk::closed(2, Handshake);
    talk.begin();
    let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;
    assert!(talk.server(0, log)[0].starts_with("dropped"));
    talk.answer_opening(0, Handshake, ALL);
    let said = talk.answer_opening(1, Handshake, ALL);
    assert!(said.len() == 1 && said[0].starts_with("client < "), "{said:#?}");
    let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(
        talk.client(ready),
        [format!("0 < {ready}"), format!("1 < {ready}")]
    );
    assert_eq!(talk.client(ready), [""; 0]);
}

#[test]
fn servers_have_names_of_their_own() {
    let name = |name| ServerName::new(name).unwrap();
    let settings = || Settings::new("1");
    let twice = Hub::new(vec![name("a"), name("b"), name("a")], settings(), "n").unwrap_err();
    assert_eq!(twice, InvalidServers::Ambiguous(name("a")));
    assert_eq!(
        Hub::new(Vec::new(), settings(), "n").unwrap_err(),
        InvalidServers::Count
    );
}
