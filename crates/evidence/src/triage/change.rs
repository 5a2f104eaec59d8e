//! What differs between two policies.

use std::collections::BTreeMap;

use gait_artifact::policy::{Policy, Rule, Sparse};
use gait_artifact::triage::{RuleChange, Rules};

/// What is not in `now` as it was in `then`: settings first, then rules by name. How a policy is written does not count, and
/// neither does the order of its rules, which decides nothing.
#[must_use]
pub fn changes(then: &Policy, now: &Policy) -> Vec<RuleChange> {
    let mut changes = Vec::new();
    if then.default_verdict != now.default_verdict {
        changes.push(RuleChange {
            subject: "default_verdict".to_owned(),
            change: Rules::Changed,
            then: Some(then.default_verdict),
            now: Some(now.default_verdict),
        });
    }
    for (setting, same) in [
        ("fail_closed", then.fail_closed == now.fail_closed),
        ("mcp_trust", then.mcp_trust == now.mcp_trust),
        ("scripts", then.scripts == now.scripts),
    ] {
        if !same {
            changes.push(RuleChange {
                subject: setting.to_owned(),
                change: Rules::Changed,
                then: None,
                now: None,
            });
        }
    }
    let (old, new) = (by_name(then), by_name(now));
    let mut names: Vec<_> = old.keys().chain(new.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    changes.extend(names.into_iter().filter_map(|name| {
        let (old, new) = (old.get(name), new.get(name));
        let change = match (old, new) {
            (Some(old), Some(new)) if old == new => return None,
            (Some(_), Some(_)) => Rules::Changed,
            (Some(_), None) => Rules::Removed,
            _ => Rules::Added,
        };
        let effect = |rules: Option<&Vec<Rule>>| rules?.first().map(|rule| rule.effect);
        Some(RuleChange {
            subject: format!("rule {name}"),
            change,
            then: effect(old),
            now: effect(new),
        })
    }));
    changes
}

/// The rules under each name, without what only their text says.
fn by_name(policy: &Policy) -> BTreeMap<&str, Vec<Rule>> {
    let mut rules: BTreeMap<&str, Vec<Rule>> = BTreeMap::new();
    for rule in &policy.rules {
        rules.entry(&rule.name).or_default().push(Rule {
            written: Sparse::default(),
            ..rule.clone()
        });
    }
    rules
}
