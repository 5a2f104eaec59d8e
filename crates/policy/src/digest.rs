//! The digest that names a policy in decisions, traces and tokens.
//!
//! It covers what the policy means and not how it is written: two documents that normalise to the same rules have the
//! same digest. The members and their names are a published format; a member that is off is left out so that adding a
//! feature to the language does not change the digests of policies that don't use it.

use gait_artifact::policy::{
    CallLimit, Dataflow, Endpoint, FailClosed, FreezeWindow, McpTrust, POLICY_SCHEMA_ID,
    POLICY_SCHEMA_VERSION, Policy, Rule, SandboxConstraint, ToolAnnotations,
};
use gait_canon::{
    Digest,
    json::{Number, Object, Value, canonical_bytes},
};

use crate::document::duration_text;

/// The SHA-256 digest of the policy's canonical JSON (RFC 8785).
#[must_use]
pub fn policy_digest(policy: &Policy) -> Digest {
    let mut members = Members::new();
    members.set("SchemaID", POLICY_SCHEMA_ID);
    members.set("SchemaVersion", POLICY_SCHEMA_VERSION);
    members.set("DefaultVerdict", policy.default_verdict.as_str());
    members.set("FailClosed", fail_closed(&policy.fail_closed));
    members.set("Rules", policy.rules.iter().map(rule).collect::<Vec<_>>());
    let scripts = &policy.scripts;
    if scripts.max_steps > 0 || scripts.require_approval_above > 0 || scripts.block_mixed_risk {
        let mut limits = Members::new();
        limits.set("MaxSteps", scripts.max_steps);
        limits.set("RequireApprovalAbove", scripts.require_approval_above);
        limits.set("BlockMixedRisk", scripts.block_mixed_risk);
        members.set("Scripts", limits);
    }
    if let Some(trust) = &policy.mcp_trust {
        members.set("MCPTrust", mcp_trust(trust));
    }
    let canonical = canonical_bytes(&members.into()).expect("every number of a policy is finite");
    Digest::of(&canonical)
}

/// The members of a JSON object under construction.
struct Members(Object);

impl Members {
    fn new() -> Self {
        Self(Object::new())
    }

    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn list<T: AsRef<str>>(&mut self, name: &str, items: &[T]) {
        let items = items
            .iter()
            .map(|item| Value::from(item.as_ref()))
            .collect::<Vec<_>>();
        self.set(name, items);
    }

    fn list_unless_empty<T: AsRef<str>>(&mut self, name: &str, items: &[T]) {
        if !items.is_empty() {
            self.list(name, items);
        }
    }

    fn text_unless_empty(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.set(name, text);
        }
    }

    fn if_true(&mut self, name: &str, flag: bool) {
        if flag {
            self.set(name, true);
        }
    }

    fn if_positive(&mut self, name: &str, count: u64) {
        if count > 0 {
            self.set(name, count);
        }
    }
}

impl From<Members> for Value {
    fn from(members: Members) -> Self {
        Self::Object(members.0)
    }
}

