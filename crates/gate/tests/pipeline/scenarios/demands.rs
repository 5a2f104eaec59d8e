//! What is still demanded of a call that the rules let pass: units and credentials.

use super::{Scenario, allowed, asked, blocked, row};
use crate::deployment::{Bench, Manners, call, simulated};

const LIMITED: &str = "
default_verdict: block
rules:
  - {name: reads, effect: allow, match: {tool_names: [fs.read]}, rate_limit: {requests: 5}}
  - {name: writes, effect: require_approval, match: {tool_names: [fs.write]}, rate_limit: {requests: 5}}
  - {name: kills, effect: block, match: {tool_names: [os.kill]}, rate_limit: {requests: 5}}
  - name: deletes
    effect: allow
    match: {tool_names: [fs.delete]}
    rate_limit: {requests: 5}
    destructive_budget: {requests: 5}
";
const BROKERED: &str = "
default_verdict: block
rules:
  - {name: writes, effect: allow, match: {tool_names: [fs.write]}, require_broker_credential: true, broker_scopes: [write]}
";

pub(super) fn limits() -> Vec<Scenario> {
    let deleting = asked(
        "approval_token_missing destructive_apply_requires_approval matched_rule_deletes",
        "approval_not_granted",
    );
    vec![
        row(
            "an allowed call takes a unit",
            Bench::of(LIMITED),
            call("fs.read", "low"),
            allowed("matched_rule_reads"),
        )
        .taking(1),
        row(
            "a call that is asked about takes a unit",
            Bench::of(LIMITED),
            call("fs.write", "low"),
            asked(
                "approval_token_missing matched_rule_writes",
                "approval_not_granted",
            ),
        )
        .taking(1),
        row(
            "a blocked call takes none",
            Bench::of(LIMITED),
            call("os.kill", "low"),
            blocked("matched_rule_kills", ""),
        ),
        row(
            "a stopped call takes none",
            Bench::of(LIMITED).stopping("fs.read"),
            call("fs.read", "low"),
            blocked(
                "kill_switch_active kill_switch_tool_name_active matched_rule_reads",
                "kill_switch_active",
            ),
        ),
        row(
            "a simulated call takes none",
            Bench::of(LIMITED),
            simulated(call("fs.read", "low")),
            allowed("matched_rule_reads simulate_mode_non_enforcing"),
        ),
        row(
            "a used up limit blocks",
            Bench::of(LIMITED).used_up(),
            call("fs.read", "low"),
            blocked("matched_rule_reads rate_limit_exceeded", "rate_limit_exceeded"),
        ),
        row(
            "a used up limit blocks before anybody is asked",
            Bench::of(LIMITED).used_up(),
            call("fs.write", "low"),
            blocked("matched_rule_writes rate_limit_exceeded", "rate_limit_exceeded"),
        ),
        row(
            "a simulation tells that a limit is used up",
            Bench::of(LIMITED).used_up(),
            simulated(call("fs.read", "low")),
            allowed("matched_rule_reads rate_limit_exceeded simulate_mode_non_enforcing simulated_block"),
        ),
        row(
            "a destructive call takes a unit of both",
            Bench::of(LIMITED),
            call("fs.delete", "low"),
            deleting,
        )
        .taking(2),
    ]
}

pub(super) fn broker() -> Vec<Scenario> {
    let writing = || call("fs.write", "low");
    vec![
        row(
            "without a broker there is no credential",
            Bench::of(BROKERED),
            writing(),
            blocked(
                "broker_credential_required matched_rule_writes",
                "broker_credential_missing",
            ),
        ),
        row(
            "a broker that fails blocks",
            Bench::of(BROKERED).brokered(Manners::Failing),
            writing(),
            blocked(
                "broker_credential_missing matched_rule_writes",
                "broker_credential_missing",
            ),
        ),
        row(
            "a credential for something else blocks",
            Bench::of(BROKERED).brokered(Manners::Sloppy),
            writing(),
            blocked(
                "broker_target_binding_mismatch matched_rule_writes",
                "broker_target_binding_mismatch",
            ),
        )
        .issuing(),
        row(
            "a good credential lets the call pass",
            Bench::of(BROKERED).brokered(Manners::Good),
            writing(),
            allowed("broker_credential_present matched_rule_writes"),
        )
        .issuing(),
        row(
            "no credential is handed out for a call that is blocked",
            Bench::of(BROKERED).brokered(Manners::Good).stopping("fs.write"),
            writing(),
            blocked(
                "kill_switch_active kill_switch_tool_name_active matched_rule_writes",
                "kill_switch_active",
            ),
        ),
        row(
            "nor for one that is only simulated",
            Bench::of(BROKERED).brokered(Manners::Good),
            simulated(writing()),
            allowed("matched_rule_writes simulate_mode_non_enforcing"),
        ),
    ]
}
