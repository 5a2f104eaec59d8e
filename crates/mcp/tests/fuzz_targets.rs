//! The fuzz targets of this crate on a bounded number of inputs: calls and snapshots with bytes changed, cut out or
//! repeated.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
#![expect(
    unexpected_cfgs,
    reason = "the targets ask for cfg(fuzzing), which only cargo-fuzz sets"
)]

#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/fuzz_targets/tool_call.rs"]
mod tool_call;
#[path = "../../../fuzz/fuzz_targets/trust_snapshot.rs"]
mod trust_snapshot;

use gait_mcp::trust::TrustIndex;
use mutation::inputs;
use proptest::prelude::*;

/// One call or more of every shape.
const CALLS: &[&str] = &[
    r#"{"name":"fs.write","args":{"path":"/srv/x","n":1.50},"target":"https://a.test/x","created_at":"2026-03-01T02:00:00+02:00",
        "context":{"identity":"a","workspace":"/w","session_id":"s","run_id":"my run","auth_mode":"oauth",
        "oauth_evidence":{"issuer":"i","scopes":["r"]},"auth_context":{"k":[null]},"agent_identity":{"owner":"o"}},
        "delegation":{"requester_identity":"r","chain":[{"delegator_identity":"d","delegate_identity":"r"}]}}"#,
    r#"{"name":"t","arguments":{"a":{"b":[1,2]}},"targets":[{"kind":"path","value":"/x","readOnlyHint":true,
        "annotations":{"destructive_hint":"true","discoveryMethod":"mcp"}}],"server":{"server_id":"github"}}"#,
    r#"{"script":{"steps":[{"name":"a","args":{"x":1}},{"name":"b","targets":[{"kind":"host","value":"h"}]}]}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":1}}}"#,
    r#"{"id":"c","type":"function","function":{"name":"t","arguments":"{\"a\":[1e3,\"\\u00e9\"]}"}}"#,
    r#"{"type":"function_call","call_id":"c","name":"t","arguments":"{}","server_label":"s"}"#,
    r#"{"type":"tool_use","id":"u","name":"t","input":{"a":-0.0}}"#,
    r#"{"tool":"t","tool_input":"{\"url\":\"https://a.test\"}","log":"x"}"#,
    r#"{"tool_name":"Bash","tool_input":{"command":"ls"},"session_id":"s","hook_event_name":"PreToolUse","permission_mode":"plan"}"#,
];

const SNAPSHOT: &str = r#"{"schema_id":"gait.mcp.trust_snapshot","schema_version":"1.0.0","created_at":"2026-03-01T00:00:00Z",
    "entries":[{"server_id":"GitHub","publisher":" Acme ","status":"Trusted","updated_at":"2026-03-01T00:00:00Z","score":0.9,
    "registry_verification":{"signature_verified":true,"pack_name":"p"}},{"server_name":"Files Server","status":"revoked"}]}"#;

fn calls() -> Vec<Vec<u8>> {
    CALLS.iter().map(|call| call.as_bytes().to_vec()).collect()
}

fn snapshots() -> Vec<Vec<u8>> {
    vec![SNAPSHOT.as_bytes().to_vec()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tool_call_holds(data in inputs(calls())) {
        tool_call::check(&data);
    }

    #[test]
    fn trust_snapshot_holds(data in inputs(snapshots())) {
        trust_snapshot::check(&data);
    }
}

#[test]
fn the_seeds_are_valid() {
    for call in calls() {
        assert!(
            tool_call::ADAPTERS.into_iter().any(|adapter| {
                let decoded = adapter.decode(&call);
                decoded.is_ok_and(|call| !call.name.is_empty() || call.script.is_some())
            }),
            "{}",
            call.escape_ascii()
        );
    }
    for snapshot in snapshots() {
        assert_ne!(TrustIndex::read(&snapshot).unwrap(), TrustIndex::default());
    }
}
