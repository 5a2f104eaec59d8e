//! Packs of calls: what is built verifies, and what was changed since does not.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use gait_artifact::Timestamp;
use gait_artifact::finding::FindingCode;
use gait_artifact::pack::{CALL_PAYLOAD_PATH, MANIFEST_PATH, PROOF_RECORDS_PATH, RUNPACK_PATH};
use gait_artifact::runpack::{Refs, Run};
use gait_artifact::voice::{
    COMMITMENT_CLASSES, CallEvent, CallRecord, CommitmentContext, CommitmentIntent, GateDecisionRow,
    ReferenceDigest, SpeakReceipt,
};
use gait_canon::{Digest, json};
use gait_disk::progress::Unwatched;
use gait_pack::build::{self, BuildError, seal};
use gait_pack::call::{CALLPACK_MANIFEST_PATH, CallError, EVENTS_PATH, REFERENCES_PATH, SpeechError};
use gait_pack::verify::{Verification, VerifyError, VerifyOptions, verify_reader};
use gait_pack::{EntryContent, PackArchive, PackEntry};
use gait_runpack::{CaptureMode, Content};
use proptest::prelude::*;
use tempfile::TempDir;

/// One turn of a call: what is promised in it, if anything, and how it came to be allowed.
#[derive(Debug, Clone)]
struct Turn {
    class: Option<usize>,
    refused_before: bool,
    utterance: String,
}

fn turn() -> impl Strategy<Value = Turn> {
    let class = proptest::option::of(0..COMMITMENT_CLASSES.len());
    (class, any::<bool>(), "\\PC{0,12}").prop_map(|(class, refused_before, utterance)| Turn {
        class,
        refused_before,
        utterance,
    })
}

/// Writes down what happens in a call, one thing after the other.
struct Clerk {
    record: CallRecord,
    turn_index: i64,
    call_seq: i64,
}

impl Clerk {
    fn next(&mut self) -> i64 {
        self.call_seq += 1;
        self.call_seq
    }

    fn event(&mut self, event_type: &str, class: &str, token: &str) -> i64 {
        let call_seq = self.next();
        self.record.events.push(CallEvent {
            created_at: Timestamp::EPOCH_1980,
            call_id: "call_1".to_owned(),
            call_seq,
            turn_index: self.turn_index,
            event_type: event_type.to_owned(),
            commitment_class: class.to_owned(),
            say_token_id: token.to_owned(),
            ..CallEvent::default()
        });
        call_seq
    }

    fn decision(&mut self, class: &str, verdict: &str) {
        let call_seq = self.event("gate.decision", class, "");
        self.record.gate_decisions.push(GateDecisionRow {
            call_id: "call_1".to_owned(),
            call_seq,
            turn_index: self.turn_index,
            commitment_class: class.to_owned(),
            verdict: verdict.to_owned(),
            ..GateDecisionRow::default()
        });
    }

    fn commitment(&mut self, class: &str) {
        let call_seq = self.event("commitment.declared", class, "");
        self.record.commitments.push(CommitmentIntent {
            created_at: Timestamp::EPOCH_1980,
            call_id: "call_1".to_owned(),
            turn_index: self.turn_index,
            call_seq,
            commitment_class: class.to_owned(),
            context: CommitmentContext {
                identity: "agent".to_owned(),
                workspace: "/srv".to_owned(),
                risk_class: "high".to_owned(),
                ..CommitmentContext::default()
            },
            ..CommitmentIntent::default()
        });
    }

    fn speech(&mut self, class: &str, spoken: &str) {
        self.event("tts.request", class, "");
        if class.is_empty() {
            self.event("tts.emitted", "", "");
            return;
        }
        let token = format!("token_{}", self.turn_index);
        let call_seq = self.event("tts.emitted", class, &token);
        self.record.speak_receipts.push(SpeakReceipt {
            call_id: "call_1".to_owned(),
            call_seq,
            turn_index: self.turn_index,
            commitment_class: class.to_owned(),
            say_token_id: token,
            spoken_digest: Digest::of(spoken.as_bytes()).to_string(),
            emitted_at: Timestamp::EPOCH_1980,
        });
    }

    fn turn(&mut self, turn: &Turn) {
        self.event("asr.final", "", "");
        let class = turn.class.map_or("", |class| COMMITMENT_CLASSES[class]);
        if !class.is_empty() {
            self.commitment(class);
            if turn.refused_before {
                self.decision(class, "require_approval");
            }
            self.decision(class, "allow");
        }
        self.speech(class, &turn.utterance);
        self.event("tool.intent", "", "");
        self.event("tool.result", "", "");
        self.turn_index += 1;
    }
}

