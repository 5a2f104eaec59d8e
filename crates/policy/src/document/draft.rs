//! The structure of the sections of a policy document: which keys there are and what type each has. Nothing is checked
//! beyond that.

use std::borrow::Cow;

use crate::yaml::{Given, Texts, record};

pub(super) type Text<'d> = Given<'d, Cow<'d, str>>;
pub(super) type Integer<'d> = Given<'d, i64>;
pub(super) type Flag<'d> = Given<'d, bool>;

record! {
    pub(super) struct ScriptsDraft<'d> {
        max_steps: Integer<'d> = "max_steps",
        require_approval_above: Integer<'d> = "require_approval_above",
        block_mixed_risk: bool = "block_mixed_risk",
    }
}

record! {
    pub(super) struct FailClosedDraft<'d> {
        enabled: bool = "enabled",
        risk_classes: Texts<'d> = "risk_classes",
        required_fields: Texts<'d> = "required_fields",
        required_high_risk_fields: Texts<'d> = "required_high_risk_fields",
    }
}

record! {
    pub(super) struct McpTrustDraft<'d> {
        enabled: bool = "enabled",
        snapshot: Text<'d> = "snapshot",
        action: Text<'d> = "action",
        required_risk_classes: Texts<'d> = "required_risk_classes",
        min_score: Given<'d, f64> = "min_score",
        max_age: Text<'d> = "max_age",
        publisher_allowlist: Texts<'d> = "publisher_allowlist",
        require_registry: bool = "require_registry",
    }
}

record! {
    pub(super) struct RuleDraft<'d> {
        name: Text<'d> = "name",
        priority: i64 = "priority",
        effect: Text<'d> = "effect",
        action: Text<'d> = "action",
        matching: Given<'d, MatchDraft<'d>> = "match",
        reason_codes: Texts<'d> = "reason_codes",
        violations: Texts<'d> = "violations",
        endpoint: Given<'d, Box<EndpointDraft<'d>>> = "endpoint",
        dataflow: Given<'d, Box<DataflowDraft<'d>>> = "dataflow",
        freeze_window: Given<'d, Box<FreezeWindowDraft<'d>>> = "freeze_window",
        sandbox: Given<'d, Box<SandboxDraft<'d>>> = "sandbox",
        rate_limit: Given<'d, LimitDraft<'d>> = "rate_limit",
        destructive_budget: Given<'d, LimitDraft<'d>> = "destructive_budget",
        require_declared_agent: bool = "require_declared_agent",
        allowed_agent_ids: Texts<'d> = "allowed_agent_ids",
        denied_agent_ids: Texts<'d> = "denied_agent_ids",
        required_agent_manifest_digest: Text<'d> = "required_agent_manifest_digest",
        allowed_agent_manifest_publishers: Texts<'d> = "allowed_agent_manifest_publishers",
        allowed_agent_manifest_sources: Texts<'d> = "allowed_agent_manifest_sources",
        required_agent_lifecycle_states: Texts<'d> = "required_agent_lifecycle_states",
        require_agent_owner: bool = "require_agent_owner",
        require_unexpired_agent: bool = "require_unexpired_agent",
        block_standing_credentials: bool = "block_standing_credentials",
        allowed_credential_sources: Texts<'d> = "allowed_credential_sources",
        allowed_credential_issuers: Texts<'d> = "allowed_credential_issuers",
        allowed_credential_access_types: Texts<'d> = "allowed_credential_access_types",
        max_credential_ttl_seconds: Integer<'d> = "max_credential_ttl_seconds",
        require_jit_credential: bool = "require_jit_credential",
        min_approvals: Integer<'d> = "min_approvals",
        require_distinct_approvers: bool = "require_distinct_approvers",
        require_context_evidence: bool = "require_context_evidence",
        required_context_evidence_mode: Text<'d> = "required_context_evidence_mode",
        max_context_age_seconds: Integer<'d> = "max_context_age_seconds",
        require_broker_credential: bool = "require_broker_credential",
        broker_reference: Text<'d> = "broker_reference",
        broker_scopes: Texts<'d> = "broker_scopes",
    }
}

