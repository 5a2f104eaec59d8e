//! How fast the bytes of a call become an intent.
//!
//! To reach on the reference machine: a chat completion's tool call in 4 µs, and at most the same again until it is a
//! request. On any machine: the arguments as text cost at most three times as much as the arguments as an object.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use divan::Bencher;
use gait_gate::profile::Profile;
use gait_mcp::Adapter;

fn main() {
    divan::main();
}

const OPENAI_TEXT: &[u8] = br#"{"id":"call_8f3kQx","type":"function","function":{"name":"tool.fetch","arguments":"{\"url\":\"https://api.example.test/v1/items?page=2\",\"method\":\"GET\",\"headers\":{\"accept\":\"application/json\"},\"timeout_seconds\":30}"}}"#;
const OPENAI_OBJECT: &[u8] = br#"{"id":"call_8f3kQx","type":"function","function":{"name":"tool.fetch","arguments":{"url":"https://api.example.test/v1/items?page=2","method":"GET","headers":{"accept":"application/json"},"timeout_seconds":30}}}"#;
const MCP: &[u8] = br#"{"name":"fs.write","args":{"path":"/srv/out.txt","content":"hello"},"targets":[{"kind":"path","value":"/srv/out.txt","operation":"write"}],"server":{"server_id":"files"},"context":{"identity":"agent.alpha","workspace":"/srv/agent","risk_class":"high","session_id":"sess-1"},"created_at":"2026-03-01T00:00:00Z"}"#;
const CLAUDE_CODE: &[u8] = br#"{"session_id":"s-1","transcript_path":"/home/a/t.jsonl","cwd":"/srv/agent","permission_mode":"default","hook_event_name":"PreToolUse","tool_name":"Edit","tool_input":{"file_path":"/srv/agent/src/main.rs","old_string":"let a = 1;","new_string":"let a = 2;"}}"#;

const PAYLOADS: &[(&str, Adapter, &[u8])] = &[
    ("openai, arguments as text", Adapter::OpenAi, OPENAI_TEXT),
    ("openai, arguments as object", Adapter::OpenAi, OPENAI_OBJECT),
    ("mcp with context", Adapter::Mcp, MCP),
    ("claude code edit", Adapter::ClaudeCode, CLAUDE_CODE),
];

#[divan::bench(args = [0, 1, 2, 3])]
fn decode(bencher: Bencher<'_, '_>, payload: usize) {
    let (_, adapter, bytes) = PAYLOADS[payload];
    bencher.bench(|| adapter.decode(black_box(bytes)).unwrap());
}

#[divan::bench(args = [0, 1, 2, 3])]
fn decode_to_intent(bencher: Bencher<'_, '_>, payload: usize) {
    let (_, adapter, bytes) = PAYLOADS[payload];
    bencher.bench(|| {
        let call = adapter.decode(black_box(bytes)).unwrap();
        call.into_request(Profile::Standard).unwrap()
    });
}
