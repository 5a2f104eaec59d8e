//! What stands above the rules: the kill switch, and what fail-closed demands.

use super::{Scenario, allowed, blocked, row};
use crate::deployment::{Bench, call, script, with_contradicted_evidence};

const ALLOW: &str = "{default_verdict: allow, rules: []}";
const BLOCK: &str = "{default_verdict: block, rules: []}";
const ASK: &str = "{default_verdict: require_approval, rules: []}";
/// A risky call must name its run.
const FAIL_CLOSED: &str = "
default_verdict: allow
fail_closed: {enabled: true, required_high_risk_fields: [run_id]}
";

pub(super) fn kill_switch() -> Vec<Scenario> {
    let by_tool = blocked(
        "default_allow kill_switch_active kill_switch_tool_name_active",
        "kill_switch_active",
    );
    vec![
        row(
            "a kill switch stops its tool",
            Bench::of(ALLOW).stopping("fs.read"),
            call("fs.read", "low"),
            by_tool,
        ),
        row(
            "a kill switch leaves other tools alone",
            Bench::of(ALLOW).stopping("fs.read"),
            call("fs.write", "low"),
            allowed("default_allow"),
        ),
        row(
            "a kill switch stops a script that uses its tool",
            Bench::of(ALLOW).stopping("fs.write"),
            script("low"),
            by_tool,
        ),
        row(
            "a kill switch stops an approved script",
            Bench::of(ALLOW)
                .having_approved(&script("low"))
                .stopping("fs.write"),
            script("low"),
            by_tool,
        ),
        row(
            "a kill switch shows beside what fail-closed says",
            Bench::of(FAIL_CLOSED).stopping("fs.read"),
            call("fs.read", "high"),
            blocked(
                "fail_closed_missing_run_id kill_switch_active kill_switch_tool_name_active",
                "kill_switch_active missing_run_id",
            ),
        ),
        row(
            "a kill switch shows beside a contradicted context",
            Bench::of(FAIL_CLOSED).stopping("fs.read"),
            with_contradicted_evidence(call("fs.read", "high")),
            blocked(
                "fail_closed_intent_invalid kill_switch_active kill_switch_tool_name_active",
                "intent_not_evaluable kill_switch_active",
            ),
        ),
        row(
            "a call that would be asked about is stopped without asking",
            Bench::of(ASK).stopping("fs.read"),
            call("fs.read", "low"),
            blocked(
                "default_require_approval kill_switch_active kill_switch_tool_name_active",
                "kill_switch_active",
            ),
        ),
        row(
            "a risky call is blocked when the kill switch can't be read",
            Bench::of(ALLOW).without_its_kill_switch(),
            call("fs.read", "high"),
            blocked("kill_switch_state_unavailable", "kill_switch_state_unavailable"),
        ),
        row(
            "so is an approved script",
            Bench::of(ALLOW)
                .having_approved(&script("critical"))
                .without_its_kill_switch(),
            script("critical"),
            blocked("kill_switch_state_unavailable", "kill_switch_state_unavailable"),
        ),
        row(
            "so is every call in production",
            Bench::of(BLOCK).in_production().without_its_kill_switch(),
            call("fs.read", "low"),
            blocked("kill_switch_state_unavailable", "kill_switch_state_unavailable"),
        ),
    ]
}

pub(super) fn fail_closed() -> Vec<Scenario> {
    let missing = blocked("fail_closed_missing_run_id", "missing_run_id");
    vec![
        row(
            "what a risky call must say is demanded",
            Bench::of(FAIL_CLOSED),
            call("fs.read", "high"),
            missing,
        ),
        row(
            "an ordinary call may leave it out",
            Bench::of(FAIL_CLOSED),
            call("fs.read", "low"),
            allowed("default_allow"),
        ),
        row(
            "an approved script must say it too",
            Bench::of(FAIL_CLOSED).having_approved(&script("high")),
            script("high"),
            missing,
        ),
        row(
            "a risky call that contradicts its context is blocked",
            Bench::of(FAIL_CLOSED),
            with_contradicted_evidence(call("fs.read", "high")),
            blocked("fail_closed_intent_invalid", "intent_not_evaluable"),
        ),
        row(
            "an approved script that does is blocked as well",
            Bench::of(FAIL_CLOSED).having_approved(&script("high")),
            with_contradicted_evidence(script("high")),
            blocked("fail_closed_intent_invalid", "intent_not_evaluable"),
        ),
    ]
}