/// A record of these turns after a first one that promises a quote.
fn record(turns: &[Turn]) -> CallRecord {
    let mut clerk = Clerk {
        record: CallRecord {
            created_at: Timestamp::EPOCH_1980,
            call_id: "call_1".to_owned(),
            runpack_path: "run.zip".to_owned(),
            ..CallRecord::default()
        },
        turn_index: 0,
        call_seq: 0,
    };
    clerk.turn(&Turn {
        class: Some(3),
        refused_before: false,
        utterance: String::new(),
    });
    for turn in turns {
        clerk.turn(turn);
    }
    clerk.record
}

/// A directory with a runpack and the record of a call.
struct Desk(TempDir);

impl Desk {
    fn with(record: &CallRecord) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let content = Content {
            run: Run {
                run_id: "run_1".to_owned(),
                ..Run::default()
            },
            intents: Vec::new(),
            results: Vec::new(),
            refs: Refs {
                run_id: "run_1".to_owned(),
                ..Refs::default()
            },
            capture_mode: CaptureMode::Reference,
        };
        let (runpack, _) = gait_runpack::to_bytes(&content, None).unwrap();
        fs::write(desk.0.path().join("run.zip"), runpack).unwrap();
        fs::write(desk.record(), json::pretty(record).unwrap()).unwrap();
        desk
    }

    fn record(&self) -> PathBuf {
        self.0.path().join("call.json")
    }

    fn build(&self) -> Result<Vec<u8>, BuildError> {
        let mut pack = build::call(&self.record(), "1.0.0", &Unwatched)?.seal(None, &Unwatched)?;
        let mut bytes = Vec::new();
        pack.write_to(&mut bytes, &Unwatched)?;
        Ok(bytes)
    }
}

fn verified(pack: &[u8], strict: bool) -> Result<Verification, VerifyError> {
    let options = VerifyOptions {
        strict,
        ..VerifyOptions::default()
    };
    verify_reader(Cursor::new(pack), &options, &Unwatched)
}

/// The pack with one entry replaced, or removed, and everything declared anew.
fn with_entry(pack: &[u8], path: &str, content: Option<Vec<u8>>) -> Vec<u8> {
    let mut archive = PackArchive::read_from(Cursor::new(pack)).unwrap();
    let header = gait_pack::proof::PackHeader {
        pack_type: gait_artifact::pack::PackType::Call,
        source_ref: "call_1".to_owned(),
        producer_version: "1.0.0".to_owned(),
    };
    let names: Vec<String> = archive
        .names()
        .filter(|name| ![MANIFEST_PATH, PROOF_RECORDS_PATH, path].contains(name))
        .map(str::to_owned)
        .collect();
    let mut entries: Vec<_> = names
        .iter()
        .map(|name| PackEntry::new(name, EntryContent::Bytes(archive.read(name).unwrap())))
        .collect();
    entries.extend(content.map(|bytes| PackEntry::new(path, EntryContent::Bytes(bytes))));
    let mut bytes = Vec::new();
    seal(&header, entries, None, &Unwatched)
        .unwrap()
        .write_to(&mut bytes, &Unwatched)
        .unwrap();
    bytes
}

