//! Any text gives a key that writes the same text, or a refusal that does not repeat it.
#![cfg_attr(fuzzing, no_main)]

use gait_canon::{Digest, PrivateKey, PublicKey};

/// Holds the key readers to that on `data`.
pub(crate) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match PrivateKey::from_base64(text) {
        Ok(key) => assert_eq!(key.to_base64().as_str(), text.trim()),
        Err(error) => assert!(text.len() < 40 || !error.to_string().contains(text)),
    }
    if let Ok(key) = PublicKey::from_base64(text) {
        assert_eq!(key.to_base64(), text.trim());
        assert_eq!(key.key_id().to_string(), Digest::of(key.as_bytes()).to_string());
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
