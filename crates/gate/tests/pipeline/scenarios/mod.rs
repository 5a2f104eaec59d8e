//! What stands above what: one row for each thing an operator relies on.

mod above;
mod demands;
mod facts;
mod scripts;
mod simulation;

use gait_artifact::{Timestamp, Verdict};
use gait_gate::{Call, Decision};

use crate::deployment::{Bench, NOW, at, call, script};

const ALLOW: &str = "{default_verdict: allow, rules: []}";
const BLOCK: &str = "{default_verdict: block, rules: []}";
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
const CONTEXT_BOUND: &str = "
default_verdict: block
rules: [{name: reads, effect: allow, match: {tool_names: [fs.read]}, require_context_evidence: true}]
";

/// A call, the deployment that judges it, and what comes of it.
pub(crate) struct Scenario {
    /// What an operator relies on.
    pub(crate) promise: &'static str,
    pub(crate) bench: Bench,
    pub(crate) call: Call,
    pub(crate) verdict: Verdict,
    /// Reason codes, separated by blanks.
    pub(crate) reasons: &'static str,
    /// Violations, separated by blanks.
    pub(crate) violations: &'static str,
    /// Units it takes of any limit.
    pub(crate) taken: usize,
    /// Credentials that are handed out for it.
    pub(crate) issued: usize,
}

impl Scenario {
    /// The same, but it takes units.
    const fn taking(mut self, units: usize) -> Self {
        self.taken = units;
        self
    }

    /// The same, but a credential is handed out.
    const fn issuing(mut self) -> Self {
        self.issued = 1;
        self
    }
}

/// A verdict with its reason codes and violations.
type Says = (Verdict, &'static str, &'static str);

const fn allowed(reasons: &'static str) -> Says {
    (Verdict::Allow, reasons, "")
}

const fn asked(reasons: &'static str, violations: &'static str) -> Says {
    (Verdict::RequireApproval, reasons, violations)
}

const fn blocked(reasons: &'static str, violations: &'static str) -> Says {
    (Verdict::Block, reasons, violations)
}

/// A row whose call takes nothing.
const fn row(promise: &'static str, bench: Bench, call: Call, says: Says) -> Scenario {
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

/// Every row.
pub(crate) fn all() -> Vec<Scenario> {
    [
        above::kill_switch(),
        above::fail_closed(),
        scripts::approved_scripts(),
        demands::limits(),
        demands::broker(),
        facts::facts(),
        simulation::simulation(),
    ]
    .into_iter()
    .flatten()
    .collect()
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
        assert_eq!(
            decision.outcome.reasons().join(" "),
            scenario.reasons,
            "{promise}"
        );
        assert_eq!(
            decision.outcome.violations().join(" "),
            scenario.violations,
            "{promise}"
        );
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
    assert_eq!(trace.observed_at, at(NOW));
    assert_eq!(trace.created_at, Timestamp::EPOCH_1980);
}
