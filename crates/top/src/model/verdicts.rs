//! Calls by verdict.

use gait_artifact::verdict::Verdict;
use serde::Serialize;

/// How many calls got which verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Verdicts {
    /// Calls that may run.
    pub allow: u64,
    /// Calls that were only simulated.
    pub dry_run: u64,
    /// Calls that need an approval first.
    pub require_approval: u64,
    /// Calls that were refused.
    pub block: u64,
}

impl Verdicts {
    /// How many calls got `verdict`.
    #[must_use]
    pub const fn of(&self, verdict: Verdict) -> u64 {
        match verdict {
            Verdict::Allow => self.allow,
            Verdict::DryRun => self.dry_run,
            Verdict::RequireApproval => self.require_approval,
            Verdict::Block => self.block,
        }
    }

    pub(super) const fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Allow => &mut self.allow,
            Verdict::DryRun => &mut self.dry_run,
            Verdict::RequireApproval => &mut self.require_approval,
            Verdict::Block => &mut self.block,
        } += 1;
    }

    pub(super) const fn merge(&mut self, other: &Self) {
        self.allow += other.allow;
        self.dry_run += other.dry_run;
        self.require_approval += other.require_approval;
        self.block += other.block;
    }
}
