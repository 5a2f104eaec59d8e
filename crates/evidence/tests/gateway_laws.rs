//! Proof made from gateway logs: readers of proof accept it, and nothing in it can change unnoticed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gait_artifact::proof::ProofRecord;
use gait_canon::json::{self, Object, Value};
use gait_canon::{Digest, PrivateKey};
use gait_disk::progress::Unwatched;
use gait_evidence::gateway::{
    BadLines, Existing, GatewaySource, Ingest, IngestError, Ingested, LineProblem, MAX_LINE_BYTES,
    MAX_LISTED, ingest, ingest_file,
};
use gait_pack::proof::{ChainReader, verify_record};
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

fn options(source: GatewaySource, signer: &PrivateKey) -> Ingest<'_> {
    Ingest {
        source,
        log_path: "logs/g.log",
        producer_version: "1.0.0",
        signer,
        bad_lines: BadLines::Refuse,
    }
}

/// The proof over `log`.
fn proof(log: &[u8], source: GatewaySource) -> Result<Vec<u8>, IngestError> {
    let mut proof = Vec::new();
    ingest(log, &mut proof, &options(source, &key()))?;
    Ok(proof)
}

/// The records of a chain, if it holds and its key signed every one.
fn verified(proof: &[u8]) -> Option<Vec<ProofRecord>> {
    let mut chain = ChainReader::new(proof);
    let mut records = Vec::new();
    while let Some((_, record)) = chain.next_record().ok()? {
        verify_record(&record.integrity, &key().public()).ok()?;
        records.push(record);
    }
    Some(records)
}

/// Values of which no time has a fraction: digests cover whole seconds.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_000_000_000_i64..5_000_000_000).prop_map(Value::from),
        select(vec![
            "deny",
            "allow",
            "2026-02-20T10:00:00Z",
            "2026-02-20 9:00:00",
            "403",
            " "
        ])
        .prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Object>())),
        ]
    })
}

/// The names under which things are looked for, and others.
fn name() -> impl Strategy<Value = String> {
    let known = "timestamp time status verdict tool_name tool route service name request id path user log \
                 reason_codes reasons reason_code policy hash policy_version response consumer username";
    prop_oneof![
        4 => select(known.split_whitespace().map(str::to_owned).collect::<Vec<_>>()),
        1 => "\\PC{0,6}",
    ]
}

fn event() -> impl Strategy<Value = Object> {
    prop::collection::vec((name(), value()), 0..8).prop_map(|members| members.into_iter().collect())
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => event().prop_map(|event| json::compact(&event.into())),
        2 => (event(), event()).prop_map(|(printed, mut around)| {
            around.insert("log", json::compact(&printed.into()));
            json::compact(&around.into())
        }),
        1 => Just(" \t".to_owned()),
    ]
}

fn log() -> impl Strategy<Value = String> {
    prop::collection::vec(line(), 0..6).prop_map(|lines| lines.join("\n"))
}

