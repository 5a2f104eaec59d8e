//! Packs that pass and contradict themselves.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

#[allow(dead_code, reason = "each test program uses its part")]
mod made;

use std::fs;
use std::io::Cursor;

use gait_artifact::Timestamp;
use gait_artifact::pack::{ContentEntry, PackManifest, PackType};
use gait_canon::zip::{Entry, Limits, Mode, Reader, write};
use gait_canon::{Digest, json, sign};
use gait_pack::proof::{PackHeader, Statement, chain};
use gait_pack::verify::VerifyOptions;
use gait_pack::{PackEntry, build, kind_of, manifest};
use made::{Shelf, entry, example_run, findings, key, packed, unsealed, verified};

type Files = Vec<(String, Vec<u8>)>;

/// The files of a pack, by path.
fn files(bytes: &[u8]) -> Files {
    let mut archive = Reader::open(Cursor::new(bytes), Limits::default()).unwrap();
    let names: Vec<_> = archive.names().map(str::to_owned).collect();
    names
        .into_iter()
        .map(|name| {
            let content = archive.read(&name).unwrap();
            (name, content)
        })
        .collect()
}

/// A pack of `files` with a manifest made anew from `like`, as somebody would who changes a pack that is not signed.
fn declared_anew(like: &[u8], mut files: Files) -> Vec<u8> {
    let position = files.iter().position(|(path, _)| path == "pack_manifest.json");
    files.remove(position.unwrap());
    let mut made: PackManifest = json::read(like).unwrap();
    made.contents = files
        .iter()
        .map(|(path, bytes)| ContentEntry {
            path: path.clone(),
            sha256: Digest::of(bytes).to_string(),
            kind: kind_of(path).to_owned(),
        })
        .collect();
    made.pack_id = manifest::pack_id(&made).to_string();
    files.push((
        "pack_manifest.json".to_owned(),
        json::pretty(&made).unwrap().into_bytes(),
    ));
    let entries = files
        .iter()
        .map(|(path, bytes)| Entry::new(path, bytes.as_slice()));
    write(Vec::new(), entries.collect()).unwrap()
}

/// The example run, changed file by file.
fn changed(change: impl Fn(&mut Files)) -> Vec<u8> {
    let bytes = packed(Shelf::with(&example_run()).unsealed(), None);
    let mut files = files(&bytes);
    let manifest = files
        .iter()
        .find(|(path, _)| path == "pack_manifest.json")
        .unwrap()
        .1
        .clone();
    change(&mut files);
    declared_anew(&manifest, files)
}

fn is_chain((path, _): &(String, Vec<u8>)) -> bool {
    path == "proof_records.jsonl"
}

#[test]
fn a_pack_as_built_has_none() {
    assert!(findings(&changed(|_| ())).is_empty());
}

#[test]
fn a_chain_that_is_missing_shortened_or_about_something_else() {
    let removed = findings(&changed(|files| files.retain(|file| !is_chain(file))));
    assert!(
        removed[0].starts_with("ProofMismatch proof_records.jsonl: "),
        "{removed:?}"
    );

    let shortened = findings(&changed(|files| {
        let chain = files.iter_mut().find(|file| is_chain(file)).unwrap();
        let end = chain.1.iter().position(|byte| *byte == b'\n').unwrap();
        chain.1.truncate(end);
    }));
    assert_eq!(shortened.len(), 2, "{shortened:?}");
    assert!(shortened[0].ends_with("no proof record is about this entry"));

    let emptied = findings(&changed(|files| {
        files.iter_mut().find(|file| is_chain(file)).unwrap().1.clear();
    }));
    assert_eq!(emptied.len(), 3, "{emptied:?}");

    let foreign = findings(&changed(|files| {
        let header = PackHeader {
            pack_type: PackType::Run,
            source_ref: "run_2".to_owned(),
            producer_version: "1.0.0".to_owned(),
        };
        let sha256 = Digest::of(b"other").to_string();
        let statements = ["other", "run_payload.json", "run_payload.json"].map(|path| Statement {
            path,
            sha256: &sha256,
            size: 5,
            mode: Mode::Plain,
        });
        files.iter_mut().find(|file| is_chain(file)).unwrap().1 = chain(&header, statements, None).unwrap();
    }));
    for told in [
        "another pack",
        "does not declare",
        "another content",
        "again",
        "no proof record",
    ] {
        assert!(
            foreign.iter().any(|finding| finding.contains(told)),
            "{told}: {foreign:?}"
        );
    }
}

