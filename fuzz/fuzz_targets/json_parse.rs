//! Any bytes give a value that survives writing and reading, or a refusal whose place lies inside the text.
#![cfg_attr(fuzzing, no_main)]

use gait_canon::Signature;
use gait_canon::json::{self, Reader, Value};

/// Holds the reader to that on `data`.
pub(crate) fn check(data: &[u8]) {
    for reader in [
        Reader::new(),
        Reader::new().replace_invalid_text(),
        Reader::new().allow_trailing(),
    ] {
        match reader.parse(data) {
            Ok(value) => survives(&value),
            Err(error) => {
                let position = error.position().expect("a text within the limits has places");
                assert!(position.offset <= data.len() && position.line >= 1 && position.column >= 1);
            }
        }
        // A type with every kind of refusal: wrong types, unknown members.
        let _ = reader.read::<Signature>(data);
    }
}

fn survives(value: &Value) {
    let text = json::compact_in_order(value);
    let again = json::parse(text.as_bytes()).expect("what is written is JSON");
    assert_eq!(json::compact_in_order(&again), text);
    let pretty = json::pretty(value).expect("a parsed value has a JSON form");
    let again = json::parse(pretty.as_bytes()).expect("what is written is JSON");
    assert_eq!(json::compact(&again), json::compact(value));
    assert_eq!(json::to_value(value).expect("a value is a value"), *value);
    assert_eq!(
        json::from_value::<Value>(value).expect("a value is a value"),
        *value
    );
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
