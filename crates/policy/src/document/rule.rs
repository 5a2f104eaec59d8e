//! One rule, in the order its settings are checked.

use gait_artifact::{
    policy::{
        AgentControls, ApprovalControls, BrokerControls, ContextControls, CredentialControls,
        DelegationMatch, DestinationMatch, InventoryMatch, Match, MatchAliases, Rule, SkillMatch,
        TargetMatch, ToolAnnotations, WrittenRule,
    },
    text, vocabulary,
};

use super::{
    draft::{AnnotationsDraft, MatchDraft, RuleDraft},
    error::{Fault, InvalidSetting},
    section,
    settings::{Section, list, list_lower, trimmed, verdict},
};
use crate::yaml::{Given, Place};

pub(super) fn rule<'d>(place: &Place<'_>, given: &Given<'d, RuleDraft<'d>>) -> Result<Rule, InvalidSetting> {
    let draft = &given.value;
    let name = trimmed(&draft.name);
    if name.is_empty() {
        return Err(Section::new(place, given, None).fault("name", draft.name.source(), Fault::Required));
    }
    let rule = Section::new(place, given, Some(&name));
    let effect = verdict(&rule, ("effect", &draft.effect), ("action", &draft.action))?
        .ok_or_else(|| rule.fault("effect", draft.effect.source(), Fault::Required))?;
    let match_place = place.key("match");
    let matching = matching(
        &Section::new(&match_place, &draft.matching, Some(&name)),
        &draft.matching.value,
    )?;
    let agent = agent(&rule, draft)?;
    let credential = credential(&rule, draft)?;
    let min_approvals = rule.count("min_approvals", &draft.min_approvals)?;
    let context = context(&rule, draft)?;
    let freeze_window = section::freeze_window(place, &name, &draft.freeze_window)?;
    let sandbox = section::sandbox(place, &name, &draft.sandbox)?;
    let (rate_limit, unused_rate_limit) = section::rate_limit(place, &name, &draft.rate_limit)?;
    let destructive_budget = section::destructive_budget(place, &name, &draft.destructive_budget)?;
    let (dataflow, unused_dataflow) = section::dataflow(place, &name, &draft.dataflow)?;
    let (endpoint, unused_endpoint) = section::endpoint(place, &name, &draft.endpoint)?;
    Ok(Rule {
        name,
        priority: draft.priority,
        effect,
        matching,
        reason_codes: list(&draft.reason_codes),
        violations: list(&draft.violations),
        endpoint,
        dataflow,
        freeze_window,
        sandbox,
        rate_limit,
        destructive_budget,
        agent: agent.into(),
        credential: credential.into(),
        approval: ApprovalControls {
            min_approvals,
            require_distinct_approvers: draft.require_distinct_approvers || min_approvals > 1,
        },
        context,
        broker: BrokerControls {
            require_broker_credential: draft.require_broker_credential,
            broker_reference: trimmed(&draft.broker_reference),
            broker_scopes: list_lower(&draft.broker_scopes),
        }
        .into(),
        written: WrittenRule {
            action: draft.action.value.clone().into_owned(),
            aliases: aliases(&draft.matching.value),
            endpoint: unused_endpoint,
            dataflow: unused_dataflow,
            rate_limit: unused_rate_limit,
        }
        .into(),
    })
}

fn matching<'d>(section: &Section<'_, 'd>, draft: &MatchDraft<'d>) -> Result<Match, InvalidSetting> {
    let target = target(section, draft)?;
    let max_delegation_depth = if draft.max_delegation_depth.is_given() {
        Some(section.count("max_delegation_depth", &draft.max_delegation_depth)?)
    } else {
        None
    };
    let mut tool_names = list_lower(&draft.tool_names);
    if draft.tool_name.is_given() {
        tool_names.push(text::trim_lower(&draft.tool_name.value));
        text::list_in_place(&mut tool_names);
    }
    Ok(Match {
        tool_names,
        risk_classes: list_lower(&draft.risk_classes),
        provenance_sources: list_lower(&draft.provenance_sources),
        identities: list(&draft.identities),
        workspace_prefixes: list(&draft.workspace_prefixes),
        target: target.into(),
        skill: SkillMatch {
            skill_publishers: list_lower(&draft.skill_publishers),
            skill_sources: list_lower(&draft.skill_sources),
        }
        .into(),
        destination: DestinationMatch {
            data_classes: list_lower(&draft.data_classes),
            destination_kinds: list_lower(&draft.destination_kinds),
            destination_values: list(&draft.destination_values),
            destination_operations: list_lower(&draft.destination_operations),
        }
        .into(),
        inventory: InventoryMatch {
            context_tool_names: list_lower(&draft.context_tool_names),
            context_data_classes: list_lower(&draft.context_data_classes),
            context_endpoint_classes: list_lower(&draft.context_endpoint_classes),
            context_autonomy_levels: list_lower(&draft.context_autonomy_levels),
        }
        .into(),
        delegation: DelegationMatch {
            require_delegation: draft.require_delegation,
            allowed_delegator_identities: list(&draft.allowed_delegator_identities),
            allowed_delegate_identities: list(&draft.allowed_delegate_identities),
            delegation_scopes: list_lower(&draft.delegation_scopes),
            max_delegation_depth,
        }
        .into(),
    })
}

