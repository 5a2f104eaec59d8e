//! The gateway asks, and somebody in another terminal decides.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::http::Listening;
use crate::messages::{FORMS, ask_modern, assert_refused, call, call_with, refused};
use crate::server::Remote;
use crate::site::{ALONE, Site};

/// Lets nothing run but what people approve.
pub(crate) const ASK: &str = "default_verdict: block
rules:
  - {name: ask, effect: require_approval, match: {tool_names: [drop]}}
";
/// Approvals are verified by a key that people have.
pub(crate) const KEY: [&str; 2] = ["--approval-public-key", "keys/gait_public.key"];

fn beside_client(site: &Site, flags: &[&str]) -> Gateway {
    site.alone(&[&KEY, flags].concat())
}

/// What clients come back with, once they were sent away with a state.
pub(crate) fn back(key: &str, state: &str) -> String {
    format!(
        r#""inputResponses":{{"{key}":{{"action":"accept","content":{{}}}}}},"requestState":"{state}",{FORMS}"#
    )
}

/// The state that a client is sent away with.
#[track_caller]
pub(crate) fn state(answer: &Value) -> String {
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    answer["result"]["requestState"].as_str().unwrap().to_owned()
}

/// Another state of the same length.
pub(crate) fn altered(state: &str) -> String {
    let end = if state.ends_with("AA") { "BB" } else { "AA" };
    format!("{}{end}", &state[..state.len() - 2])
}

