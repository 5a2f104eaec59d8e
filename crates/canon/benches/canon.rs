//! How fast bytes become digests and signatures.
//!
//! Ratios to hold on any machine: the canonical digest of a text takes no longer than reading it into a tree and at most 8
//! times the bare digest, and a document of 2.4 KB is canonicalised in less time than it takes to sign its digest.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use std::fmt::Write as _;
use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use gait_canon::json::{self, Reader};
use gait_canon::sign::{sign, verify};
use gait_canon::{Digest, PrivateKey, zip};

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
