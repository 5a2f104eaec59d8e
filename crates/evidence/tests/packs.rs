//! The laws of evidence packs: what was built verifies, the same evidence gives the same bytes, and no lie goes unnoticed.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

#[allow(dead_code, reason = "each test program uses its part")]
mod made;

use std::io::Cursor;

use gait_artifact::guard::EvidenceManifest;
use gait_artifact::pack::MANIFEST_PATH;
use gait_canon::Digest;
use gait_canon::json::{self, Value};
use gait_disk::progress::Unwatched;
use gait_evidence::{Collection, EvidencePack, Template};
use gait_pack::guard::pack_id;
use gait_pack::verify::{VerifyOptions, evidence_from};
use made::{Files, Shelf, archive, files, findings, settings, signed_pack, strictly};
use proptest::prelude::*;

#[test]
fn what_was_built_verifies_strictly() {
    let found = strictly(&signed_pack()).unwrap();
    assert!(found.is_ok(), "{found:?}");
    assert_eq!(found.findings, []);
    assert_eq!((found.source_ref.as_str(), found.files_checked), ("run_1", 7));
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let pack = signed_pack();
    for place in 0..pack.len() {
        let mut changed = pack.clone();
        changed[place] ^= 1 << (place % 8);
        // What the standard profile tells, the strict one refuses; it takes much longer only to see the signature.
        let passes = is_clean(&changed) && strictly(&changed).is_ok_and(|found| found.is_ok());
        assert!(!passes, "byte {place} of {}", pack.len());
    }
}

/// Whether the standard profile without a key has nothing to say.
fn is_clean(bytes: &[u8]) -> bool {
    let found = evidence_from(Cursor::new(bytes), &VerifyOptions::default(), &Unwatched);
    found.is_ok_and(|found| found.is_ok() && found.findings.is_empty())
}

/// A pack with its manifest changed, and its id made to follow from it again.
fn with_manifest(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut files = files(&signed_pack());
    let manifest = manifest_of(&mut files);
    let mut document = json::parse(manifest).unwrap();
    let members = document.as_object_mut().unwrap();
    members.remove("signatures");
    change(&mut document);
    *manifest = json::canonical_bytes(&document).unwrap();
    archive(&files)
}

fn manifest_of(files: &mut Files) -> &mut Vec<u8> {
    &mut files
        .iter_mut()
        .find(|(path, _)| path == MANIFEST_PATH)
        .unwrap()
        .1
}

fn member<'a>(document: &'a mut Value, name: &str) -> &'a mut Value {
    document.as_object_mut().unwrap().get_mut(name).unwrap()
}

/// Declares the files anew, as somebody would who changes a pack that is not signed.
fn declared_anew(mut files: Files) -> Vec<u8> {
    let digests: Vec<_> = files
        .iter()
        .map(|(path, bytes)| (path.clone(), Digest::of(bytes).to_string()))
        .collect();
    let text = manifest_of(&mut files);
    let mut manifest: EvidenceManifest = json::read(text).unwrap();
    for entry in &mut manifest.contents {
        let (_, digest) = digests.iter().find(|(path, _)| *path == entry.path).unwrap();
        entry.sha256.clone_from(digest);
    }
    manifest.pack_id = pack_id(&manifest.run_id, &manifest.contents);
    manifest.signatures.clear();
    *text = json::canonical_bytes(&json::to_value(&manifest).unwrap()).unwrap();
    archive(&files)
}

#[test]
fn a_pack_as_built_has_no_findings() {
    assert_eq!(findings(&with_manifest(|_| ())), Vec::<String>::new());
    assert_eq!(
        findings(&declared_anew(files(&signed_pack()))),
        Vec::<String>::new()
    );
}

#[test]
fn a_manifest_that_lies_is_found_out() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 12] = [
        (
            |manifest| *member(manifest, "run_id") = "run_2".into(),
            "id_mismatch pack_id",
        ),
        (
            |manifest| *member(manifest, "run_id") = "run_2".into(),
            "run_id_mismatch runpack_summary.json",
        ),
        (
            |manifest| *member(manifest, "pack_id") = "pack_0".into(),
            "id_mismatch pack_id",
        ),
        (
            |manifest| *member(manifest, "schema_id") = "gait.other".into(),
            "unknown_value pack_manifest.json schema_id",
        ),
        (
            |manifest| {
                manifest.as_object_mut().unwrap().insert("extra", 1_i64);
            },
            "uncovered_member pack_manifest.json extra",
        ),
        (
            |manifest| *member(manifest, "contents") = Value::Array(Vec::new()),
            "inconsistent pack_manifest.json contents",
        ),
        (
            |manifest| {
                let contents = member(manifest, "contents").as_array_mut().unwrap();
                contents.push(contents[0].clone());
            },
            "repeated_declaration approval_audit_01.json",
        ),
        (
            |manifest| {
                member(manifest, "evidence_pointers")
                    .as_array_mut()
                    .unwrap()
                    .pop();
            },
            "is left out",
        ),
        (
            |manifest| {
                let first = &mut member(manifest, "control_index").as_array_mut().unwrap()[0];
                *member(first, "evidence_paths") = Value::Array(vec!["absent.json".into()]);
            },
            "\"absent.json\" is no declared entry",
        ),
        (
            |manifest| {
                let controls = member(manifest, "control_index").as_array_mut().unwrap();
                member(&mut controls[1], "evidence_paths")
                    .as_array_mut()
                    .unwrap()
                    .pop();
            },
            "control_index: does not follow from the template \"soc2\": CC7.2",
        ),
        (
            |manifest| *member(manifest, "template_id") = "pci".into(),
            "control_index: does not follow from the template \"pci\": PCI-10",
        ),
        (
            |manifest| *member(manifest, "template_id") = "iso27001".into(),
            "unknown_value pack_manifest.json template_id",
        ),
    ];
    for (change, expected) in cases {
        let found = findings(&with_manifest(change));
        assert!(
            found.iter().any(|finding| finding.contains(expected)),
            "{expected}: {found:?}"
        );
    }
}

