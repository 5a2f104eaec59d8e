//! Approvals of calls at one of several servers, for clients on standard input and output and over HTTP.

use serde_json::{Value, json};

use crate::approvals::{ASK, KEY, altered, back, state};
use crate::gateway::Gateway;
use crate::http::{Listening, Stream};
use crate::messages::{
    FORMS, LIST, META, OPENED, OPENING, ask_modern, assert_ran, assert_refused, begin_modern, call,
    call_with, modern, names, opened, opened_with, opening_with_forms, refused,
};
use crate::site::Site;

/// Two servers: one with sessions, one of the stateless era.
const SERVERS: &str = r#"{"mcpServers": {
    "old": {"command": "sh", "args": ["server.sh", "old"]},
    "new": {"command": "sh", "args": ["server.sh", "new", "modern"]}
}}"#;
const BOTH: [&str; 2] = ["old", "new"];
const FLAGS: [&str; 2] = ["--servers", "servers.json"];

fn site() -> Site {
    let site = Site::with_keys(ASK);
    site.write("servers.json", SERVERS);
    site
}

fn beside_client(site: &Site, flags: &[&str]) -> Gateway {
    site.start(&[&FLAGS, &KEY, flags].concat())
}

fn listening(site: &Site, flags: &[&str]) -> Listening {
    Listening::start(site, &[&FLAGS, &KEY, flags].concat())
}

/// How the client knows the tool that needs an approval.
fn drop_at(server: &str) -> String {
    format!("{server}__drop")
}

/// How many calls reached each server.
fn reached(site: &Site) -> [usize; 2] {
    BOTH.map(|server| site.reached(server).len())
}

