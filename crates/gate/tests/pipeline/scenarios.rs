//! What stands above what: one row for each thing an operator relies on.

use gait_artifact::{Timestamp, Verdict};
use gait_gate::{Call, Decision};

use crate::deployment::{
    Bench, Manners, at, call, script, simulated, with_contradicted_evidence, with_evidence,
};

const ALLOW: &str = "{default_verdict: allow, rules: []}";
const BLOCK: &str = "{default_verdict: block, rules: []}";
const ASK: &str = "{default_verdict: require_approval, rules: []}";
const REPORT: &str = "{default_verdict: dry_run, rules: []}";
/// A risky call must name its run.
const FAIL_CLOSED: &str = "
default_verdict: allow
fail_closed: {enabled: true, required_high_risk_fields: [run_id]}
";
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
/// Both rules match writes at one priority; only the laxer one knows of the freeze.
const FROZEN_BY_THE_LAXER_RULE: &str = "
default_verdict: allow
rules:
  - {name: strict, priority: 1, effect: block, match: {tool_names: [fs.write]}}
  - name: lax
    priority: 1
    effect: dry_run
    match: {tool_names: [fs.write]}
    freeze_window: {timezone: UTC, effect: require_approval, windows: [{name: june, start: '2026-06-01T00:00:00', end: '2026-07-01T00:00:00'}]}
";
const BROKERED: &str = "
default_verdict: block
rules:
  - {name: writes, effect: allow, match: {tool_names: [fs.write]}, require_broker_credential: true, broker_scopes: [write]}
";
const CONTEXT_BOUND: &str = "
default_verdict: block
rules: [{name: reads, effect: allow, match: {tool_names: [fs.read]}, require_context_evidence: true}]
";
const PII_NEEDS_APPROVAL: &str = "
default_verdict: allow
rules: [{name: pii, effect: require_approval, match: {context_data_classes: [pii]}}]
";
const INVENTORY: &str = r#"[{"tool_name": "fs.read", "data_class": "pii"}]"#;

/// A call, the deployment that judges it, and what comes of it.
pub(crate) struct Scenario {
    /// What an operator relies on.
    pub(crate) promise: &'static str,
    pub(crate) bench: Bench,
    pub(crate) call: Call,
    pub(crate) verdict: Verdict,
    pub(crate) reasons: &'static [&'static str],
    pub(crate) violations: &'static [&'static str],
    /// Units it takes of any limit.
    pub(crate) taken: usize,
    /// Credentials that are handed out for it.
    pub(crate) issued: usize,
}

/// A row whose call takes nothing.
fn row(promise: &'static str, bench: Bench, call: Call, says: Says) -> Scenario {
    let (verdict, reasons, violations) = says;
    Scenario {
        promise,
        bench,
        call,
        verdict,
        reasons,
        violations,
        taken: 0,
        issued: 0,
    }
}

type Says = (Verdict, &'static [&'static str], &'static [&'static str]);

/// The call when a switch stops it on top of what the policy says.
const fn stopped(reasons: &'static [&'static str], violations: &'static [&'static str]) -> Says {
    (Verdict::Block, reasons, violations)
}

/// Every row.
pub(crate) fn all() -> Vec<Scenario> {
    [
        kill_switch(),
        fail_closed(),
        approved_scripts(),
        limits(),
        broker(),
        facts(),
        simulation(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn kill_switch() -> Vec<Scenario> {
    let by_tool: Says = stopped(
        &[
            "default_allow",
            "kill_switch_active",
            "kill_switch_tool_name_active",
        ],
        &["kill_switch_active"],
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
            (Verdict::Allow, &["default_allow"], &[]),
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
            stopped(
                &[
                    "fail_closed_missing_run_id",
                    "kill_switch_active",
                    "kill_switch_tool_name_active",
                ],
                &["kill_switch_active", "missing_run_id"],
            ),
        ),
        row(
            "a kill switch shows beside a contradicted context",
            Bench::of(FAIL_CLOSED).stopping("fs.read"),
            with_contradicted_evidence(call("fs.read", "high")),
            stopped(
                &[
                    "fail_closed_intent_invalid",
                    "kill_switch_active",
                    "kill_switch_tool_name_active",
                ],
                &["intent_not_evaluable", "kill_switch_active"],
            ),
        ),
        row(
            "a call that would be asked about is stopped without asking",
            Bench::of(ASK).stopping("fs.read"),
            call("fs.read", "low"),
            stopped(
                &[
                    "default_require_approval",
                    "kill_switch_active",
                    "kill_switch_tool_name_active",
                ],
                &["kill_switch_active"],
            ),
        ),
        row(
            "a risky call is blocked when the kill switch can't be read",
            Bench::of(ALLOW).without_its_kill_switch(),
            call("fs.read", "high"),
            stopped(
                &["kill_switch_state_unavailable"],
                &["kill_switch_state_unavailable"],
            ),
        ),
        row(
            "so is an approved script",
            Bench::of(ALLOW)
                .having_approved(&script("critical"))
                .without_its_kill_switch(),
            script("critical"),
            stopped(
                &["kill_switch_state_unavailable"],
                &["kill_switch_state_unavailable"],
            ),
        ),
        row(
            "so is every call in production",
            Bench::of(BLOCK).in_production().without_its_kill_switch(),
            call("fs.read", "low"),
            stopped(
                &["kill_switch_state_unavailable"],
                &["kill_switch_state_unavailable"],
            ),
        ),
    ]
}

fn fail_closed() -> Vec<Scenario> {
    let missing: Says = (
        Verdict::Block,
        &["fail_closed_missing_run_id"],
        &["missing_run_id"],
    );
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
            (Verdict::Allow, &["default_allow"], &[]),
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
            (
                Verdict::Block,
                &["fail_closed_intent_invalid"],
                &["intent_not_evaluable"],
            ),
        ),
        row(
            "an approved script that does is blocked as well",
            Bench::of(FAIL_CLOSED).having_approved(&script("high")),
            with_contradicted_evidence(script("high")),
            (
                Verdict::Block,
                &["fail_closed_intent_invalid"],
                &["intent_not_evaluable"],
            ),
        ),
    ]
}

