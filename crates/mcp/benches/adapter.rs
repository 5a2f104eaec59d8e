//! How fast the bytes of a call become an intent.
//!
//! To reach on the reference machine: a chat completion's tool call in 4 µs, and at most the same again until it is a
//! request; the judgement about a server in 5 µs, however many servers the snapshot lists. On any machine: arguments as
//! text cost at most twice as much as arguments as an object.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use std::{fmt, fs, hint::black_box};

use divan::Bencher;
use gait_artifact::{
    Timestamp,
    mcp::McpServer,
    policy::{Intervention, McpTrust},
};
use gait_gate::profile::Profile;
use gait_mcp::{
    Adapter,
    trust::{TrustStore, decide},
};

fn main() {
    divan::main();
}

const OPENAI_TEXT: &[u8] = br#"{"id":"call_8f3kQx","type":"function","function":{"name":"tool.fetch","arguments":"{\"url\":\"https://api.example.test/v1/items?page=2\",\"method\":\"GET\",\"headers\":{\"accept\":\"application/json\"},\"timeout_seconds\":30}"}}"#;
const OPENAI_OBJECT: &[u8] = br#"{"id":"call_8f3kQx","type":"function","function":{"name":"tool.fetch","arguments":{"url":"https://api.example.test/v1/items?page=2","method":"GET","headers":{"accept":"application/json"},"timeout_seconds":30}}}"#;
const MCP: &[u8] = br#"{"name":"fs.write","args":{"path":"/srv/out.txt","content":"hello"},"targets":[{"kind":"path","value":"/srv/out.txt","operation":"write"}],"server":{"server_id":"files"},"context":{"identity":"agent.alpha","workspace":"/srv/agent","risk_class":"high","session_id":"sess-1"},"created_at":"2026-03-01T00:00:00Z"}"#;
const CLAUDE_CODE: &[u8] = br#"{"session_id":"s-1","transcript_path":"/home/a/t.jsonl","cwd":"/srv/agent","permission_mode":"default","hook_event_name":"PreToolUse","tool_name":"Edit","tool_input":{"file_path":"/srv/agent/src/main.rs","old_string":"let a = 1;","new_string":"let a = 2;"}}"#;

/// The bytes of a call, and the shape they are in.
struct Payload {
    name: &'static str,
    adapter: Adapter,
    bytes: &'static [u8],
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn payload(name: &'static str, adapter: Adapter, bytes: &'static [u8]) -> Payload {
    Payload { name, adapter, bytes }
}

const PAYLOADS: [Payload; 4] = [
    payload("openai, arguments as text", Adapter::OpenAi, OPENAI_TEXT),
    payload("openai, arguments as object", Adapter::OpenAi, OPENAI_OBJECT),
    payload("mcp with context", Adapter::Mcp, MCP),
    payload("claude code edit", Adapter::ClaudeCode, CLAUDE_CODE),
];

#[divan::bench(args = PAYLOADS)]
fn decode(bencher: Bencher<'_, '_>, payload: &Payload) {
    bencher.bench(|| payload.adapter.decode(black_box(payload.bytes)).unwrap());
}

#[divan::bench(args = PAYLOADS)]
fn decode_to_request(bencher: Bencher<'_, '_>, payload: &Payload) {
    bencher.bench(|| {
        let call = payload.adapter.decode(black_box(payload.bytes)).unwrap();
        call.into_request(Profile::Standard).unwrap()
    });
}

/// A service asks this with every call: is the file the one that was parsed, and is the server in it?
#[divan::bench]
fn judge_a_server(bencher: Bencher<'_, '_>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshot.json");
    let entries: Vec<_> = (0..1000)
        .map(|index| format!(r#"{{"server_id":"server-{index}","status":"trusted"}}"#))
        .collect();
    fs::write(&path, format!(r#"{{"entries":[{}]}}"#, entries.join(","))).unwrap();
    let policy = McpTrust {
        snapshot: path.display().to_string(),
        action: Intervention::Block,
        required_risk_classes: vec!["high".to_owned()],
        min_score: 0.0,
        max_age: None,
        publisher_allowlist: Vec::new(),
        require_registry: false,
    };
    let server = McpServer {
        server_id: "server-500".to_owned(),
        ..McpServer::default()
    };
    let (store, later) = (TrustStore::new(), Timestamp::from_unix(i64::MAX, 0));
    bencher.bench(|| {
        let source = store.load(black_box(&path), later);
        let decision = decide(&policy, &source, Some(&server), "high", later);
        assert_eq!(decision.status, "trusted");
    });
}
