//! What the evidence of an incident is taken from.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

#[allow(dead_code, reason = "each test program uses its part")]
mod made;

use std::path::PathBuf;
use std::time::Duration;

use gait_canon::{Digest, PrivateKey, json, sign};
use gait_evidence::incident::Incident;
use gait_evidence::{Collection, EvidencePack};
use made::{Shelf, archive, at, files, findings, settings};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3600);

fn around(shelf: &Shelf) -> Incident {
    Incident::around(&shelf.runpack(), &shelf.run, HOUR, at(0)).unwrap()
}

fn put(shelf: &Shelf, name: &str, trace_id: &str, seconds: i64) {
    let created_at = at(seconds);
    shelf.put(
        name,
        &format!(r#"{{"trace_id":"{trace_id}","created_at":"{created_at}","policy_digest":"p"}}"#),
    );
}

#[test]
fn nothing_from_another_time_is_swept_in() {
    let shelf = Shelf::new();
    put(&shelf, "trace_1.json", "one", 0);
    put(&shelf, "approval_audit_1.json", "one", 7200);
    put(&shelf, "credential_evidence_1.json", "one", -7200);
    let incident = around(&shelf);
    let collection = incident.collection();
    assert_eq!(
        (
            collection.traces(),
            collection.approval_audits(),
            collection.credential_evidence()
        ),
        (1, 0, 0)
    );
    let mut pack = EvidencePack::of_incident(&shelf.run, incident, &settings()).unwrap();
    let bytes = pack.write_to(Vec::new()).unwrap();
    assert_eq!(findings(&bytes), Vec::<String>::new());
    let names: Vec<_> = files(&bytes).into_iter().map(|(name, _)| name).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.starts_with("approval_audit_") || name.starts_with("credential_evidence_")),
        "{names:?}"
    );
    assert!(names.contains(&"policy_digests.json".to_owned()));
    assert_eq!(archive(&files(&bytes)), bytes, "in normal form");
}

/// Puts a trace on the shelf, signed with `key`.
fn put_signed(shelf: &Shelf, name: &str, key: &PrivateKey) -> PathBuf {
    let text = format!(r#"{{"trace_id":"{name}","created_at":"{}"}}"#, at(0));
    let mut trace = json::parse(text.as_bytes()).unwrap();
    let signature = sign::sign(&Digest::of_canonical(&trace).unwrap(), key);
    let members = trace.as_object_mut().unwrap();
    members.insert("signature", json::to_value(&signature).unwrap());
    shelf.put(name, &json::compact(&trace))
}

#[test]
fn who_names_a_key_takes_no_trace_of_anybody_else() {
    let shelf = Shelf::new();
    let [ours, theirs] = [1, 2].map(|seed| PrivateKey::from_seed(&[seed; 32]));
    let good = put_signed(&shelf, "trace_1.json", &ours);
    let strange = put_signed(&shelf, "trace_2.json", &theirs);
    put(&shelf, "trace_3.json", "unsigned", 0);
    let unsigned = strange.with_file_name("trace_3.json");

    assert_eq!(around(&shelf).collection().traces(), 3, "nobody is named");
    let key = ours.public();
    let incident = Incident::around_trusting(&shelf.runpack(), &shelf.run, HOUR, at(0), Some(&key)).unwrap();
    assert_eq!(incident.collection().traces(), 1);
    let skipped: Vec<_> = incident
        .skipped()
        .iter()
        .map(|skipped| skipped.path.clone())
        .collect();
    assert_eq!(skipped, [strange.clone(), unsigned.clone()]);

    let mut collection = Collection::new().trusting_traces_of(Some(key));
    collection.add_trace(&good).unwrap();
    for (path, expected) in [
        (strange, "is not signed with the given key"),
        (unsigned, "is not signed"),
    ] {
        let error = collection.add_trace(&path).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
    let changed = std::fs::read_to_string(&good)
        .unwrap()
        .replace("trace_1", "trace_9");
    let changed = shelf.put("changed.json", &changed);
    let error = collection.add_trace(&changed).unwrap_err().to_string();
    assert!(error.ends_with("was changed after it was signed"), "{error}");
}

#[test]
fn approvals_of_other_traces_are_left_out_where_there_are_traces() {
    let shelf = Shelf::new();
    put(&shelf, "approval_audit_1.json", "one", 0);
    put(&shelf, "approval_audit_2.json", "two", 0);
    assert_eq!(around(&shelf).collection().approval_audits(), 2);
    put(&shelf, "trace_1.json", "one", 0);
    assert_eq!(around(&shelf).collection().approval_audits(), 1);
}

#[test]
fn what_cannot_be_read_is_told() {
    let shelf = Shelf::new();
    put(&shelf, "trace_1.json", "one", 0);
    shelf.put("trace_2.json", "{");
    shelf.put("regress_1.json", r#"{"hello":1}"#);
    std::fs::create_dir(shelf.root.path().join("approval_audit_1.json")).unwrap();
    let incident = around(&shelf);
    assert_eq!(incident.collection().traces(), 1);
    let skipped: Vec<_> = incident
        .skipped()
        .iter()
        .map(|skipped| skipped.path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        skipped,
        ["trace_2.json", "regress_1.json", "approval_audit_1.json"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Both ends of the window belong to it, and nothing else does.
    #[test]
    fn the_window_decides(offsets in prop::collection::vec(-3605_i64..=3605, 0..6)) {
        let shelf = Shelf::new();
        for (index, offset) in offsets.iter().enumerate() {
            put(&shelf, &format!("trace_{index}.json"), &format!("t{index}"), *offset);
        }
        let within = offsets.iter().filter(|offset| offset.abs() <= 3600).count();
        prop_assert_eq!(around(&shelf).collection().traces(), within);
    }
}
