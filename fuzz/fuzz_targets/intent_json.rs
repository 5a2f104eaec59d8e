//! Any bytes give an intent whose normal form is a fixed point, or a refusal.
#![cfg_attr(fuzzing, no_main)]

use gait_artifact::intent::IntentRequest;
use gait_canon::json;

/// Holds reading and normalising to that on `data`.
pub(crate) fn check(data: &[u8]) {
    let Ok(intent) = IntentRequest::read(data).and_then(IntentRequest::normalize) else {
        return;
    };
    let request = intent.to_request();
    let text = json::pretty(&request).expect("a normal form has a JSON form");
    let read = IntentRequest::read(text.as_bytes()).expect("what is written is a request");
    assert_eq!(
        read.normalize().expect("a normal form is valid").digest(),
        intent.digest()
    );
    assert_eq!(request.normalize().expect("a normal form is valid"), intent);
    let bare = intent.without_context_claims();
    assert_eq!(bare.clone().without_context_claims(), bare);
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
