//! The fuzz target of this crate on a bounded number of inputs: signed manifests with bytes changed, cut out or repeated.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
#![expect(
    unexpected_cfgs,
    reason = "the targets ask for cfg(fuzzing), which only cargo-fuzz sets"
)]

#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/fuzz_targets/registry_manifest.rs"]
mod registry_manifest;
#[allow(dead_code, reason = "each test program uses its part")]
#[path = "network/sample.rs"]
mod sample;

use mutation::inputs;
use proptest::prelude::*;

const SKILL: &str = r#"{"schema_id":"gait.registry.pack","schema_version":"1.0.0","created_at":"2026-02-01T12:00:00.25+02:00",
    "pack_name":"s","pack_version":"1","pack_type":" Skill ","publisher":"Acme","source":"Community","risk_class":"High",
    "compatibility":["gait>=1.0"],"provenance":{"n":1.50,"b":[1,{"x":null}]},"artifacts":null,"signatures":[{"sig":"AA=="}]}"#;

fn seeds() -> Vec<Vec<u8>> {
    vec![
        SKILL.as_bytes().to_vec(),
        sample::manifest("baseline", "1.0.0", &sample::key()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn registry_manifest_holds(data in inputs(seeds())) {
        registry_manifest::check(&data);
    }
}

#[test]
fn the_seeds_are_valid() {
    for seed in seeds() {
        gait_registry::Manifest::parse(&seed).unwrap();
    }
}
