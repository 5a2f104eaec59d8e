//! What `gait mcp gateway` does is seen by `gait mcp top`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use gait_approval::{PendingCall, Queue, QueueSettings};
use gait_artifact::intent::IntentRequest;
use gait_canon::{Digest, PrivateKey};
use gait_gate::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server that answers everything with the same, by the id of the request.
const SERVER: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/p')
  case "$line" in
    *'"tools/list"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"read","inputSchema":{"type":"object"}},{"name":"drop","inputSchema":{"type":"object"}}]}}\n' "$id" ;;
    *'"id"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}\n' "$id" ;;
  esac
done
"#;
const POLICY: &str = "default_verdict: allow
rules:
  - {name: never-drop, effect: block, match: {tool_names: [drop]}}
";
const INTENT: &str = r#"{"tool_name": "fs.delete", "args": {},
    "targets": [{"kind": "path", "value": "/srv/a", "operation": "delete", "destructive": true}],
    "context": {"identity": "agent", "workspace": "/srv", "risk_class": "high"}}"#;
/// Where gateways write by default.
const ACTIVITY: &str = "gait-out/mcp-gateway/activity";

struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::write(site.path().join("server.sh"), SERVER).unwrap();
        fs::write(site.path().join("policy.yaml"), POLICY).unwrap();
        site
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn gait(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gait"))
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Puts a gateway in front of the server, calls the tools and ends.
    fn call(&self, tools: &[&str], flags: &[&str]) {
        let mut input = String::from("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n");
        for (id, tool) in (2..).zip(tools) {
            let params = json!({"name": tool, "arguments": {"path": "/very/private"}});
            let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
            input.extend([call.to_string().as_str(), "\n"]);
        }
        let gateway = ["mcp", "gateway", "--policy", "policy.yaml", "--server", "files"];
        let server = ["--", "sh", "server.sh"];
        let output = self.gait(&[&gateway[..], flags, &server].concat(), &input);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
    }

    fn top(&self, flags: &[&str]) -> Value {
        let output = self.gait(&[&["mcp", "top", "--once", "--json"], flags].concat(), "");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[test]
fn calls_are_seen_and_their_arguments_are_not() {
    let site = Site::new();
    assert_eq!(site.top(&[])["gateways"], json!([]));
    site.call(&["read", "drop", "read"], &[]);

    let seen = site.top(&[]);
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

    for entry in fs::read_dir(site.path().join(ACTIVITY)).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("private"), "{text}");
    }
    assert_eq!(site.top(&["--server", "mail"])["calls"], json!([]));
}

#[test]
fn what_is_no_terminal_gets_lines() {
    let site = Site::new();
    site.call(&["drop"], &[]);
    let output = site.gait(&["mcp", "top"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("last minute: 1 call, "), "{text}");
    assert!(text.contains("files/drop: block ["), "{text}");
}

#[test]
fn a_gateway_writes_nothing_when_it_is_told_so() {
    let site = Site::new();
    site.call(&["read"], &["--activity-dir", ""]);
    assert!(!site.path().join(ACTIVITY).exists());
}

#[test]
fn calls_that_wait_are_told_with_what_they_need() {
    let site = Site::new();
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
    let pending = &site.top(&["--dir", "queue"])["pending"];
    assert_eq!(pending[0]["request_id"], json!(id.as_str()));
    assert_eq!(pending[0]["needed"], json!("needs 2 of 2 different approvers"));
    assert!(pending[0]["seconds_left"].as_u64().unwrap() > 0);
}
