//! What the program writes is what its published schemas describe.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::{fs, path::Path, process::Command};

use gait_artifact::{Timestamp, Verdict};
use gait_top::activity::{Call, Event, Source, Tools, Writer};
use serde_json::{Value, json};

fn schema(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../schemas/v1/{name}.schema.json"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

fn assert_valid(name: &str, document: &Value) {
    let errors: Vec<_> = schema(name)
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{document:#}");
}

/// A directory in which `gait` runs.
struct Place(tempfile::TempDir);

impl Place {
    fn write(&self, name: &str, content: &str) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    /// Holds every line of a file against a schema, and gives their number.
    fn assert_valid_lines(&self, schema: &str, name: &str) -> usize {
        let lines = fs::read_to_string(self.0.path().join(name)).unwrap();
        for line in lines.lines() {
            assert_valid(schema, &serde_json::from_str(line).unwrap());
        }
        lines.lines().count()
    }

    fn read(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.0.path().join(name)).unwrap()).unwrap()
    }

    /// Runs a command line with `--json`, expects `exit`, and gives its output.
    fn gait(&self, arguments: &str, exit: i32) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_gait"))
            .args(arguments.split_whitespace())
            .arg("--json")
            .env("GAIT_ADOPTION_LOG", "adoption.jsonl")
            .env("GAIT_OPERATIONAL_LOG", "operational.jsonl")
            .env("GAIT_TELEMETRY_HEALTH_PATH", "health.json")
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(exit), "{arguments}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

const POLICY: &str = r#"{
  "schema_id": "gait.gate.policy", "schema_version": "1.0.0", "default_verdict": "block",
  "rules": [{
    "name": "guarded", "effect": "require_approval", "min_approvals": 1,
    "match": {"tool_names": ["bank.pay"], "require_delegation": true},
    "require_broker_credential": true, "broker_reference": "bank", "broker_scopes": ["pay"],
    "rate_limit": {"requests": 100},
    "freeze_window": {"timezone": "Europe/Berlin",
      "windows": [{"start": "2020-12-24T00:00:00", "end": "2020-12-27T00:00:00"}]},
    "sandbox": {"allowed_network_modes": ["egress_allowlist"]}
  }]
}"#;

fn intent(tool: &str) -> Value {
    json!({
        "schema_id": "gait.gate.intent_request", "schema_version": "1.0.0",
        "created_at": "2026-02-18T10:00:00Z", "producer_version": "1",
        "tool_name": tool,
        "args": {"amount": 12.5, "to": "ACME"},
        "targets": [{"kind": "url", "value": "https://bank.example/pay", "operation": "post"}],
        "arg_provenance": [{"arg_path": "$.to", "source": "user"}],
        "skill_provenance": {"skill_name": "payments", "source": "registry", "publisher": "acme"},
        "delegation": {"requester_identity": "agent.payer",
            "chain": [{"delegator_identity": "alice", "delegate_identity": "agent.payer"}]},
        "context": {
            "identity": "agent.payer", "workspace": "/srv", "risk_class": "high", "session_id": "s1",
            "agent_id": "payer", "agent_identity": {"owner": "alice", "lifecycle_states": ["approved"]},
            "sandbox": {"network_mode": "egress_allowlist", "env_exposure_mode": "none", "timeout_seconds": 30,
                "filesystem_isolation": "container", "user_mode": "unprivileged",
                "evidence_ref": "receipt:1", "evidence_digest": "ab".repeat(32)}
        }
    })
}

