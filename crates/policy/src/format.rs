//! The canonical document of a policy: every key of the language in one order, one way to write each value.
//!
//! Reading the document gives the same policy again, and formatting that gives the same bytes. Comments, anchors and
//! the order of keys in the text a policy came from are not part of a [`Policy`], so they are lost.

mod scalar;
mod writer;

use gait_artifact::policy::{
    CallLimit, Dataflow, Endpoint, FreezeWindow, HighRiskField, McpTrust, POLICY_SCHEMA_ID,
    POLICY_SCHEMA_VERSION, Policy, RequiredField, Rule, SandboxConstraint, UnusedLimit, UnusedSection,
};
use writer::Writer;

use crate::document::duration_text;

/// The canonical YAML of a policy, with a line break at the end.
#[must_use]
pub fn canonical_yaml(policy: &Policy) -> String {
    let mut writer = Writer::new();
    writer.text("schema_id", POLICY_SCHEMA_ID);
    writer.text("schema_version", POLICY_SCHEMA_VERSION);
    writer.text("default_verdict", policy.default_verdict.as_str());
    writer.text("default_action", &policy.written.default_action);
    writer.mapping("scripts", |writer| {
        writer.number("max_steps", policy.scripts.max_steps);
        writer.number("require_approval_above", policy.scripts.require_approval_above);
        writer.flag("block_mixed_risk", policy.scripts.block_mixed_risk);
    });
    writer.mapping("fail_closed", |writer| {
        let section = &policy.fail_closed;
        writer.flag("enabled", section.enabled);
        writer.list("risk_classes", &section.risk_classes);
        let fields = section.required_fields.iter().copied();
        writer.list(
            "required_fields",
            &fields.map(RequiredField::as_str).collect::<Vec<_>>(),
        );
        let fields = section.required_high_risk_fields.iter().copied();
        writer.list(
            "required_high_risk_fields",
            &fields.map(HighRiskField::as_str).collect::<Vec<_>>(),
        );
    });
    writer.mapping("mcp_trust", |writer| mcp_trust(writer, policy.mcp_trust.as_ref()));
    writer.items("rules", &policy.rules, rule);
    writer.finish()
}

fn mcp_trust(writer: &mut Writer, section: Option<&McpTrust>) {
    writer.flag("enabled", section.is_some());
    writer.text("snapshot", section.map_or("", |section| &section.snapshot));
    writer.text("action", section.map_or("", |section| section.action.as_str()));
    writer.list(
        "required_risk_classes",
        section.map_or(&[], |section| &section.required_risk_classes),
    );
    writer.float("min_score", section.map_or(0.0, |section| section.min_score));
    let max_age = section.and_then(|section| section.max_age);
    writer.text("max_age", &max_age.map(duration_text).unwrap_or_default());
    writer.list(
        "publisher_allowlist",
        section.map_or(&[], |section| &section.publisher_allowlist),
    );
    writer.flag(
        "require_registry",
        section.is_some_and(|section| section.require_registry),
    );
}

fn rule(writer: &mut Writer, rule: &Rule) {
    writer.text("name", &rule.name);
    writer.number("priority", rule.priority);
    writer.text("effect", rule.effect.as_str());
    writer.text("action", &rule.written.action);
    writer.mapping("match", |writer| matching(writer, rule));
    writer.mapping("endpoint", |writer| {
        endpoint(writer, rule.endpoint.as_deref(), &rule.written.endpoint);
    });
    writer.list("reason_codes", &rule.reason_codes);
    writer.list("violations", &rule.violations);
    controls(writer, rule);
    writer.mapping("freeze_window", |writer| {
        freeze_window(writer, rule.freeze_window.as_deref());
    });
    writer.mapping("sandbox", |writer| sandbox(writer, rule.sandbox.as_deref()));
    writer.mapping("rate_limit", |writer| {
        call_limit(writer, rule.rate_limit.as_ref(), rule.written.rate_limit);
    });
    writer.mapping("destructive_budget", |writer| {
        call_limit(writer, rule.destructive_budget.as_ref(), UnusedLimit::default());
    });
    writer.mapping("dataflow", |writer| {
        dataflow(writer, rule.dataflow.as_deref(), &rule.written.dataflow);
    });
}