#[test]
fn a_record_id_that_was_made_up() {
    let found = findings(&changed(|files| {
        let chain = files.iter_mut().find(|file| is_chain(file)).unwrap();
        let text = String::from_utf8(chain.1.clone()).unwrap();
        let mut previous = String::new();
        let lines: Vec<_> = text
            .lines()
            .map(|line| {
                let mut record: gait_artifact::proof::ProofRecord = json::read(line.as_bytes()).unwrap();
                record.record_id = "prf-made-up".to_owned();
                record.integrity.previous_record_hash = previous.clone();
                record.integrity.record_hash = record.derived_hash().unwrap();
                previous.clone_from(&record.integrity.record_hash);
                json::compact(&json::to_value(&record).unwrap())
            })
            .collect();
        chain.1 = lines.join("\n").into_bytes();
    }));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("IdMismatch proof_records.jsonl line 1: "));
}

#[test]
fn a_runpack_that_is_not_the_one_of_the_payload() {
    let mut pack = Shelf::with(&example_run()).unsealed();
    let other = Shelf::with(&made::content("run_2", &[], &[]));
    pack.entries.retain(|entry| entry.path != "source/runpack.zip");
    let other = fs::read(other.runpack()).unwrap();
    pack.entries.push(entry("source/runpack.zip", &other));
    let found = findings(&packed(pack, None));
    for told in [
        "RunIdMismatch run_payload.json run_id: states \"run_1\", but source/runpack.zip has \"run_2\"",
        "DigestMismatch run_payload.json manifest_digest",
        "CountMismatch run_payload.json intents_count: states 2",
        "Inconsistent context_envelope.json: ",
    ] {
        assert!(
            found.iter().any(|finding| finding.starts_with(told)),
            "{told}: {found:?}"
        );
    }
}

#[test]
fn a_runpack_that_does_not_hold() {
    let shelf = Shelf::with(&example_run());
    let mut runpack = files(&fs::read(shelf.runpack()).unwrap());
    runpack
        .iter_mut()
        .find(|(path, _)| path == "intents.jsonl")
        .unwrap()
        .1
        .push(b'\n');
    let entries = runpack
        .iter()
        .map(|(path, bytes)| Entry::new(path, bytes.as_slice()));
    let runpack = write(Vec::new(), entries.collect()).unwrap();
    let mut pack = shelf.unsealed();
    pack.entries.retain(|entry| entry.path != "source/runpack.zip");
    pack.entries.push(entry("source/runpack.zip", &runpack));
    let found = findings(&packed(pack, None));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("the runpack in the pack does not hold"));
}

#[test]
fn a_job_that_tells_two_things() {
    let (state, events) = made::job();
    let mut pack = build::job(&state, &events, "own", "1.0.0").unwrap();
    let mut resumed = state.clone();
    "running".clone_into(&mut resumed.status);
    resumed.revision = 4;
    pack.entries.retain(|entry| entry.path == "job_payload.json");
    pack.entries
        .push(PackEntry::canonical("job_state.json", &resumed).unwrap());
    let mut swapped = events.clone();
    swapped.swap(0, 1);
    pack.entries
        .push(PackEntry::lines("job_events.jsonl", &swapped).unwrap());
    let found = findings(&packed(pack, None));
    for told in [
        "Inconsistent job_payload.json status: states \"paused\", but job_state.json has \"running\"",
        "SequenceGap job_events.jsonl line 1: revision 2 follows revision 0",
        "SequenceGap job_events.jsonl line 2: revision 1 follows revision 2",
        "Inconsistent job_events.jsonl line 2: happened at",
        "SequenceGap job_events.jsonl: the events end with revision 1",
    ] {
        assert!(
            found.iter().any(|finding| finding.starts_with(told)),
            "{told}: {found:?}"
        );
    }
}