fn source() -> impl Strategy<Value = GatewaySource> {
    select(GatewaySource::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_made_is_verified(log in log(), source in source()) {
        let made = proof(log.as_bytes(), source).unwrap();
        prop_assert_eq!(&made, &proof(log.as_bytes(), source).unwrap(), "the same log gives the same bytes");
        let records = verified(&made).unwrap();
        let lines: Vec<_> = log.split('\n').map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()).collect();
        prop_assert_eq!(records.len(), lines.len());
        for (record, (index, line)) in records.iter().zip(lines) {
            prop_assert_eq!(&record.derived_id().unwrap(), &record.record_id);
            let event = record.event.as_ref().unwrap();
            let digest = format!("sha256:{}", Digest::of(line.as_bytes()));
            prop_assert_eq!(event.get("gateway_log_digest"), Some(&Value::from(digest)));
            let number = record.metadata.as_ref().unwrap().get("gateway_input_line").and_then(Value::as_i64);
            prop_assert_eq!(number, i64::try_from(index + 1).ok());
        }
        for line in made.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            prop_assert_eq!(json::canonical_bytes(&json::parse(line).unwrap()).unwrap(), line);
        }
    }

    #[test]
    fn no_byte_changes_unnoticed(log in log(), source in source(), at in any::<Index>(), byte in any::<u8>()) {
        let made = proof(log.as_bytes(), source).unwrap();
        if !made.is_empty() {
            let mut changed = made.clone();
            let at = at.index(changed.len());
            changed[at] = byte;
            if let Some(records) = verified(&changed) {
                // White space between records says nothing.
                prop_assert_eq!(records, verified(&made).unwrap());
            }
        }
    }

    #[test]
    fn no_record_goes_unnoticed(log in log(), gone in any::<Index>()) {
        let made = proof(log.as_bytes(), GatewaySource::Docker).unwrap();
        let mut lines: Vec<_> = made.split_inclusive(|byte| *byte == b'\n').collect();
        if lines.len() > 1 {
            lines.remove(gone.index(lines.len() - 1));
            prop_assert!(verified(&lines.concat()).is_none());
        }
    }

    #[test]
    fn a_chain_that_is_continued_is_one(first in log(), second in log(), source in source()) {
        let directory = tempfile::tempdir().unwrap();
        let [log, proofs] = ["g.log", "o.jsonl"].map(|name| directory.path().join(name));
        let mut events = 0;
        for part in [first, second] {
            fs::write(&log, part).unwrap();
            events += ingest_file(&log, &proofs, Existing::Continue, &options(source, &key()), &Unwatched)
                .unwrap()
                .events;
        }
        let records = verified(&fs::read(&proofs).unwrap()).unwrap();
        prop_assert_eq!(records.len() as u64, events);
        prop_assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "the lock is gone");
    }
}

