//! The state of a decision while the stages of the pipeline look at it.

use std::collections::BTreeSet;

use gait_artifact::{Verdict, decision::KillSwitchDecision};
use gait_policy::Evaluation;

use crate::kill_switch;

/// A verdict with the reasons and violations that led to it, gathered stage by stage.
///
/// A stage can make the verdict stricter as it likes. The one way to make it laxer is [`grant`](Self::grant), which
/// only turns `require_approval` into `allow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    verdict: Verdict,
    reasons: BTreeSet<String>,
    violations: BTreeSet<String>,
}

impl Outcome {
    /// What the policy said, or the kill switch in its place.
    pub(crate) fn of(evaluation: &Evaluation, kill_switch: Option<&KillSwitchDecision>) -> Self {
        let mut outcome = Self::new(
            evaluation.verdict,
            evaluation.reason_codes.clone(),
            evaluation.violations.clone(),
        );
        match kill_switch {
            Some(decision) if decision.status == "active" => {
                outcome.deny();
                outcome.reason(decision.reason_codes.iter().cloned());
                outcome.violation([kill_switch::ACTIVE]);
            }
            _ => {}
        }
        outcome
    }

    /// A verdict with its reasons and violations.
    #[must_use]
    pub fn new(verdict: Verdict, reasons: Vec<String>, violations: Vec<String>) -> Self {
        Self {
            verdict,
            reasons: reasons.into_iter().collect(),
            violations: violations.into_iter().collect(),
        }
    }

    /// The verdict so far.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The reason codes so far, sorted.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        self.reasons.iter().cloned().collect()
    }

    /// The violations so far, sorted.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.violations.iter().cloned().collect()
    }

    /// Adds reason codes.
    pub fn reason<S: Into<String>>(&mut self, codes: impl IntoIterator<Item = S>) {
        self.reasons.extend(codes.into_iter().map(Into::into));
    }

    /// Adds violations.
    pub fn violation<S: Into<String>>(&mut self, codes: impl IntoIterator<Item = S>) {
        self.violations.extend(codes.into_iter().map(Into::into));
    }

    /// Blocks the call because of `code`, which is both reason and violation.
    pub fn block(&mut self, code: &str) {
        self.verdict = Verdict::Block;
        self.reason([code]);
        self.violation([code]);
    }

    /// Blocks the call for reasons that are added apart.
    pub fn deny(&mut self) {
        self.verdict = Verdict::Block;
    }

    /// Wants an approval for a call that would have passed without.
    pub(crate) fn require_approval(&mut self) {
        if self.verdict == Verdict::Allow {
            self.verdict = Verdict::RequireApproval;
        }
    }

    /// Lets a call through that only lacked the approvals it has now.
    pub fn grant(&mut self) {
        if self.verdict == Verdict::RequireApproval {
            self.verdict = Verdict::Allow;
        }
    }

    /// Reports what enforcement would have said, and lets the call count as allowed: nothing enforces a simulation.
    pub(crate) fn simulate(&mut self) -> Simulation {
        let simulation = Simulation {
            verdict: self.verdict,
            reason_codes: self.reasons(),
            would_have_blocked: matches!(self.verdict, Verdict::Block | Verdict::RequireApproval),
        };
        self.reason(["simulate_mode_non_enforcing"]);
        if simulation.would_have_blocked {
            self.reason([format!("simulated_{}", self.verdict)]);
            self.violations.clear();
            self.verdict = Verdict::Allow;
        }
        simulation
    }
}

/// What enforcement would have said of a simulated call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// The verdict that enforcement would have given.
    pub verdict: Verdict,
    /// Its reason codes, sorted.
    pub reason_codes: Vec<String>,
    /// Whether that verdict would have kept the call from executing at once.
    pub would_have_blocked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(verdict: Verdict) -> Outcome {
        Outcome::new(verdict, vec!["rule".to_owned()], vec!["harm".to_owned()])
    }

    #[test]
    fn only_a_missing_approval_can_be_granted() {
        for (before, after) in [
            (Verdict::Allow, Verdict::Allow),
            (Verdict::DryRun, Verdict::DryRun),
            (Verdict::RequireApproval, Verdict::Allow),
            (Verdict::Block, Verdict::Block),
        ] {
            let mut state = outcome(before);
            state.grant();
            assert_eq!(state.verdict(), after);
        }
    }

    #[test]
    fn only_a_call_that_would_pass_comes_to_want_an_approval() {
        for (before, after) in [
            (Verdict::Allow, Verdict::RequireApproval),
            (Verdict::DryRun, Verdict::DryRun),
            (Verdict::RequireApproval, Verdict::RequireApproval),
            (Verdict::Block, Verdict::Block),
        ] {
            let mut state = outcome(before);
            state.require_approval();
            assert_eq!(state.verdict(), after);
        }
    }

    #[test]
    fn blocking_keeps_what_was_found_before() {
        let mut state = outcome(Verdict::Allow);
        state.block("rate_limit_exceeded");
        assert_eq!(state.verdict(), Verdict::Block);
        assert_eq!(state.reasons(), ["rate_limit_exceeded", "rule"]);
        assert_eq!(state.violations(), ["harm", "rate_limit_exceeded"]);
    }

    #[test]
    fn a_simulation_reports_and_does_not_enforce() {
        let mut state = outcome(Verdict::Block);
        let simulation = state.simulate();
        assert_eq!(
            (simulation.verdict, simulation.would_have_blocked),
            (Verdict::Block, true)
        );
        assert_eq!(state.verdict(), Verdict::Allow);
        assert_eq!(
            state.reasons(),
            ["rule", "simulate_mode_non_enforcing", "simulated_block"]
        );
        assert!(state.violations().is_empty());

        let mut state = outcome(Verdict::DryRun);
        assert!(!state.simulate().would_have_blocked);
        assert_eq!(state.verdict(), Verdict::DryRun);
        assert_eq!(state.violations(), ["harm"]);
    }
}
