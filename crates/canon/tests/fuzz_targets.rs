//! Every fuzz target of this crate on a bounded number of inputs: arbitrary bytes, and seeds with bytes changed, cut out,
//! put in or repeated.
#![expect(
    unexpected_cfgs,
    reason = "the targets ask for cfg(fuzzing), which only cargo-fuzz sets"
)]
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../../fuzz/fuzz_targets/json_canonical.rs"]
mod json_canonical;
#[path = "../../../fuzz/fuzz_targets/json_parse.rs"]
mod json_parse;
#[path = "../../../fuzz/fuzz_targets/key_text.rs"]
mod key_text;
#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/fuzz_targets/signature.rs"]
mod signature;
#[path = "../../../fuzz/fuzz_targets/zip_read.rs"]
mod zip_read;

use gait_canon::{Digest, PrivateKey, json, sign, zip};
use mutation::inputs;
use proptest::prelude::*;

fn json_seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"name":"a","n":[1,-0,1.5e-7,12345678901234567890],"s":"\u20ac\ud83d\ude00\n\"","o":{"b":null,"a":true}}"#,
        r#"{"alg":"ed25519","key_id":"","sig":"AAAA","signed_digest":null}"#,
        r#"[[[[{"a":{"a":{"a":[]}}}]]],false,"é€😀"]"#,
        r#"{"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"10":0,"11":0,"😀":1,"ﬀ":2}"#,
        "  \"<&>\u{2028}\"\n",
        "1e400",
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

fn zip_seeds() -> Vec<Vec<u8>> {
    let entries = || {
        vec![
            zip::Entry::new("a.json", b"{}".as_slice()),
            zip::Entry::new("b", &[b'x'; 5000]),
        ]
    };
    vec![zip::write(Vec::new(), entries()).unwrap()]
}

fn key_seeds() -> Vec<Vec<u8>> {
    let key = PrivateKey::from_seed(&[9; 32]);
    let texts = [
        key.to_base64().to_string(),
        key.public().to_base64(),
        key.public().key_id().to_string(),
    ];
    texts.map(String::into_bytes).into()
}

fn signature_seeds() -> Vec<Vec<u8>> {
    let genuine = sign::sign(&Digest::of(b"document"), &PrivateKey::from_seed(&[42; 32]));
    vec![
        json::pretty(&genuine).unwrap().into_bytes(),
        genuine.sig.into_bytes(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_parse_holds(data in inputs(json_seeds())) {
        json_parse::check(&data);
    }

    #[test]
    fn json_canonical_holds(data in inputs(json_seeds())) {
        json_canonical::check(&data);
    }

    #[test]
    fn zip_read_holds(data in inputs(zip_seeds())) {
        zip_read::check(&data);
    }

    #[test]
    fn key_text_holds(data in inputs(key_seeds())) {
        key_text::check(&data);
    }
}

proptest! {
    // Each case signs and verifies, slowly without optimisation.
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn signature_holds(data in inputs(signature_seeds())) {
        signature::check(&data);
    }
}
