//! What an evaluation hands on.

use gait_artifact::{
    Verdict,
    decision::{FreezeDecision, SandboxDecision, StepVerdict},
    policy::CallLimit,
};

use super::tier::Ruling;

/// What a policy says of an intent: a verdict, why, and what else must be done before the call may execute.
///
/// An `allow` here is not yet a permission: required delegations, limits and credentials are enforced by the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, sorted.
    pub reason_codes: Vec<String>,
    /// What was violated, sorted.
    pub violations: Vec<String>,
    /// The names of the rules that matched, sorted.
    pub matched_rules: Vec<String>,
    /// How many approvals the call needs.
    pub required_approvals: u64,
    /// Whether no approver counts twice.
    pub distinct_approvers: bool,
    /// What is wanted of the credential broker.
    pub broker: BrokerRequirement,
    /// Whether the delegation must be proved by tokens.
    pub delegation_required: bool,
    /// The scopes such tokens must cover one of, sorted; empty accepts any.
    pub delegation_scopes: Vec<String>,
    /// How many calls may pass.
    pub rate_limit: Option<CallLimit>,
    /// How many destructive calls may pass.
    pub destructive_budget: Option<CallLimit>,
    /// What the freeze windows say, when a rule has some.
    pub freeze_window: Option<FreezeDecision>,
    /// Whether a freeze window holds the call, or a step of the script, back, whatever other rules say.
    pub frozen: bool,
    /// What the sandbox constraints say, when a rule has some.
    pub sandbox: Option<SandboxDecision>,
    /// The judgement of each step, when the intent is a script.
    pub script: Option<ScriptEvaluation>,
    /// Whether the tool inventory knew the tool, or one of the script's tools.
    pub context_enriched: bool,
    /// Whether fail-closed ended the evaluation before any rule was looked at.
    pub ended_early: bool,
}

/// What is wanted of the credential broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrokerRequirement {
    /// Whether the broker must hand out the credential.
    pub required: bool,
    /// What to ask for: one reference, or several joined with `,`; may be empty.
    pub reference: String,
    /// The scopes to ask for, sorted.
    pub scopes: Vec<String>,
}

/// How the steps of a script were judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptEvaluation {
    /// The highest risk among the steps: `low`, `medium` or `high`.
    pub composite_risk_class: &'static str,
    /// The verdict of each step, in order.
    pub steps: Vec<StepVerdict>,
}

impl Evaluation {
    /// An evaluation that gives `verdict` for one reason and demands nothing else.
    #[must_use]
    pub fn because(verdict: Verdict, reason: &str) -> Self {
        Self {
            reason_codes: vec![reason.to_owned()],
            ..Self::bare(verdict)
        }
    }

    /// A block before any rule was looked at.
    #[must_use]
    pub fn refused(reason: &str, violation: &str) -> Self {
        Self {
            violations: vec![violation.to_owned()],
            ended_early: true,
            ..Self::because(Verdict::Block, reason)
        }
    }

    /// An evaluation that demands nothing beyond its verdict.
    pub(super) fn bare(verdict: Verdict) -> Self {
        Self {
            verdict,
            reason_codes: Vec::new(),
            violations: Vec::new(),
            matched_rules: Vec::new(),
            required_approvals: 0,
            distinct_approvers: false,
            broker: BrokerRequirement::default(),
            delegation_required: false,
            delegation_scopes: Vec::new(),
            rate_limit: None,
            destructive_budget: None,
            freeze_window: None,
            frozen: false,
            sandbox: None,
            script: None,
            context_enriched: false,
            ended_early: false,
        }
    }

    /// The rules that matched as one text: their names joined with `,`, for a script those of each distinct step.
    #[must_use]
    pub fn matched_rule(&self) -> String {
        let Some(script) = &self.script else {
            return self.matched_rules.join(",");
        };
        let mut of_steps: Vec<&str> = script
            .steps
            .iter()
            .map(|step| step.matched_rule.as_str())
            .filter(|names| !names.is_empty())
            .collect();
        of_steps.sort_unstable();
        of_steps.dedup();
        of_steps.join(",")
    }
}

impl From<Ruling<'_>> for Evaluation {
    fn from(ruling: Ruling<'_>) -> Self {
        let tier = ruling.tier;
        Self {
            reason_codes: owned(ruling.reason_codes()),
            violations: owned(ruling.violations()),
            matched_rules: owned(ruling.matched_rules()),
            required_approvals: tier.required_approvals,
            distinct_approvers: tier.distinct_approvers,
            broker: BrokerRequirement {
                required: tier.broker_required,
                reference: tier.broker_references.join(","),
                scopes: owned(&tier.broker_scopes),
            },
            delegation_required: tier.delegation_required,
            delegation_scopes: owned(&tier.delegation_scopes),
            rate_limit: tier.rate_limit,
            destructive_budget: tier.destructive_budget,
            freeze_window: ruling.freeze_window(),
            frozen: tier.frozen,
            sandbox: ruling.sandbox(),
            ..Self::bare(ruling.verdict())
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