record! {
    pub(super) struct MatchDraft<'d> {
        tool_name: Text<'d> = "tool_name",
        tool_names: Texts<'d> = "tool_names",
        risk_classes: Texts<'d> = "risk_classes",
        target_kinds: Texts<'d> = "target_kinds",
        target_values: Texts<'d> = "target_values",
        endpoint_class: Texts<'d> = "endpoint_class",
        endpoint_classes: Texts<'d> = "endpoint_classes",
        discovery_method: Texts<'d> = "discovery_method",
        tool_annotations: AnnotationsDraft<'d> = "tool_annotations",
        skill_publishers: Texts<'d> = "skill_publishers",
        skill_sources: Texts<'d> = "skill_sources",
        data_classes: Texts<'d> = "data_classes",
        destination_kinds: Texts<'d> = "destination_kinds",
        destination_values: Texts<'d> = "destination_values",
        destination_operations: Texts<'d> = "destination_operations",
        provenance_sources: Texts<'d> = "provenance_sources",
        identities: Texts<'d> = "identities",
        workspace_prefixes: Texts<'d> = "workspace_prefixes",
        context_tool_names: Texts<'d> = "context_tool_names",
        context_data_classes: Texts<'d> = "context_data_classes",
        context_endpoint_classes: Texts<'d> = "context_endpoint_classes",
        context_autonomy_levels: Texts<'d> = "context_autonomy_levels",
        require_delegation: bool = "require_delegation",
        allowed_delegator_identities: Texts<'d> = "allowed_delegator_identities",
        allowed_delegate_identities: Texts<'d> = "allowed_delegate_identities",
        delegation_scopes: Texts<'d> = "delegation_scopes",
        max_delegation_depth: Integer<'d> = "max_delegation_depth",
    }
}

record! {
    pub(super) struct AnnotationsDraft<'d> {
        read_only: Flag<'d> = "readOnlyHint",
        destructive: Flag<'d> = "destructiveHint",
        idempotent: Flag<'d> = "idempotentHint",
        open_world: Flag<'d> = "openWorldHint",
    }
}

record! {
    pub(super) struct EndpointDraft<'d> {
        enabled: bool = "enabled",
        path_allowlist: Texts<'d> = "path_allowlist",
        path_denylist: Texts<'d> = "path_denylist",
        domain_allowlist: Texts<'d> = "domain_allowlist",
        domain_denylist: Texts<'d> = "domain_denylist",
        egress_classes: Texts<'d> = "egress_classes",
        action: Text<'d> = "action",
        destructive_action: Text<'d> = "destructive_action",
        reason_code: Text<'d> = "reason_code",
        violation: Text<'d> = "violation",
    }
}

record! {
    pub(super) struct DataflowDraft<'d> {
        enabled: bool = "enabled",
        tainted_sources: Texts<'d> = "tainted_sources",
        destination_kinds: Texts<'d> = "destination_kinds",
        destination_values: Texts<'d> = "destination_values",
        destination_operations: Texts<'d> = "destination_operations",
        action: Text<'d> = "action",
        reason_code: Text<'d> = "reason_code",
        violation: Text<'d> = "violation",
    }
}

record! {
    pub(super) struct FreezeWindowDraft<'d> {
        enabled: bool = "enabled",
        timezone: Text<'d> = "timezone",
        effect: Text<'d> = "effect",
        reason: Text<'d> = "reason",
        environments: Texts<'d> = "environments",
        risk_classes: Texts<'d> = "risk_classes",
        windows: Vec<Given<'d, FreezeRangeDraft<'d>>> = "windows",
    }
}

record! {
    pub(super) struct FreezeRangeDraft<'d> {
        name: Text<'d> = "name",
        start: Text<'d> = "start",
        end: Text<'d> = "end",
    }
}

record! {
    pub(super) struct SandboxDraft<'d> {
        enabled: bool = "enabled",
        allowed_network_modes: Texts<'d> = "allowed_network_modes",
        allowed_writable_path_prefixes: Texts<'d> = "allowed_writable_path_prefixes",
        required_read_only_roots: Texts<'d> = "required_read_only_roots",
        allowed_env_exposure_modes: Texts<'d> = "allowed_env_exposure_modes",
        max_timeout_seconds: Integer<'d> = "max_timeout_seconds",
        allowed_filesystem_isolations: Texts<'d> = "allowed_filesystem_isolations",
        allowed_user_modes: Texts<'d> = "allowed_user_modes",
    }
}

record! {
    pub(super) struct LimitDraft<'d> {
        requests: Integer<'d> = "requests",
        window: Text<'d> = "window",
        scope: Text<'d> = "scope",
    }
}