#[test]
fn entries_that_lie_are_found_out() {
    let mut extra = files(&signed_pack());
    extra.push(("extra.json".to_owned(), b"{}".to_vec()));
    assert_eq!(
        findings(&archive(&extra)),
        ["undeclared_entry extra.json: the manifest does not declare it"]
    );
    for (path, content, expected) in [
        ("control_index.json", "[]", "inconsistent control_index.json"),
        (
            "evidence_pointers.json",
            "{",
            "inconsistent evidence_pointers.json",
        ),
        (
            "summary.pdf",
            "%PDF",
            "inconsistent pack_manifest.json rendered_artifacts",
        ),
        (
            "trace_summary.json",
            "{}",
            "inconsistent pack_manifest.json evidence_pointers",
        ),
        (
            "runpack_summary.json",
            "{}",
            "run_id_mismatch runpack_summary.json",
        ),
    ] {
        let mut files = files(&signed_pack());
        files.iter_mut().find(|(name, _)| name == path).unwrap().1 = content.into();
        let found = findings(&declared_anew(files));
        assert!(
            found.iter().any(|finding| finding.starts_with(expected)),
            "{expected}: {found:?}"
        );
    }
}

#[test]
fn records_of_another_kind_stop_the_pack() {
    let shelf = Shelf::new();
    let path = shelf.put("x.json", r#"{"schema_id":"gait.gate.trace","trace_id":"t"}"#);
    let mut collection = Collection::new();
    assert!(collection.add_approval_audit(&path).is_err());
    assert!(collection.add_inventory(&path).is_err());
    assert!(collection.add_regress_result(&path).is_err());
    assert!(collection.add_credential_evidence(&path).is_err());
    collection.add_trace(&path).unwrap();
    assert_eq!((collection.traces(), collection.approval_audits()), (1, 0));
}

#[test]
fn a_pack_that_cannot_be_put_in_its_place_leaves_nothing() {
    let shelf = Shelf::new();
    let mut pack = EvidencePack::build(&shelf.run, Collection::new(), &settings()).unwrap();
    let before = std::fs::read_dir(shelf.root.path()).unwrap().count();
    assert!(pack.write(&shelf.root.path().join("absent/e.zip")).is_err());
    assert!(pack.write(shelf.root.path()).is_err());
    assert_eq!(std::fs::read_dir(shelf.root.path()).unwrap().count(), before);
    let path = shelf.root.path().join("e.zip");
    pack.write(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), pack.write_to(Vec::new()).unwrap());
}

fn templates() -> impl Strategy<Value = Template> {
    prop::sample::select(Template::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the records say: built, it verifies, and built again, it is the same.
    #[test]
    fn every_pack_verifies(
        traces in prop::collection::vec(("\\PC{0,8}", "\\PC{1,8}", "[a-z]{0,8}"), 0..4),
        audits in prop::collection::vec("\\PC{1,8}", 0..3),
        case_id in "\\PC{0,12}",
        template in templates(),
        render_pdf: bool,
    ) {
        let shelf = Shelf::new();
        let text = |value: &str| json::compact(&value.into());
        let build = || {
            let mut collection = Collection::new();
            for (tool, id, verdict) in &traces {
                let path = shelf.put("t.json", &format!(
                    r#"{{"schema_id":"gait.gate.trace","trace_id":{},"tool_name":{},"verdict":{}}}"#,
                    text(id), text(tool), text(verdict),
                ));
                collection.add_trace(&path).unwrap();
            }
            for id in &audits {
                let path = shelf.put("a.json", &format!(
                    r#"{{"schema_id":"gait.gate.approval_audit_record","trace_id":{}}}"#, text(id),
                ));
                collection.add_approval_audit(&path).unwrap();
            }
            let settings = gait_evidence::pack::Settings {
                case_id: &case_id, template, render_pdf, ..settings()
            };
            let mut pack = EvidencePack::build(&shelf.run, collection, &settings).unwrap();
            pack.sign(&made::key()).unwrap();
            pack.write_to(Vec::new()).unwrap()
        };
        let pack = build();
        let found = strictly(&pack).unwrap();
        prop_assert!(found.is_ok(), "{:?}", found);
        prop_assert!(pack == build());
    }
}
