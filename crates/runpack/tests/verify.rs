//! Laws of verification: what is written verifies, and no byte of it can be another.

use std::io::Cursor;

use gait_artifact::Timestamp;
use gait_artifact::finding::FindingCode;
use gait_artifact::runpack::{IntentRecord, Receipt, Refs, ResultRecord, Run, RunEnv, TimelineEvent};
use gait_canon::json::Object;
use gait_canon::{PrivateKey, PublicKey};
use gait_disk::progress::Unwatched;
use gait_runpack::{
    CaptureMode, Content, SignatureStatus, Verification, VerifyOptions, to_bytes, verify_reader,
};
use proptest::prelude::*;

const RUN_ID: &str = "run_1";

fn content(texts: &[String], mode: CaptureMode) -> Content {
    let payload = |text: &String| {
        let mut object = Object::new();
        object.insert("text", text.as_str());
        (mode == CaptureMode::Raw).then_some(object)
    };
    Content {
        run: Run {
            run_id: RUN_ID.to_owned(),
            created_at: Timestamp::from_unix(1_700_000_000, 500_000_000),
            env: RunEnv::default(),
            timeline: Some(vec![TimelineEvent::default()]),
            ..Run::default()
        },
        intents: texts
            .iter()
            .map(|text| IntentRecord {
                run_id: RUN_ID.to_owned(),
                intent_id: text.clone(),
                tool_name: "tool.search".to_owned(),
                args_digest: "0".repeat(64),
                args: payload(text),
                ..IntentRecord::default()
            })
            .collect(),
        results: texts
            .iter()
            .map(|text| ResultRecord {
                run_id: RUN_ID.to_owned(),
                intent_id: text.clone(),
                status: "ok".to_owned(),
                result_digest: "0".repeat(64),
                result: payload(text),
                ..ResultRecord::default()
            })
            .collect(),
        refs: Refs {
            run_id: RUN_ID.to_owned(),
            receipts: texts
                .iter()
                .map(|text| Receipt {
                    ref_id: text.clone(),
                    ..Receipt::default()
                })
                .collect(),
            ..Refs::default()
        },
        capture_mode: mode,
    }
}

fn check(bytes: &[u8], key: Option<&PublicKey>) -> Option<Verification> {
    let options = VerifyOptions {
        key,
        require_signature: false,
        thorough: true,
    };
    verify_reader(Cursor::new(bytes), &options, &Unwatched).ok()
}

fn is_clean(bytes: &[u8], key: Option<&PublicKey>) -> bool {
    check(bytes, key).is_some_and(|verification| verification.is_ok() && verification.findings.is_empty())
}

#[test]
fn no_byte_of_a_runpack_can_be_another() {
    let texts = ["intent_1", "intent_2", ""].map(str::to_owned);
    let (good, _) = to_bytes(&content(&texts, CaptureMode::Raw), None).unwrap();
    assert!(
        is_clean(&good, None),
        "{:?}",
        check(&good, None).map(|found| found.findings)
    );
    for at in 0..good.len() {
        for change in [1 << (at % 8), 0x80, 0xFF] {
            let mut bytes = good.clone();
            bytes[at] ^= change;
            assert!(
                !is_clean(&bytes, None),
                "byte {at} of {}, {change:#x}",
                good.len()
            );
        }
    }
}

#[test]
fn nothing_can_be_added_to_a_runpack() {
    let (good, _) = to_bytes(&content(&[], CaptureMode::Reference), None).unwrap();
    let directory = good.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let mut between = good.clone();
    between.splice(directory..directory, *b"stray");
    let mut comment = good.clone();
    let length = comment.len();
    comment[length - 2] = 5;
    comment.extend_from_slice(b"stray");
    for (bytes, name) in [
        ([b"stray".as_slice(), &good].concat(), "in front"),
        ([good.as_slice(), b"stray"].concat(), "behind"),
        (comment, "comment"),
        (between, "between"),
    ] {
        let findings = check(&bytes, None).map(|verification| verification.findings);
        let told = findings.is_none_or(|findings| {
            findings
                .iter()
                .any(|finding| finding.code == FindingCode::TrailingBytes)
        });
        assert!(told, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_verifies(
        texts in proptest::collection::vec(".{0,40}", 0..8),
        raw in any::<bool>(),
        signed in any::<bool>(),
    ) {
        let key = PrivateKey::from_seed(&[7; 32]);
        let mode = if raw { CaptureMode::Raw } else { CaptureMode::Reference };
        let (bytes, manifest) = to_bytes(&content(&texts, mode), signed.then_some(&key)).unwrap();
        let public = key.public();
        let verification = check(&bytes, signed.then_some(&public)).unwrap();
        prop_assert!(verification.is_ok());
        prop_assert_eq!(&verification.findings, &[]);
        prop_assert_eq!(verification.files_checked, 4);
        prop_assert_eq!(&verification.manifest, &manifest);
        let status = if signed { SignatureStatus::Verified } else { SignatureStatus::Missing };
        prop_assert_eq!(verification.signatures.status, status);
    }
}
