//! The fuzz targets of encrypted files and evidence packs on a bounded number of inputs: arbitrary bytes, and seeds with bytes
//! changed, cut out, put in or repeated.
#![expect(
    unexpected_cfgs,
    reason = "the targets ask for cfg(fuzzing), which only cargo-fuzz sets"
)]

#[path = "../../../fuzz/fuzz_targets/encrypted_artifact.rs"]
mod encrypted_artifact;
#[path = "../../../fuzz/fuzz_targets/evidence_manifest.rs"]
mod evidence_manifest;
#[path = "../../../fuzz/mutation.rs"]
mod mutation;

use gait_evidence::seal::HeaderBinding;
use mutation::inputs;
use proptest::prelude::*;

fn encrypted_seeds() -> Vec<Vec<u8>> {
    [HeaderBinding::Loose, HeaderBinding::Bound]
        .map(|binding| encrypted_artifact::sealed(encrypted_artifact::CONTENT, binding))
        .to_vec()
}

proptest! {
    // Every case signs, verifies or encrypts, which is slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn encrypted_artifact(data in inputs(encrypted_seeds())) {
        encrypted_artifact::check(&data);
    }

    #[test]
    fn evidence_manifest(data in inputs(vec![evidence_manifest::manifest()])) {
        evidence_manifest::check(&data);
    }
}