fn matching(writer: &mut Writer, rule: &Rule) {
    let (matching, aliases) = (&rule.matching, &rule.written.aliases);
    writer.text("tool_name", &aliases.tool_name);
    writer.list("tool_names", &matching.tool_names);
    writer.list("risk_classes", &matching.risk_classes);
    writer.list("target_kinds", &matching.target.target_kinds);
    writer.list("target_values", &matching.target.target_values);
    writer.list("endpoint_class", &aliases.endpoint_class);
    writer.list("endpoint_classes", &matching.target.endpoint_classes);
    writer.list("discovery_method", &matching.target.discovery_methods);
    writer.mapping("tool_annotations", |writer| {
        let annotations = matching.target.tool_annotations;
        writer.optional_flag("readOnlyHint", annotations.read_only_hint);
        writer.optional_flag("destructiveHint", annotations.destructive_hint);
        writer.optional_flag("idempotentHint", annotations.idempotent_hint);
        writer.optional_flag("openWorldHint", annotations.open_world_hint);
    });
    writer.list("skill_publishers", &matching.skill.skill_publishers);
    writer.list("skill_sources", &matching.skill.skill_sources);
    writer.list("data_classes", &matching.destination.data_classes);
    writer.list("destination_kinds", &matching.destination.destination_kinds);
    writer.list("destination_values", &matching.destination.destination_values);
    writer.list(
        "destination_operations",
        &matching.destination.destination_operations,
    );
    writer.list("provenance_sources", &matching.provenance_sources);
    writer.list("identities", &matching.identities);
    writer.list("workspace_prefixes", &matching.workspace_prefixes);
    writer.list("context_tool_names", &matching.inventory.context_tool_names);
    writer.list("context_data_classes", &matching.inventory.context_data_classes);
    writer.list(
        "context_endpoint_classes",
        &matching.inventory.context_endpoint_classes,
    );
    writer.list(
        "context_autonomy_levels",
        &matching.inventory.context_autonomy_levels,
    );
    writer.flag("require_delegation", matching.delegation.require_delegation);
    writer.list(
        "allowed_delegator_identities",
        &matching.delegation.allowed_delegator_identities,
    );
    writer.list(
        "allowed_delegate_identities",
        &matching.delegation.allowed_delegate_identities,
    );
    writer.list("delegation_scopes", &matching.delegation.delegation_scopes);
    match matching.delegation.max_delegation_depth {
        Some(depth) => writer.number("max_delegation_depth", depth),
        None => writer.null("max_delegation_depth"),
    }
}

fn controls(writer: &mut Writer, rule: &Rule) {
    let Rule {
        agent,
        credential,
        approval,
        context,
        broker,
        ..
    } = rule;
    writer.flag("require_declared_agent", agent.require_declared_agent);
    writer.list("allowed_agent_ids", &agent.allowed_agent_ids);
    writer.list("denied_agent_ids", &agent.denied_agent_ids);
    writer.text(
        "required_agent_manifest_digest",
        &agent.required_agent_manifest_digest,
    );
    writer.list(
        "allowed_agent_manifest_publishers",
        &agent.allowed_agent_manifest_publishers,
    );
    writer.list(
        "allowed_agent_manifest_sources",
        &agent.allowed_agent_manifest_sources,
    );
    writer.list(
        "required_agent_lifecycle_states",
        &agent.required_agent_lifecycle_states,
    );
    writer.flag("require_agent_owner", agent.require_agent_owner);
    writer.flag("require_unexpired_agent", agent.require_unexpired_agent);
    writer.flag(
        "block_standing_credentials",
        credential.block_standing_credentials,
    );
    writer.list(
        "allowed_credential_sources",
        &credential.allowed_credential_sources,
    );
    writer.list(
        "allowed_credential_issuers",
        &credential.allowed_credential_issuers,
    );
    writer.list(
        "allowed_credential_access_types",
        &credential.allowed_credential_access_types,
    );
    writer.number(
        "max_credential_ttl_seconds",
        credential.max_credential_ttl_seconds,
    );
    writer.flag("require_jit_credential", credential.require_jit_credential);
    writer.number("min_approvals", approval.min_approvals);
    writer.flag("require_distinct_approvers", approval.require_distinct_approvers);
    writer.flag("require_context_evidence", context.require_context_evidence);
    writer.text(
        "required_context_evidence_mode",
        if context.required_mode { "required" } else { "" },
    );
    writer.number("max_context_age_seconds", context.max_context_age_seconds);
    writer.flag("require_broker_credential", broker.require_broker_credential);
    writer.text("broker_reference", &broker.broker_reference);
    writer.list("broker_scopes", &broker.broker_scopes);
}

