//! Facts that a decision rests on, and claims that it does not.

use super::{Scenario, allowed, asked, blocked, row};
use crate::deployment::{Bench, call, with_evidence};

const ALLOW: &str = "{default_verdict: allow, rules: []}";
const CONTEXT_BOUND: &str = "
default_verdict: block
rules: [{name: reads, effect: allow, match: {tool_names: [fs.read]}, require_context_evidence: true}]
";
const PII_NEEDS_APPROVAL: &str = "
default_verdict: allow
rules: [{name: pii, effect: require_approval, match: {context_data_classes: [pii]}}]
";
const INVENTORY: &str = r#"[{"tool_name": "fs.read", "data_class": "pii"}]"#;

pub(super) fn facts() -> Vec<Scenario> {
    vec![
        row(
            "the inventory says what a tool handles",
            Bench::of(PII_NEEDS_APPROVAL).knowing(INVENTORY),
            call("fs.read", "low"),
            asked("approval_token_missing matched_rule_pii", "approval_not_granted"),
        ),
        row(
            "an ordinary call goes on without it",
            Bench::of(ALLOW).without_its_inventory(),
            call("fs.read", "low"),
            allowed("default_allow"),
        ),
        row(
            "verified evidence is evidence",
            Bench::of(CONTEXT_BOUND),
            with_evidence(call("fs.read", "low")),
            allowed("matched_rule_reads"),
        ),
        row(
            "claimed evidence is none",
            Bench::of(CONTEXT_BOUND),
            {
                let mut claiming = call("fs.read", "low");
                claiming.request.context.context_set_digest = "a".repeat(64);
                claiming.request.context.context_refs = vec!["ref".to_owned()];
                claiming
            },
            blocked(
                "context_evidence_missing context_evidence_mode_mismatch context_set_digest_missing matched_rule_reads",
                "context_evidence_mode_violation missing_context_evidence",
            ),
        ),
    ]
}
