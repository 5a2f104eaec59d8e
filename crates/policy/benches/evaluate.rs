//! What a decision costs, in time and in allocations.
//!
//! The figures to reach: with three rules a judgement takes less than a microsecond, and ten thousand rules about other
//! tools make that less than two; the warm judgement allocates nothing.

use std::hint::black_box;

use divan::{AllocProfiler, Bencher};
use gait_artifact::{
    Timestamp,
    intent::{Intent, IntentRequest},
    policy::Policy,
};
use gait_policy::{Call, CompiledPolicy, Evaluator, Facts, document, evaluate};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const THREE_RULES: &str = "default_verdict: block
rules:
  - {name: no-delete, priority: 10, effect: block, match: {tool_names: [tool.delete]}}
  - {name: ask-write, priority: 20, effect: require_approval, match: {tool_names: [tool.write], risk_classes: [high]}}
  - {name: safe-read, priority: 30, effect: allow, match: {tool_names: [tool.read], risk_classes: [low, medium],
     target_kinds: [path]}}
";

/// Three rules, and `others` about tools that the intent doesn't call.
fn policy(others: usize) -> Policy {
    let mut yaml = THREE_RULES.to_owned();
    for number in 0..others {
        let priority = number % 50;
        let tool = format!("{{tool_names: [other.{number}]}}");
        let rule = format!("{{name: other-{number}, priority: {priority}, effect: block, match: {tool}}}");
        yaml.extend(["  - ", &rule, "\n"]);
    }
    document::read(yaml.as_bytes()).expect("the policy is well formed")
}

const CONTEXT: &str = r#""context": {"identity": "alice", "workspace": "/repo", "risk_class": "low"}"#;

fn intent(members: &str) -> Intent {
    let json = format!("{{{members}, {CONTEXT}}}");
    let request = IntentRequest::read(json.as_bytes()).expect("the intent is well formed");
    request.normalize().expect("the intent is complete")
}

fn read_intent() -> Intent {
    intent(
        r#""tool_name": "tool.read", "args": {"path": "/srv/a.txt"},
           "targets": [{"kind": "path", "value": "/srv/a.txt", "operation": "read"}]"#,
    )
}

fn now() -> Timestamp {
    "2026-02-05T00:00:00Z".parse().expect("the time is RFC 3339")
}

/// The core: one call, memory reused.
#[divan::bench(args = [0, 1_000, 10_000])]
fn judge(bencher: Bencher<'_, '_>, others: usize) {
    let (policy, intent, now) = (CompiledPolicy::new(policy(others)), read_intent(), now());
    let mut evaluator = Evaluator::new(&policy);
    let call = Call::of_intent(&intent, None);
    black_box(evaluator.judge(&call, now).verdict());
    bencher.bench_local(|| evaluator.judge(black_box(&call), now).verdict());
}

/// The whole decision, with an evaluation of its own.
#[divan::bench(args = [0, 1_000, 10_000])]
fn whole_evaluation(bencher: Bencher<'_, '_>, others: usize) {
    let (policy, intent) = (CompiledPolicy::new(policy(others)), read_intent());
    let facts = Facts {
        now: now(),
        inventory: None,
    };
    bencher.bench(|| evaluate(&policy, black_box(&intent), &facts));
}

/// Every step is a call of its own.
#[divan::bench]
fn script_of_eight_steps(bencher: Bencher<'_, '_>) {
    let step = r#"{"tool_name": "tool.read", "targets": [{"kind": "path", "value": "/srv/a", "operation": "read"}]}"#;
    let intent = intent(&format!(r#""script": {{"steps": [{}]}}"#, [step; 8].join(",")));
    let policy = CompiledPolicy::new(policy(0));
    let facts = Facts {
        now: now(),
        inventory: None,
    };
    bencher.bench(|| evaluate(&policy, black_box(&intent), &facts));
}

#[divan::bench]
fn compile_a_thousand_rules(bencher: Bencher<'_, '_>) {
    let policy = policy(997);
    bencher
        .with_inputs(|| policy.clone())
        .bench_values(CompiledPolicy::new);
}