fn names<T: Copy>(items: &[T], as_str: fn(T) -> &'static str) -> Vec<&'static str> {
    items.iter().map(|item| as_str(*item)).collect()
}

fn fail_closed(section: &FailClosed) -> Members {
    use gait_artifact::policy::{HighRiskField, RequiredField};

    let mut members = Members::new();
    members.set("Enabled", section.enabled);
    members.list("RiskClasses", &section.risk_classes);
    members.list(
        "RequiredFields",
        &names(&section.required_fields, RequiredField::as_str),
    );
    members.list_unless_empty(
        "RequiredHighRiskFields",
        &names(&section.required_high_risk_fields, HighRiskField::as_str),
    );
    members
}

fn mcp_trust(trust: &McpTrust) -> Members {
    let mut members = Members::new();
    members.set("Enabled", true);
    members.set("SnapshotPath", &*trust.snapshot);
    members.set("Action", trust.action.as_str());
    members.list("RequiredRiskClasses", &trust.required_risk_classes);
    let min_score = Number::try_from(trust.min_score).expect("a score is between 0 and 1");
    members.set("MinScore", min_score);
    members.set("MaxAge", trust.max_age.map(duration_text).unwrap_or_default());
    members.list("PublisherAllowlist", &trust.publisher_allowlist);
    members.set("RequireRegistry", trust.require_registry);
    members
}

fn rule(rule: &Rule) -> Value {
    let mut members = Members::new();
    members.set("Name", &*rule.name);
    members.set("Priority", rule.priority);
    members.set("Effect", rule.effect.as_str());
    members.list("ReasonCodes", &rule.reason_codes);
    members.list("Violations", &rule.violations);
    members.set("Match", matching(rule));
    controls(rule, &mut members);
    sections(rule, &mut members);
    members.into()
}

fn matching(rule: &Rule) -> Members {
    let matching = &rule.matching;
    let mut members = Members::new();
    members.list("ToolNames", &matching.tool_names);
    members.list("RiskClasses", &matching.risk_classes);
    members.list("TargetKinds", &matching.target_kinds);
    members.list("TargetValues", &matching.target_values);
    members.list("ProvenanceSources", &matching.provenance_sources);
    members.list("Identities", &matching.identities);
    members.list("WorkspacePrefixes", &matching.workspace_prefixes);
    for (name, items) in [
        ("EndpointClasses", &matching.endpoint_classes),
        ("DiscoveryMethods", &matching.discovery_methods),
        ("SkillPublishers", &matching.skill_publishers),
        ("SkillSources", &matching.skill_sources),
        ("DataClasses", &matching.data_classes),
        ("DestinationKinds", &matching.destination_kinds),
        ("DestinationValues", &matching.destination_values),
        ("DestinationOps", &matching.destination_operations),
        ("ContextToolNames", &matching.context_tool_names),
        ("ContextDataClasses", &matching.context_data_classes),
        ("ContextEndpointClasses", &matching.context_endpoint_classes),
        ("ContextAutonomyLevels", &matching.context_autonomy_levels),
        (
            "AllowedDelegatorIdentities",
            &matching.allowed_delegator_identities,
        ),
        ("AllowedDelegateIdentities", &matching.allowed_delegate_identities),
        ("DelegationScopes", &matching.delegation_scopes),
    ] {
        members.list_unless_empty(name, items);
    }
    members.if_true("RequireDelegation", matching.require_delegation);
    if let Some(depth) = matching.max_delegation_depth {
        members.set("MaxDelegationDepth", depth);
    }
    if !matching.tool_annotations.is_empty() {
        members.set("ToolAnnotations", annotations(matching.tool_annotations));
    }
    members
}

fn annotations(annotations: ToolAnnotations) -> Members {
    let mut members = Members::new();
    for (name, hint) in [
        ("ReadOnlyHint", annotations.read_only_hint),
        ("DestructiveHint", annotations.destructive_hint),
        ("IdempotentHint", annotations.idempotent_hint),
        ("OpenWorldHint", annotations.open_world_hint),
    ] {
        if let Some(hint) = hint {
            members.set(name, hint);
        }
    }
    members
}

fn controls(rule: &Rule, members: &mut Members) {
    let Rule {
        agent,
        credential,
        approval,
        context,
        broker,
        ..
    } = rule;
    members.if_positive("MinApprovals", approval.min_approvals);
    members.if_true("RequireDistinctApprovers", approval.require_distinct_approvers);
    members.if_true("RequireDeclaredAgent", agent.require_declared_agent);
    members.list_unless_empty("AllowedAgentIDs", &agent.allowed_agent_ids);
    members.list_unless_empty("DeniedAgentIDs", &agent.denied_agent_ids);
    members.text_unless_empty(
        "RequiredAgentManifestDigest",
        &agent.required_agent_manifest_digest,
    );
    members.list_unless_empty(
        "AllowedAgentManifestPublishers",
        &agent.allowed_agent_manifest_publishers,
    );
    members.list_unless_empty(
        "AllowedAgentManifestSources",
        &agent.allowed_agent_manifest_sources,
    );
    members.list_unless_empty(
        "RequiredAgentLifecycleStates",
        &agent.required_agent_lifecycle_states,
    );
    members.if_true("RequireAgentOwner", agent.require_agent_owner);
    members.if_true("RequireUnexpiredAgent", agent.require_unexpired_agent);
    members.if_true("BlockStandingCredentials", credential.block_standing_credentials);
    members.list_unless_empty("AllowedCredentialSources", &credential.allowed_credential_sources);
    members.list_unless_empty("AllowedCredentialIssuers", &credential.allowed_credential_issuers);
    members.list_unless_empty(
        "AllowedCredentialAccessTypes",
        &credential.allowed_credential_access_types,
    );
    members.if_positive("MaxCredentialTTLSeconds", credential.max_credential_ttl_seconds);
    members.if_true("RequireJITCredential", credential.require_jit_credential);
    members.if_true("RequireContextEvidence", context.require_context_evidence);
    if context.required_mode {
        members.set("RequiredContextEvidenceMode", "required");
    }
    members.if_positive("MaxContextAgeSeconds", context.max_context_age_seconds);
    members.if_true("RequireBrokerCredential", broker.require_broker_credential);
    members.text_unless_empty("BrokerReference", &broker.broker_reference);
    members.list_unless_empty("BrokerScopes", &broker.broker_scopes);
}

fn sections(rule: &Rule, members: &mut Members) {
    if let Some(window) = &rule.freeze_window {
        members.set("FreezeWindow", freeze_window(window));
    }
    if let Some(constraint) = &rule.sandbox {
        members.set("Sandbox", sandbox(constraint));
    }
    if let Some(limit) = &rule.rate_limit {
        members.set("RateLimit", call_limit(limit));
    }
    if let Some(limit) = &rule.destructive_budget {
        members.set("DestructiveBudget", call_limit(limit));
    }
    if let Some(constraint) = &rule.dataflow {
        members.set("Dataflow", dataflow(constraint));
    }
    if let Some(constraint) = &rule.endpoint {
        members.set("Endpoint", endpoint(constraint));
    }
}

fn freeze_window(section: &FreezeWindow) -> Members {
    let mut members = Members::new();
    members.set("Enabled", true);
    members.set("Timezone", &*section.timezone);
    members.set("Effect", section.effect.as_str());
    members.set("Reason", &*section.reason);
    members.list("Environments", &section.environments);
    members.list("RiskClasses", &section.risk_classes);
    let windows = section.windows.iter().map(|window| {
        let mut members = Members::new();
        members.set("Name", &*window.name);
        members.set("Start", &*window.start);
        members.set("End", &*window.end);
        members.into()
    });
    members.set("Windows", windows.collect::<Vec<Value>>());
    members
}

fn sandbox(section: &SandboxConstraint) -> Members {
    let mut members = Members::new();
    members.set("Enabled", true);
    members.list("AllowedNetworkModes", &section.allowed_network_modes);
    // An empty list of paths is null in the published format, every other empty list is [].
    for (name, paths) in [
        (
            "AllowedWritablePathPrefixes",
            &section.allowed_writable_path_prefixes,
        ),
        ("RequiredReadOnlyRoots", &section.required_read_only_roots),
    ] {
        if paths.is_empty() {
            members.set(name, Value::Null);
        } else {
            members.list(name, paths);
        }
    }
    members.list("AllowedEnvExposureModes", &section.allowed_env_exposure_modes);
    members.set("MaxTimeoutSeconds", section.max_timeout_seconds);
    members.list(
        "AllowedFilesystemIsolations",
        &section.allowed_filesystem_isolations,
    );
    members.list("AllowedUserModes", &section.allowed_user_modes);
    members
}

fn call_limit(limit: &CallLimit) -> Members {
    let mut members = Members::new();
    members.set("Requests", limit.requests);
    members.set("Window", limit.window.as_str());
    members.set("Scope", limit.scope.as_str());
    members
}

fn dataflow(section: &Dataflow) -> Members {
    let mut members = Members::new();
    members.set("Enabled", true);
    members.list("TaintedSources", &section.tainted_sources);
    members.set("Action", section.action.as_str());
    members.set("ReasonCode", &*section.reason_code);
    members.set("Violation", &*section.violation);
    members.list_unless_empty("DestinationKinds", &section.destination_kinds);
    members.list_unless_empty("DestinationValues", &section.destination_values);
    members.list_unless_empty("DestinationOperations", &section.destination_operations);
    members
}

fn endpoint(section: &Endpoint) -> Members {
    let mut members = Members::new();
    members.set("Enabled", true);
    members.list("PathAllowlist", &section.path_allowlist);
    members.list("PathDenylist", &section.path_denylist);
    members.list("DomainAllowlist", &section.domain_allowlist);
    members.list("DomainDenylist", &section.domain_denylist);
    members.list("EgressClasses", &section.egress_classes);
    members.set("Action", section.action.as_str());
    members.set(
        "DestructiveAction",
        section.destructive_action.map_or("", |action| action.as_str()),
    );
    members.set("ReasonCode", &*section.reason_code);
    members.set("Violation", &*section.violation);
    members
}

#[cfg(test)]
mod tests {
    use crate::{digest::policy_digest, document::read_text};

    fn digest(text: &str) -> String {
        policy_digest(&read_text(text).unwrap()).to_string()
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
