//! The fuzz targets of this crate on a bounded number of inputs: arbitrary bytes, and valid documents with bytes changed,
//! cut out or repeated.
#![expect(
    unexpected_cfgs,
    reason = "the targets ask for cfg(fuzzing), which only cargo-fuzz sets"
)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that can not go on fails"
)]

#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/fuzz_targets/say_token.rs"]
mod say_token;

use gait_artifact::voice::SayToken;
use mutation::inputs;
use proptest::prelude::*;

const TOKEN: &str = r#"{"schema_id":"","created_at":"1979-01-01T00:00:00Z","token_id":"t","commitment_class":" Quote ",
    "intent_digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "policy_digest":"1111111111111111111111111111111111111111111111111111111111111111","call_id":" c ","turn_index":0,
    "call_seq":1,"currency":"eur","quote_min_cents":1,"quote_max_cents":2,"expires_at":"2126-01-01T00:00:00+01:00",
    "signature":{"alg":"ed25519","key_id":"","sig":"AAAA","signed_digest":""},"note":[1]}"#;

proptest! {
    // Every case signs and verifies, which is slow without optimisation.
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn say_token_holds(data in inputs(vec![TOKEN.as_bytes().to_vec()])) {
        say_token::check(&data);
    }
}

#[test]
fn the_seed_is_valid() {
    let token = SayToken::read(TOKEN.as_bytes()).unwrap();
    assert!(token.normalized().is_ok());
}
