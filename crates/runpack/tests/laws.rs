//! What holds for every runpack: it says what was recorded, the same each time, and no changed byte goes unnoticed.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Cursor;

use gait_artifact::{
    Timestamp,
    context::ContextEnvelope,
    runpack::{IntentRecord, Receipt, Refs, ResultRecord, Run, RunEnv, TimelineEvent},
};
use gait_canon::{
    PrivateKey,
    json::{self, Object},
    sign, zip,
};
use gait_runpack::{
    CaptureMode, Content, RecordInput, RecordOptions, Runpack, manifest_digest, record, seal, signable,
    to_bytes,
};
use proptest::{collection::vec, option, prelude::*};

fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| Timestamp::from_unix(seconds, nanos))
}

fn text() -> impl Strategy<Value = String> {
    "[a-z<&\u{2028}é😀\"\\\\\n]{0,6}"
}

fn digest() -> impl Strategy<Value = String> {
    "[0-9a-f]{64}"
}

/// Payloads in whose text every number is already in canonical form.
fn payload() -> impl Strategy<Value = Option<Object>> {
    let value = prop_oneof![
        text().prop_map(json::Value::from),
        any::<i32>().prop_map(|n| json::parse(n.to_string().as_bytes()).unwrap()),
    ];
    let object = vec((text(), value), 1..4).prop_map(|members| {
        let mut object = Object::new();
        for (key, value) in members {
            object.insert(key, value);
        }
        object
    });
    option::of(object)
}

prop_compose! {
    fn intent()(intent_id in text(), tool_name in text(), created_at in time(), args_digest in digest(), args in payload()) -> IntentRecord {
        IntentRecord { run_id: "run_1".to_owned(), intent_id, tool_name, created_at, args_digest, args, ..IntentRecord::default() }
    }
}

prop_compose! {
    fn result()(intent_id in text(), status in text(), created_at in time(), result_digest in digest(), result in payload()) -> ResultRecord {
        ResultRecord { run_id: "run_1".to_owned(), intent_id, status, created_at, result_digest, result, ..ResultRecord::default() }
    }
}

prop_compose! {
    fn receipt()(ref_id in text(), source_locator in text(), query_digest in digest(), content_digest in digest(),
        retrieved_at in time(), sensitivity_label in text(), freshness_sla_seconds in 0_i64..9, retrieval_params in payload()) -> Receipt {
        Receipt { ref_id, source_locator, query_digest, content_digest, retrieved_at, sensitivity_label, freshness_sla_seconds,
            retrieval_params, redaction_mode: "reference".to_owned(), ..Receipt::default() }
    }
}

prop_compose! {
    fn content()(
        created_at in time(),
        events in option::of(vec((text(), time(), text()), 0..4)),
        intents in vec(intent(), 0..5),
        results in vec(result(), 0..5),
        receipts in vec(receipt(), 0..4),
    ) -> Content {
        let event = |(event, ts, reference)| TimelineEvent { event, ts, reference, relationship: None };
        let mut refs = Refs { run_id: "run_1".to_owned(), receipts, ..Refs::default() };
        gait_runpack::normalize_refs(&mut refs).unwrap();
        Content {
            run: Run {
                run_id: "run_1".to_owned(),
                created_at,
                timeline: events.map(|events| events.into_iter().map(event).collect()),
                ..Run::default()
            },
            intents,
            results,
            refs,
            capture_mode: CaptureMode::Raw,
        }
    }
}

fn read(bytes: &[u8]) -> Runpack {
    Runpack::read(Cursor::new(bytes)).unwrap()
}

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[5; 32])
}

fn input_of(content: &Content) -> RecordInput {
    RecordInput {
        run: content.run.clone(),
        intents: content.intents.clone(),
        results: content.results.clone(),
        refs: content.refs.clone(),
        capture_mode: content.capture_mode.to_string(),
        ..RecordInput::default()
    }
}