fn approved_scripts() -> Vec<Scenario> {
    let approved: Says = (Verdict::Allow, &["approved_script_match"], &[]);
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
            (Verdict::Block, &["default_block"], &[]),
        ),
        row(
            "a single call is no approved script",
            Bench::of(BLOCK).having_approved(&script("low")),
            call("fs.read", "low"),
            (Verdict::Block, &["default_block"], &[]),
        ),
        row(
            "a freeze holds an approved script back, also that of a laxer rule",
            Bench::of(FROZEN_BY_THE_LAXER_RULE).having_approved(&script("low")),
            script("low"),
            (Verdict::Block, &["default_allow", "matched_rule_strict"], &[]),
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
            (
                Verdict::Block,
                &[
                    "context_evidence_missing",
                    "context_evidence_mode_mismatch",
                    "context_set_digest_missing",
                    "default_block",
                    "matched_rule_reads",
                ],
                &["context_evidence_mode_violation", "missing_context_evidence"],
            ),
        ),
        row(
            "without a key nothing is approved",
            Bench::of(BLOCK)
                .having_approved(&script("low"))
                .without_the_script_key(),
            script("low"),
            (Verdict::Block, &["default_block"], &[]),
        ),
        row(
            "an ordinary call goes on when the scripts can't be read",
            Bench::of(ALLOW).without_its_scripts(),
            script("low"),
            (Verdict::Allow, &["default_allow"], &[]),
        ),
    ]
}

fn limits() -> Vec<Scenario> {
    let taking = |taken, scenario| Scenario { taken, ..scenario };
    let deleting: Says = (
        Verdict::RequireApproval,
        &[
            "approval_token_missing",
            "destructive_apply_requires_approval",
            "matched_rule_deletes",
        ],
        &["approval_not_granted"],
    );
    vec![
        taking(
            1,
            row(
                "an allowed call takes a unit",
                Bench::of(LIMITED),
                call("fs.read", "low"),
                (Verdict::Allow, &["matched_rule_reads"], &[]),
            ),
        ),
        taking(
            1,
            row(
                "a call that is asked about takes a unit",
                Bench::of(LIMITED),
                call("fs.write", "low"),
                (
                    Verdict::RequireApproval,
                    &["approval_token_missing", "matched_rule_writes"],
                    &["approval_not_granted"],
                ),
            ),
        ),
        row(
            "a blocked call takes none",
            Bench::of(LIMITED),
            call("os.kill", "low"),
            (Verdict::Block, &["matched_rule_kills"], &[]),
        ),
        row(
            "a stopped call takes none",
            Bench::of(LIMITED).stopping("fs.read"),
            call("fs.read", "low"),
            stopped(
                &[
                    "kill_switch_active",
                    "kill_switch_tool_name_active",
                    "matched_rule_reads",
                ],
                &["kill_switch_active"],
            ),
        ),
        row(
            "a simulated call takes none",
            Bench::of(LIMITED),
            simulated(call("fs.read", "low")),
            (
                Verdict::Allow,
                &["matched_rule_reads", "simulate_mode_non_enforcing"],
                &[],
            ),
        ),
        row(
            "a used up limit blocks",
            Bench::of(LIMITED).used_up(),
            call("fs.read", "low"),
            (
                Verdict::Block,
                &["matched_rule_reads", "rate_limit_exceeded"],
                &["rate_limit_exceeded"],
            ),
        ),
        row(
            "a used up limit blocks before anybody is asked",
            Bench::of(LIMITED).used_up(),
            call("fs.write", "low"),
            (
                Verdict::Block,
                &["matched_rule_writes", "rate_limit_exceeded"],
                &["rate_limit_exceeded"],
            ),
        ),
        row(
            "a simulation tells that a limit is used up",
            Bench::of(LIMITED).used_up(),
            simulated(call("fs.read", "low")),
            (
                Verdict::Allow,
                &[
                    "matched_rule_reads",
                    "rate_limit_exceeded",
                    "simulate_mode_non_enforcing",
                    "simulated_block",
                ],
                &[],
            ),
        ),
        taking(
            2,
            row(
                "a destructive call takes a unit of both",
                Bench::of(LIMITED),
                call("fs.delete", "low"),
                deleting,
            ),
        ),
    ]
}

