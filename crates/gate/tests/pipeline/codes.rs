//! Every code that decisions give stands in the published table, in the right list.

use gait_artifact::reason_code::{CodeRole, lookup};
use gait_gate::Decision;

use crate::scenarios;

/// Holds the codes of `decision` against the table, but for those that rules bring themselves: they begin with `own_`.
pub(crate) fn check(decision: &Decision) {
    let listed = |code: &str, role: CodeRole| {
        code.starts_with("own_")
            || lookup(code).is_some_and(|found| found.role == role || found.role == CodeRole::Both)
    };
    let simulated = decision
        .simulation
        .iter()
        .flat_map(|simulation| &simulation.reason_codes);
    for code in decision.outcome.reasons().iter().chain(simulated) {
        assert!(
            listed(code, CodeRole::Reason),
            "{code} is no published reason code"
        );
    }
    for code in decision.outcome.violations() {
        assert!(
            listed(&code, CodeRole::Violation),
            "{code} is no published violation"
        );
    }
    let steps = decision.trace.record().step_verdicts.clone();
    for step in steps {
        assert!(
            step.reason_codes
                .iter()
                .all(|code| listed(code, CodeRole::Reason)),
            "{step:?}"
        );
        assert!(
            step.violations
                .iter()
                .all(|code| listed(code, CodeRole::Violation)),
            "{step:?}"
        );
    }
    if let Some(stopped) = &decision.kill_switch {
        assert!(
            stopped
                .reason_codes
                .iter()
                .all(|code| listed(code, CodeRole::Reason)),
            "{stopped:?}"
        );
    }
}

#[test]
fn scenarios_give_published_codes() {
    for scenario in scenarios::all() {
        check(&scenario.bench.decide(&scenario.call).unwrap());
    }
}
