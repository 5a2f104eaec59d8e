//! The digest that names a policy in decisions, traces and tokens.
//!
//! It covers what the policy means and not how it is written: two documents that normalise to the same rules have the
//! same digest. The members and their names are a published format; a member that is off is left out so that adding a
//! feature to the language does not change the digests of policies that don't use it.

mod canonical;

use canonical::{Canonical, Members};
use gait_artifact::policy::{
    CallLimit, Dataflow, Endpoint, FailClosed, FreezeWindow, HighRiskField, Match, McpTrust,
    POLICY_SCHEMA_ID, POLICY_SCHEMA_VERSION, Policy, RequiredField, Rule, SandboxConstraint, ScriptLimits,
};
use gait_canon::{Digest, Hasher};

use crate::document::duration_text;

/// The SHA-256 digest of the policy's canonical JSON (RFC 8785).
#[must_use]
pub fn policy_digest(policy: &Policy) -> Digest {
    let mut hasher = Hasher::new();
    canonical_json(policy, &mut |bytes| hasher.update(bytes));
    hasher.finish()
}

/// Gives the canonical JSON to `sink`, piece by piece.
fn canonical_json(policy: &Policy, sink: &mut dyn FnMut(&[u8])) {
    Canonical::object(sink, |members| {
        members.text("DefaultVerdict", policy.default_verdict.as_str());
        members.object("FailClosed", |members| fail_closed(members, &policy.fail_closed));
        if let Some(trust) = &policy.mcp_trust {
            members.object("MCPTrust", |members| mcp_trust(members, trust));
        }
        members.objects("Rules", &policy.rules, rule);
        members.text("SchemaID", POLICY_SCHEMA_ID);
        members.text("SchemaVersion", POLICY_SCHEMA_VERSION);
        if policy.scripts != ScriptLimits::default() {
            members.object("Scripts", |members| {
                members.flag("BlockMixedRisk", policy.scripts.block_mixed_risk);
                members.count("MaxSteps", policy.scripts.max_steps);
                members.count("RequireApprovalAbove", policy.scripts.require_approval_above);
            });
        }
    });
}

