//! Every fuzz target of this crate on a bounded number of inputs: arbitrary bytes, and seeds with bytes changed, cut out,
//! put in or repeated.
#![expect(
    unexpected_cfgs,
    reason = "the targets ask for cfg(fuzzing), which only cargo-fuzz sets"
)]
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../../fuzz/fuzz_targets/attestation.rs"]
mod attestation;
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

proptest! {
    // Every case signs and verifies, which is slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn attestation(data in inputs(attestation_seeds())) {
        attestation::check(&data);
    }
}
