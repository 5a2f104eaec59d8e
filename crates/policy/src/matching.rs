//! Which rules concern a call.

use gait_artifact::{
    intent::{ArgProvenance, Context, Delegation, Intent, ScriptStep, SkillProvenance, Target},
    inventory::{Inventory, InventoryEntry},
    policy::{DelegationMatch, InventoryMatch, Match, SkillMatch, ToolAnnotations},
};

use crate::compile::{RuleRef, pattern::cleaned};

/// One call to be judged: an intent that is no script, or one step of a script.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub(crate) tool_name: &'a str,
    pub(crate) targets: &'a [Target],
    pub(crate) arg_provenance: &'a [ArgProvenance],
    pub(crate) context: &'a Context,
    pub(crate) delegation: Option<&'a Delegation>,
    pub(crate) skill_provenance: Option<&'a SkillProvenance>,
    /// What the inventory knows of the tool. Claims that the caller makes about its tool never count.
    pub(crate) inventory: Option<&'a InventoryEntry>,
}

impl<'a> Call<'a> {
    /// The call that `intent` makes, leaving aside the steps of a script.
    #[must_use]
    pub fn of_intent(intent: &'a Intent, inventory: Option<&'a Inventory>) -> Self {
        Self {
            tool_name: intent.tool_name(),
            targets: intent.targets(),
            arg_provenance: intent.arg_provenance(),
            context: intent.context(),
            delegation: intent.delegation(),
            skill_provenance: intent.skill_provenance(),
            inventory: inventory.and_then(|tools| tools.get(intent.tool_name())),
        }
    }

    /// The call that one step of the script `intent` makes: its own tool, targets and provenance, and the rest from the
    /// script.
    #[must_use]
    pub fn of_step(intent: &'a Intent, step: &'a ScriptStep, inventory: Option<&'a Inventory>) -> Self {
        Self {
            tool_name: &step.tool_name,
            targets: &step.targets,
            arg_provenance: &step.arg_provenance,
            inventory: inventory.and_then(|tools| tools.get(&step.tool_name)),
            ..Self::of_intent(intent, None)
        }
    }
}

/// Whether every condition of the rule holds.
pub(crate) fn matches(rule: RuleRef<'_>, call: &Call<'_>) -> bool {
    let wanted = &rule.rule.matching;
    admits(&wanted.tool_names, call.tool_name)
        && admits(&wanted.risk_classes, &call.context.risk_class)
        && admits(&wanted.identities, &call.context.identity)
        && targets_match(wanted, call.targets)
        && admits_some(
            &wanted.provenance_sources,
            call.arg_provenance.iter().map(|entry| entry.source.as_str()),
        )
        && workspace_matches(rule, &call.context.workspace)
        && inventory_matches(&wanted.inventory, call)
        && skill_matches(&wanted.skill, call.skill_provenance)
        && delegation_matches(&wanted.delegation, call.delegation)
}

/// Whether the condition is not given, or lists `value`.
pub(crate) fn admits(listed: &[String], value: &str) -> bool {
    listed.is_empty() || lists(listed, value)
}

/// Whether `listed`, which is sorted, holds `value`.
pub(crate) fn lists(listed: &[String], value: &str) -> bool {
    // Most lists are so short that looking at each item is quickest.
    const SHORT: usize = 8;
    if listed.len() <= SHORT {
        listed.iter().any(|item| item == value)
    } else {
        listed.binary_search_by(|item| item.as_str().cmp(value)).is_ok()
    }
}

/// Whether `listed`, which is sorted and in lower case, holds `value` in whatever case it is.
pub(crate) fn lists_folded(listed: &[String], value: &str) -> bool {
    lists(listed, value) || listed.iter().any(|item| equals_folded(value, item))
}

/// Whether `value` in lower case is `lower`.
pub(crate) fn equals_folded(value: &str, lower: &str) -> bool {
    let folded = value.chars().filter_map(|letter| letter.to_lowercase().next());
    folded.eq(lower.chars())
}