fn target<'d>(section: &Section<'_, 'd>, draft: &MatchDraft<'d>) -> Result<TargetMatch, InvalidSetting> {
    let classes = |key, texts| section.known(key, texts, vocabulary::ENDPOINT_CLASSES);
    let mut endpoint_classes = classes("endpoint_class", &draft.endpoint_class)?;
    endpoint_classes.extend(classes("endpoint_classes", &draft.endpoint_classes)?);
    text::list_in_place(&mut endpoint_classes);
    let discovery_methods = section.known(
        "discovery_method",
        &draft.discovery_method,
        vocabulary::DISCOVERY_METHODS,
    )?;
    Ok(TargetMatch {
        target_kinds: list_lower(&draft.target_kinds),
        target_values: list(&draft.target_values),
        endpoint_classes,
        discovery_methods,
        tool_annotations: annotations(&draft.tool_annotations),
    })
}

fn annotations(draft: &AnnotationsDraft<'_>) -> ToolAnnotations {
    ToolAnnotations {
        read_only_hint: draft.read_only.given().copied(),
        destructive_hint: draft.destructive.given().copied(),
        idempotent_hint: draft.idempotent.given().copied(),
        open_world_hint: draft.open_world.given().copied(),
    }
}

fn aliases(draft: &MatchDraft<'_>) -> MatchAliases {
    MatchAliases {
        tool_name: draft.tool_name.value.clone().into_owned(),
        endpoint_class: draft.endpoint_class.to_vec(),
    }
}

fn agent<'d>(rule: &Section<'_, 'd>, draft: &RuleDraft<'d>) -> Result<AgentControls, InvalidSetting> {
    let digest = text::trim_lower(&draft.required_agent_manifest_digest.value);
    if !digest.is_empty() && !text::is_hex64(&digest) {
        let source = draft.required_agent_manifest_digest.source();
        return Err(rule.fault("required_agent_manifest_digest", source, Fault::NotADigest));
    }
    Ok(AgentControls {
        require_declared_agent: draft.require_declared_agent,
        allowed_agent_ids: list(&draft.allowed_agent_ids),
        denied_agent_ids: list(&draft.denied_agent_ids),
        required_agent_manifest_digest: digest,
        allowed_agent_manifest_publishers: list_lower(&draft.allowed_agent_manifest_publishers),
        allowed_agent_manifest_sources: list_lower(&draft.allowed_agent_manifest_sources),
        required_agent_lifecycle_states: list_lower(&draft.required_agent_lifecycle_states),
        require_agent_owner: draft.require_agent_owner,
        require_unexpired_agent: draft.require_unexpired_agent,
    })
}

fn credential<'d>(
    rule: &Section<'_, 'd>,
    draft: &RuleDraft<'d>,
) -> Result<CredentialControls, InvalidSetting> {
    Ok(CredentialControls {
        block_standing_credentials: draft.block_standing_credentials,
        allowed_credential_sources: rule.known(
            "allowed_credential_sources",
            &draft.allowed_credential_sources,
            vocabulary::CREDENTIAL_SOURCES,
        )?,
        allowed_credential_issuers: list(&draft.allowed_credential_issuers),
        allowed_credential_access_types: rule.known(
            "allowed_credential_access_types",
            &draft.allowed_credential_access_types,
            vocabulary::CREDENTIAL_ACCESS_TYPES,
        )?,
        max_credential_ttl_seconds: rule
            .count("max_credential_ttl_seconds", &draft.max_credential_ttl_seconds)?,
        require_jit_credential: draft.require_jit_credential,
    })
}

fn context<'d>(rule: &Section<'_, 'd>, draft: &RuleDraft<'d>) -> Result<ContextControls, InvalidSetting> {
    let mode = rule.word(
        "required_context_evidence_mode",
        &draft.required_context_evidence_mode,
        &["required"],
        std::convert::identity,
    )?;
    Ok(ContextControls {
        require_context_evidence: draft.require_context_evidence,
        required_mode: mode.is_some() || draft.require_context_evidence,
        max_context_age_seconds: rule.count("max_context_age_seconds", &draft.max_context_age_seconds)?,
    })
}
