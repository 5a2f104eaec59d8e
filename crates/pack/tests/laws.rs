//! What holds for every pack: what is built verifies, the same source gives the same bytes, and no byte can be another.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

#[allow(dead_code, reason = "each test program uses its part")]
mod made;

use gait_artifact::pack::PackType;
use gait_pack::verify::{Verification, VerifyOptions};
use gait_pack::{PackEntry, build};
use made::{Shelf, entry, example_run, key, packed, unsealed, verified};
use proptest::prelude::*;

/// Verifies by the strict profile, with the key that signed.
fn passes(bytes: &[u8]) -> bool {
    let public = key().public();
    let options = VerifyOptions {
        key: Some(&public),
        require_signature: true,
        strict: true,
    };
    verified(bytes, &options).is_ok_and(|found| found.is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_verifies(
        run_id in "\\PC{0,8}[a-z]\\PC{0,8}",
        calls in proptest::collection::vec((".{0,12}", ".{0,12}"), 0..5),
        locators in proptest::collection::vec(".{0,12}", 0..4),
    ) {
        let shelf = Shelf::with(&made::content(run_id.trim(), &calls, &locators));
        let one = packed(shelf.unsealed(), Some(&key()));
        prop_assert!(passes(&one), "{:?}", verified(&one, &VerifyOptions { strict: true, ..VerifyOptions::default() }));
        prop_assert!(one == packed(shelf.unsealed(), Some(&key())), "the same source gives the same bytes");
    }

    #[test]
    fn any_files_are_declared_and_stated(
        files in proptest::collection::btree_map("[a-z ]{1,6}(/[a-zé~]{1,6}){0,2}\\.(json|jsonl|zip|txt)", proptest::collection::vec(any::<u8>(), 0..2000), 0..6),
    ) {
        let shelf = Shelf::with(&example_run());
        let mut with_files = shelf.unsealed();
        let known: Vec<_> = with_files.entries.iter().map(|entry| entry.path.clone()).collect();
        let files = files.iter().filter(|(path, _)| !known.contains(path));
        with_files.entries.extend(files.map(|(path, bytes)| entry(path, bytes)));
        prop_assert!(passes(&packed(with_files, Some(&key()))));
    }

    #[test]
    fn untrusted_bytes_are_refused_and_no_more(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(verified(&bytes, &VerifyOptions::default()).is_err());
    }
}

#[test]
fn no_byte_can_be_another() {
    let bytes = packed(
        Shelf::with(&made::content("r", &[], &[])).unsealed(),
        Some(&key()),
    );
    let public = key().public();
    // Whether proof records must be signed makes no difference here, and their signatures cost time.
    let options = VerifyOptions {
        key: Some(&public),
        require_signature: false,
        strict: true,
    };
    assert!(verified(&bytes, &options).unwrap().is_ok());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let found = verified(&changed, &options);
        assert!(
            !found.as_ref().is_ok_and(Verification::is_ok),
            "byte {at} of {} can be another: {found:?}",
            bytes.len()
        );
    }
}

#[test]
fn nothing_can_be_put_around_or_left_out() {
    let bytes = packed(Shelf::with(&example_run()).unsealed(), Some(&key()));
    for changed in [
        [b"#!/bin/sh\n".as_slice(), &bytes].concat(),
        [bytes.as_slice(), b"\n"].concat(),
        bytes[..bytes.len() - 1].to_vec(),
        bytes[1..].to_vec(),
    ] {
        assert!(!passes(&changed));
    }
}

#[test]
fn packs_of_jobs_verify() {
    let (state, events) = made::job();
    let pack = || build::job(&state, &events, "own", "1.0.0").unwrap();
    let bytes = packed(pack(), Some(&key()));
    assert!(passes(&bytes));
    assert_eq!(bytes, packed(pack(), Some(&key())));
}

#[test]
fn sources_that_are_no_runpacks_pass() {
    let shelf = Shelf::with(&example_run());
    let mut entries: Vec<PackEntry> = shelf.unsealed().entries;
    entries.retain(|entry| entry.path != "source/runpack.zip" && entry.path != "context_envelope.json");
    entries.push(entry("source/runpack.zip", b"opaque"));
    assert!(passes(&packed(
        unsealed(PackType::Run, "run_1", entries),
        Some(&key())
    )));
}
