//! The rules that decide about a call: all that match at the first priority at which one does.

use gait_artifact::{
    Timestamp, Verdict,
    decision::{FreezeDecision, SandboxDecision},
    intent::Context,
    policy::CallLimit,
};

use super::{
    check,
    findings::{Findings, FreezeFinding, FreezeStatus, SandboxFinding},
};
use crate::{
    compile::{CompiledPolicy, RuleRef},
    matching::{Call, matches},
};

/// Judges single calls under one policy, over and over, reusing its memory.
///
/// After the first few calls a judgement allocates nothing, unless a rule has to clean a path, look at domains or digest
/// targets.
#[derive(Debug)]
pub struct Evaluator<'p> {
    policy: &'p CompiledPolicy,
    findings: Findings<'p>,
    tier: Tier<'p>,
}

impl<'p> Evaluator<'p> {
    /// An evaluator for `policy`.
    #[must_use]
    pub fn new(policy: &'p CompiledPolicy) -> Self {
        Self {
            policy,
            findings: Findings::default(),
            tier: Tier::default(),
        }
    }

    /// What the rules say of `call`; fail-closed demands and script limits are not rules.
    pub fn judge<'e>(&'e mut self, call: &Call<'e>, now: Timestamp) -> Ruling<'e> {
        self.tier.clear();
        let mut priority = None;
        for rule in self.policy.rules_for(call.tool_name) {
            if !matches(rule, call) {
                continue;
            }
            if *priority.get_or_insert(rule.rule.priority) != rule.rule.priority {
                break;
            }
            check::judge(rule, call, now, &mut self.findings);
            self.tier.admit(rule, &self.findings);
        }
        if priority.is_none() {
            self.tier.fall_back(self.policy);
        }
        self.tier.settle();
        Ruling {
            tier: &self.tier,
            context: call.context,
            now,
        }
    }
}

/// What the rules say of one call.
#[derive(Debug, Clone, Copy)]
pub struct Ruling<'e> {
    pub(super) tier: &'e Tier<'e>,
    context: &'e Context,
    now: Timestamp,
}

impl<'e> Ruling<'e> {
    /// The strictest effect of the rules that matched, or the policy's default.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.tier.verdict
    }

    /// Why, sorted and free of duplicates.
    #[must_use]
    pub fn reason_codes(&self) -> &'e [&'e str] {
        &self.tier.reasons
    }

    /// What was violated, sorted and free of duplicates.
    #[must_use]
    pub fn violations(&self) -> &'e [&'e str] {
        &self.tier.violations
    }

    /// The names of all rules that matched at the deciding priority, sorted and free of duplicates.
    #[must_use]
    pub fn matched_rules(&self) -> &'e [&'e str] {
        &self.tier.names
    }

    pub(super) fn freeze_window(&self) -> Option<FreezeDecision> {
        self.tier.freeze.map(|finding| finding.decision(self.now))
    }

    pub(super) fn sandbox(&self) -> Option<SandboxDecision> {
        self.tier.sandbox.map(|finding| finding.decision(self.context))
    }
}

/// The matching rules of one priority and what those of the strictest effect demand together.
#[derive(Debug)]
pub(super) struct Tier<'p> {
    verdict: Verdict,
    reasons: Vec<&'p str>,
    violations: Vec<&'p str>,
    names: Vec<&'p str>,
    pub(super) required_approvals: u64,
    pub(super) distinct_approvers: bool,
    pub(super) broker_required: bool,
    pub(super) broker_references: Vec<&'p str>,
    pub(super) broker_scopes: Vec<&'p str>,
    pub(super) delegation_required: bool,
    pub(super) delegation_scopes: Vec<&'p str>,
    pub(super) rate_limit: Option<CallLimit>,
    pub(super) destructive_budget: Option<CallLimit>,
    freeze: Option<FreezeFinding<'p>>,
    sandbox: Option<SandboxFinding<'p>>,
    /// Whether a freeze window holds the call back, whatever other rules say.
    pub(super) frozen: bool,
}

