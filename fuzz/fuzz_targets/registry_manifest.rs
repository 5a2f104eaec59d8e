//! Reads bytes as the manifest of a published pack; what is read is safe to keep, and reads back as it was.
#![cfg_attr(fuzzing, no_main)]

use std::path::{Component, Path};

use gait_registry::Manifest;

/// Holds names and round trips to that on `data`.
pub(crate) fn check(data: &[u8]) {
    let Ok(manifest) = Manifest::parse(data) else {
        return;
    };
    let pack = manifest.pack();
    for name in [&pack.pack_name, &pack.pack_version] {
        let mut components = Path::new(name).components();
        assert!(matches!(components.next(), Some(Component::Normal(only)) if only == name.as_str()));
        assert!(components.next().is_none());
    }
    let again = Manifest::parse(manifest.canonical_bytes()).expect("what is kept is a manifest");
    assert_eq!(again.digest(), manifest.digest());
    assert_eq!(again.canonical_bytes(), manifest.canonical_bytes());
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