#[test]
fn a_call_waits_without_holding_others_up_and_runs_once() {
    let site = Site::with_keys(ASK);
    let mut gateway = beside_client(&site, &[]);
    gateway.send(&call(1, "drop", "{}"));
    let id = gateway.asked();
    gateway.send(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(gateway.next()["id"], 2);
    assert!(site.reached(ALONE).is_empty());
    site.decide("approve", &id);
    assert_eq!(
        gateway.next(),
        json!({"jsonrpc": "2.0", "id": 1, "result": {"content": [], "from": ALONE}})
    );
    assert_eq!(site.reached(ALONE), [call(1, "drop", "{}")]);

    // The approval is used; the next call asks anew, and is denied.
    gateway.send(&call(3, "drop", "{}"));
    let next = gateway.asked();
    assert_ne!(next, id);
    site.decide("deny", &next);
    let answer = gateway.next();
    assert_refused(&answer, "approval_denied");
    assert_eq!(refused(&answer).1, next);
    assert_eq!(site.reached(ALONE).len(), 1);
    gateway.end();
}

#[test]
fn who_does_not_wait_asks_again_about_the_same_request() {
    let site = Site::with_keys(ASK);
    let mut gateway = beside_client(&site, &["--approval-wait", "0"]);
    gateway.send(&call(1, "drop", "{}"));
    let id = gateway.asked();
    let answer = gateway.next();
    assert_refused(&answer, "approval_pending");
    assert_eq!(refused(&answer).1, id);
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    for command in ["approve", "deny"] {
        assert!(
            text.contains(&format!("gait approvals {command} {id} --dir ")),
            "{text}"
        );
    }
    site.decide("approve", &id);
    assert_eq!(gateway.ask(&call(2, "drop", "{}"))["result"]["from"], ALONE);
    gateway.end();
}

#[test]
fn a_client_that_goes_away_lets_nothing_run() {
    let site = Site::with_keys(ASK);
    let mut gateway = beside_client(&site, &[]);
    gateway.send(&call(1, "drop", "{}"));
    let id = gateway.asked();
    gateway.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    gateway.send(&call(2, "drop", r#"{"other":1}"#));
    gateway.asked();
    let (answers, _) = gateway.end();
    let [answer] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert_eq!(answer["id"], 2);
    assert_refused(answer, "approval_pending");
    site.decide("approve", &id);
    assert!(site.reached(ALONE).is_empty());
}

#[test]
fn a_client_is_sent_away_and_comes_back_once_with_the_same_call() {
    let site = Site::with_keys(ASK);
    let mut gateway = beside_client(&site, &[]);
    let rest = format!(r#""requestState":"of the server",{FORMS}"#);
    let first = gateway.ask(&call_with(1, "drop", "{}", &rest));
    let state = state(&first);
    let id = gateway.asked();
    let again = |id: u32, arguments: &str, state: &str| {
        call_with(id, "drop", arguments, &back("gait-approval", state))
    };
    let answer = gateway.ask(&again(2, "{}", &altered(&state)));
    assert_refused(&answer, "approval_state_invalid");
    let answer = gateway.ask(&again(2, r#"{"other":1}"#, &state));
    assert_refused(&answer, "approval_token_intent_mismatch");
    site.decide("approve", &id);
    let answer = gateway.ask(&again(3, "{}", &state));
    assert_eq!(answer["result"]["from"], ALONE);
    // What the client said to the server reached it, and nothing of the gateway's did.
    assert_eq!(site.reached(ALONE), [call_with(3, "drop", "{}", &rest)]);
    let answer = gateway.ask(&again(4, "{}", &state));
    assert_refused(&answer, "approval_state_replayed");
    assert_eq!(site.reached(ALONE).len(), 1);
    gateway.end();
}

#[test]
fn a_client_of_the_era_of_sessions_is_asked_meanwhile() {
    let site = Site::with_keys(ASK);
    let mut gateway = beside_client(&site, &[]);
    gateway.ask(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}}}}"#);
    for action in ["decline", "cancel"] {
        gateway.send(&call(1, "drop", "{}"));
        let question = gateway.next();
        assert_eq!(question["method"], "elicitation/create");
        let message = question["params"]["message"].as_str().unwrap();
        assert!(message.contains(&gateway.asked()), "{message}");
        let reply = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": action}});
        assert_refused(&gateway.ask(&reply.to_string()), "approval_withdrawn");
    }
    gateway.send(&call(2, "drop", "{}"));
    let question = gateway.next();
    site.decide("approve", &gateway.asked());
    // The form is taken back, and the call runs.
    let cancelled = gateway.next();
    assert_eq!(cancelled["params"]["requestId"], question["id"], "{cancelled}");
    assert_eq!(gateway.next()["result"]["from"], ALONE);
    let seen = site.seen(ALONE);
    assert!(
        !seen.contains("gait-approval") && !seen.contains("\"action\""),
        "{seen}"
    );
    gateway.end();
}

#[test]
fn settings_are_explained_without_secrets() {
    let site = Site::with_keys(ASK);
    let explain = |flags: &[&str]| {
        let asked = ["--explain-config", "--json"];
        let mut gateway = site.gateway(&[&asked, flags, &["--", "true"]].concat());
        let config: Value = serde_json::from_slice(&gateway.output().unwrap().stdout).unwrap();
        config["approvals"].clone()
    };
    assert_eq!(explain(&[])["can_be_given"], false);
    let address = "https://hooks.example/T0?token=hunter2";
    let flags = ["--approval-webhook", address, "--approval-wait", "7s"];
    let approvals = explain(&[&KEY[..], &flags].concat());
    assert_eq!(
        (
            &approvals["can_be_given"],
            &approvals["webhook"],
            &approvals["wait_seconds"]
        ),
        (&json!(true), &json!("hooks.example"), &json!(7))
    );
    assert!(!approvals.to_string().contains("hunter2"));
}

/// A gateway over HTTP in front of a server over HTTP.
fn over_http(site: &Site, remote: &Remote) -> Listening {
    let flags = [
        "--server",
        ALONE,
        "--upstream",
        remote.address(),
        "--drain-timeout",
        "1s",
    ];
    Listening::start(site, &[&KEY[..], &flags].concat())
}

#[test]
fn a_call_over_http_waits_too() {
    let site = Site::with_keys(ASK);
    let remote = Remote::start();
    let gateway = over_http(&site, &remote);
    for decision in ["approve", "deny"] {
        let asked = gateway.begin("POST", &[], &call(1, "drop", "{}"));
        site.decide(decision, &gateway.asked());
        let answer = asked.wait().json();
        if decision == "approve" {
            assert_eq!(answer["result"]["from"], "far");
        } else {
            assert_refused(&answer, "approval_denied");
        }
    }
    assert_eq!(remote.reached().len(), 1);

    // A client that cancels is answered at once.
    let asked = gateway.begin("POST", &[], &call(2, "drop", r#"{"other":1}"#));
    gateway.asked();
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#;
    gateway.post(&[], cancel);
    assert_refused(&asked.wait().json(), "approval_pending");
    assert_eq!(remote.reached().len(), 1);
}

#[test]
fn a_client_over_http_is_sent_away_and_comes_back() {
    let site = Site::with_keys(ASK);
    let remote = Remote::start();
    let gateway = over_http(&site, &remote);
    let ask = |body: &str| ask_modern(&gateway, "tools/call", "drop", body).json();
    let state = state(&ask(&call_with(1, "drop", "{}", FORMS)));
    site.decide("approve", &gateway.asked());
    let again = |id: u32, arguments: &str| call_with(id, "drop", arguments, &back("gait-approval", &state));
    let swapped = ask(&again(2, r#"{"other":1}"#));
    assert_refused(&swapped, "approval_token_intent_mismatch");
    assert_eq!(ask(&again(3, "{}"))["result"]["from"], "far");
    assert_eq!(remote.reached(), [call_with(3, "drop", "{}", FORMS)]);
    assert_refused(&ask(&again(4, "{}")), "approval_state_replayed");
}

#[test]
fn a_client_that_wants_progress_over_http_hears_that_its_call_waits() {
    let site = Site::with_keys(ASK);
    let remote = Remote::start();
    let gateway = over_http(&site, &remote);
    let token = r#""_meta":{"progressToken":"mine"}"#;
    let mut stream = gateway.stream("POST", &[], &call_with(1, "drop", "{}", token));
    let id = gateway.asked();
    let notice = stream.event();
    for part in [r#""progressToken":"mine""#, "waiting for an approval"] {
        assert!(notice.contains(part), "{notice}");
    }
    site.decide("approve", &id);
    let answer = stream.event();
    assert!(
        answer.contains(r#""id":1"#) && answer.contains(r#""from":"far""#),
        "{answer}"
    );
    assert_eq!(remote.reached(), [call_with(1, "drop", "{}", token)]);

    // Who takes no stream gets one answer.
    let plain = [("Accept", "application/json")];
    let asked = gateway.begin("POST", &plain, &call_with(2, "drop", "{}", token));
    site.decide("deny", &gateway.asked());
    assert_refused(&asked.wait().json(), "approval_denied");
}
