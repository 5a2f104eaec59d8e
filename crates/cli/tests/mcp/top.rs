//! What the gateway does is seen by `gait mcp top`.

use std::fs;

use gait_approval::{PendingCall, Queue, QueueSettings};
use gait_artifact::intent::IntentRequest;
use gait_canon::{Digest, PrivateKey};
use gait_gate::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::messages::{LIST, call};
use crate::site::{NEVER_DROP, Site};

const INTENT: &str = r#"{"tool_name": "fs.delete", "args": {},
    "targets": [{"kind": "path", "value": "/srv/a", "operation": "delete", "destructive": true}],
    "context": {"identity": "agent", "workspace": "/srv", "risk_class": "high"}}"#;
/// Where gateways write by default.
const ACTIVITY: &str = "gait-out/mcp-gateway/activity";

/// Puts a gateway in front of the server, calls the tools and ends.
fn use_tools(site: &Site, tools: &[&str], flags: &[&str]) {
    let mut gateway = site.alone(flags);
    gateway.send(LIST);
    for (id, tool) in (3..).zip(tools) {
        gateway.send(&call(id, tool, r#"{"path":"/very/private"}"#));
    }
    gateway.end();
}

fn top(site: &Site, flags: &[&str]) -> Value {
    let output = site.gait(&[&["mcp", "top", "--once", "--json"], flags].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn calls_are_seen_and_their_arguments_are_not() {
    let site = Site::new(NEVER_DROP);
    assert_eq!(top(&site, &[])["gateways"], json!([]));
    use_tools(&site, &["read", "drop", "read"], &[]);

    let seen = top(&site, &[]);
    assert_eq!(seen["ok"], json!(true));
    assert_eq!(
        seen["seen"],
        json!({"allow": 2, "dry_run": 0, "require_approval": 0, "block": 1})
    );
    assert_eq!(seen["last_minute"]["calls"], json!(3));
    assert_eq!(seen["last_minute"]["tools"][0]["tool"], json!("read"));
    let gateway = &seen["gateways"][0];
    assert_eq!(
        gateway["tools"],
        json!({"offered": 1, "hidden": 1, "quarantined": 0})
    );
    assert_eq!(
        (&gateway["server"], &gateway["has_ended"]),
        (&json!("files"), &json!(true))
    );
    let calls = seen["calls"].as_array().unwrap();
    let refused = calls.iter().find(|call| call["tool"] == "drop").unwrap();
    let codes = refused["reason_codes"].as_array().unwrap();
    assert!(codes.contains(&json!("matched_rule_never_drop")), "{codes:?}");
    assert!(!refused["trace_id"].as_str().unwrap().is_empty());

    for path in site.files(ACTIVITY, "") {
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("private"), "{text}");
    }
    assert_eq!(top(&site, &["--server", "mail"])["calls"], json!([]));
}

#[test]
fn a_gateway_that_was_killed_is_seen_to_have_ended() {
    let site = Site::new(NEVER_DROP);
    let mut gateway = site.alone(&[]);
    gateway.ask(LIST);
    let has_ended = || top(&site, &[])["gateways"][0]["has_ended"].clone();
    assert_eq!(has_ended(), false);
    gateway.kill();
    assert_eq!(has_ended(), true);
}

#[test]
fn what_is_no_terminal_gets_lines() {
    let site = Site::new(NEVER_DROP);
    use_tools(&site, &["drop"], &[]);
    let output = site.gait(&["mcp", "top"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("last minute: 1 call, "), "{text}");
    assert!(text.contains("files/drop: block ["), "{text}");
}

#[test]
fn a_gateway_writes_nothing_when_it_is_told_so() {
    let site = Site::new(NEVER_DROP);
    use_tools(&site, &["read"], &["--activity-dir", ""]);
    assert!(!site.path().join(ACTIVITY).exists());
}

#[test]
fn calls_that_wait_are_told_with_what_they_need() {
    let site = Site::new(NEVER_DROP);
    let call = PendingCall {
        intent: IntentRequest::read(INTENT.as_bytes())
            .unwrap()
            .normalize()
            .unwrap(),
        policy_digest: Digest::of(b"policy"),
        principal: "agent".to_owned(),
        server: "files".to_owned(),
        required_approvals: 2,
        distinct_approvers: true,
        reason_codes: vec!["deletion".to_owned()],
        trace_id: "trace".to_owned(),
        approval_key: PrivateKey::from_seed(&[1; 32]).public(),
    };
    let queue = Queue::new(site.path().join("queue"), QueueSettings::default());
    let id = queue.ask(&call, SystemClock.now()).unwrap().id;
    let pending = &top(&site, &["--dir", "queue"])["pending"];
    assert_eq!(pending[0]["request_id"], json!(id.as_str()));
    assert_eq!(pending[0]["needed"], json!("needs 2 of 2 different approvers"));
    assert!(pending[0]["seconds_left"].as_u64().unwrap() > 0);
}
