//! From a checked policy to one that is quick to evaluate.
//!
//! Compiling happens once: rules are indexed by the tools they name, patterns are read, reason codes that come from rule
//! names are spelled out. What an evaluation costs then depends on the rules that speak about its tool, and not on how
//! many others there are.

pub(crate) mod pattern;
pub(crate) mod schedule;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use gait_artifact::{
    Verdict,
    policy::{Endpoint, Policy, Rule},
    text,
};
use gait_canon::{
    Digest,
    json::{self, Value},
};

use self::{
    pattern::{DomainPattern, PathPattern, Subtree},
    schedule::Schedule,
};
use crate::digest::policy_digest;

/// A policy that is ready to be evaluated. It never changes; share it freely between threads.
#[derive(Debug, Clone)]
pub struct CompiledPolicy {
    policy: Policy,
    digest: Digest,
    rules: Vec<CompiledRule>,
    index: ToolIndex,
}

impl CompiledPolicy {
    /// Compiles `policy`.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            digest: policy_digest(&policy),
            rules: policy.rules.iter().map(CompiledRule::new).collect(),
            index: ToolIndex::new(&policy.rules),
            policy,
        }
    }

    /// The policy as it was read.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The digest of the policy, which names it in traces and tokens.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The rules that may concern `tool_name`, by priority, then name.
    pub(crate) fn rules_for(&self, tool_name: &str) -> impl Iterator<Item = RuleRef<'_>> {
        self.index.rules_for(tool_name).filter_map(|position| {
            Some(RuleRef {
                rule: self.policy.rules.get(position)?,
                compiled: self.rules.get(position)?,
            })
        })
    }

    /// The reason code when no rule matches.
    pub(crate) const fn default_reason(&self) -> &'static str {
        match self.policy.default_verdict {
            Verdict::Allow => "default_allow",
            Verdict::DryRun => "default_dry_run",
            Verdict::RequireApproval => "default_require_approval",
            Verdict::Block => "default_block",
        }
    }
}

/// A rule and what was worked out from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleRef<'p> {
    pub(crate) rule: &'p Rule,
    pub(crate) compiled: &'p CompiledRule,
}

/// What compiling works out from one rule.
#[derive(Debug, Clone)]
pub(crate) struct CompiledRule {
    /// The reason code of a rule that names none itself.
    pub(crate) own_reason: Option<Box<str>>,
    pub(crate) workspaces: Box<[Subtree]>,
    pub(crate) endpoint: Option<Box<EndpointPatterns>>,
    pub(crate) schedule: Option<Box<Schedule>>,
}

impl CompiledRule {
    fn new(rule: &Rule) -> Self {
        Self {
            own_reason: rule
                .reason_codes
                .is_empty()
                .then(|| reason_of_name(&rule.name).into()),
            workspaces: rule
                .matching
                .workspace_prefixes
                .iter()
                .map(|prefix| Subtree::of_workspace(prefix))
                .collect(),
            endpoint: rule
                .endpoint
                .as_deref()
                .map(|section| Box::new(EndpointPatterns::new(section))),
            schedule: rule.freeze_window.as_ref().map(|_| Box::default()),
        }
    }
}

/// `matched_rule_` and the name as JSON writes it, without quotation marks around it, in lower case and with `_` for
/// blanks and dashes.
fn reason_of_name(name: &str) -> String {
    let encoded = json::compact(&Value::from(name));
    let bare = encoded.trim_matches('"');
    format!("matched_rule_{}", text::lower(&bare.replace([' ', '-'], "_")))
}

/// The patterns of an `endpoint` section.
#[derive(Debug, Clone)]
pub(crate) struct EndpointPatterns {
    pub(crate) allowed_paths: Vec<PathPattern>,
    pub(crate) denied_paths: Vec<PathPattern>,
    pub(crate) allowed_domains: Vec<DomainPattern>,
    pub(crate) denied_domains: Vec<DomainPattern>,
}

impl EndpointPatterns {
    fn new(section: &Endpoint) -> Self {
        let paths = |list: &[String]| list.iter().map(|pattern| PathPattern::new(pattern)).collect();
        let domains = |list: &[String]| list.iter().map(|pattern| DomainPattern::new(pattern)).collect();
        Self {
            allowed_paths: paths(&section.path_allowlist),
            denied_paths: paths(&section.path_denylist),
            allowed_domains: domains(&section.domain_allowlist),
            denied_domains: domains(&section.domain_denylist),
        }
    }
}

/// Positions of rules by the tools they name.
///
/// Tools are told apart by a hash alone. Whoever makes two tools collide gains nothing but slowness, as the conditions
/// of a rule are looked at in any case.
#[derive(Debug, Clone, Default)]
struct ToolIndex {
    /// Hash of a tool name and position of a rule, sorted and without duplicates.
    by_tool: Vec<(u32, u32)>,
    /// Rules that name no tool and so may concern every call.
    of_any_tool: Vec<u32>,
}

impl ToolIndex {
    fn new(rules: &[Rule]) -> Self {
        let mut index = Self {
            by_tool: Vec::with_capacity(rules.len()),
            of_any_tool: Vec::new(),
        };
        for (position, rule) in (0..).zip(rules) {
            let tools = &rule.matching.tool_names;
            if tools.is_empty() {
                index.of_any_tool.push(position);
            }
            let entry = |tool: &String| (hash(tool), position);
            index.by_tool.extend(tools.iter().map(entry));
        }
        index.by_tool.sort_unstable();
        index.by_tool.dedup();
        index
    }

    /// The two sorted lists merged.
    fn rules_for(&self, tool_name: &str) -> impl Iterator<Item = usize> {
        let hash = hash(tool_name);
        let start = self.by_tool.partition_point(|(other, _)| *other < hash);
        let mut named = self.by_tool[start..]
            .iter()
            .take_while(move |(other, _)| *other == hash)
            .map(|(_, position)| *position)
            .peekable();
        let mut unnamed = self.of_any_tool.iter().copied().peekable();
        std::iter::from_fn(move || {
            let next = match (named.peek(), unnamed.peek()) {
                (Some(a), Some(b)) if a < b => named.next(),
                (Some(_), None) => named.next(),
                _ => unnamed.next(),
            };
            next.map(|position| position as usize)
        })
    }
}

/// Depends on nothing but the text, so that nobody has to be asked for a random key.
fn hash(tool_name: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    tool_name.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_reason_codes() {
        for (name, code) in [
            ("My Rule-1", "matched_rule_my_rule_1"),
            ("a<b", r"matched_rule_a\u003cb"),
            (r#"say "x""#, r#"matched_rule_say_\"x\"#),
            ("ÉTÉ", "matched_rule_été"),
            ("tab\there", r"matched_rule_tab\there"),
        ] {
            assert_eq!(reason_of_name(name), code);
        }
    }
}
