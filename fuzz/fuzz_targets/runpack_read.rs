//! Any bytes give a runpack or a refusal; a runpack that is read also verifies, and sealed again it is one with itself.
//!
//! The bytes are taken twice: as an archive, and as the files of one whose digests are all right, parted by U+001E.
#![cfg_attr(fuzzing, no_main)]

use std::io::Cursor;

use gait_artifact::runpack::{
    INTENTS_PATH, MANIFEST_PATH, MANIFEST_SCHEMA_ID, Manifest, ManifestFile, REFS_PATH, RESULTS_PATH,
    RUN_PATH, SCHEMA_VERSION,
};
use gait_canon::{
    Digest, json,
    zip::{self, Entry},
};
use gait_disk::progress::Unwatched;
use gait_runpack::{Content, Runpack, VerifyOptions, manifest_digest, to_bytes, verify_reader};

/// Holds reading, verifying and sealing to that on `data`.
pub(crate) fn check(data: &[u8]) {
    check_archive(data);
    check_archive(&archive_of(data));
}

fn archive_of(data: &[u8]) -> Vec<u8> {
    let paths = [RUN_PATH, INTENTS_PATH, RESULTS_PATH, REFS_PATH];
    let parts = data.split(|byte| *byte == 0x1E).chain(std::iter::repeat(&[][..]));
    let files: Vec<_> = paths.into_iter().zip(parts).collect();
    let declared = files.iter().map(|(path, content)| ManifestFile {
        path: (*path).to_owned(),
        sha256: Digest::of(content).to_string(),
    });
    let mut manifest = Manifest {
        schema_id: MANIFEST_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        run_id: "run_1".to_owned(),
        files: Some(declared.collect()),
        ..Manifest::default()
    };
    manifest.manifest_digest = manifest_digest(&manifest).to_string();
    let manifest = json::pretty(&manifest).expect("a manifest has a JSON form");
    let mut entries: Vec<_> = files
        .into_iter()
        .map(|(path, content)| Entry::new(path, content))
        .collect();
    entries.push(Entry::new(MANIFEST_PATH, manifest.as_bytes()));
    zip::write(Vec::new(), entries).expect("memory takes every archive")
}

fn check_archive(bytes: &[u8]) {
    let verification = verify_reader(Cursor::new(bytes), &VerifyOptions::default(), &Unwatched);
    let Ok(runpack) = Runpack::read(Cursor::new(bytes)) else {
        return;
    };
    assert!(verification.is_ok_and(|verification| verification.is_intact()));
    let content = Content {
        run: runpack.run,
        intents: runpack.intents,
        results: runpack.results,
        refs: runpack.refs,
        capture_mode: runpack.manifest.capture_mode.parse().unwrap_or_default(),
    };
    // A number may be beyond the doubles that canonical forms are made of.
    if let Ok((sealed, manifest)) = to_bytes(&content, None)
        && !manifest.run_id.is_empty()
    {
        let again = Runpack::read(Cursor::new(sealed)).expect("what was sealed is read");
        assert_eq!(again.manifest, manifest);
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
