//! Any bytes give a token that holds for what it says once it is signed, or a refusal.
#![cfg_attr(fuzzing, no_main)]

use gait_artifact::{Timestamp, voice::SayToken};
use gait_canon::{PrivateKey, sign};
use gait_gate::say_token::{SayExpectation, SayTokenFailure, verify};

/// Holds reading, normalising and verifying to that on `data`.
pub(crate) fn check(data: &[u8]) {
    let key = PrivateKey::from_seed(&[7; 32]);
    let now = Timestamp::EPOCH_1980;
    let anything = SayExpectation::default();
    let Ok(token) = SayToken::read(data) else {
        return;
    };
    // Nobody but this key has signed it, whatever it says of itself.
    _ = verify(&token, &anything, &key.public(), now);
    let Ok(mut normal) = token.normalized() else {
        return;
    };
    assert_eq!(normal.clone().normalized().as_ref(), Ok(&normal));
    normal.signature = None;
    let Ok(digest) = normal.digest() else {
        return;
    };
    normal.signature = Some(sign::sign(&digest, &key));
    match verify(&normal, &anything, &key.public(), now) {
        Ok(verified) => assert_eq!(verified.token(), &normal),
        Err(failure) => assert_eq!(failure, SayTokenFailure::Expired),
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
