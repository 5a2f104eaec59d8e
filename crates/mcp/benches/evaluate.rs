//! How long a tool call takes from its bytes to a signed trace.
//!
//! To reach on the reference machine: evaluating a tool call in the boundary's own shape under three rules in 36 µs,
//! decoding, decision and signature included; the same under 1,000 rules at most 1.2 times as long. Writing is not part
//! of it.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use std::{fmt::Write as _, hint::black_box, sync::Arc};

use divan::Bencher;
use gait_canon::PrivateKey;
use gait_gate::{
    Deployment, Entrance, Fact, Gate, Signer, clock::SystemClock, profile::Profile,
    rate_limit::LocalRateLimiter,
};
use gait_mcp::{Ask, Boundary, boundary::Presented};
use gait_policy::{CompiledPolicy, document};

fn main() {
    divan::main();
}

const MCP: &[u8] = br#"{"name":"tool.write","args":{"path":"/srv/out.txt","content":"hello"},"targets":[{"kind":"path","value":"/srv/out.txt","operation":"write"}],"context":{"identity":"agent.alpha","workspace":"/srv/agent","risk_class":"high","session_id":"sess-1"},"created_at":"2026-03-01T00:00:00Z"}"#;
const OPENAI: &[u8] = br#"{"id":"call_8f3kQx","type":"function","function":{"name":"tool.write","arguments":"{\"path\":\"/srv/out.txt\",\"content\":\"hello\"}"}}"#;

fn boundary(rules: usize) -> Boundary<'static> {
    let mut policy = "default_verdict: block\nrules:\n".to_owned();
    for rule in 2..rules {
        writeln!(
            policy,
            "  - {{name: other-{rule}, effect: allow, match: {{tool_names: [other.{rule}]}}}}"
        )
        .unwrap();
    }
    policy += "  - {name: read, effect: allow, match: {tool_names: [tool.read]}}\n";
    policy += "  - {name: write, effect: allow, match: {tool_names: [tool.write]}}\n";
    let gate = Gate::new(Deployment {
        policy: CompiledPolicy::new(document::read(policy.as_bytes()).unwrap()),
        profile: Profile::Standard,
        signer: Signer {
            key: PrivateKey::from_seed(&[1; 32]),
            warning: None,
        },
        approval_key: Fact::NotConfigured,
        delegation_key: Fact::NotConfigured,
        kill_switch: Fact::NotConfigured,
        inventory: Fact::NotConfigured,
        scripts: Fact::NotConfigured,
        script_key: Fact::NotConfigured,
        broker: None,
        rate_limiter: Arc::new(LocalRateLimiter::new("unused.json")),
        dispatch: None,
        clock: &SystemClock,
        producer_version: "1.0.0",
        entrance: Entrance::McpBoundary,
    });
    Boundary::new(gate.unwrap(), None, Presented::default())
}

fn evaluate(bencher: Bencher<'_, '_>, boundary: &Boundary<'_>, adapter: &str, payload: &[u8]) {
    bencher.bench(|| {
        let ask = Ask {
            payload: black_box(payload),
            adapter,
            ..Ask::default()
        };
        boundary.decide(&ask).unwrap()
    });
}

#[divan::bench(name = "evaluate tool call (MCP)", args = [3, 1_000])]
fn mcp(bencher: Bencher<'_, '_>, rules: usize) {
    evaluate(bencher, &boundary(rules), "mcp", MCP);
}

#[divan::bench(name = "evaluate tool call (OpenAI)", args = [3])]
fn openai(bencher: Bencher<'_, '_>, rules: usize) {
    evaluate(bencher, &boundary(rules), "openai", OPENAI);
}
