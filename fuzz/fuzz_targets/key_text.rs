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
        Err(error) => {
            let said = error.to_string();
            // What is said of another text was not taken from this one.
            let said_of_another = PrivateKey::from_base64("?").err().map(|error| error.to_string());
            assert!(text.len() < 40 || said_of_another.as_ref() == Some(&said) || !said.contains(text));
        }
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
