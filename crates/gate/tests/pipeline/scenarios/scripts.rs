//! What an approved script gets around, and what it does not.

use super::{ALLOW, BLOCK, CONTEXT_BOUND, FROZEN_BY_THE_LAXER_RULE, Scenario, allowed, blocked, row};
use crate::deployment::{Bench, at, call, script};

const ASK: &str = "{default_verdict: require_approval, rules: []}";
const LIMITED: &str =
    "{default_verdict: block, rules: [{name: r, effect: allow, match: {}, rate_limit: {requests: 5}}]}";

pub(super) fn approved_scripts() -> Vec<Scenario> {
    let approved = allowed("approved_script_match");
    let mut before_june = script("low");
    before_june.evaluation_time = Some(at("2026-05-31T23:59:59Z"));
    vec![
        row(
            "an approved script passes",
            Bench::of(BLOCK).having_approved(&script("low")),
            script("low"),
            approved,
        ),
        row(
            "an approved script is not asked about",
            Bench::of(ASK).having_approved(&script("low")),
            script("low"),
            approved,
        ),
        row(
            "an approved script takes no unit",
            Bench::of(LIMITED).having_approved(&script("low")).used_up(),
            script("low"),
            approved,
        ),
        row(
            "another script has to ask the rules",
            Bench::of(BLOCK).having_approved(&{
                let mut other = script("low");
                other.request.script.as_mut().unwrap().steps.reverse();
                other
            }),
            script("low"),
            blocked("default_block", ""),
        ),
        row(
            "a single call is no approved script",
            Bench::of(BLOCK).having_approved(&script("low")),
            call("fs.read", "low"),
            blocked("default_block", ""),
        ),
        row(
            "a freeze holds an approved script back, also that of a laxer rule",
            Bench::of(FROZEN_BY_THE_LAXER_RULE).having_approved(&script("low")),
            script("low"),
            blocked("default_allow matched_rule_strict", ""),
        ),
        row(
            "before the freeze it passes",
            Bench::of(FROZEN_BY_THE_LAXER_RULE).having_approved(&before_june),
            before_june,
            approved,
        ),
        row(
            "an approval is no context evidence",
            Bench::of(CONTEXT_BOUND).having_approved(&script("low")),
            script("low"),
            blocked(
                "context_evidence_missing context_evidence_mode_mismatch context_set_digest_missing default_block matched_rule_reads",
                "context_evidence_mode_violation missing_context_evidence",
            ),
        ),
        row(
            "without a key nothing is approved",
            Bench::of(BLOCK)
                .having_approved(&script("low"))
                .without_the_script_key(),
            script("low"),
            blocked("default_block", ""),
        ),
        row(
            "an ordinary call goes on when the scripts can't be read",
            Bench::of(ALLOW).without_its_scripts(),
            script("low"),
            allowed("default_allow"),
        ),
    ]
}