fn names<T: Copy>(items: &[T], as_str: fn(T) -> &'static str) -> Vec<&'static str> {
    items.iter().map(|item| as_str(*item)).collect()
}

fn fail_closed(members: &mut Members<'_, '_>, section: &FailClosed) {
    members.flag("Enabled", section.enabled);
    members.list(
        "RequiredFields",
        &names(&section.required_fields, RequiredField::as_str),
    );
    members.list_unless_empty(
        "RequiredHighRiskFields",
        &names(&section.required_high_risk_fields, HighRiskField::as_str),
    );
    members.list("RiskClasses", &section.risk_classes);
}

fn mcp_trust(members: &mut Members<'_, '_>, trust: &McpTrust) {
    members.text("Action", trust.action.as_str());
    members.flag("Enabled", true);
    members.text("MaxAge", &trust.max_age.map(duration_text).unwrap_or_default());
    members.float("MinScore", trust.min_score);
    members.list("PublisherAllowlist", &trust.publisher_allowlist);
    members.flag("RequireRegistry", trust.require_registry);
    members.list("RequiredRiskClasses", &trust.required_risk_classes);
    members.text("SnapshotPath", &trust.snapshot);
}

fn rule(members: &mut Members<'_, '_>, rule: &Rule) {
    let Rule {
        agent,
        credential,
        approval,
        context,
        broker,
        ..
    } = rule;
    members.list_unless_empty("AllowedAgentIDs", &agent.allowed_agent_ids);
    members.list_unless_empty(
        "AllowedAgentManifestPublishers",
        &agent.allowed_agent_manifest_publishers,
    );
    members.list_unless_empty(
        "AllowedAgentManifestSources",
        &agent.allowed_agent_manifest_sources,
    );
    members.list_unless_empty(
        "AllowedCredentialAccessTypes",
        &credential.allowed_credential_access_types,
    );
    members.list_unless_empty("AllowedCredentialIssuers", &credential.allowed_credential_issuers);
    members.list_unless_empty("AllowedCredentialSources", &credential.allowed_credential_sources);
    members.if_true("BlockStandingCredentials", credential.block_standing_credentials);
    members.text_unless_empty("BrokerReference", &broker.broker_reference);
    members.list_unless_empty("BrokerScopes", &broker.broker_scopes);
    if let Some(constraint) = &rule.dataflow {
        members.object("Dataflow", |members| dataflow(members, constraint));
    }
    members.list_unless_empty("DeniedAgentIDs", &agent.denied_agent_ids);
    if let Some(limit) = &rule.destructive_budget {
        members.object("DestructiveBudget", |members| call_limit(members, limit));
    }
    members.text("Effect", rule.effect.as_str());
    if let Some(constraint) = &rule.endpoint {
        members.object("Endpoint", |members| endpoint(members, constraint));
    }
    if let Some(window) = &rule.freeze_window {
        members.object("FreezeWindow", |members| freeze_window(members, window));
    }
    members.object("Match", |members| matching(members, &rule.matching));
    members.if_positive("MaxContextAgeSeconds", context.max_context_age_seconds);
    members.if_positive("MaxCredentialTTLSeconds", credential.max_credential_ttl_seconds);
    members.if_positive("MinApprovals", approval.min_approvals);
    members.text("Name", &rule.name);
    members.integer("Priority", rule.priority);
    if let Some(limit) = &rule.rate_limit {
        members.object("RateLimit", |members| call_limit(members, limit));
    }
    members.list("ReasonCodes", &rule.reason_codes);
    members.if_true("RequireAgentOwner", agent.require_agent_owner);
    members.if_true("RequireBrokerCredential", broker.require_broker_credential);
    members.if_true("RequireContextEvidence", context.require_context_evidence);
    members.if_true("RequireDeclaredAgent", agent.require_declared_agent);
    members.if_true("RequireDistinctApprovers", approval.require_distinct_approvers);
    members.if_true("RequireJITCredential", credential.require_jit_credential);
    members.if_true("RequireUnexpiredAgent", agent.require_unexpired_agent);
    members.list_unless_empty(
        "RequiredAgentLifecycleStates",
        &agent.required_agent_lifecycle_states,
    );
    members.text_unless_empty(
        "RequiredAgentManifestDigest",
        &agent.required_agent_manifest_digest,
    );
    members.text_unless_empty(
        "RequiredContextEvidenceMode",
        if context.required_mode { "required" } else { "" },
    );
    if let Some(constraint) = &rule.sandbox {
        members.object("Sandbox", |members| sandbox(members, constraint));
    }
    members.list("Violations", &rule.violations);
}

fn matching(members: &mut Members<'_, '_>, matching: &Match) {
    members.list_unless_empty(
        "AllowedDelegateIdentities",
        &matching.delegation.allowed_delegate_identities,
    );
    members.list_unless_empty(
        "AllowedDelegatorIdentities",
        &matching.delegation.allowed_delegator_identities,
    );
    members.list_unless_empty(
        "ContextAutonomyLevels",
        &matching.inventory.context_autonomy_levels,
    );
    members.list_unless_empty("ContextDataClasses", &matching.inventory.context_data_classes);
    members.list_unless_empty(
        "ContextEndpointClasses",
        &matching.inventory.context_endpoint_classes,
    );
    members.list_unless_empty("ContextToolNames", &matching.inventory.context_tool_names);
    members.list_unless_empty("DataClasses", &matching.destination.data_classes);
    members.list_unless_empty("DelegationScopes", &matching.delegation.delegation_scopes);
    members.list_unless_empty("DestinationKinds", &matching.destination.destination_kinds);
    members.list_unless_empty("DestinationOps", &matching.destination.destination_operations);
    members.list_unless_empty("DestinationValues", &matching.destination.destination_values);
    members.list_unless_empty("DiscoveryMethods", &matching.target.discovery_methods);
    members.list_unless_empty("EndpointClasses", &matching.target.endpoint_classes);
    members.list("Identities", &matching.identities);
    if let Some(depth) = matching.delegation.max_delegation_depth {
        members.count("MaxDelegationDepth", depth);
    }
    members.list("ProvenanceSources", &matching.provenance_sources);
    members.if_true("RequireDelegation", matching.delegation.require_delegation);
    members.list("RiskClasses", &matching.risk_classes);
    members.list_unless_empty("SkillPublishers", &matching.skill.skill_publishers);
    members.list_unless_empty("SkillSources", &matching.skill.skill_sources);
    members.list("TargetKinds", &matching.target.target_kinds);
    members.list("TargetValues", &matching.target.target_values);
    let annotations = matching.target.tool_annotations;
    if !annotations.is_empty() {
        members.object("ToolAnnotations", |members| {
            members.if_given("DestructiveHint", annotations.destructive_hint);
            members.if_given("IdempotentHint", annotations.idempotent_hint);
            members.if_given("OpenWorldHint", annotations.open_world_hint);
            members.if_given("ReadOnlyHint", annotations.read_only_hint);
        });
    }
    members.list("ToolNames", &matching.tool_names);
    members.list("WorkspacePrefixes", &matching.workspace_prefixes);
}

fn freeze_window(members: &mut Members<'_, '_>, section: &FreezeWindow) {
    members.text("Effect", section.effect.as_str());
    members.flag("Enabled", true);
    members.list("Environments", &section.environments);
    members.text("Reason", &section.reason);
    members.list("RiskClasses", &section.risk_classes);
    members.text("Timezone", &section.timezone);
    members.objects("Windows", &section.windows, |members, window| {
        members.text("End", &window.end);
        members.text("Name", &window.name);
        members.text("Start", &window.start);
    });
}

fn sandbox(members: &mut Members<'_, '_>, section: &SandboxConstraint) {
    // An empty list of paths is null in the published format, every other empty list is [].
    let paths = |members: &mut Members<'_, '_>, name, paths: &[String]| {
        if paths.is_empty() {
            members.null(name);
        } else {
            members.list(name, paths);
        }
    };
    members.list("AllowedEnvExposureModes", &section.allowed_env_exposure_modes);
    members.list(
        "AllowedFilesystemIsolations",
        &section.allowed_filesystem_isolations,
    );
    members.list("AllowedNetworkModes", &section.allowed_network_modes);
    members.list("AllowedUserModes", &section.allowed_user_modes);
    paths(
        members,
        "AllowedWritablePathPrefixes",
        &section.allowed_writable_path_prefixes,
    );
    members.flag("Enabled", true);
    members.count("MaxTimeoutSeconds", section.max_timeout_seconds);
    paths(
        members,
        "RequiredReadOnlyRoots",
        &section.required_read_only_roots,
    );
}

fn call_limit(members: &mut Members<'_, '_>, limit: &CallLimit) {
    members.count("Requests", limit.requests);
    members.text("Scope", limit.scope.as_str());
    members.text("Window", limit.window.as_str());
}

fn dataflow(members: &mut Members<'_, '_>, section: &Dataflow) {
    members.text("Action", section.action.as_str());
    members.list_unless_empty("DestinationKinds", &section.destination_kinds);
    members.list_unless_empty("DestinationOperations", &section.destination_operations);
    members.list_unless_empty("DestinationValues", &section.destination_values);
    members.flag("Enabled", true);
    members.text("ReasonCode", &section.reason_code);
    members.list("TaintedSources", &section.tainted_sources);
    members.text("Violation", &section.violation);
}

fn endpoint(members: &mut Members<'_, '_>, section: &Endpoint) {
    members.text("Action", section.action.as_str());
    members.text(
        "DestructiveAction",
        section.destructive_action.map_or("", |action| action.as_str()),
    );
    members.list("DomainAllowlist", &section.domain_allowlist);
    members.list("DomainDenylist", &section.domain_denylist);
    members.list("EgressClasses", &section.egress_classes);
    members.flag("Enabled", true);
    members.list("PathAllowlist", &section.path_allowlist);
    members.list("PathDenylist", &section.path_denylist);
    members.text("ReasonCode", &section.reason_code);
    members.text("Violation", &section.violation);
}

#[cfg(test)]
mod tests {
    use gait_canon::json::Reader;

    use super::{Digest, canonical_json, policy_digest};
    use crate::document::read_text;

    fn digest(text: &str) -> String {
        policy_digest(&read_text(text).unwrap()).to_string()
    }

    fn json(text: &str) -> Vec<u8> {
        let mut json = Vec::new();
        canonical_json(&read_text(text).unwrap(), &mut |bytes| {
            json.extend_from_slice(bytes);
        });
        json
    }

    #[test]
    fn the_empty_policy_has_the_published_digest() {
        let published = "07a528a879e4f0e0cd5a0e2ca801924746b47dac624862207ef21d4ec266f8f9";
        assert_eq!(digest(""), published);
        assert_eq!(
            digest("default_verdict: ' Require_Approval '\nrules: []\n"),
            published
        );
    }

    #[test]
    fn the_members_are_in_canonical_order() {
        for text in [
            EVERYTHING,
            "",
            "rules: [{name: '\"\\\u{1}', effect: allow, priority: -9007199254740993}]",
        ] {
            let json = json(text);
            assert_eq!(Reader::new().canonicalise(&json).unwrap(), json);
        }
    }

    #[test]
    fn a_large_policy_is_hashed_in_pieces() {
        let rule =
            |number: usize| format!("- {{name: rule-{number}, effect: allow, match: {{tool_names: [t]}}}}\n");
        let text = format!("rules:\n{}", (0..200).map(rule).collect::<String>());
        let mut pieces = 0;
        canonical_json(&read_text(&text).unwrap(), &mut |_| pieces += 1);
        assert!(pieces > 1);
        assert_eq!(digest(&text), Digest::of(&json(&text)).to_string());
    }

    /// A policy with every member there is.
    const EVERYTHING: &str = "
scripts: {max_steps: 8, require_approval_above: 3, block_mixed_risk: true}
fail_closed: {enabled: true, required_fields: [targets], required_high_risk_fields: [agent_id]}
mcp_trust: {snapshot: s, min_score: 0.7, max_age: 24h, publisher_allowlist: [p], require_registry: true}
rules:
- name: everything
  effect: require_approval
  min_approvals: 2
  match:
    tool_names: [t]
    risk_classes: [high]
    target_kinds: [path]
    target_values: [/a]
    endpoint_classes: [fs.read]
    discovery_method: [webmcp]
    tool_annotations: {readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false}
    skill_publishers: [a]
    skill_sources: [a]
    data_classes: [a]
    destination_kinds: [a]
    destination_values: [a]
    destination_operations: [a]
    provenance_sources: [a]
    identities: [a]
    workspace_prefixes: [a]
    context_tool_names: [a]
    context_data_classes: [a]
    context_endpoint_classes: [a]
    context_autonomy_levels: [a]
    require_delegation: true
    allowed_delegator_identities: [a]
    allowed_delegate_identities: [a]
    delegation_scopes: [a]
    max_delegation_depth: 2
  endpoint: {enabled: true}
  reason_codes: [a]
  violations: [a]
  require_declared_agent: true
  allowed_agent_ids: [a]
  denied_agent_ids: [a]
  required_agent_manifest_digest: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  allowed_agent_manifest_publishers: [a]
  allowed_agent_manifest_sources: [a]
  required_agent_lifecycle_states: [a]
  require_agent_owner: true
  require_unexpired_agent: true
  block_standing_credentials: true
  allowed_credential_sources: [aws_sts]
  allowed_credential_issuers: [a]
  allowed_credential_access_types: [jit]
  max_credential_ttl_seconds: 9223372036854775807
  require_jit_credential: true
  require_context_evidence: true
  max_context_age_seconds: 60
  require_broker_credential: true
  broker_reference: a
  broker_scopes: [a]
  freeze_window: {timezone: UTC, windows: [{start: a, end: b}]}
  sandbox: {enabled: true}
  rate_limit: {requests: 5}
  destructive_budget: {requests: 2}
  dataflow: {destination_kinds: [a], destination_values: [a], destination_operations: [a]}
";

    #[test]
    fn spelling_does_not_matter() {
        let rule = "rules: [{name: a, effect: allow, match: {tool_names: [x, y], risk_classes: [low]}}]";
        let same = "rules:\n- {action: Allow, name: ' a ', match: {tool_name: Y, tool_names: [X, x], risk_classes: [LOW]}}";
        assert_eq!(digest(rule), digest(same));
    }

    #[test]
    fn what_changes_a_decision_changes_the_digest() {
        let base = digest("rules: [{name: a, effect: allow}]");
        for changed in [
            "rules: [{name: b, effect: allow}]",
            "rules: [{name: a, effect: block}]",
            "rules: [{name: a, effect: allow, priority: 1}]",
            "rules: [{name: a, effect: allow, match: {max_delegation_depth: 0}}]",
            "rules: [{name: a, effect: allow, match: {tool_annotations: {readOnlyHint: false}}}]",
            "rules: [{name: a, effect: allow, sandbox: {enabled: true}}]",
            "rules: [{name: a, effect: allow, rate_limit: {requests: 1}}]",
            "rules: [{name: a, effect: allow, min_approvals: 1}]",
        ] {
            assert_ne!(digest(changed), base, "{changed}");
        }
    }
}
