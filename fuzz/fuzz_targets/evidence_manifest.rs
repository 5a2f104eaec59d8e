//! Whatever stands in the manifest of an evidence pack, a pack passes only when it is the one that was signed.
#![cfg_attr(fuzzing, no_main)]

use std::io::Cursor;

use gait_canon::zip::{Entry, write};
use gait_canon::{Digest, PrivateKey, json, sign};
use gait_disk::progress::Unwatched;
use gait_pack::guard::signable;
use gait_pack::verify::{VerifyOptions, evidence_from};

pub(crate) fn key() -> PrivateKey {
    PrivateKey::from_seed(&[42; 32])
}

/// A manifest that declares one file, and signs it.
pub(crate) fn manifest() -> Vec<u8> {
    let digest = Digest::of(b"{}");
    let bare = format!(
        r#"{{"schema_id":"gait.guard.pack_manifest","run_id":"run_1","contents":[{{"path":"a.json","sha256":"{digest}","type":"report"}}]}}"#
    );
    let digest = signable(bare.as_bytes()).expect("the manifest is JSON");
    let signature = json::pretty(&sign::sign(&digest, &key())).expect("a signature is JSON");
    format!(r#"{},"signatures":[{signature}]}}"#, &bare[..bare.len() - 1]).into_bytes()
}

/// Verifies a pack with the manifest `data`.
pub(crate) fn check(data: &[u8]) {
    let entries = vec![
        Entry::new("a.json", b"{}".as_slice()),
        Entry::new("pack_manifest.json", data),
    ];
    let bytes = write(Vec::new(), entries).expect("two files make an archive");
    let public = key().public();
    let options = VerifyOptions {
        key: Some(&public),
        require_signature: true,
        strict: true,
    };
    if let Ok(found) = evidence_from(Cursor::new(bytes), &options, &Unwatched)
        && found.signatures.is_ok()
    {
        assert_eq!(signable(data), signable(&manifest()));
        assert!(!found.is_ok(), "the pack has no lists");
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
