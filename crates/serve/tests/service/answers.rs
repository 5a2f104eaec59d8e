//! What ordinary callers are told.

use gait_serve::{Access, BearerToken, VerdictStatus};
use serde_json::Value;

use crate::client::{evaluate, get, post};
use crate::running::{CALL, Manner, Running};

const HEADERS: [&str; 2] = ["Host: localhost", "Content-Type: application/json"];

#[test]
fn a_decision_is_told_when_its_trace_is_there() {
    let running = Running::start(Manner::default());
    let reply = evaluate(running.address, CALL);
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("content-type"), "application/json");
    let answer = reply.json();
    assert_eq!(answer["verdict"], "allow");
    assert_eq!(answer["executed"], false);
    assert_eq!(answer["exit_code"], 0);
    assert!(answer.get("correlation_id").is_none());
    let trace = std::fs::read(answer["trace_path"].as_str().unwrap()).unwrap();
    let trace: Value = serde_json::from_slice(&trace).unwrap();
    assert_eq!(trace["trace_id"], answer["trace_id"]);
}

#[test]
fn every_form_tells_the_same() {
    let running = Running::start(Manner::default());
    let events = post(running.address, "/v1/evaluate/sse", &HEADERS, CALL.as_bytes());
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert_eq!(events.header("cache-control"), "no-cache");
    let data = events.body.strip_prefix("event: evaluate\ndata: ").unwrap();
    let told: Value = serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap();
    let lines = post(running.address, "/v1/evaluate/stream", &HEADERS, CALL.as_bytes());
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    assert_eq!(lines.json()["trace_id"], told["trace_id"]);
}

#[test]
fn the_status_tells_a_verdict_where_that_is_wanted() {
    for (policy, compat, strict) in [
        ("default_verdict: allow\n", 200, 200),
        ("default_verdict: block\n", 200, 403),
        ("default_verdict: require_approval\n", 200, 409),
        ("default_verdict: dry_run\n", 200, 409),
    ] {
        for (verdict_status, want) in [(VerdictStatus::Compat, compat), (VerdictStatus::Strict, strict)] {
            let running = Running::start(Manner {
                policy,
                verdict_status,
                ..Manner::default()
            });
            assert_eq!(
                evaluate(running.address, CALL).status,
                want,
                "{policy}{verdict_status:?}"
            );
        }
    }
}

#[test]
fn a_session_is_continued() {
    let running = Running::start(Manner::default());
    let call = CALL.replacen('{', r#"{"session_id":"s","run_id":"r","#, 1);
    for sequence in 1..=3 {
        let answer = evaluate(running.address, &call).json();
        assert_eq!(answer["session_id"], "s");
        let warnings = answer["warnings"].to_string();
        assert!(warnings.contains(&format!("sequence={sequence}")), "{warnings}");
    }
}

#[test]
fn probes_and_numbers_are_answered() {
    let running = Running::start(Manner::default());
    evaluate(running.address, CALL);
    assert_eq!(
        get(running.address, "/healthz").body,
        "{\"ok\":true,\"service\":\"gait.mcp.serve\"}\n"
    );
    let ready = get(running.address, "/readyz");
    assert_eq!(
        (ready.status, &ready.json()["policy"]),
        (200, &Value::from("current"))
    );
    let numbers = get(running.address, "/metrics");
    assert!(
        numbers
            .body
            .contains("gait_decisions_total{verdict=\"allow\"} 1\n"),
        "{}",
        numbers.body
    );
    let description = get(running.address, "/openapi.json").json();
    assert_eq!(description["openapi"], "3.1.0");
}

#[test]
fn a_token_is_asked_for_where_one_is_set() {
    let running = Running::start(Manner {
        access: Access::Token(BearerToken::new("s3cret").unwrap()),
        ..Manner::default()
    });
    let ask = |headers: &[&str]| post(running.address, "/v1/evaluate", headers, CALL.as_bytes()).status;
    assert_eq!(ask(&["Host: gait.example", "Authorization: Bearer s3cret"]), 200);
    assert_eq!(ask(&["Host: gait.example", "Authorization: Bearer guess"]), 401);
    assert_eq!(ask(&["Host: gait.example"]), 401);
    assert_eq!(get(running.address, "/metrics").status, 401);
    assert_eq!(get(running.address, "/healthz").status, 200);
    assert_eq!(get(running.address, "/readyz").status, 200);
    assert_eq!(running.traces().len(), 1);
}

#[test]
fn routes_take_their_method_alone() {
    let running = Running::start(Manner::default());
    for (path, status) in [
        ("/v1/evaluate", 405),
        ("/v1/evaluate/", 404),
        ("/v1/Evaluate", 404),
        ("/", 404),
        ("//healthz", 307),
        ("/v1/../healthz?a=b", 307),
    ] {
        assert_eq!(get(running.address, path).status, status, "{path}");
    }
    assert_eq!(
        get(running.address, "/v1/../healthz?a=b").header("location"),
        "/healthz?a=b"
    );
    assert_eq!(get(running.address, "/healthz?a=b").status, 200);
    assert_eq!(post(running.address, "/healthz", &HEADERS, b"{}").status, 405);
    let head = crate::client::send(
        running.address,
        b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(head.status, 405);
}
