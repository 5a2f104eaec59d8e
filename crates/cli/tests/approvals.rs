//! An agent waits while somebody decides in another terminal.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use gait_approval::{PendingCall, Queue, QueueSettings, Status};
use gait_artifact::intent::IntentRequest;
use gait_canon::PublicKey;
use gait_gate::clock::{Clock as _, SystemClock};
use gait_policy::{CompiledPolicy, document};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

const POLICY: &str = r"
default_verdict: block
rules:
  - name: deletions
    effect: require_approval
    match: {tool_names: [fs.delete]}
    reason_codes: [deletion]
";
const INTENT: &str = r#"{"schema_id": "gait.gate.intent_request", "schema_version": "1.0.0",
    "created_at": "2026-01-01T00:00:00Z", "producer_version": "1.0.0", "tool_name": "fs.delete",
    "args": {"path": "/srv/a"},
    "targets": [{"kind": "path", "value": "/srv/a", "operation": "delete", "destructive": true}],
    "context": {"identity": "agent", "workspace": "/srv", "risk_class": "high"}}"#;

/// Far more than any wait of these tests.
const SOON: Duration = Duration::from_secs(60);

/// A project with a policy, a call that it wants approved, and keys.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::write(project.path("policy.yaml"), POLICY).unwrap();
        fs::write(project.path("intent.json"), INTENT).unwrap();
        assert!(
            project
                .gait(&["keys", "init", "--out-dir", "keys"])
                .status
                .success()
        );
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self) -> Command {
        let mut gait = Command::new(env!("CARGO_BIN_EXE_gait"));
        gait.current_dir(self.0.path()).env("HOME", self.0.path());
        gait
    }

    fn gait(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.gait(&[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn queue(&self) -> Queue {
        Queue::new(self.path(".gait/approvals"), QueueSettings::default())
    }

    /// The call as the gate judges it.
    fn call(&self) -> PendingCall {
        let intent = IntentRequest::read(INTENT.as_bytes()).unwrap();
        let policy = CompiledPolicy::new(document::read(POLICY.as_bytes()).unwrap());
        let key = fs::read_to_string(self.path("keys/gait_public.key")).unwrap();
        PendingCall {
            intent: intent.normalize().unwrap(),
            policy_digest: policy.digest(),
            principal: "agent".to_owned(),
            server: "files".to_owned(),
            required_approvals: 1,
            distinct_approvers: false,
            reason_codes: vec!["deletion".to_owned()],
            trace_id: "trace".to_owned(),
            approval_key: PublicKey::from_base64(&key).unwrap(),
        }
    }

    /// Decides about a request as an approver does.
    fn decide(&self, what: &str, id: &str) -> Value {
        let decision = [
            "approvals",
            what,
            id,
            "--approver",
            "alice",
            "--reason-code",
            "CHG-1",
        ];
        let key = ["--key-mode", "prod", "--private-key", "keys/gait_private.key"];
        let key = if what == "approve" { &key[..] } else { &[] };
        self.json(&[&decision[..], key].concat())
    }

    /// What the gate says of the call with these tokens.
    fn judge(&self, token: &Path) -> Value {
        self.json(&[
            "gate",
            "eval",
            "--policy",
            "policy.yaml",
            "--intent",
            "intent.json",
            "--approval-public-key",
            "keys/gait_public.key",
            "--approval-token",
            token.to_str().unwrap(),
        ])
    }
}

#[test]
fn an_agent_goes_on_when_somebody_approves() {
    let project = Project::new();
    let (queue, call) = (project.queue(), project.call());
    let mut watcher = project
        .command()
        .args(["approvals", "watch", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut news = BufReader::new(watcher.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()["request"].clone());

    let id = queue.ask(&call, SystemClock.now()).unwrap().id;
    let agent = {
        let (queue, id) = (queue.clone(), id.clone());
        thread::spawn(move || {
            let deadline = SystemClock.now().saturating_add(SOON);
            queue.wait(&id, &SystemClock, deadline).unwrap()
        })
    };
    let pending = news.next().unwrap();
    assert_eq!(
        (&pending["request_id"], &pending["status"]),
        (&json!(id.as_str()), &json!("pending"))
    );
    let listed = project.json(&["approvals", "list"]);
    assert_eq!(listed["requests"], json!([pending]));

    let approved = project.decide("approve", id.as_str());
    assert_eq!(
        (&approved["ok"], &approved["status"]),
        (&json!(true), &json!("approved"))
    );
    let status = agent.join().unwrap();
    assert!(matches!(&status, Status::Approved { approvers } if approvers == &["alice"]));
    assert_eq!(news.next().unwrap()["status"], "approved");

    let redeemed = queue.redeem(&id, &call, SystemClock.now()).unwrap();
    let decision = project.judge(&redeemed.tokens[0]);
    assert_eq!(decision["verdict"], "allow", "{decision}");
    assert_eq!(decision["approval_ref"], approved["token_id"]);
    assert_eq!(news.next().unwrap()["status"], "redeemed");

    kill_process(Pid::from_child(&watcher), Signal::INT).unwrap();
    assert!(news.next().is_none());
    assert!(watcher.wait().unwrap().success());
}

#[test]
fn an_agent_hears_no() {
    let project = Project::new();
    let (queue, call) = (project.queue(), project.call());
    let id = queue.ask(&call, SystemClock.now()).unwrap().id;
    assert_eq!(project.decide("deny", id.as_str())["status"], "denied");
    let refused = queue.redeem(&id, &call, SystemClock.now()).unwrap_err();
    assert_eq!(refused.reason_code(), "approval_denied");
    let too_late = project.decide("approve", id.as_str());
    assert_eq!(too_late["error_code"], "approval_denied");
    assert_eq!(project.json(&["approvals", "list"])["requests"], json!([]));
    let all = project.json(&["approvals", "list", "--all"]);
    assert_eq!(all["requests"][0]["closed_by"], "alice");
}