/// Whether the condition is not given, or lists one of `values`.
fn admits_some<'a>(listed: &[String], mut values: impl Iterator<Item = &'a str>) -> bool {
    listed.is_empty() || values.any(|value| lists(listed, value))
}

/// Each condition may be met by another target.
fn targets_match(wanted: &Match, targets: &[Target]) -> bool {
    let some = |listed: &[String], field: fn(&Target) -> &str| admits_some(listed, targets.iter().map(field));
    let (wanted, destination) = (&*wanted.target, &*wanted.destination);
    some(&wanted.target_kinds, |target| &target.kind)
        && some(&destination.destination_kinds, |target| &target.kind)
        && some(&wanted.target_values, |target| &target.value)
        && some(&destination.destination_values, |target| &target.value)
        && some(&wanted.endpoint_classes, |target| &target.endpoint_class)
        && some(&wanted.discovery_methods, |target| &target.discovery_method)
        && some(&destination.data_classes, |target| &target.sensitivity)
        && some(&destination.destination_operations, |target| &target.operation)
        && annotations_match(wanted.tool_annotations, targets)
}

fn annotations_match(wanted: ToolAnnotations, targets: &[Target]) -> bool {
    let some = |hint: Option<bool>, field: fn(&Target) -> bool| {
        hint.is_none_or(|wanted| targets.iter().any(|target| field(target) == wanted))
    };
    some(wanted.read_only_hint, |target| target.read_only_hint)
        && some(wanted.destructive_hint, |target| target.destructive_hint)
        && some(wanted.idempotent_hint, |target| target.idempotent_hint)
        && some(wanted.open_world_hint, |target| target.open_world_hint)
}

fn workspace_matches(rule: RuleRef<'_>, workspace: &str) -> bool {
    let wanted = &rule.compiled.workspaces;
    wanted.is_empty() || {
        let workspace = cleaned(workspace);
        wanted.iter().any(|subtree| subtree.holds(&workspace))
    }
}

fn inventory_matches(wanted: &InventoryMatch, call: &Call<'_>) -> bool {
    let conditions = [
        (&wanted.context_tool_names, call.inventory.map(|_| call.tool_name)),
        (
            &wanted.context_data_classes,
            call.inventory.map(|entry| entry.data_class.as_str()),
        ),
        (
            &wanted.context_endpoint_classes,
            call.inventory.map(|entry| entry.endpoint_class.as_str()),
        ),
        (
            &wanted.context_autonomy_levels,
            call.inventory.map(|entry| entry.autonomy_level.as_str()),
        ),
    ];
    conditions
        .iter()
        .all(|(listed, known)| listed.is_empty() || known.is_some_and(|value| lists(listed, value)))
}

fn skill_matches(wanted: &SkillMatch, skill: Option<&SkillProvenance>) -> bool {
    let holds = |listed: &[String], field: fn(&SkillProvenance) -> &str| {
        listed.is_empty() || skill.is_some_and(|skill| lists_folded(listed, field(skill)))
    };
    holds(&wanted.skill_publishers, |skill| &skill.publisher)
        && holds(&wanted.skill_sources, |skill| &skill.source)
}

/// Looks at what the caller claims; tokens are demanded later, and only of rules that require a delegation.
fn delegation_matches(wanted: &DelegationMatch, delegation: Option<&Delegation>) -> bool {
    if !wanted.is_needed() {
        return true;
    }
    let Some(claim) = delegation else { return false };
    let delegators = claim.chain.iter().map(|link| link.delegator_identity.as_str());
    let delegates = claim.chain.iter().map(|link| link.delegate_identity.as_str());
    let scopes = claim.chain.iter().map(|link| link.scope_class.as_str());
    wanted
        .max_delegation_depth
        .is_none_or(|depth| claim.chain.len() as u64 <= depth)
        && admits_some(&wanted.allowed_delegator_identities, delegators)
        && admits_some(
            &wanted.allowed_delegate_identities,
            delegates.chain([claim.requester_identity.as_str()]),
        )
        && admits_some(
            &wanted.delegation_scopes,
            scopes.chain([claim.scope_class.as_str()]),
        )
}
