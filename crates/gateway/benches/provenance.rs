//! How long it takes to find out where arguments came from, and to remember what was returned.
//!
//! To reach on the reference machine: tracing arguments of 1 KB in 20 µs, and of 100 KB in a hundred times that at most;
//! learning a result of 1 MB in 50 ms, after the client has it.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use divan::{Bencher, counter::BytesCount};
use gait_canon::json::{self, Object, Value};
use gait_gateway::{
    frame,
    provenance::{Memory, Source},
};

fn main() {
    divan::main();
}

const WORDS: [&str; 16] = [
    "the",
    "numbers",
    "of",
    "this",
    "quarter",
    "are",
    "better",
    "than",
    "expected",
    "and",
    "https://example.org/r/4711",
    "report-2026.pdf",
    "were",
    "sent",
    "to",
    "bob@example.org",
];

/// About `bytes` bytes that look like text, other ones for each `seed`.
fn text(bytes: usize, mut seed: u64) -> String {
    let mut text = String::with_capacity(bytes + 32);
    while text.len() < bytes {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let [at, digits @ ..] = seed.rotate_left(20).to_le_bytes();
        text += WORDS[usize::from(at % 16)];
        if at > 200 {
            text += &digits[0].to_string();
        }
        text.push(' ');
    }
    text
}

fn result(bytes: usize, seed: u64) -> String {
    let text = json::compact(&Value::from(text(bytes, seed)));
    format!(r#"{{"content":[{{"type":"text","text":{text}}}]}}"#)
}

fn learn(memory: &mut Memory, result: &str) {
    let document = frame::read(result.as_bytes()).unwrap();
    memory.learn(document.root(), Source::default());
}

/// What arguments of `bytes` bytes cost beside a memory that knows `known` bytes.
fn traced(bencher: Bencher<'_, '_>, bytes: usize, known: usize) {
    let mut memory = Memory::new();
    learn(&mut memory, &result(known, 1));
    let mut arguments = Object::new();
    arguments.insert("to", "bob@example.org");
    arguments.insert("body", text(bytes, 2));
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| memory.trace(&arguments));
}

#[divan::bench(args = [1 << 10, 100 << 10])]
fn trace(bencher: Bencher<'_, '_>, bytes: usize) {
    traced(bencher, bytes, 100 << 10);
}

#[divan::bench(args = [1 << 10, 100 << 10])]
fn trace_beside_much_that_was_returned(bencher: Bencher<'_, '_>, bytes: usize) {
    traced(bencher, bytes, 4 << 20);
}

#[divan::bench(args = [1 << 10, 1 << 20])]
fn learn_a_result(bencher: Bencher<'_, '_>, bytes: usize) {
    let result = result(bytes, 3);
    let document = frame::read(result.as_bytes()).unwrap();
    bencher
        .counter(BytesCount::new(bytes))
        .with_inputs(Memory::new)
        .bench_local_refs(|memory| memory.learn(document.root(), Source::default()));
}
