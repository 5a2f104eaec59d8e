//! How fast bytes become digests and signatures.
//!
//! Ratios to hold on any machine: the canonical digest of a text takes no longer than reading it into a tree and at most 8
//! times the bare digest, a document of 2.4 KB is canonicalised in less time than it takes to sign its digest, and a record
//! becomes a line in half the time that it takes by way of a tree.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use std::fmt::Write as _;
use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use gait_canon::json::{self, Reader};
use gait_canon::sign::{sign, verify};
use gait_canon::{Digest, PrivateKey, zip};
use serde::Serialize;

fn main() {
    divan::main();
}

/// A text of at least `bytes` bytes that looks like recorded tool calls.
fn records(bytes: usize) -> String {
    let mut text = String::from("[");
    let mut index = 0_u64;
    while text.len() < bytes {
        let comma = if index == 0 { "" } else { "," };
        let digest = Digest::of(&index.to_le_bytes());
        write!(
            text,
            r#"{comma}{{"schema_id": "gait.gate.trace", "seq": {index}, "created_at": "2026-01-02T03:04:05Z",
  "tool_name": "tool.write", "args_digest": "{digest}", "latency_ms": {index}.25, "verdict": "allow",
  "args": {{"path": "/tmp/out-{index}.txt", "note": "line\nbreak and \"quotes\" — ünïcode", "flags": [true, false, null]}},
  "context": {{"identity": "alice", "workspace": "/repo/gait", "risk_class": "high"}}, "reason_codes": []}}"#
        )
        .unwrap();
        index += 1;
    }
    text.push(']');
    text
}

#[divan::bench]
fn parse_1_mib(bencher: Bencher<'_, '_>) {
    let text = records(1 << 20);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| json::parse(black_box(text.as_bytes())));
}

#[divan::bench]
fn canonical_digest_1_mib(bencher: Bencher<'_, '_>) {
    let text = records(1 << 20);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| json::canonical_digest_of_bytes(black_box(text.as_bytes())));
}

#[divan::bench]
fn canonicalise_2400_bytes(bencher: Bencher<'_, '_>) {
    let text = records(2400);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| Reader::new().canonicalise(black_box(text.as_bytes())));
}

#[divan::bench]
fn canonical_bytes_of_tree_2400_bytes(bencher: Bencher<'_, '_>) {
    let text = records(2400);
    let value = json::parse(text.as_bytes()).unwrap();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| json::canonical_bytes(black_box(&value)));
}

/// A record with the members of a session's event.
#[derive(Serialize)]
struct Event {
    schema_id: &'static str,
    schema_version: &'static str,
    created_at: String,
    producer_version: String,
    session_id: String,
    run_id: String,
    sequence: i64,
    intent_id: String,
    tool_name: String,
    intent_digest: Digest,
    policy_digest: Digest,
    trace_id: String,
    trace_path: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<String>,
    reason_codes: Vec<String>,
}

/// A line of a journal.
#[derive(Serialize)]
struct Line {
    record_type: &'static str,
    event: Event,
}

fn line() -> Line {
    let digest = Digest::of(b"document");
    Line {
        record_type: "event",
        event: Event {
            schema_id: "gait.session.event",
            schema_version: "1.0.0",
            created_at: "2026-02-05T10:00:00Z".into(),
            producer_version: "0.0.0-dev".into(),
            session_id: "session".into(),
            run_id: "run".into(),
            sequence: 1234,
            intent_id: "intent_0123456789abcdef".into(),
            tool_name: "tool.write".into(),
            intent_digest: digest,
            policy_digest: digest,
            trace_id: "trace_0123456789abcdef".into(),
            trace_path: "gait-out/trace_0123456789abcdef.json".into(),
            verdict: "allow",
            relationship: None,
            reason_codes: vec!["default_allow".into()],
        },
    }
}

#[divan::bench]
fn line_of_record(bencher: Bencher<'_, '_>) {
    let record = line();
    bencher.bench(|| json::line(black_box(&record)));
}

#[divan::bench]
fn line_of_record_by_way_of_a_tree(bencher: Bencher<'_, '_>) {
    let record = line();
    bencher.bench(|| json::to_value(black_box(&record)).map(|tree| json::compact_in_order(&tree)));
}

#[divan::bench]
fn canonical_bytes_of_record(bencher: Bencher<'_, '_>) {
    let record = line();
    bencher.bench(|| json::canonical_bytes(black_box(&record)));
}

#[divan::bench]
fn canonical_digest_of_record(bencher: Bencher<'_, '_>) {
    let record = line();
    bencher.bench(|| Digest::of_canonical(black_box(&record)));
}

#[divan::bench]
fn pretty_record(bencher: Bencher<'_, '_>) {
    let record = line();
    bencher.bench(|| json::pretty(black_box(&record)));
}

#[divan::bench]
fn digest_1_mib(bencher: Bencher<'_, '_>) {
    let text = records(1 << 20);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| Digest::of(black_box(text.as_bytes())));
}

#[divan::bench]
fn sign_digest(bencher: Bencher<'_, '_>) {
    let (key, digest) = (PrivateKey::from_seed(&[1; 32]), Digest::of(b"document"));
    bencher.bench(|| sign(black_box(&digest), &key));
}

#[divan::bench]
fn verify_digest(bencher: Bencher<'_, '_>) {
    let (key, digest) = (PrivateKey::from_seed(&[1; 32]), Digest::of(b"document"));
    let (signature, public) = (sign(&digest, &key), key.public());
    bencher.bench(|| verify(black_box(&signature), &digest, &public));
}

#[divan::bench]
fn zip_write_1_mib(bencher: Bencher<'_, '_>) {
    let text = records(1 << 20);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        zip::write(
            Vec::new(),
            vec![zip::Entry::new("records.json", black_box(text.as_bytes()))],
        )
    });
}