#[test]
fn every_record_of_a_guarded_call_matches_its_schema() {
    let place = Place(tempfile::tempdir().unwrap());
    place.write("policy.yaml", POLICY);
    place.write("intent.json", &intent("bank.pay").to_string());
    assert_valid("gate/policy", &serde_json::from_str(POLICY).unwrap());
    assert_valid("gate/intent_request", &intent("bank.pay"));
    place.gait("keys init --out-dir . --prefix key", 0);
    let signed = "--key-mode prod --private-key key_private.key";
    let eval = format!(
        "gate eval --policy policy.yaml --intent intent.json --trace-out trace.json --approval-audit-out approvals.json \
         --delegation-audit-out delegations.json --credential-evidence-out evidence.json --credential-broker stub \
         --kill-switch-state switch.json --delegation-token delegation.json {signed}"
    );
    place.gait(&format!("delegate mint --delegator alice --delegate agent.payer --scope pay --ttl 1h --out delegation.json {signed}"), 0);
    place.gait(
        "kill-switch add --state switch.json --tool-name bank.close --reason drill --actor alice",
        0,
    );

    let refused = place.gait(&eval, 4);
    let (intent_digest, policy_digest) = (&refused["intent_digest"], &refused["policy_digest"]);
    let binding = place.read("trace.json")["delegation_ref"]["chain_digest"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    place.gait(
        &format!(
            "approve --intent-digest {} --policy-digest {} --delegation-binding-digest {} --approver bob \
             --reason-code CHG-1 --scope tool:bank.pay --ttl 1h --out approval.json {signed}",
            text(intent_digest),
            text(policy_digest),
            text(&binding)
        ),
        0,
    );
    let allowed = place.gait(&format!("{eval} --approval-token approval.json"), 0);
    assert_eq!(allowed["verdict"], "allow", "{allowed:#}");

    for (name, file) in [
        ("gate/trace_record", "trace.json"),
        ("gate/approval_token", "approval.json"),
        ("gate/approval_audit_record", "approvals.json"),
        ("gate/delegation_token", "delegation.json"),
        ("gate/delegation_audit_record", "delegations.json"),
        ("gate/broker_credential_record", "evidence.json"),
        ("gate/kill_switch_state", "switch.json"),
    ] {
        assert_valid(name, &place.read(file));
    }
    let mut explanation = place.gait(&format!("{eval} --approval-token approval.json --explain"), 0);
    explanation.as_object_mut().unwrap().remove("correlation_id");
    assert_valid("gate/policy_explain", &explanation);
    for (name, file) in [
        ("scout/adoption_event", "adoption.jsonl"),
        ("scout/operational_event", "operational.jsonl"),
    ] {
        assert!(place.assert_valid_lines(name, file) > 5);
    }
}

#[test]
fn what_is_kept_from_call_to_call_matches_its_schema() {
    let place = Place(tempfile::tempdir().unwrap());
    place.write(
        "policy.yaml",
        "default_verdict: block\nrules:\n  - {name: pay, effect: allow, match: {tool_names: [bank.pay]}, rate_limit: {requests: 100}}\n",
    );
    place.write("pay.json", &intent("bank.pay").to_string());
    place.write("close.json", &intent("bank.close").to_string());
    let eval = "gate eval --policy policy.yaml --kill-switch-state switch.json --rate-limit-state rates.json --intent";
    place.gait(
        "kill-switch add --state switch.json --tool-name bank.close --reason drill --actor alice",
        0,
    );
    place.gait(&format!("{eval} pay.json"), 0);
    place.gait(&format!("{eval} close.json"), 3);
    place.gait("run session start --journal s.jsonl --session-id s --run-id r", 0);
    place.gait("demo", 0);
    place.gait("regress init --from run_demo", 0);
    for (name, file) in [
        ("gate/rate_limit_state", "rates.json"),
        ("runpack/session_state", "s.jsonl.state.json"),
        ("regress/config", "gait.yaml"),
        ("regress/fixture", "fixtures/run_demo/fixture.json"),
        ("scout/telemetry_health", "health.json"),
    ] {
        assert_valid(name, &place.read(file));
    }
    let stopped = place.assert_valid_lines("gate/kill_switch_journal", "kill_switch_journal.jsonl");
    assert_eq!(stopped, 1);
}

#[test]
fn an_incident_on_one_page_matches_its_schema() {
    let place = Place(tempfile::tempdir().unwrap());
    place.write(
        "then.yaml",
        "default_verdict: allow\nrules:\n  - {name: no-closing, effect: block, match: {tool_names: [bank.close]}}\n",
    );
    place.write("now.yaml", "default_verdict: allow\n");
    let close = json!({
        "schema_id": "gait.gate.intent_request", "schema_version": "1.0.0",
        "created_at": "2026-02-05T00:00:00Z", "producer_version": "1",
        "tool_name": "bank.close", "args": {}, "targets": [],
        "context": {"identity": "alice", "workspace": "/srv", "risk_class": "high"}
    });
    place.write("close.json", &close.to_string());
    place.gait("demo", 0);
    place.gait(
        "gate eval --policy then.yaml --intent close.json --trace-out gait-out/trace_close.json",
        3,
    );
    place.gait(
        "incident triage --from run_demo --policy now.yaml --out-dir changed",
        5,
    );
    place.gait(
        "incident triage --from gait-out/trace_close.json --out-dir partial",
        7,
    );
    for (directory, status) in [("changed", "changed"), ("partial", "partial")] {
        let document = place.read(&format!("{directory}/triage.json"));
        assert_eq!(document["status"], status);
        assert_valid("incident/triage", &document);
    }
}

#[test]
fn what_gateways_tell_matches_its_schema() {
    let place = Place(tempfile::tempdir().unwrap());
    let source = Source {
        server: "files".to_owned(),
        pid: 7,
        session: "mcp-1".to_owned(),
    };
    let writer = Writer::new(place.0.path(), source);
    let events = [
        Event::Call(Call {
            tool: "read".to_owned(),
            verdict: Verdict::Block,
            reason_codes: vec!["default_block".to_owned()],
            trace_id: String::new(),
            took_us: u64::MAX,
        }),
        Event::Tools(Tools::default()),
        Event::Tools(Tools {
            problem: "no answer".to_owned(),
            ..Tools::default()
        }),
        Event::Dropped {
            why: "unasked_answer".to_owned(),
        },
        Event::Gone,
    ];
    let count = events.len();
    for event in events {
        writer.record(Timestamp::EPOCH_1980, event).unwrap();
    }
    assert_eq!(place.assert_valid_lines("mcp/activity", "files-7.jsonl"), count);
    let foreign = json!({"kind": "born"});
    assert!(!schema("mcp/activity").is_valid(&foreign));
}

#[test]
fn an_approved_script_matches_its_schema() {
    let place = Place(tempfile::tempdir().unwrap());
    place.write("policy.yaml", "default_verdict: block\n");
    let mut script = intent("ignored");
    script["script"] =
        json!({"steps": [{"tool_name": "fs.read", "args": {}}, {"tool_name": "fs.write", "args": {}}]});
    script["delegation"].take();
    script.as_object_mut().unwrap().remove("delegation");
    place.write("script.json", &script.to_string());
    place.gait("keys init --out-dir . --prefix key", 0);
    let signed = "--key-mode prod --private-key key_private.key";
    place.gait(
        &format!("approve-script --policy policy.yaml --intent script.json --registry registry.json --approver alice {signed}"),
        0,
    );
    assert_valid(
        "gate/approved_script_entry",
        &place.read("registry.json")["entries"][0],
    );
    let allowed = place.gait(
        &format!(
            "gate eval --policy policy.yaml --intent script.json --trace-out trace.json \
             --approved-script-registry registry.json --approved-script-public-key key_public.key {signed}"
        ),
        0,
    );
    assert_eq!(allowed["pre_approved"], true);
    assert_valid("gate/trace_record", &place.read("trace.json"));
}