fn problem(log: &[u8], source: GatewaySource) -> (u64, LineProblem) {
    match proof(log, source) {
        Err(IngestError::Line(bad)) => (bad.number, bad.problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_bad_line_is_named() {
    for (log, number, text) in [
        (
            "{}\n\noops\n[]",
            3,
            "not usable as JSON: unexpected 'o', expected a value at column 1",
        ),
        ("[1]", 1, "not a JSON object"),
        (
            "{}\n{\"a\":1,\"a\":2}",
            2,
            "not usable as JSON: duplicate key \"a\" at column 8",
        ),
        ("{\"ts\":1e300}", 1, "its time is outside the years 1 to 9999"),
    ] {
        let (line, problem) = problem(log.as_bytes(), GatewaySource::Kong);
        assert_eq!((line, problem.to_string().as_str()), (number, text));
    }
}

#[test]
fn records_that_no_reader_takes_are_not_written() {
    let path = "x".repeat(MAX_LINE_BYTES - 100);
    let line = format!("{{}}\n{{\"path\":\"{path}\"}}");
    let bad = problem(line.as_bytes(), GatewaySource::Mintmcp);
    assert_eq!(bad, (2, LineProblem::RecordTooLong));
    let path = "x".repeat(MAX_LINE_BYTES / 2 - 2000);
    let line = format!("{{\"path\":\"{path}\"}}");
    assert!(verified(&proof(line.as_bytes(), GatewaySource::Kong).unwrap()).is_some());
}

#[test]
fn bad_lines_may_be_skipped() {
    let signer = key();
    let skipping = Ingest {
        bad_lines: BadLines::Skip,
        ..options(GatewaySource::Kong, &signer)
    };
    let skip = |log: &[u8]| {
        let mut made = Vec::new();
        let ingested = ingest(log, &mut made, &skipping).unwrap();
        (ingested, verified(&made).unwrap())
    };
    let (ingested, records) = skip(b"oops\n{}\n\n[]\n{\"tool\":\"t\"}\n");
    assert_eq!(
        (ingested.events, ingested.records, ingested.skipped_count()),
        (4, 2, 2)
    );
    let numbers: Vec<_> = ingested.skipped.iter().map(|bad| bad.number).collect();
    assert_eq!(numbers, [1, 4]);
    assert_eq!(records.len(), 2);
    assert_eq!(
        records[1].integrity.previous_record_hash,
        records[0].integrity.record_hash
    );

    let name = "n".repeat(1 << 20);
    let (ingested, _) = skip(format!("{{\"{name}\":1,\"{name}\":2}}").as_bytes());
    assert!(
        ingested.skipped[0].to_string().len() < 300,
        "little is kept of a long name"
    );

    let (ingested, records) = skip("x\n".repeat(MAX_LISTED + 5).as_bytes());
    assert_eq!(ingested.skipped.len(), MAX_LISTED);
    assert_eq!(ingested.skipped_count(), MAX_LISTED as u64 + 5);
    assert!(records.is_empty());
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn with(log: &str) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.path("g.log"), log).unwrap();
        desk
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn ingest(&self, proofs: &str, existing: Existing, signer: &PrivateKey) -> Result<Ingested, IngestError> {
        let options = options(GatewaySource::Kong, signer);
        ingest_file(
            &self.path("g.log"),
            &self.path(proofs),
            existing,
            &options,
            &Unwatched,
        )
    }
}

#[test]
fn proof_is_for_others_to_read() {
    let desk = Desk::with("{}");
    for _ in 0..2 {
        desk.ingest("deep/er/o.jsonl", Existing::Replace, &key()).unwrap();
        let written = fs::metadata(desk.path("deep/er/o.jsonl")).unwrap();
        assert_eq!(written.permissions().mode() & 0o777, 0o644);
    }
    assert_eq!(
        verified(&fs::read(desk.path("deep/er/o.jsonl")).unwrap())
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn nothing_is_written_when_a_line_is_bad() {
    let desk = Desk::with("{}\noops");
    fs::write(desk.path("o.jsonl"), "old").unwrap();
    assert!(desk.ingest("o.jsonl", Existing::Replace, &key()).is_err());
    assert_eq!(fs::read(desk.path("o.jsonl")).unwrap(), b"old");
    assert_eq!(fs::read_dir(desk.0.path()).unwrap().count(), 2);
}

#[test]
fn the_log_is_not_replaced_by_its_proof() {
    let desk = Desk::with("{}");
    fs::hard_link(desk.path("g.log"), desk.path("same.log")).unwrap();
    for proofs in ["g.log", "same.log"] {
        let refused = desk.ingest(proofs, Existing::Replace, &key()).unwrap_err();
        assert!(matches!(refused, IngestError::SameFile(_)), "{refused}");
        assert_eq!(fs::read(desk.path("g.log")).unwrap(), b"{}");
    }
}

#[test]
fn only_ones_own_whole_chains_are_continued() {
    let desk = Desk::with("{}\n{}");
    desk.ingest("o.jsonl", Existing::Continue, &key()).unwrap();
    let whole = fs::read_to_string(desk.path("o.jsonl")).unwrap();

    let stranger = PrivateKey::from_seed(&[8; 32]);
    let refused = desk.ingest("o.jsonl", Existing::Continue, &stranger).unwrap_err();
    assert!(matches!(refused, IngestError::Signer(_)), "{refused}");
    for broken in [
        whole.replacen("unknown", "allow", 1),
        whole.lines().last().unwrap().to_owned(),
    ] {
        fs::write(desk.path("o.jsonl"), &broken).unwrap();
        let refused = desk.ingest("o.jsonl", Existing::Continue, &key()).unwrap_err();
        assert!(matches!(refused, IngestError::Chain(_)), "{refused}");
        assert_eq!(fs::read_to_string(desk.path("o.jsonl")).unwrap(), broken);
    }

    fs::write(desk.path("o.jsonl"), whole.trim_end()).unwrap();
    desk.ingest("o.jsonl", Existing::Continue, &key()).unwrap();
    assert_eq!(
        verified(&fs::read(desk.path("o.jsonl")).unwrap()).unwrap().len(),
        4
    );
}

#[test]
fn only_files_and_pipes_are_logs() {
    let desk = Desk::with("");
    let signer = key();
    let ingest = |log: &Path| {
        ingest_file(
            log,
            &desk.path("o.jsonl"),
            Existing::Replace,
            &options(GatewaySource::Kong, &signer),
            &Unwatched,
        )
    };
    for log in [desk.path("gone"), desk.path(""), "/dev/zero".into()] {
        assert!(
            matches!(ingest(&log), Err(IngestError::Open(_))),
            "{}",
            log.display()
        );
    }
    assert_eq!(ingest(&desk.path("g.log")).unwrap(), Ingested::default());
    assert_eq!(fs::read(desk.path("o.jsonl")).unwrap(), b"");
}