impl Default for Tier<'_> {
    fn default() -> Self {
        Self {
            verdict: Verdict::Block,
            reasons: Vec::new(),
            violations: Vec::new(),
            names: Vec::new(),
            required_approvals: 0,
            distinct_approvers: false,
            broker_required: false,
            broker_references: Vec::new(),
            broker_scopes: Vec::new(),
            delegation_required: false,
            delegation_scopes: Vec::new(),
            rate_limit: None,
            destructive_budget: None,
            freeze: None,
            sandbox: None,
            frozen: false,
        }
    }
}

impl<'p> Tier<'p> {
    fn clear(&mut self) {
        self.names.clear();
        self.frozen = false;
        self.restart(Verdict::Block);
    }

    /// Forgets all demands, which came from laxer rules than one of effect `verdict`; keeps the memory.
    fn restart(&mut self, verdict: Verdict) {
        let lists = [
            &mut self.reasons,
            &mut self.violations,
            &mut self.broker_references,
            &mut self.broker_scopes,
            &mut self.delegation_scopes,
        ];
        for list in lists {
            list.clear();
        }
        self.verdict = verdict;
        self.required_approvals = 0;
        self.distinct_approvers = false;
        self.broker_required = false;
        self.delegation_required = false;
        self.rate_limit = None;
        self.destructive_budget = None;
        self.freeze = None;
        self.sandbox = None;
    }

    /// Adds a rule that matched. Only the rules of the strictest effect have a say.
    fn admit(&mut self, rule: RuleRef<'p>, findings: &Findings<'p>) {
        let effect = findings.effect();
        if self.names.is_empty() || effect > self.verdict {
            self.restart(effect);
        }
        self.names.push(&rule.rule.name);
        self.frozen |= findings
            .freeze
            .is_some_and(|found| found.status != FreezeStatus::Inactive);
        if effect < self.verdict {
            return;
        }
        self.reasons.extend_from_slice(&findings.reasons);
        self.violations.extend_from_slice(&findings.violations);
        self.demand(rule);
        if let Some(found) = findings.freeze
            && self.freeze.is_none_or(|shown| found.outranks(&shown))
        {
            self.freeze = Some(found);
        }
        if let Some(found) = findings.sandbox
            && self.sandbox.is_none_or(|shown| found.status > shown.status)
        {
            self.sandbox = Some(found);
        }
    }

    fn demand(&mut self, rule: RuleRef<'p>) {
        let rule = rule.rule;
        self.required_approvals = self.required_approvals.max(rule.approval.min_approvals);
        self.distinct_approvers |= rule.approval.require_distinct_approvers;
        self.broker_required |= rule.broker.require_broker_credential;
        if !rule.broker.broker_reference.is_empty() {
            self.broker_references.push(&rule.broker.broker_reference);
        }
        self.broker_scopes
            .extend(rule.broker.broker_scopes.iter().map(String::as_str));
        self.delegation_required |= rule.matching.delegation.require_delegation;
        self.delegation_scopes.extend(
            rule.matching
                .delegation
                .delegation_scopes
                .iter()
                .map(String::as_str),
        );
        self.rate_limit = tighter(self.rate_limit, rule.rate_limit);
        self.destructive_budget = tighter(self.destructive_budget, rule.destructive_budget);
    }

    /// No rule matched.
    fn fall_back(&mut self, policy: &'p CompiledPolicy) {
        self.restart(policy.policy().default_verdict);
        self.reasons.push(policy.default_reason());
    }

    /// Brings the lists into normal form, once all rules are in.
    fn settle(&mut self) {
        let lists = [
            &mut self.reasons,
            &mut self.violations,
            &mut self.names,
            &mut self.broker_references,
            &mut self.broker_scopes,
            &mut self.delegation_scopes,
        ];
        for list in lists {
            list.sort_unstable();
            list.dedup();
        }
        if self.verdict == Verdict::RequireApproval {
            self.required_approvals = self.required_approvals.max(1);
        } else {
            self.required_approvals = 0;
            self.distinct_approvers = false;
        }
    }
}

/// The limit that lets fewer calls pass.
pub(super) fn tighter(one: Option<CallLimit>, other: Option<CallLimit>) -> Option<CallLimit> {
    let order = |limit: &CallLimit| (limit.requests, limit.window, limit.scope);
    one.into_iter().chain(other).min_by_key(order)
}