fn broker() -> Vec<Scenario> {
    let writing = || call("fs.write", "low");
    let issuing = |scenario| Scenario {
        issued: 1,
        ..scenario
    };
    vec![
        row(
            "without a broker there is no credential",
            Bench::of(BROKERED),
            writing(),
            (
                Verdict::Block,
                &["broker_credential_required", "matched_rule_writes"],
                &["broker_credential_missing"],
            ),
        ),
        row(
            "a broker that fails blocks",
            Bench::of(BROKERED).brokered(Manners::Failing),
            writing(),
            (
                Verdict::Block,
                &["broker_credential_missing", "matched_rule_writes"],
                &["broker_credential_missing"],
            ),
        ),
        issuing(row(
            "a credential for something else blocks",
            Bench::of(BROKERED).brokered(Manners::Sloppy),
            writing(),
            (
                Verdict::Block,
                &["broker_target_binding_mismatch", "matched_rule_writes"],
                &["broker_target_binding_mismatch"],
            ),
        )),
        issuing(row(
            "a good credential lets the call pass",
            Bench::of(BROKERED).brokered(Manners::Good),
            writing(),
            (
                Verdict::Allow,
                &["broker_credential_present", "matched_rule_writes"],
                &[],
            ),
        )),
        row(
            "no credential is handed out for a call that is blocked",
            Bench::of(BROKERED).brokered(Manners::Good).stopping("fs.write"),
            writing(),
            stopped(
                &[
                    "kill_switch_active",
                    "kill_switch_tool_name_active",
                    "matched_rule_writes",
                ],
                &["kill_switch_active"],
            ),
        ),
        row(
            "nor for one that is only simulated",
            Bench::of(BROKERED).brokered(Manners::Good),
            simulated(writing()),
            (
                Verdict::Allow,
                &["matched_rule_writes", "simulate_mode_non_enforcing"],
                &[],
            ),
        ),
    ]
}

fn facts() -> Vec<Scenario> {
    vec![
        row(
            "the inventory says what a tool handles",
            Bench::of(PII_NEEDS_APPROVAL).knowing(INVENTORY),
            call("fs.read", "low"),
            (
                Verdict::RequireApproval,
                &["approval_token_missing", "matched_rule_pii"],
                &["approval_not_granted"],
            ),
        ),
        row(
            "an ordinary call goes on without it",
            Bench::of(ALLOW).without_its_inventory(),
            call("fs.read", "low"),
            (Verdict::Allow, &["default_allow"], &[]),
        ),
        row(
            "verified evidence is evidence",
            Bench::of(CONTEXT_BOUND),
            with_evidence(call("fs.read", "low")),
            (Verdict::Allow, &["matched_rule_reads"], &[]),
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
            (
                Verdict::Block,
                &[
                    "context_evidence_missing",
                    "context_evidence_mode_mismatch",
                    "context_set_digest_missing",
                    "matched_rule_reads",
                ],
                &["context_evidence_mode_violation", "missing_context_evidence"],
            ),
        ),
    ]
}

fn simulation() -> Vec<Scenario> {
    let simulated_block: Says = (
        Verdict::Allow,
        &["default_block", "simulate_mode_non_enforcing", "simulated_block"],
        &[],
    );
    vec![
        row(
            "a simulated block blocks nothing",
            Bench::of(BLOCK),
            simulated(call("fs.read", "low")),
            simulated_block,
        ),
        row(
            "a simulated question asks nobody",
            Bench::of(ASK),
            simulated(call("fs.read", "low")),
            (
                Verdict::Allow,
                &[
                    "approval_token_missing",
                    "default_require_approval",
                    "simulate_mode_non_enforcing",
                    "simulated_require_approval",
                ],
                &[],
            ),
        ),
        row(
            "a report stays a report",
            Bench::of(REPORT),
            simulated(call("fs.read", "low")),
            (
                Verdict::DryRun,
                &["default_dry_run", "simulate_mode_non_enforcing"],
                &[],
            ),
        ),
        row(
            "a report permits nothing",
            Bench::of(REPORT),
            call("fs.read", "low"),
            (Verdict::DryRun, &["default_dry_run"], &[]),
        ),
        row(
            "a simulation tells of the kill switch",
            Bench::of(ALLOW).stopping("fs.read"),
            simulated(call("fs.read", "low")),
            (
                Verdict::Allow,
                &[
                    "default_allow",
                    "kill_switch_active",
                    "kill_switch_tool_name_active",
                    "simulate_mode_non_enforcing",
                    "simulated_block",
                ],
                &[],
            ),
        ),
        row(
            "a simulated approved script is only simulated",
            Bench::of(BLOCK).having_approved(&script("low")),
            simulated(script("low")),
            (
                Verdict::Allow,
                &["approved_script_match", "simulate_mode_non_enforcing"],
                &[],
            ),
        ),
    ]
}

