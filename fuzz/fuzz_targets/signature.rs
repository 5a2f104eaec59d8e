//! Nothing but the signature itself verifies, whatever the bytes say.
#![cfg_attr(fuzzing, no_main)]

use gait_canon::sign::{sign, verify};
use gait_canon::{Digest, PrivateKey, Signature, json};

/// Holds verification to that on `data`, read as a signature document and, failing that, as the text of one.
pub(crate) fn check(data: &[u8]) {
    let key = PrivateKey::from_seed(&[42; 32]);
    let digest = Digest::of(b"document");
    let genuine = sign(&digest, &key);
    let candidate = json::read::<Signature>(data).unwrap_or_else(|_| Signature {
        sig: String::from_utf8_lossy(data).into_owned(),
        ..genuine.clone()
    });
    if verify(&candidate, &digest, &key.public()) == Ok(true) {
        assert_eq!(candidate.sig, genuine.sig);
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