fn entry(pack: &[u8], path: &str) -> String {
    let mut archive = PackArchive::read_from(Cursor::new(pack)).unwrap();
    String::from_utf8(archive.read(path).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_verifies(
        turns in proptest::collection::vec(turn(), 0..8),
        references in proptest::collection::vec(("[a-z]{0,2}", any::<u8>()), 0..5),
        order in any::<prop::sample::Index>(),
    ) {
        let mut record = record(&turns);
        record.reference_digests = references
            .into_iter()
            .map(|(ref_id, seed)| ReferenceDigest {
                ref_id,
                sha256: Digest::of(&[seed]).to_string(),
            })
            .collect();
        let desk = Desk::with(&record);
        let pack = desk.build().unwrap();
        let found = verified(&pack, true).unwrap();
        prop_assert!(found.is_intact());
        prop_assert_eq!(&found.findings, &[]);

        // The order in which a record lists its events leaves no trace.
        let middle = order.index(record.events.len());
        record.events.rotate_left(middle);
        prop_assert_eq!(Desk::with(&record).build().unwrap(), pack);
    }
}

#[test]
fn every_document_is_held_to_the_others() {
    let pack = Desk::with(&record(&[])).build().unwrap();
    let payload = entry(&pack, CALL_PAYLOAD_PATH);
    let manifest = entry(&pack, CALLPACK_MANIFEST_PATH);
    let events = entry(&pack, EVENTS_PATH);
    let backwards = events.lines().rev().collect::<Vec<_>>().join("\n");
    for (path, content, expected) in [
        (
            REFERENCES_PATH,
            format!("[{{\"ref_id\":\"r\",\"sha256\":\"{}\"}}]", Digest::of(b"")),
            "reference_digest_count is not the number of rows",
        ),
        (
            CALL_PAYLOAD_PATH,
            payload.replace("hash_only", "open"),
            "privacy_mode is no known word",
        ),
        (
            CALL_PAYLOAD_PATH,
            payload.replace("\"call_id\":\"call_1\"", "\"call_id\":\"call_2\""),
            "call_id is not the source_ref",
        ),
        (
            CALL_PAYLOAD_PATH,
            payload.replace("\"event_count\":7", "\"event_count\":-1"),
            "parse call_payload.json",
        ),
        (
            CALLPACK_MANIFEST_PATH,
            manifest.replace("\"event_count\":7", "\"event_count\":9"),
            "event_count is not that of the payload",
        ),
        (
            CALLPACK_MANIFEST_PATH,
            manifest.replace("hash_only", "dispute_encrypted"),
            "privacy_mode is not that of the payload",
        ),
        (
            CALLPACK_MANIFEST_PATH,
            manifest.replace("0.0.0-dev", " "),
            "producer_version is missing",
        ),
        (EVENTS_PATH, backwards, "goes back from one event to the next"),
        (
            EVENTS_PATH,
            events.replace("token_0", "token_1"),
            "different say_token_id",
        ),
        (
            EVENTS_PATH,
            events.replace("call_1", "call_2"),
            "events[0]: call_id is \"call_2\"",
        ),
        (REFERENCES_PATH, "{}".to_owned(), "parse reference_digests.json"),
    ] {
        let changed = with_entry(&pack, path, Some(content.into_bytes()));
        assert!(changed != pack, "{expected}");
        match verified(&changed, false) {
            Err(VerifyError::Payload(error)) => {
                assert!(
                    error.to_string().contains(expected),
                    "{error} instead of {expected}"
                );
            }
            other => panic!("{other:?} instead of {expected}"),
        }
    }
    let incomplete = with_entry(&pack, REFERENCES_PATH, None);
    assert!(matches!(
        verified(&incomplete, false),
        Err(VerifyError::Payload(_))
    ));
}

#[test]
fn the_run_behind_the_call_is_the_one_that_is_named() {
    let pack = Desk::with(&record(&[])).build().unwrap();
    let payload = entry(&pack, CALL_PAYLOAD_PATH).replace("run_1", "run_2");
    let changed = with_entry(&pack, CALL_PAYLOAD_PATH, Some(payload.into_bytes()));
    let found = verified(&changed, false).unwrap();
    assert!(found.is_ok());
    assert_eq!(found.findings[0].code, FindingCode::RunIdMismatch);
    let opaque = with_entry(&pack, RUNPACK_PATH, Some(b"something else".to_vec()));
    assert!(verified(&opaque, false).unwrap().is_ok());
}

#[test]
fn builds_are_refused() {
    type Change = fn(&mut CallRecord);
    type Expected = fn(&BuildError) -> bool;
    let cases: [(Change, Expected); 5] = [
        (
            |record| record.speak_receipts.clear(),
            |error| {
                matches!(
                    error,
                    BuildError::Call(CallError::Speech(SpeechError::NoReceipt(_)))
                )
            },
        ),
        (
            |record| {
                let mut refusal = record.gate_decisions[0].clone();
                refusal.verdict = "block".to_owned();
                record.gate_decisions.push(refusal);
            },
            |error| {
                matches!(
                    error,
                    BuildError::Call(CallError::Speech(SpeechError::Contradiction(_)))
                )
            },
        ),
        (
            |record| record.events[0].call_seq = 0,
            |error| matches!(error, BuildError::Call(CallError::Record(_))),
        ),
        (
            |record| record.runpack_path = "gone.zip".to_owned(),
            |error| matches!(error, BuildError::Runpack(_)),
        ),
        (
            |record| record.runpack_path = "call.json".to_owned(),
            |error| matches!(error, BuildError::Runpack(_)),
        ),
    ];
    for (index, (change, is_expected)) in cases.into_iter().enumerate() {
        let mut record = record(&[]);
        change(&mut record);
        let error = Desk::with(&record).build().unwrap_err();
        assert!(is_expected(&error), "case {index}: {error}");
    }
    let desk = Desk::with(&record(&[]));
    fs::write(desk.record(), "{\"extra\":1}").unwrap();
    assert!(matches!(desk.build(), Err(BuildError::Call(CallError::Json(_)))));
}
