use std::fs;
use std::io::Cursor;

use gait_artifact::pack::{AUTHORIZATION_BUNDLE_PATH, PackType};
use gait_disk::progress::Unwatched;

use super::*;
use crate::build;
use crate::entry::{EntryContent, PackEntry};
use crate::proof::PackHeader;

const HEX: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn document(members: &str) -> String {
    format!(
        r#"{{"trace_id":" t1 ","policy_digest":"{HEX}","intent_digest":"{}"{members}}}"#,
        HEX.to_uppercase()
    )
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let trace =
        format!(r#"{{"verdict":"allow", "trace_id":"t1","policy_digest":"{HEX}","intent_digest":"{HEX}"}}"#);
    fs::write(directory.path().join("trace.json"), trace).unwrap();
    fs::write(directory.path().join("note.txt"), "free text\n").unwrap();
    directory
}

/// A pack of `bundle` with these files beside it, opened.
fn packed(bundle: &AuthorizationBundle, files: &[(&str, &str)]) -> PackArchive<Cursor<Vec<u8>>> {
    let mut entries = vec![PackEntry::canonical(AUTHORIZATION_BUNDLE_PATH, bundle).unwrap()];
    entries.extend(files.iter().map(|(path, content)| {
        PackEntry::new(entry_name(path), EntryContent::Bytes(content.as_bytes().to_vec()))
    }));
    let header = PackHeader {
        pack_type: PackType::Authorization,
        source_ref: "t1".to_owned(),
        producer_version: "1".to_owned(),
    };
    let mut bytes = Vec::new();
    let mut pack = build::seal(&header, entries, None, &Unwatched).unwrap();
    pack.write_to(&mut bytes, &Unwatched).unwrap();
    PackArchive::read_from(Cursor::new(bytes)).unwrap()
}

fn resolved(members: &str) -> AuthorizationBundle {
    let bundle = read(document(members).as_bytes(), "1.2.3").unwrap();
    resolve(bundle, directory().path()).unwrap().bundle
}

const NOTE: (&str, &str) = ("note.txt", "free text\n");

#[test]
fn links_are_resolved_and_hold() {
    let directory = directory();
    let text = document(r#","trace_path":"./trace.json","context_evidence_path":"x\\..\\note.txt""#);
    let bundle = read(text.as_bytes(), "1.2.3").unwrap();
    assert_eq!(
        (bundle.trace_id.as_str(), bundle.intent_digest.as_str()),
        ("t1", HEX)
    );
    assert_eq!(
        (bundle.schema_id.as_str(), bundle.producer_version.as_str()),
        (SCHEMA_ID, "1.2.3")
    );
    assert_eq!(bundle.created_at, Timestamp::EPOCH_1980);

    let ResolvedBundle { bundle, mut evidence } = resolve(bundle, directory.path()).unwrap();
    assert_eq!(evidence.keys().collect::<Vec<_>>(), ["note.txt", "trace.json"]);
    assert_eq!(
        bundle.context_evidence_digest,
        Digest::of(b"free text\n").to_string()
    );
    let trace = evidence.get_mut("trace.json").unwrap();
    trace.rewind().unwrap();
    let trace = io::read_to_string(trace).unwrap();
    verify(&bundle, &mut packed(&bundle, &[("trace.json", &trace), NOTE])).unwrap();

    // White space does not change what JSON says; anything else does.
    let spaced = trace.replace(',', " ,\n");
    verify(&bundle, &mut packed(&bundle, &[("trace.json", &spaced), NOTE])).unwrap();
    let forged = spaced.replace("allow", "block");
    let found = verify(&bundle, &mut packed(&bundle, &[("trace.json", &forged), NOTE]));
    assert!(matches!(found, Err(BundleError::DigestMismatch(path)) if path == "trace.json"));
    let found = verify(&bundle, &mut packed(&bundle, &[NOTE]));
    assert!(matches!(found, Err(BundleError::Missing(_))));
}

#[test]
fn documents_are_refused() {
    for (members, error) in [
        (r#","extra":1"#, "unknown"),
        (r#","schema_id":"gait.gate.trace""#, "schema_id must be"),
        (r#","schema_version":"2.0.0""#, "schema_version must be"),
        (r#","outcome_digest":"ab""#, "requires corresponding path"),
        (
            r#","outcome_path":"../x.json""#,
            "must be local relative: ../x.json",
        ),
        (r#","outcome_path":"/x.json""#, "must be local relative: /x.json"),
        (r#","outcome_path":"a/../..""#, "must be local relative"),
        (r#","outcome_status":"maybe""#, "outcome_status"),
        (r#","trace_id":"t2""#, "duplicate"),
    ] {
        let text = document(members);
        let found = read(text.as_bytes(), "1").unwrap_err().to_string();
        assert!(found.contains(error), "{members}: {found}");
    }
    for text in [
        "{}",
        &document("").replace(" t1 ", " "),
        &document("").replace(HEX, "aa"),
    ] {
        assert!(
            matches!(read(text.as_bytes(), "1"), Err(BundleError::Unidentified)),
            "{text}"
        );
    }
}

#[test]
fn files_are_refused() {
    let directory = directory();
    fs::write(directory.path().join("broken.json"), "{").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", directory.path().join("link.txt")).unwrap();
    for (members, error) in [
        (
            r#","trace_path":"absent.json""#.to_owned(),
            "read authorization evidence absent.json",
        ),
        (
            r#","trace_path":"broken.json""#.to_owned(),
            "parse authorization evidence broken.json",
        ),
        (r#","outcome_path":"link.txt""#.to_owned(), "symbolic link"),
        (
            format!(r#","trace_path":"trace.json","trace_digest":"{HEX}""#),
            "digest mismatch for trace.json",
        ),
    ] {
        let bundle = read(document(&members).as_bytes(), "1").unwrap();
        let found = resolve(bundle, directory.path()).unwrap_err().to_string();
        assert!(found.contains(error), "{members}: {found}");
    }
}

#[test]
fn a_bundle_proves_its_decision() {
    let silent = resolved(r#","context_evidence_path":"note.txt""#);
    assert!(matches!(
        verify(&silent, &mut packed(&silent, &[NOTE])),
        Err(BundleError::NoTrace)
    ));
    let told = resolved(r#","trace_path":"note.txt","outcome_status":"allow""#);
    assert!(matches!(
        verify(&told, &mut packed(&told, &[NOTE])),
        Err(BundleError::NoOutcome)
    ));
    let mut untimed = told.clone();
    untimed.created_at = Timestamp::ZERO;
    assert!(matches!(
        verify(&untimed, &mut packed(&told, &[NOTE])),
        Err(BundleError::NoTime)
    ));
    let empty = resolved(r#","trace_path":"note.txt","outcome_status":"""#);
    verify(&empty, &mut packed(&empty, &[NOTE])).unwrap();
}

#[test]
fn a_trace_of_another_decision_is_noticed() {
    let bundle = resolved(r#","trace_path":"trace.json""#);
    let foreign = |trace: &[u8]| foreign_members(&bundle, trace);
    assert!(foreign(br#"{"trace_id":"t1","verdict":"allow"}"#).is_empty());
    assert_eq!(
        foreign(br#"{"trace_id":"t2","policy_digest":"","intent_digest":1}"#),
        ["trace_id", "policy_digest"]
    );
    assert!(foreign(b"not json").is_empty());
}
