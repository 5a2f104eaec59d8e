//! The fuzz targets of this crate on a bounded number of inputs: valid documents with bytes changed, cut out or repeated.
#![expect(
    unexpected_cfgs,
    reason = "the targets ask for cfg(fuzzing), which only cargo-fuzz sets"
)]

#[path = "../../../fuzz/fuzz_targets/context_envelope.rs"]
mod context_envelope;
#[path = "../../../fuzz/fuzz_targets/intent_json.rs"]
mod intent_json;
#[path = "../../../fuzz/mutation.rs"]
mod mutation;

use mutation::inputs;
use proptest::prelude::*;

const INTENTS: &[&str] = &[
    r#"{"tool_name":"fs.delete","args":{"path":" /a ","n":[1e3,-0,{"token_ref":"env:X"}]},"created_at":"2026-02-05T00:00:00+01:00",
    "targets":[{"kind":"url","value":"https://u:p%40@[fe80::1%25e]:8/a?b#c"},{"kind":"host","value":"http://x.example:1/y"}],
    "context":{"identity":"i","workspace":"C:\\w","risk_class":"High","auth_context":{"context_age_seconds":1},
    "sandbox":{"writable_paths":["/a/../b"],"network_mode":"Full","evidence_ref":"ref:x"}}}"#,
    r#"{"script":{"steps":[{"tool_name":"a/read","targets":[{"kind":"path","value":"/a","discovery_method":"static-mcp"}],
    "arg_provenance":[{"arg_path":"p","source":"user"}]}]},"context":{"identity":"i","workspace":"w","risk_class":"low",
    "agent_identity":{"issued_at":"2026-01-01T00:00:00Z","lifecycle_states":["b","a"]}},"delegation":{"requester_identity":"b",
    "chain":[{"delegator_identity":"a","delegate_identity":"b","expires_at":null}]},"relationship":{"entity_refs":[{"kind":"agent",
    "id":"a"}]},"skill_provenance":{"skill_name":"s","source":"R","publisher":"P"}}"#,
];

const ENVELOPES: &[&str] = &[
    r#"{"context_set_id":"s","evidence_mode":"Required","records":[{"ref_id":"r","source_type":"doc",
    "source_locator":"docs://r","redaction_mode":"reference","retrieved_at":"2026-02-05T00:00:00+02:00","retrieval_params":{"k":1.50},
    "query_digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "content_digest":"1111111111111111111111111111111111111111111111111111111111111111","freshness_sla_seconds":5}]}"#,
];

fn damaged(seeds: &[&str]) -> impl Strategy<Value = Vec<u8>> {
    inputs(seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn intent_json_holds(data in damaged(INTENTS)) {
        intent_json::check(&data);
    }

    #[test]
    fn context_envelope_holds(data in damaged(ENVELOPES)) {
        context_envelope::check(&data);
    }
}

#[test]
fn the_seeds_are_valid() {
    for seed in INTENTS {
        let request = gait_artifact::intent::IntentRequest::read(seed.as_bytes()).unwrap();
        request.normalize().unwrap();
    }
    for seed in ENVELOPES {
        gait_artifact::context::ContextEnvelope::read(seed.as_bytes()).unwrap();
    }
}
