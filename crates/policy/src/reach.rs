//! What a policy can ever say of a tool, whatever the call is like.

use gait_artifact::{
    Verdict,
    policy::{Match, Rule},
    text,
};

use crate::{compile::CompiledPolicy, matching::admits};

/// Whether there can be a call of `tool_name` that `policy` does not block.
///
/// `false` is certain: every call is blocked, whoever makes it and with whatever arguments, so the tool need not be offered
/// at all. `true` says that no rule rules it out by the tool's name alone.
#[must_use]
pub fn may_permit(policy: &CompiledPolicy, tool_name: &str) -> bool {
    let tool = text::trim_lower(tool_name);
    // Tools are found by a hash, so the names are looked at again.
    let rules = policy
        .rules_for(&tool)
        .map(|found| found.rule)
        .filter(|rule| admits(&rule.matching.tool_names, &tool));
    let mut tier = Tier::default();
    for rule in rules {
        if tier.priority != Some(rule.priority) {
            if let Some(answer) = tier.answer() {
                return answer;
            }
            tier = Tier {
                priority: Some(rule.priority),
                ..Tier::default()
            };
        }
        tier.admit(rule);
    }
    tier.answer()
        .unwrap_or(policy.policy().default_verdict != Verdict::Block)
}

/// What the rules of one priority say together.
#[derive(Default)]
struct Tier {
    priority: Option<i64>,
    /// One of them concerns every call of the tool, so that no later priority counts.
    is_last: bool,
    /// One of them blocks every call of the tool.
    blocks: bool,
    /// One of them may let a call pass.
    permits: bool,
}

impl Tier {
    fn admit(&mut self, rule: &Rule) {
        let is_certain = concerns_every_call(&rule.matching);
        self.is_last |= is_certain;
        if rule.effect == Verdict::Block {
            self.blocks |= is_certain;
        } else {
            self.permits = true;
        }
    }

    /// What is certain now; nothing when later rules have a say.
    fn answer(&self) -> Option<bool> {
        if self.blocks {
            Some(false)
        } else if self.permits {
            Some(true)
        } else {
            self.is_last.then_some(false)
        }
    }
}

/// Whether a rule asks for nothing but the tool.
fn concerns_every_call(matching: &Match) -> bool {
    let tools_alone = Match {
        tool_names: matching.tool_names.clone(),
        ..Match::default()
    };
    *matching == tools_alone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;

    #[test]
    fn only_what_is_always_blocked_is_out_of_reach() {
        for (default, rules, permitted) in [
            ("block", "", false),
            ("allow", "", true),
            (
                "block",
                "{name: a, effect: allow, match: {tool_names: [t]}}",
                true,
            ),
            (
                "block",
                "{name: a, effect: allow, match: {tool_names: [other]}}",
                false,
            ),
            ("block", "{name: a, effect: dry_run}", true),
            (
                "allow",
                "{name: a, effect: block, match: {tool_names: [T]}}",
                false,
            ),
            ("allow", "{name: a, effect: block}", false),
            (
                "allow",
                "{name: a, effect: block, match: {tool_names: [t], risk_classes: [low]}}",
                true,
            ),
            // Of one priority the strictest counts.
            (
                "allow",
                "{name: a, effect: allow, priority: 1}, {name: b, effect: block, priority: 1}",
                false,
            ),
            // An earlier one counts alone, if it matches.
            (
                "block",
                "{name: a, effect: require_approval, priority: 1, match: {risk_classes: [low]}}, {name: b, effect: block, priority: 2}",
                true,
            ),
            (
                "allow",
                "{name: a, effect: block, priority: 1}, {name: b, effect: allow, priority: 2}",
                false,
            ),
            (
                "allow",
                "{name: a, effect: block, priority: 1, match: {identities: [x]}}, {name: b, effect: block, priority: 2}",
                false,
            ),
        ] {
            let text = format!("{{default_verdict: {default}, rules: [{rules}]}}");
            let policy = CompiledPolicy::new(document::read(text.as_bytes()).unwrap());
            assert_eq!(may_permit(&policy, " T "), permitted, "{text}");
        }
    }
}
