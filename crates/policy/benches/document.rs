//! Loading a policy of a thousand rules, about 150 KB: parsed, checked, digested within 3 ms, a budget that keeps the
//! policy out of the way of a command that makes one decision. Formatting must not be slower than loading.

use std::fmt::Write as _;

use divan::{Bencher, black_box, counter::BytesCount};
use gait_policy::{digest::policy_digest, document, format::canonical_yaml, yaml};

fn main() {
    divan::main();
}

fn policy_text(rules: usize) -> String {
    let mut text = "default_verdict: block\nrules:\n".to_owned();
    for rule in 0..rules {
        write!(
            text,
            "- name: rule-{rule}\n  priority: {rule}\n  effect: require_approval\n  match:\n    tool_names: [tool.write{rule}]\n    \
             risk_classes: [high, low]\n  reason_codes: [reason_{rule}]\n"
        )
        .expect("a String takes every text");
    }
    text
}

#[divan::bench]
fn parse_yaml(bencher: Bencher<'_, '_>) {
    let text = policy_text(1000);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let document = yaml::parse(black_box(&text), yaml::Documents::Single);
        document.map(|document| document.root().is_some())
    });
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let text = policy_text(1000);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| document::read(black_box(text.as_bytes())));
}

#[divan::bench]
fn read_and_digest(bencher: Bencher<'_, '_>) {
    let text = policy_text(1000);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| document::read(black_box(text.as_bytes())).map(|policy| policy_digest(&policy)));
}

#[divan::bench]
fn format(bencher: Bencher<'_, '_>) {
    let policy = document::read(policy_text(1000).as_bytes()).expect("the policy is valid");
    bencher.bench_local(|| canonical_yaml(black_box(&policy)));
}
