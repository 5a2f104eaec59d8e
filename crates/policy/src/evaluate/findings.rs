//! What the checks of one rule find out about one call.

use gait_artifact::{
    Timestamp, Verdict,
    decision::FreezeDecision,
    policy::{FreezeWindow, SandboxConstraint},
};

use crate::compile::schedule::Window;

/// The effect of a rule on a call, and why. Checks can only make the effect stricter.
#[derive(Debug)]
pub(crate) struct Findings<'p> {
    effect: Verdict,
    pub(crate) reasons: Vec<&'p str>,
    pub(crate) violations: Vec<&'p str>,
    pub(crate) freeze: Option<FreezeFinding<'p>>,
    pub(crate) sandbox: Option<SandboxFinding<'p>>,
}

impl Default for Findings<'_> {
    fn default() -> Self {
        Self {
            effect: Verdict::Block,
            reasons: Vec::new(),
            violations: Vec::new(),
            freeze: None,
            sandbox: None,
        }
    }
}

impl<'p> Findings<'p> {
    /// Starts over with the effect a rule is written with; keeps its memory.
    pub(crate) fn restart(&mut self, effect: Verdict) {
        self.effect = effect;
        self.reasons.clear();
        self.violations.clear();
        self.freeze = None;
        self.sandbox = None;
    }

    pub(crate) const fn effect(&self) -> Verdict {
        self.effect
    }

    /// Makes the effect at least as strict as `verdict`.
    pub(crate) fn raise(&mut self, verdict: Verdict) {
        self.effect = self.effect.max(verdict);
    }

    pub(crate) fn report(&mut self, reason: &'p str, violation: &'p str) {
        self.reasons.push(reason);
        self.violations.push(violation);
    }

    /// Blocks the call for something that is both reason and violation.
    pub(crate) fn block(&mut self, code: &'p str) {
        self.block_for(code, code);
    }

    pub(crate) fn block_for(&mut self, reason: &'p str, violation: &'p str) {
        self.raise(Verdict::Block);
        self.report(reason, violation);
    }
}

/// How a freeze section stands to the moment of a call; the worse, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FreezeStatus {
    Inactive,
    Active,
    Invalid,
}

impl FreezeStatus {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::Invalid => "invalid",
        }
    }
}

/// What a freeze section says at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FreezeFinding<'p> {
    pub(crate) status: FreezeStatus,
    pub(crate) section: &'p FreezeWindow,
    /// The active window, or the invalid one.
    pub(crate) window_name: &'p str,
    pub(crate) window: Option<Window>,
    pub(crate) reason: &'p str,
    pub(crate) reason_code: &'static str,
}

impl FreezeFinding<'_> {
    /// Whether this finding is to be shown rather than `other`, which came earlier.
    pub(crate) fn outranks(&self, other: &Self) -> bool {
        let rank = |finding: &Self| (finding.status, finding.section.effect);
        rank(self)
            .cmp(&rank(other))
            .then_with(|| other.window_name.cmp(self.window_name))
            .is_gt()
    }

    pub(crate) fn decision(&self, now: Timestamp) -> FreezeDecision {
        FreezeDecision {
            status: self.status.as_str().to_owned(),
            effect: self.section.effect.to_string(),
            timezone: self.section.timezone.clone(),
            evaluated_at: now.to_utc(),
            window_name: self.window_name.to_owned(),
            window_start: self.window.map_or(Timestamp::ZERO, |window| window.start),
            window_end: self.window.map_or(Timestamp::ZERO, |window| window.end),
            reason: self.reason.to_owned(),
            reason_code: self.reason_code.to_owned(),
        }
    }
}

/// How an attested sandbox stands to a rule; the worse, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SandboxStatus {
    Valid,
    Disallowed,
    Missing,
}

impl SandboxStatus {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Disallowed => "disallowed",
            Self::Missing => "missing",
        }
    }
}

/// What a sandbox section says of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SandboxFinding<'p> {
    pub(crate) status: SandboxStatus,
    pub(crate) constraint: &'p SandboxConstraint,
}