#[test]
fn calls_of_a_client_with_sessions_wait_for_people() {
    let site = site();
    let mut gateway = beside_client(&site, &[]);
    gateway.ask(OPENING);
    gateway.send(OPENED);
    assert_eq!(names(&gateway.ask(LIST)), ["new__drop", "old__drop"]);
    for (id, server) in (3..).zip(BOTH) {
        let tool = drop_at(server);
        gateway.send(&call(id, &tool, "{}"));
        let asked = gateway.asked();
        assert!(site.reached(server).is_empty());
        // The other server is not held up.
        let ping = format!(r#"{{"jsonrpc":"2.0","id":"{server}","method":"ping"}}"#);
        assert_eq!(gateway.ask(&ping)["id"], server);
        site.decide("approve", &asked);
        let answer = gateway.next();
        assert_ran(&answer, id, server);

        gateway.send(&call(id + 10, &tool, "{}"));
        let next = gateway.asked();
        assert_ne!(next, asked);
        site.decide("deny", &next);
        let answer = gateway.next();
        assert_refused(&answer, "approval_denied");
        assert_eq!(refused(&answer).1, next);
    }
    assert_eq!(reached(&site), [1, 1]);
    gateway.end();
}

#[test]
fn waiting_has_an_end_and_so_has_the_time_to_decide() {
    for (flags, code) in [
        (&["--approval-wait", "1ms"][..], "approval_pending"),
        (&["--approval-decide-within", "1s"], "approval_timeout"),
    ] {
        let site = site();
        let mut gateway = beside_client(&site, flags);
        gateway.ask(OPENING);
        for (id, server) in (3..).zip(BOTH) {
            let answer = gateway.ask(&call(id, &drop_at(server), "{}"));
            assert_refused(&answer, code);
            assert_eq!(refused(&answer).1, gateway.asked());
        }
        gateway.end();
        assert_eq!(reached(&site), [0, 0]);
    }
}

/// Asks for a form in the client of the era of sessions, and answers it.
fn reply(question: &Value, action: &str) -> String {
    assert_eq!(question["method"], "elicitation/create", "{question}");
    json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": action, "content": {}}}).to_string()
}

#[test]
fn a_client_with_sessions_is_asked_about_calls_at_servers_of_any_era() {
    let site = site();
    let mut gateway = beside_client(&site, &[]);
    gateway.ask(&opening_with_forms());
    gateway.send(OPENED);
    for (id, server) in (3..).zip(BOTH) {
        let tool = drop_at(server);
        gateway.send(&call(id, &tool, "{}"));
        let question = gateway.next();
        let answer = gateway.ask(&reply(&question, "decline"));
        assert_refused(&answer, "approval_withdrawn");
        assert_eq!(answer["id"], id);
        assert_eq!(refused(&answer).1, gateway.asked());

        gateway.send(&call(id + 10, &tool, "{}"));
        let question = gateway.next();
        site.decide("approve", &gateway.asked());
        gateway.send(&reply(&question, "accept"));
        let answer = loop {
            // The form may have been taken back before.
            let heard = gateway.next();
            if heard.get("method").is_none() {
                break heard;
            }
        };
        assert_ran(&answer, id + 10, server);
    }
    for server in BOTH {
        let seen = site.seen(server);
        assert!(
            !seen.contains("gait-approval") && !seen.contains("\"action\""),
            "{seen}"
        );
    }
    assert_eq!(reached(&site), [1, 1]);
    gateway.end();
}

/// How a client of the stateless era is answered.
trait Ask {
    fn ask(&mut self, tool: &str, message: &str) -> Value;
    fn asked(&self) -> String;
}

impl Ask for Gateway {
    fn ask(&mut self, _: &str, message: &str) -> Value {
        Self::ask(self, message)
    }

    fn asked(&self) -> String {
        Self::asked(self)
    }
}

impl Ask for Listening {
    fn ask(&mut self, tool: &str, message: &str) -> Value {
        ask_modern(self, "tools/call", tool, message).json()
    }

    fn asked(&self) -> String {
        Self::asked(self)
    }
}

/// What the client calls the form, and the state, that it is sent away with.
fn sent_away(answer: &Value) -> (String, String) {
    let state = state(answer);
    let forms = answer["result"]["inputRequests"].as_object().unwrap();
    let (key, form) = forms.iter().next().unwrap();
    assert_eq!((forms.len(), &form["method"]), (1, &json!("elicitation/create")));
    (key.clone(), state)
}

/// Calls a tool of the stateless server, is sent away and comes back.
fn comes_back_to_a_stateless_server(site: &Site, gateway: &mut impl Ask) {
    let tool = drop_at("new");
    let first = gateway.ask(&tool, &call_with(1, &tool, "{}", FORMS));
    let (key, state) = sent_away(&first);
    assert_eq!(key, "gait-approval");
    let id = gateway.asked();
    let mut again = |id: u32, tool: &str, arguments: &str, state: &str| {
        gateway.ask(tool, &call_with(id, tool, arguments, &back(&key, state)))
    };
    assert_refused(&again(2, &tool, "{}", &altered(&state)), "approval_state_invalid");
    assert_refused(
        &again(3, &tool, r#"{"other":1}"#, &state),
        "approval_token_intent_mismatch",
    );
    // A state for one server is none for another.
    assert_refused(
        &again(4, &drop_at("old"), "{}", &state),
        "approval_server_mismatch",
    );
    site.decide("approve", &id);
    let answer = again(5, &tool, "{}", &state);
    assert_ran(&answer, 5, "new");
    assert_refused(&again(6, &tool, "{}", &state), "approval_state_replayed");
    assert_eq!(reached(site), [0, 1]);
    let seen = site.seen("new");
    assert!(
        !seen.contains("gait-approval") && !seen.contains(&state),
        "{seen}"
    );
}

/// Calls a tool of the server with sessions, is sent away and comes back. The server's own state is the hub's here.
fn comes_back_to_a_server_with_sessions(site: &Site, gateway: &mut impl Ask) {
    let tool = drop_at("old");
    let mut call =
        |id: u32, arguments: &str, more: &str| gateway.ask(&tool, &call_with(id, &tool, arguments, more));
    let (key, first) = sent_away(&call(11, "{}", FORMS));
    // Whoever brings no state that was given out begins anew, and one that is for another call ends both.
    let (other, second) = sent_away(&call(12, r#"{"other":1}"#, &back(&key, &altered(&first))));
    let swapped = call(13, r#"{"another":1}"#, &back(&other, &second));
    assert_eq!(swapped["error"]["code"], -32602, "{swapped}");
    let id = gateway.asked();
    gateway.asked();
    assert_eq!(site.reached("old").len(), 0);
    site.decide("approve", &id);
    let mut again = |id: u32| gateway.ask(&tool, &call_with(id, &tool, "{}", &back(&key, &first)));
    let answer = again(14);
    assert_ran(&answer, 14, "old");
    let replayed = again(15);
    assert_eq!(replayed["error"]["code"], -32602, "{replayed}");
    assert_eq!(site.reached("old").len(), 1);
    assert!(
        !site.seen("old").contains("gait-approval"),
        "{}",
        site.seen("old")
    );
}

#[test]
fn a_stateless_client_is_sent_away_and_comes_back() {
    let site = site();
    let mut gateway = beside_client(&site, &[]);
    comes_back_to_a_stateless_server(&site, &mut gateway);
    comes_back_to_a_server_with_sessions(&site, &mut gateway);
    // Who comes back before anybody has decided waits.
    let tool = drop_at("old");
    let (key, state) = sent_away(&gateway.ask(&call_with(21, &tool, "{}", FORMS)));
    gateway.send(&call_with(22, &tool, "{}", &back(&key, &state)));
    site.decide("deny", &gateway.asked());
    let answer = gateway.next();
    assert_eq!(answer["id"], 22);
    assert_refused(&answer, "approval_denied");
    gateway.end();
    assert_eq!(reached(&site), [1, 1]);
}

#[test]
fn a_stateless_client_over_http_is_sent_away_and_comes_back() {
    let site = site();
    let mut gateway = listening(&site, &[]);
    comes_back_to_a_stateless_server(&site, &mut gateway);
    comes_back_to_a_server_with_sessions(&site, &mut gateway);
    // Servers are shared, states are not: they name who asks.
    let tool = drop_at("new");
    let first = Ask::ask(&mut gateway, &tool, &call_with(1, &tool, "{}", FORMS));
    let (key, state) = sent_away(&first);
    site.decide("approve", &gateway.asked());
    let headers = [
        ("Authorization", "Bearer other"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", &tool),
    ];
    let stolen = gateway.post(&headers, &call_with(2, &tool, "{}", &back(&key, &state)));
    assert_refused(&stolen.json(), "approval_token_intent_mismatch");
    assert_eq!(reached(&site), [1, 1]);
    gateway.end();
}

#[test]
fn calls_of_a_stateless_client_without_forms_wait_over_http() {
    let site = site();
    let gateway = listening(&site, &[]);
    for (server, decision) in [("old", "approve"), ("new", "deny")] {
        let tool = drop_at(server);
        let asked = begin_modern(&gateway, "tools/call", &tool, &call_with(7, &tool, "{}", META));
        let id = gateway.asked();
        // Others are answered meanwhile.
        let list = ask_modern(&gateway, "tools/list", "", &modern(7, "tools/list", ""));
        assert_eq!(names(&list.json()), ["new__drop", "old__drop"]);
        site.decide(decision, &id);
        let answer = asked.wait().json();
        assert_eq!(answer["id"], 7);
        if decision == "approve" {
            assert_eq!(answer["result"]["from"], server);
        } else {
            assert_refused(&answer, "approval_denied");
        }
    }
    assert_eq!(reached(&site), [1, 0]);
    gateway.end();
}

#[test]
fn sessions_over_http_have_approvals_of_their_own() {
    let site = site();
    let gateway = listening(&site, &["--approval-wait", "0"]);
    let sessions = [opened(&gateway, &[]), opened(&gateway, &[])];
    let tool = drop_at("old");
    let call = |session: &str| {
        gateway
            .post(&[("Mcp-Session-Id", session)], &call(5, &tool, "{}"))
            .json()
    };
    let answer = call(&sessions[0]);
    assert_refused(&answer, "approval_pending");
    let id = gateway.asked();
    assert_eq!(refused(&answer).1, id);
    site.decide("approve", &id);
    let other = call(&sessions[1]);
    assert_refused(&other, "approval_pending");
    assert_ne!(refused(&other).1, id);
    assert_eq!(call(&sessions[0])["result"]["from"], "old");
    assert_refused(&call(&sessions[0]), "approval_pending");
    assert_eq!(reached(&site), [1, 0]);
    gateway.end();
}

/// The next message of a stream.
fn heard(stream: &mut Stream) -> Value {
    serde_json::from_str(&stream.event()).unwrap()
}

/// Asserts that the next message says that a call waits.
#[track_caller]
fn assert_still_waits(stream: &mut Stream, token: &Value) {
    let notice = heard(stream);
    assert_eq!(notice["params"]["progressToken"], *token, "{notice}");
    assert_eq!(notice["params"]["message"], "waiting for an approval");
}

#[test]
fn who_waits_over_http_hears_of_it_in_a_stream_that_stays_open() {
    let site = site();
    let gateway = listening(&site, &[]);
    let session = opened(&gateway, &[]);
    let named = [("Mcp-Session-Id", session.as_str())];
    let tool = drop_at("old");
    let token = r#""_meta":{"progressToken":"mine"}"#;
    let mut stream = gateway.stream("POST", &named, &call_with(5, &tool, "{}", token));
    let asked = gateway.asked();
    for _ in 0..2 {
        assert_still_waits(&mut stream, &json!("mine"));
    }
    site.decide("approve", &asked);
    assert_ran(&heard(&mut stream), 5, "old");
    gateway.end();
}

#[test]
fn a_stateless_client_that_waits_over_http_hears_of_it_under_its_own_token() {
    let site = site();
    let gateway = listening(&site, &[]);
    let token = META.replace(r#"{"io"#, r#"{"progressToken":7,"io"#);
    let begin = |server: &str| {
        let tool = drop_at(server);
        let message = call_with(9, &tool, "{}", &token);
        begin_modern(&gateway, "tools/call", &tool, &message)
    };
    // Both clients use the same id and the same token.
    let old = begin("old");
    let first = gateway.asked();
    let new = begin("new");
    let second = gateway.asked();
    let [mut old, mut new] = [old.stream(), new.stream()];
    assert_still_waits(&mut old, &json!(7));
    assert_still_waits(&mut new, &json!(7));
    site.decide("approve", &first);
    assert_ran(&heard(&mut old), 9, "old");
    site.decide("deny", &second);
    assert_refused(&heard(&mut new), "approval_denied");
    assert_eq!(reached(&site), [1, 0]);
    gateway.end();
}

#[test]
fn clients_that_share_servers_are_asked_about_their_own_calls_only() {
    let site = site();
    site.write(
        "policy.yaml",
        &ASK.replace("default_verdict: block", "default_verdict: allow"),
    );
    let gateway = listening(&site, &[]);
    let begin = |id: u32, tool: &str, arguments: &str| {
        begin_modern(
            &gateway,
            "tools/call",
            tool,
            &call_with(id, tool, arguments, FORMS),
        )
    };
    // It is older, and its server has not answered it.
    let other = begin(1, "old__read", r#"{"path":"/hold"}"#);
    site.wait_for("holds-old");
    let mine = begin(1, &drop_at("old"), r#"{"mine":true}"#).wait().json();
    let (key, state) = sent_away(&mine);
    assert!(mine.to_string().contains("mine"), "{mine}");
    site.write("go-old", "\n");
    assert_ran(&other.wait().json(), 1, "old");
    site.decide("approve", &gateway.asked());
    let tool = drop_at("old");
    let again = call_with(2, &tool, r#"{"mine":true}"#, &back(&key, &state));
    assert_ran(
        &ask_modern(&gateway, "tools/call", &tool, &again).json(),
        2,
        "old",
    );
    gateway.end();
}

#[test]
fn a_client_with_sessions_is_asked_over_http_in_the_stream_of_its_call() {
    let site = site();
    let gateway = listening(&site, &[]);
    let session = opened_with(&gateway, &[], &opening_with_forms());
    let named = [("Mcp-Session-Id", session.as_str())];
    for (id, server) in (5..).zip(BOTH) {
        let message = call(id, &drop_at(server), "{}");
        let mut stream = gateway.stream("POST", &named, &message);
        let declined = reply(&heard(&mut stream), "decline");
        assert_eq!(gateway.post(&named, &declined).status, 202);
        let answer = heard(&mut stream);
        assert_refused(&answer, "approval_withdrawn");
        assert_eq!(refused(&answer).1, gateway.asked());
    }
    assert_eq!(reached(&site), [0, 0]);
    gateway.end();
}

#[test]
fn gateways_over_http_that_share_a_secret_take_each_others_states() {
    let site = site();
    let start = || {
        let mut command = site.gateway(&["--listen", "127.0.0.1:0", "--approval-state-key-env", "SHARED"]);
        command
            .args(FLAGS)
            .args(KEY)
            .env("SHARED", "a secret of some gateways");
        Listening::begun(command)
    };
    let (first, second) = (start(), start());
    let tool = drop_at("new");
    let ask = |gateway: &Listening, message: &str| ask_modern(gateway, "tools/call", &tool, message).json();
    let (key, state) = sent_away(&ask(&first, &call_with(1, &tool, "{}", FORMS)));
    site.decide("approve", &first.asked());
    let again = call_with(2, &tool, "{}", &back(&key, &state));
    assert_ran(&ask(&second, &again), 2, "new");
    for gateway in [&first, &second] {
        assert_refused(&ask(gateway, &again), "approval_state_replayed");
    }
    assert_eq!(reached(&site), [0, 1]);
    first.end();
    second.end();
}
