//! Scripts: several calls that are judged one by one and decided together.

use gait_artifact::{
    Verdict,
    decision::{FreezeDecision, SandboxDecision, StepVerdict},
    intent::{Intent, Script, Target},
    policy::ScriptLimits,
    text,
};

use super::{
    Facts,
    evaluation::{Evaluation, ScriptEvaluation},
    tier::{Evaluator, tighter},
};
use crate::{compile::CompiledPolicy, matching::Call};

/// The most steps a script may have when the policy sets no limit.
const DEFAULT_MAX_STEPS: u64 = 64;

/// Judges every step as a call of its own; what they demand adds up, and the strictest verdict counts.
pub(super) fn evaluate_script(
    policy: &CompiledPolicy,
    intent: &Intent,
    script: &Script,
    facts: &Facts<'_>,
) -> Evaluation {
    let mut evaluator = Evaluator::new(policy);
    let mut total = Evaluation::bare(Verdict::Allow);
    let mut steps = Vec::with_capacity(script.steps.len());
    for (index, step) in script.steps.iter().enumerate() {
        let call = Call::of_step(intent, step, facts.inventory);
        let judged = Evaluation::from(evaluator.judge(&call, facts.now));
        total.frozen |= judged.frozen;
        total.context_enriched |= call.inventory.is_some();
        steps.push(StepVerdict {
            index,
            tool_name: step.tool_name.clone(),
            verdict: judged.verdict,
            reason_codes: judged.reason_codes.clone(),
            violations: judged.violations.clone(),
            matched_rule: judged.matched_rule(),
        });
        total.absorb(judged);
    }
    let risks: Vec<StepRisk> = script
        .steps
        .iter()
        .map(|step| StepRisk::of(&step.targets))
        .collect();
    apply_limits(policy.policy().scripts, &risks, &mut total);
    let lists = [
        &mut total.reason_codes,
        &mut total.violations,
        &mut total.matched_rules,
        &mut total.broker.scopes,
        &mut total.delegation_scopes,
    ];
    lists.into_iter().for_each(text::list_in_place);
    total.script = Some(ScriptEvaluation {
        composite_risk_class: risks.into_iter().max().unwrap_or(StepRisk::Low).as_str(),
        steps,
    });
    total
}

/// Adds what the policy says of scripts as such.
fn apply_limits(limits: ScriptLimits, risks: &[StepRisk], total: &mut Evaluation) {
    let steps = risks.len() as u64;
    let max_steps = if limits.max_steps == 0 {
        DEFAULT_MAX_STEPS
    } else {
        limits.max_steps
    };
    if steps > max_steps {
        total.verdict = Verdict::Block;
        total.reason_codes.push("script_max_steps_exceeded".to_owned());
        total.violations.push("script_max_steps_exceeded".to_owned());
    }
    if limits.require_approval_above > 0 && steps > limits.require_approval_above {
        total.verdict = total.verdict.max(Verdict::RequireApproval);
        total.required_approvals = total.required_approvals.max(1);
        total
            .reason_codes
            .push("script_step_threshold_approval".to_owned());
    }
    if limits.block_mixed_risk && risks.windows(2).any(|pair| pair[0] != pair[1]) {
        total.verdict = Verdict::Block;
        total.reason_codes.push("script_mixed_risk_blocked".to_owned());
        total.violations.push("script_mixed_risk".to_owned());
    }
}

impl Evaluation {
    /// Adds the evaluation of a further step.
    fn absorb(&mut self, step: Self) {
        self.verdict = self.verdict.max(step.verdict);
        self.reason_codes.extend(step.reason_codes);
        self.violations.extend(step.violations);
        self.matched_rules.extend(step.matched_rules);
        self.required_approvals = self.required_approvals.max(step.required_approvals);
        self.distinct_approvers |= step.distinct_approvers;
        self.broker.required |= step.broker.required;
        if self.broker.reference.is_empty() {
            self.broker.reference = step.broker.reference;
        }
        self.broker.scopes.extend(step.broker.scopes);
        self.delegation_required |= step.delegation_required;
        self.delegation_scopes.extend(step.delegation_scopes);
        self.rate_limit = tighter(self.rate_limit, step.rate_limit);
        self.destructive_budget = tighter(self.destructive_budget, step.destructive_budget);
        self.freeze_window = worse_freeze(self.freeze_window.take(), step.freeze_window);
        self.sandbox = worse_sandbox(self.sandbox.take(), step.sandbox);
    }
}

/// The decision to show of two: the worse one, then the one whose window has the smaller name, then the earlier one.
fn worse_freeze(shown: Option<FreezeDecision>, next: Option<FreezeDecision>) -> Option<FreezeDecision> {
    let rank = |decision: &FreezeDecision| {
        let status = ["inactive", "active", "invalid"]
            .iter()
            .position(|status| *status == decision.status);
        (status, decision.effect == "block")
    };
    match (shown, next) {
        (Some(shown), Some(next)) => {
            let order = rank(&next)
                .cmp(&rank(&shown))
                .then_with(|| shown.window_name.cmp(&next.window_name));
            Some(if order.is_gt() { next } else { shown })
        }
        (shown, next) => shown.or(next),
    }
}

/// The worse decision of two, or the earlier one.
fn worse_sandbox(shown: Option<SandboxDecision>, next: Option<SandboxDecision>) -> Option<SandboxDecision> {
    let rank = |decision: &SandboxDecision| {
        ["valid", "disallowed", "missing"]
            .iter()
            .position(|status| *status == decision.status)
    };
    match (shown, next) {
        (Some(shown), Some(next)) => Some(if rank(&next) > rank(&shown) { next } else { shown }),
        (shown, next) => shown.or(next),
    }
}

/// How much harm a step can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum StepRisk {
    Low,
    Medium,
    High,
}

impl StepRisk {
    /// The highest risk among the targets of a step; a step without any is of low risk.
    fn of(targets: &[Target]) -> Self {
        let of_target = |target: &Target| match target.endpoint_class.as_str() {
            _ if target.destructive => Self::High,
            "fs.delete" | "proc.exec" => Self::High,
            "fs.write" | "net.http" | "net.dns" => Self::Medium,
            _ => Self::Low,
        };
        targets.iter().map(of_target).max().unwrap_or(Self::Low)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}