fn endpoint(writer: &mut Writer, section: Option<&Endpoint>, unused: &UnusedSection) {
    let action = section.map_or(unused.action, |section| Some(section.action));
    let destructive_action = section.and_then(|section| section.destructive_action);
    writer.flag("enabled", section.is_some());
    writer.list(
        "path_allowlist",
        section.map_or(&[], |section| &section.path_allowlist),
    );
    writer.list(
        "path_denylist",
        section.map_or(&[], |section| &section.path_denylist),
    );
    writer.list(
        "domain_allowlist",
        section.map_or(&[], |section| &section.domain_allowlist),
    );
    writer.list(
        "domain_denylist",
        section.map_or(&[], |section| &section.domain_denylist),
    );
    writer.list(
        "egress_classes",
        section.map_or(&[], |section| &section.egress_classes),
    );
    writer.text("action", action.map_or("", |action| action.as_str()));
    writer.text(
        "destructive_action",
        destructive_action.map_or("", |action| action.as_str()),
    );
    writer.text(
        "reason_code",
        section.map_or(&unused.reason_code, |section| &section.reason_code),
    );
    writer.text(
        "violation",
        section.map_or(&unused.violation, |section| &section.violation),
    );
}

fn dataflow(writer: &mut Writer, section: Option<&Dataflow>, unused: &UnusedSection) {
    let action = section.map_or(unused.action, |section| Some(section.action));
    writer.flag("enabled", section.is_some());
    writer.list(
        "tainted_sources",
        section.map_or(&[], |section| &section.tainted_sources),
    );
    writer.list(
        "destination_kinds",
        section.map_or(&[], |section| &section.destination_kinds),
    );
    writer.list(
        "destination_values",
        section.map_or(&[], |section| &section.destination_values),
    );
    writer.list(
        "destination_operations",
        section.map_or(&[], |section| &section.destination_operations),
    );
    writer.text("action", action.map_or("", |action| action.as_str()));
    writer.text(
        "reason_code",
        section.map_or(&unused.reason_code, |section| &section.reason_code),
    );
    writer.text(
        "violation",
        section.map_or(&unused.violation, |section| &section.violation),
    );
}

fn freeze_window(writer: &mut Writer, section: Option<&FreezeWindow>) {
    writer.flag("enabled", section.is_some());
    writer.text("timezone", section.map_or("", |section| &section.timezone));
    writer.text("effect", section.map_or("", |section| section.effect.as_str()));
    writer.text("reason", section.map_or("", |section| &section.reason));
    writer.list(
        "environments",
        section.map_or(&[], |section| &section.environments),
    );
    writer.list(
        "risk_classes",
        section.map_or(&[], |section| &section.risk_classes),
    );
    writer.items(
        "windows",
        section.map_or(&[], |section| &section.windows),
        |writer, window| {
            writer.text("name", &window.name);
            writer.text("start", &window.start);
            writer.text("end", &window.end);
        },
    );
}

fn sandbox(writer: &mut Writer, section: Option<&SandboxConstraint>) {
    let off = SandboxConstraint::default();
    writer.flag("enabled", section.is_some());
    let section = section.unwrap_or(&off);
    writer.list("allowed_network_modes", &section.allowed_network_modes);
    writer.list(
        "allowed_writable_path_prefixes",
        &section.allowed_writable_path_prefixes,
    );
    writer.list("required_read_only_roots", &section.required_read_only_roots);
    writer.list("allowed_env_exposure_modes", &section.allowed_env_exposure_modes);
    writer.number("max_timeout_seconds", section.max_timeout_seconds);
    writer.list(
        "allowed_filesystem_isolations",
        &section.allowed_filesystem_isolations,
    );
    writer.list("allowed_user_modes", &section.allowed_user_modes);
}

fn call_limit(writer: &mut Writer, limit: Option<&CallLimit>, unused: UnusedLimit) {
    let window = limit.map_or(unused.window, |limit| Some(limit.window));
    let scope = limit.map_or(unused.scope, |limit| Some(limit.scope));
    writer.number("requests", limit.map_or(0, |limit| limit.requests));
    writer.text("window", window.map_or("", |window| window.as_str()));
    writer.text("scope", scope.map_or("", |scope| scope.as_str()));
}
