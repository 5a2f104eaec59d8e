//! Every fuzz target of this crate on a bounded number of inputs: arbitrary bytes, and seeds with bytes changed, cut out,
//! put in or repeated.
#![expect(
    unexpected_cfgs,
    reason = "the targets ask for cfg(fuzzing), which only cargo-fuzz sets"
)]
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../../fuzz/fuzz_targets/attestation.rs"]
mod attestation;
#[path = "../../../fuzz/fuzz_targets/call_record.rs"]
mod call_record;
#[path = "../../../fuzz/mutation.rs"]
mod mutation;

use gait_canon::json;
use gait_pack::attest::{Envelope, PAYLOAD_TYPE};
use mutation::inputs;
use proptest::prelude::*;

fn attestation_seeds() -> Vec<Vec<u8>> {
    let payload = attestation::payload();
    let envelope = Envelope::seal(PAYLOAD_TYPE, payload.as_bytes(), &attestation::key());
    let line = json::compact(&json::to_value(&envelope).unwrap());
    vec![line.into_bytes(), payload.into_bytes()]
}

/// A call in which one quote is allowed and spoken.
const CALL: &str = r#"{"created_at":"2026-01-01T00:00:00+01:00","call_id":" c ","runpack_path":"r.zip","events":[
{"created_at":"2026-01-01T00:00:00Z","call_id":"c","call_seq":9,"turn_index":1,"event_type":"tool.result","attributes":{"n":1.50}},
{"created_at":"2026-01-01T00:00:00Z","call_id":"c","call_seq":1,"turn_index":0,"event_type":"asr.final"},
{"created_at":"2026-01-01T00:00:00Z","call_id":"c","call_seq":2,"turn_index":1,"event_type":"commitment.declared"},
{"created_at":"2026-01-01T00:00:00Z","call_id":"c","call_seq":3,"turn_index":1,"event_type":"gate.decision"},
{"created_at":"2026-01-01T00:00:00Z","call_id":"c","call_seq":4,"turn_index":1,"event_type":"tts.request"},
{"created_at":"2026-01-01T00:00:00Z","call_id":"c","call_seq":5,"turn_index":1,"event_type":"tts.emitted",
"commitment_class":"QUOTE","say_token_id":"t"},
{"created_at":"2026-01-01T00:00:00Z","call_id":"c","call_seq":6,"turn_index":1,"event_type":"tool.intent"}],
"commitments":[{"created_at":"2026-01-01T00:00:00Z","call_id":"c","call_seq":2,"turn_index":1,"commitment_class":"quote",
"quote_max_cents":5,"currency":"eur","context":{"identity":"i","workspace":"w","risk_class":"High"}}],
"gate_decisions":[{"call_id":"c","call_seq":3,"turn_index":1,"commitment_class":"quote","verdict":" Allow ",
"reason_codes":["b","a"]}],"speak_receipts":[{"call_id":"c","call_seq":5,"turn_index":1,"commitment_class":"quote",
"say_token_id":"t","spoken_digest":"2222222222222222222222222222222222222222222222222222222222222222",
"emitted_at":"2026-01-01T00:00:00Z"}],"reference_digests":[{"ref_id":"r","sha256":"x"}]}"#;

fn call_record_seeds() -> Vec<Vec<u8>> {
    vec![CALL.as_bytes().to_vec()]
}

#[test]
fn the_call_is_valid() {
    gait_pack::call::read(CALL.as_bytes()).unwrap();
}

proptest! {
    // Every case signs and verifies, which is slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn attestation(data in inputs(attestation_seeds())) {
        attestation::check(&data);
    }

    #[test]
    fn call_record(data in inputs(call_record_seeds())) {
        call_record::check(&data);
    }
}
