//! Whatever a bundle holds, only the statement that was signed comes out of it.
#![cfg_attr(fuzzing, no_main)]

use gait_canon::{Digest, PrivateKey, json};
use gait_pack::attest::{Envelope, PAYLOAD_TYPE, PredicateType, Statement, check as check_bundle};

/// What was signed: a statement about the file `archive`.
pub(crate) fn payload() -> String {
    format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","predicate":{{"packId":"p"}},"predicateType":"{}","subject":[{{"digest":{{"sha256":"{}"}},"name":"p.zip"}}]}}"#,
        PredicateType::Pack.uri(),
        Digest::of(b"archive"),
    )
}

pub(crate) fn key() -> PrivateKey {
    PrivateKey::from_seed(&[42; 32])
}

/// Holds the reader of bundles to that on `data`, and on a line that the signer made of it.
pub(crate) fn check(data: &[u8]) {
    let verdict = |bundle: &[u8]| {
        check_bundle(
            bundle,
            &Digest::of(b"archive"),
            &key().public(),
            PredicateType::Pack,
        )
    };
    if let Ok(statement) = verdict(data) {
        let signed: Statement = json::read(payload().as_bytes()).expect("the payload is a statement");
        assert_eq!(statement, signed);
    }
    let line = json::to_value(&Envelope::seal(PAYLOAD_TYPE, data, &key())).expect("an envelope is JSON");
    if let Ok(statement) = verdict(json::compact(&line).as_bytes()) {
        assert!(statement.subject_with(&Digest::of(b"archive")).is_some());
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
