//! Canonicalising is idempotent, and the fast way from bytes agrees with the one by way of a tree.
#![cfg_attr(fuzzing, no_main)]

use gait_canon::Digest;
use gait_canon::json::{self, Reader};

/// Holds canonicalisation to that on `data`.
pub(crate) fn check(data: &[u8]) {
    let canonical = Reader::new().canonicalise(data);
    match json::parse(data) {
        Ok(value) => assert_eq!(json::canonical_bytes(&value).ok(), canonical.clone().ok()),
        Err(error) => assert_eq!(canonical.as_ref().err(), Some(&error)),
    }
    let Ok(canonical) = canonical else { return };
    assert_eq!(
        Reader::new().canonicalise(&canonical).as_deref(),
        Ok(canonical.as_slice())
    );
    assert_eq!(json::canonical_digest_of_bytes(data), Ok(Digest::of(&canonical)));
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
