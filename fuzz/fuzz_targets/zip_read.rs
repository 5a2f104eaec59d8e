//! Any bytes give an archive within its limits, or a refusal; never more content than was allowed.
#![cfg_attr(fuzzing, no_main)]

use std::io::Cursor;

use gait_canon::zip::{Limits, Reader};

const LIMITS: Limits = Limits {
    entries: 100,
    entry_bytes: 1 << 16,
    total_bytes: 1 << 18,
    ratio: 1032,
};

/// Holds the archive reader to that on `data`.
pub(crate) fn check(data: &[u8]) {
    let Ok(mut archive) = Reader::open(Cursor::new(data), LIMITS) else {
        return;
    };
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    let mut total = 0;
    for name in names {
        let declared = archive.size(&name).expect("a listed file has a size");
        if let Ok(content) = archive.read(&name) {
            assert_eq!(content.len() as u64, declared);
            total += declared;
        }
    }
    assert!(total <= LIMITS.total_bytes);
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