#[test]
fn a_decision_that_is_not_the_one_the_pack_is_about() {
    let trace = br#"{"trace_id":"t3"}"#;
    let digest = json::canonical_digest_of_bytes(trace).unwrap();
    let bundle = format!(
        r#"{{"schema_id":"gait.gate.authorization_bundle","schema_version":"1.0.0","created_at":"2026-01-01T00:00:00Z",
        "producer_version":"1","trace_id":"t2","policy_digest":"{0}","intent_digest":"{0}","trace_path":"trace.json",
        "trace_digest":"{digest}"}}"#,
        "a".repeat(64)
    );
    let entries = vec![
        entry("authorization_bundle.json", bundle.as_bytes()),
        entry("evidence/trace.json", trace),
    ];
    let found = findings(&packed(unsealed(PackType::Authorization, "t1", entries), None));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("IdMismatch authorization_bundle.json trace_id: "));
    assert!(found[1].starts_with("Inconsistent evidence/trace.json: trace_id "));
}

#[test]
fn signatures_that_are_missing_or_do_not_hold() {
    let public = key().public();
    let options = VerifyOptions {
        key: Some(&public),
        ..VerifyOptions::default()
    };
    let shelf = Shelf::with(&example_run());
    let pack = || shelf.unsealed();
    let unsigned = verified(&packed(pack(), None), &options).unwrap();
    assert!(unsigned.is_ok());
    assert_eq!(
        unsigned.findings[0].message,
        "a key is given and nothing is signed"
    );

    let signed = files(&packed(pack(), Some(&key())));
    let (_, text) = signed
        .iter()
        .find(|(path, _)| path == "pack_manifest.json")
        .unwrap();
    let mut twice: PackManifest = json::read(text).unwrap();
    twice.signatures.push(sign::sign(&Digest::of(b"other"), &key()));
    let text = json::pretty(&twice).unwrap();
    let entries = signed.iter().map(|(path, bytes)| match path.as_str() {
        "pack_manifest.json" => Entry::new(path, text.as_bytes()),
        _ => Entry::new(path, bytes.as_slice()),
    });
    let found = verified(&write(Vec::new(), entries.collect()).unwrap(), &options).unwrap();
    assert!(found.is_ok());
    assert_eq!(found.signatures.errors, ["signed_digest mismatch"]);
    assert_eq!(found.findings[0].message, "1 of 2 signatures do not hold");
}

#[test]
fn other_producers_need_no_chain() {
    let bytes = changed(|files| {
        files.retain(|file| !is_chain(file));
    });
    let files = files(&bytes);
    let mut manifest: PackManifest = json::read(&files.last().unwrap().1)
        .or_else(|_| {
            json::read(
                &files
                    .iter()
                    .find(|(path, _)| path == "pack_manifest.json")
                    .unwrap()
                    .1,
            )
        })
        .unwrap();
    manifest.created_at = Timestamp::from_unix(1_770_000_000, 0);
    let mut bytes = declared_anew(json::pretty(&manifest).unwrap().as_bytes(), files);
    // Nor need their archives look like ours: the time of the last entry in the directory is another.
    let directory = bytes
        .windows(4)
        .rposition(|bytes| bytes == b"PK\x01\x02")
        .unwrap();
    bytes[directory + 12] ^= 1;
    assert!(findings(&bytes).is_empty());
}