fn recorded(input: RecordInput, options: &RecordOptions) -> Content {
    let now = Timestamp::from_unix(1_800_000_000, 0);
    record(input, options, now, RunEnv::default()).unwrap().content
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(content in content()) {
        let (bytes, manifest) = to_bytes(&content, None).unwrap();
        let runpack = read(&bytes);
        prop_assert_eq!(&runpack.manifest, &manifest);
        prop_assert_eq!(&seal(&content, None).unwrap(), &manifest);
        prop_assert_eq!(manifest_digest(&manifest).to_string(), manifest.manifest_digest);
        prop_assert_eq!(runpack.run, content.run);
        prop_assert_eq!(runpack.intents, content.intents);
        prop_assert_eq!(runpack.results, content.results);
        prop_assert_eq!(runpack.refs, content.refs);
    }

    #[test]
    fn the_same_content_is_the_same_file(content in content()) {
        prop_assert_eq!(to_bytes(&content, Some(&key())).unwrap(), to_bytes(&content, Some(&key())).unwrap());
    }

    #[test]
    fn a_signature_changes_no_digest_and_holds(content in content()) {
        let (bytes, signed) = to_bytes(&content, Some(&key())).unwrap();
        let unsigned = seal(&content, None).unwrap();
        prop_assert_eq!(&signed.manifest_digest, &unsigned.manifest_digest);
        prop_assert_eq!(&signed.files, &unsigned.files);
        let mut archive = zip::Reader::open(Cursor::new(&bytes), zip::Limits::default()).unwrap();
        let raw = archive.read("manifest.json").unwrap();
        let covered = signable(&raw).unwrap();
        prop_assert_eq!(sign::verify(&signed.signatures[0], &covered, &key().public()), Ok(true));
    }

    #[test]
    fn recording_what_was_recorded_changes_nothing(content in content()) {
        let options = RecordOptions::default();
        let once = recorded(input_of(&content), &options);
        prop_assert_eq!(&once, &recorded(input_of(&content), &options));
        prop_assert_eq!(&recorded(input_of(&once), &options), &once);
        read(&to_bytes(&once, None).unwrap().0);
    }

    #[test]
    fn a_reference_keeps_digests_alone(content in content()) {
        let options = RecordOptions { capture_mode: "reference".to_owned(), ..RecordOptions::default() };
        let raw = recorded(input_of(&content), &RecordOptions::default());
        let reference = recorded(input_of(&content), &options);
        prop_assert!(reference.intents.iter().all(|intent| intent.args.is_none()));
        prop_assert!(reference.results.iter().all(|result| result.result.is_none()));
        let digests = |content: &Content| -> Vec<String> {
            content.intents.iter().map(|intent| intent.args_digest.clone()).collect()
        };
        prop_assert_eq!(digests(&reference), digests(&raw));
    }

    #[test]
    fn references_outlast_a_trip_through_an_envelope(receipts in vec(receipt(), 1..4)) {
        let mut refs = Refs { run_id: "run_1".to_owned(), receipts, ..Refs::default() };
        for (index, receipt) in refs.receipts.iter_mut().enumerate() {
            receipt.ref_id = format!("ref_{index}");
            receipt.source_type = "doc".to_owned();
            receipt.source_locator = "docs://a".to_owned();
        }
        gait_runpack::normalize_refs(&mut refs).unwrap();
        let envelope = gait_runpack::envelope_of(&refs).unwrap().unwrap();
        let again = ContextEnvelope::verify(envelope.as_envelope().clone()).unwrap();
        prop_assert_eq!(again.digest(), envelope.digest());
        refs.context_set_digest = envelope.digest().to_string();
        prop_assert_eq!(gait_runpack::envelope_of(&refs).unwrap().unwrap().digest(), envelope.digest());
    }
}

/// No byte can change what a runpack says: whatever is still read is what was written.
#[test]
fn every_changed_byte_is_noticed_or_means_nothing() {
    let input = RecordInput::read(
        br#"{"run":{"run_id":"run_1","created_at":"2026-02-14T00:00:00Z"},
            "intents":[{"intent_id":"i","tool_name":"tool.a","args":{"path":"/tmp/x"}}],
            "results":[{"intent_id":"i","status":"ok","result":{"ok":true}}]}"#,
    )
    .unwrap();
    let (bytes, _) = to_bytes(&recorded(input, &RecordOptions::default()), Some(&key())).unwrap();
    let written = read(&bytes);
    for place in 0..bytes.len() {
        for mask in [0x01, 0x80, 0xFF] {
            let mut changed = bytes.clone();
            changed[place] ^= mask;
            if let Ok(runpack) = Runpack::read(Cursor::new(&changed)) {
                assert_eq!(runpack, written, "byte {place}");
            }
        }
    }
    for length in 0..bytes.len() {
        assert!(Runpack::read(Cursor::new(&bytes[..length])).is_err(), "{length}");
    }
}
