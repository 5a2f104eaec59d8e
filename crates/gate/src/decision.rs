//! What comes out of the gate.

use gait_artifact::{
    Timestamp, Verdict,
    approval::ApprovalAuditRecord,
    credential::CredentialEvidence,
    decision::{KillSwitchDecision, McpTrustDecision},
    delegation::DelegationAuditRecord,
    intent::Intent,
    kill_switch::KillSwitchJournalEntry,
};
use gait_canon::Digest;
use gait_policy::Evaluation;

use crate::{
    outcome::{Outcome, Simulation},
    profile::Profile,
    rate_limit::Taken,
    trace::SealedTrace,
};

/// The only thing that lets a call execute. Nothing but an enforced `allow` of the gate makes one.
#[derive(Debug)]
pub struct Permit(());

/// A decision: the verdict, everything that led to it, and the records that prove it.
///
/// The records are not written yet; [`crate::store`] does that.
#[derive(Debug)]
pub struct Decision {
    /// The profile that was in force.
    pub profile: Profile,
    /// The final verdict with its reasons and violations.
    pub outcome: Outcome,
    /// What enforcement would have said, when the call was only simulated.
    pub simulation: Option<Simulation>,
    /// What the policy said, before tokens, limits and brokers.
    pub evaluation: Evaluation,
    /// The intent that was judged.
    pub intent: Intent,
    /// `plan` or `apply`.
    pub phase: String,
    /// Digest of the policy.
    pub policy_digest: Digest,
    /// What the intent's facts came from, joined with `,`.
    pub context_source: String,
    /// What approvals did.
    pub approval: ApprovalReport,
    /// What delegation tokens did.
    pub delegation: DelegationReport,
    /// What a broker issued, also when it was refused.
    pub credential: Option<CredentialEvidence>,
    /// The counters that were looked at.
    pub limits: Limits,
    /// Whether an approved script let the call through.
    pub fast_path: FastPath,
    /// What the kill switch said, when one is configured.
    pub kill_switch: Option<KillSwitchDecision>,
    /// How far the server behind the call is trusted, where somebody asked.
    pub mcp_trust: Option<McpTrustDecision>,
    /// The line for the kill switch's journal, when a switch was active.
    pub journal: Option<KillSwitchJournalEntry>,
    /// The signed trace.
    pub trace: SealedTrace,
    /// What the operator should know, sorted.
    pub warnings: Vec<String>,
}

impl Decision {
    /// The final verdict.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.outcome.verdict()
    }

    /// What the policy and the kill switch said, before tokens, limits and brokers.
    #[must_use]
    pub fn before_enforcement(&self) -> Outcome {
        Outcome::of(&self.evaluation, self.kill_switch.as_ref())
    }

    /// The permission to execute the call: only when it was allowed, and not when it was simulated.
    #[must_use]
    pub fn permit(&self) -> Option<Permit> {
        permit(&self.outcome, self.simulation.as_ref())
    }
}

pub(crate) fn permit(outcome: &Outcome, simulation: Option<&Simulation>) -> Option<Permit> {
    (outcome.verdict() == Verdict::Allow && simulation.is_none()).then_some(Permit(()))
}

/// What approvals did to a decision.
#[derive(Debug, Clone, Default)]
pub struct ApprovalReport {
    /// Approvals the call needs.
    pub required: usize,
    /// Valid ones among those presented.
    pub valid: usize,
    /// Ids of the tokens that granted it, or the caller's own reference.
    pub reference: String,
    /// The record of all that, when approvals were needed or presented.
    pub audit: Option<ApprovalAuditRecord>,
}

/// What delegation tokens did to a decision.
#[derive(Debug, Clone, Default)]
pub struct DelegationReport {
    /// Whether the policy demands tokens.
    pub required: bool,
    /// Valid ones among those presented.
    pub valid: usize,
    /// Ids of the tokens that cover the claimed chain.
    pub reference: String,
    /// The record of all that, when tokens were needed or presented.
    pub audit: Option<DelegationAuditRecord>,
}

/// The counters a call was held against.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// The rate limit.
    pub rate: Option<Taken>,
    /// The budget of destructive calls.
    pub destructive: Option<Taken>,
}

/// What the registry of approved scripts said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FastPath {
    /// Whether an entry let the call through.
    pub pre_approved: bool,
    /// That entry.
    pub pattern_id: String,
    /// `approved_script_match`, `approved_script_not_found`, `not_script`, or empty when no registry was asked.
    pub registry_reason: String,
}

/// What the policy says of a call, or what stands above it.
pub(crate) struct Judgement {
    pub(crate) evaluation: Evaluation,
    pub(crate) kill_switch: Option<KillSwitchDecision>,
    pub(crate) fast_path: FastPath,
    pub(crate) created_at: Timestamp,
    pub(crate) latency_ms: f64,
}
