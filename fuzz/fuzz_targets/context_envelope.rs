//! Any bytes give an envelope that verifies again in its normal form, or a refusal.
#![cfg_attr(fuzzing, no_main)]

use gait_artifact::context::ContextEnvelope;
use gait_canon::json;

/// Holds reading and verifying to that on `data`.
pub(crate) fn check(data: &[u8]) {
    let Ok(verified) = ContextEnvelope::read(data) else {
        return;
    };
    let again = verified
        .as_envelope()
        .clone()
        .verify()
        .expect("a normal form verifies");
    assert_eq!(again, verified);
    let text = json::pretty(verified.as_envelope()).expect("a normal form has a JSON form");
    let read = ContextEnvelope::read(text.as_bytes());
    // Indentation may carry a text past the size limit.
    if let Ok(read) = read {
        assert_eq!(read.digest(), verified.digest());
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