#[test]
fn promises_are_kept() {
    for scenario in all() {
        let promise = scenario.promise;
        let decision = scenario
            .bench
            .decide(&scenario.call)
            .unwrap_or_else(|error| panic!("{promise}: {error}"));
        assert_eq!(
            decision.verdict(),
            scenario.verdict,
            "{promise}: {:?}",
            decision.outcome
        );
        assert_eq!(decision.outcome.reasons(), scenario.reasons, "{promise}");
        assert_eq!(decision.outcome.violations(), scenario.violations, "{promise}");
        assert_eq!(scenario.bench.taken(), scenario.taken, "{promise}: units");
        assert_eq!(scenario.bench.issued(), scenario.issued, "{promise}: credentials");
        let may_run = scenario.verdict == Verdict::Allow && !scenario.call.simulate;
        assert_eq!(decision.permit().is_some(), may_run, "{promise}: permit");
        assert_eq!(
            decision.trace.record().verdict,
            scenario.verdict,
            "{promise}: trace"
        );
    }
}

fn decided(bench: &Bench, call: &Call) -> Decision {
    bench.decide(call).expect("the call can be judged")
}

/// What the operator has to know when a decision was made with less than was configured.
#[test]
fn what_is_done_without_is_told() {
    let low = || script("low");
    for (bench, warning) in [
        (
            Bench::of(ALLOW).without_its_inventory(),
            "wrkr inventory unavailable; continuing without context enrichment",
        ),
        (
            Bench::of(ALLOW).without_its_scripts(),
            "approved script registry unavailable; continuing without fast-path pre-approval",
        ),
        (
            Bench::of(ALLOW).having_approved(&low()).without_the_script_key(),
            "approved script fast-path disabled because registry verify key is not configured",
        ),
        (
            Bench::of(ALLOW)
                .having_approved(&low())
                .trusting_scripts_of(&gait_canon::PrivateKey::from_seed(&[9; 32])),
            "approved script registry entry failed verification; fast-path disabled",
        ),
        (
            Bench::of(CONTEXT_BOUND).having_approved(&low()),
            "approved script fast-path disabled because policy requires authenticated context evidence",
        ),
        (
            Bench::of(FROZEN_BY_THE_LAXER_RULE).having_approved(&low()),
            "approved script fast-path disabled because a freeze window is active",
        ),
    ] {
        assert_eq!(decided(&bench, &low()).warnings, [warning]);
    }
    assert!(decided(&Bench::of(ALLOW), &low()).warnings.is_empty());
}

#[test]
fn the_registry_says_why_it_did_not_help() {
    let bench = Bench::of(BLOCK).having_approved(&script("low"));
    let reason = |call: &Call| decided(&bench, call).fast_path.registry_reason;
    assert_eq!(reason(&script("low")), "approved_script_match");
    assert_eq!(reason(&script("medium")), "approved_script_match");
    assert_eq!(reason(&call("fs.read", "low")), "not_script");
    let mut other = script("low");
    other.request.script.as_mut().unwrap().steps.pop();
    assert_eq!(reason(&other), "approved_script_not_found");
    assert_eq!(decided(&Bench::of(BLOCK), &other).fast_path.registry_reason, "");
}

/// A replayed call is judged for its own time, but credentials, tokens and records are of today.
#[test]
fn the_evaluation_time_governs_switches_and_windows() {
    let mut early = call("fs.read", "low");
    early.evaluation_time = Some(at("2026-05-01T02:00:00+02:00"));
    let decision = decided(&Bench::of(ALLOW).stopping("fs.read"), &early);
    let trace = decision.trace.record();
    assert_eq!(
        trace.kill_switch.as_ref().unwrap().evaluated_at,
        at("2026-05-01T00:00:00Z")
    );
    assert_eq!(trace.observed_at, at(crate::deployment::NOW));
    assert_eq!(trace.created_at, Timestamp::EPOCH_1980);
}
