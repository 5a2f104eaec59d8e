//! The laws of the canonical document: it reads back to the same policy, and is its own canonical form.

use std::time::Duration;

use gait_artifact::{
    policy::{
        AgentControls, ApprovalControls, BrokerControls, CallLimit, ContextControls, CredentialControls,
        Dataflow, DelegationMatch, DestinationMatch, Endpoint, FailClosed, FreezeRange, FreezeWindow,
        HighRiskField, Intervention, InventoryMatch, LimitScope, LimitWindow, Match, McpTrust, Policy,
        RequiredField, Rule, SandboxConstraint, ScriptLimits, Sparse, TargetMatch, ToolAnnotations,
        WrittenPolicy,
    },
    text,
    verdict::Verdict,
    vocabulary,
};
use gait_policy::{digest::policy_digest, document::read_text, format::canonical_yaml};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Text as people write it, and text that needs care.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z._/*-]{1,12}".prop_map(String::from),
        2 => select(&["yes", "~", "0x1f", "1.5", "2026-01-01", "a: b", "- x", "? x", "a\nb", "x\n\ny", "#", "é", ".inf"][..])
            .prop_map(String::from),
        1 => any::<String>(),
    ]
}

fn trimmed() -> impl Strategy<Value = String> {
    any_text().prop_map(|text| text.trim().to_owned())
}

fn non_blank() -> impl Strategy<Value = String> {
    trimmed().prop_filter("blank", |text| !text.is_empty())
}

fn list() -> impl Strategy<Value = Vec<String>> {
    vec(any_text(), 0..3).prop_map(text::list)
}

fn list_lower() -> impl Strategy<Value = Vec<String>> {
    vec(any_text(), 0..3).prop_map(|mut items| {
        text::list_lower_in_place(&mut items);
        items
    })
}

fn known(set: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    vec(select(set), 0..3).prop_map(text::list)
}

fn sorted<T: Clone + Copy + Ord + std::fmt::Debug + 'static>(
    set: &'static [T],
) -> impl Strategy<Value = Vec<T>> {
    vec(select(set), 0..4).prop_map(|mut items| {
        items.sort_unstable();
        items.dedup();
        items
    })
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..1000u64, Just(i64::MAX.unsigned_abs())]
}

fn intervention() -> impl Strategy<Value = Intervention> {
    select(Intervention::ALL)
}

fn verdict() -> impl Strategy<Value = Verdict> {
    select(&Verdict::ALL[..])
}

prop_compose! {
    fn fail_closed()(
        enabled in any::<bool>(),
        risk_classes in list_lower(),
        required_fields in sorted(RequiredField::ALL),
        required_high_risk_fields in sorted(HighRiskField::ALL),
    ) -> FailClosed {
        let risk_classes = if enabled && risk_classes.is_empty() { vec!["critical".into(), "high".into()] } else { risk_classes };
        FailClosed { enabled, risk_classes, required_fields, required_high_risk_fields }
    }
}

prop_compose! {
    fn mcp_trust()(
        snapshot in non_blank(),
        action in intervention(),
        classes in list_lower(),
        min_score in 0.0..=1.0f64,
        max_age in option::of(1..=i64::MAX.unsigned_abs()),
        publisher_allowlist in list_lower(),
        require_registry in any::<bool>(),
    ) -> McpTrust {
        let required_risk_classes = if classes.is_empty() { vec!["x".into()] } else { classes };
        let max_age = max_age.map(Duration::from_nanos);
        McpTrust { snapshot, action, required_risk_classes, min_score, max_age, publisher_allowlist, require_registry }
    }
}

prop_compose! {
    fn annotations()(hints in any::<[Option<bool>; 4]>()) -> ToolAnnotations {
        let [read_only_hint, destructive_hint, idempotent_hint, open_world_hint] = hints;
        ToolAnnotations { read_only_hint, destructive_hint, idempotent_hint, open_world_hint }
    }
}

prop_compose! {
    fn matching()(
        tool_names in list_lower(),
        target_values in list(),
        endpoint_classes in known(vocabulary::ENDPOINT_CLASSES),
        discovery_methods in known(vocabulary::DISCOVERY_METHODS),
        tool_annotations in annotations(),
        provenance_sources in list_lower(),
        workspace_prefixes in list(),
        context_tool_names in list_lower(),
        destination_operations in list_lower(),
        require_delegation in any::<bool>(),
        max_delegation_depth in option::of(count()),
    ) -> Match {
        Match {
            tool_names, provenance_sources, workspace_prefixes,
            target: TargetMatch {
                target_values, endpoint_classes, discovery_methods, tool_annotations,
                ..TargetMatch::default()
            }.into(),
            destination: DestinationMatch { destination_operations, ..DestinationMatch::default() }.into(),
            inventory: InventoryMatch { context_tool_names, ..InventoryMatch::default() }.into(),
            delegation: DelegationMatch { require_delegation, max_delegation_depth, ..DelegationMatch::default() }.into(),
            ..Match::default()
        }
    }
}

prop_compose! {
    fn endpoint()(
        path_allowlist in list(),
        domain_denylist in list_lower(),
        egress_classes in known(&["net.dns", "net.http"]),
        action in intervention(),
        destructive_action in option::of(intervention()),
        reason_code in non_blank(),
        violation in non_blank(),
    ) -> Endpoint {
        Endpoint {
            path_allowlist, path_denylist: Vec::new(), domain_allowlist: Vec::new(), domain_denylist, egress_classes,
            action, destructive_action, reason_code, violation,
        }
    }
}

prop_compose! {
    fn dataflow()(
        sources in list_lower(),
        destination_values in list(),
        action in intervention(),
        reason_code in non_blank(),
        violation in non_blank(),
    ) -> Dataflow {
        let tainted_sources = if sources.is_empty() { vec!["user".into()] } else { sources };
        Dataflow {
            tainted_sources, destination_kinds: Vec::new(), destination_values, destination_operations: Vec::new(),
            action, reason_code, violation,
        }
    }
}

prop_compose! {
    fn freeze_window()(
        timezone in non_blank(),
        effect in intervention(),
        reason in trimmed(),
        environments in list_lower(),
        windows in vec((non_blank(), non_blank(), non_blank()), 1..3),
    ) -> FreezeWindow {
        let windows = windows.into_iter().map(|(name, start, end)| FreezeRange { name, start, end }).collect();
        FreezeWindow { timezone, effect, reason, environments, risk_classes: Vec::new(), windows }
    }
}

prop_compose! {
    fn sandbox()(
        allowed_network_modes in known(vocabulary::NETWORK_MODES),
        allowed_user_modes in known(vocabulary::USER_MODES),
        paths in vec("/[a-z ]{0,5}x", 0..3),
        max_timeout_seconds in count(),
    ) -> SandboxConstraint {
        SandboxConstraint {
            allowed_network_modes, allowed_user_modes, max_timeout_seconds, required_read_only_roots: text::list(paths),
            ..SandboxConstraint::default()
        }
    }
}

prop_compose! {
    fn limit()(
        requests in 1..1000u64,
        window in select(LimitWindow::ALL),
        scope in select(LimitScope::ALL),
    ) -> CallLimit {
        CallLimit { requests, window, scope }
    }
}

prop_compose! {
    fn controls()(
        allowed_agent_ids in list(),
        states in list_lower(),
        digest in select(&["", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0"][..]),
        sources in known(vocabulary::CREDENTIAL_SOURCES),
        max_credential_ttl_seconds in count(),
        min_approvals in 0..4u64,
        flags in any::<[bool; 5]>(),
        max_context_age_seconds in count(),
        broker_reference in trimmed(),
    ) -> (AgentControls, CredentialControls, ApprovalControls, ContextControls, BrokerControls) {
        let [distinct, evidence, required, jit, broker] = flags;
        (
            AgentControls {
                allowed_agent_ids,
                required_agent_lifecycle_states: states,
                required_agent_manifest_digest: digest.into(),
                ..AgentControls::default()
            },
            CredentialControls {
                allowed_credential_sources: sources,
                max_credential_ttl_seconds,
                require_jit_credential: jit,
                ..CredentialControls::default()
            },
            ApprovalControls { min_approvals, require_distinct_approvers: distinct || min_approvals > 1 },
            ContextControls {
                require_context_evidence: evidence,
                required_mode: required || evidence,
                max_context_age_seconds,
            },
            BrokerControls { require_broker_credential: broker, broker_reference, broker_scopes: Vec::new() },
        )
    }
}

prop_compose! {
    fn rule()(
        (name, priority, effect) in (non_blank(), any::<i64>(), verdict()),
        matching in matching(),
        (reason_codes, violations) in (list(), list()),
        (endpoint, dataflow) in (option::of(endpoint()), option::of(dataflow())),
        (freeze_window, sandbox) in (option::of(freeze_window()), option::of(sandbox())),
        (rate_limit, destructive_budget) in (option::of(limit()), option::of(limit())),
        (agent, credential, approval, context, broker) in controls(),
    ) -> Rule {
        Rule {
            name, priority, effect, matching, reason_codes, violations, rate_limit, destructive_budget, approval, context,
            agent: agent.into(),
            credential: credential.into(),
            broker: broker.into(),
            endpoint: endpoint.map(Box::new),
            dataflow: dataflow.map(Box::new),
            freeze_window: freeze_window.map(Box::new),
            sandbox: sandbox.map(Box::new),
            written: Sparse::default(),
        }
    }
}

prop_compose! {
    fn policy()(
        default_verdict in verdict(),
        (max_steps, require_approval_above, block_mixed_risk) in (count(), count(), any::<bool>()),
        fail_closed in fail_closed(),
        mcp_trust in option::of(mcp_trust()),
        mut rules in vec(rule(), 0..4),
    ) -> Policy {
        rules.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
        let scripts = ScriptLimits { max_steps, require_approval_above, block_mixed_risk };
        Policy { default_verdict, scripts, fail_closed, mcp_trust, rules, written: WrittenPolicy::default() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_canonical_document_reads_back(policy in policy()) {
        let yaml = canonical_yaml(&policy);
        // An endpoint section in which nothing is set but `enabled` is on by that alone, as it is here.
        let again = read_text(&yaml).map_err(|error| TestCaseError::fail(format!("{error}\n{yaml}")))?;
        prop_assert_eq!(policy_digest(&again), policy_digest(&policy));
        prop_assert_eq!(canonical_yaml(&again), yaml);
        prop_assert_eq!(again, policy);
    }
}

#[test]
fn settings_without_effect_are_kept() {
    let text = "default_action: ' ALLOW '\nrules:\n- name: a\n  action: Block\n  match: {tool_name: ' X ', endpoint_class: [NET.dns]}\n  \
                endpoint: {action: block, violation: v}\n  dataflow: {reason_code: r}\n  rate_limit: {window: hour}\n";
    let policy = read_text(text).unwrap();
    let yaml = canonical_yaml(&policy);
    assert_eq!(read_text(&yaml), Ok(policy));
    for line in [
        "default_action: \" ALLOW \"",
        "  action: Block",
        "    tool_name: \" X \"",
        "    - NET.dns",
        "    window: hour",
    ] {
        assert!(yaml.lines().any(|written| written == line), "{line}\n{yaml}");
    }
}

#[test]
fn an_empty_policy_shows_every_top_level_key() {
    let yaml = canonical_yaml(&read_text("mcp_trust: {snapshot: s, min_score: 1, max_age: 90m}").unwrap());
    assert!(yaml.starts_with(
        "schema_id: gait.gate.policy\nschema_version: 1.0.0\ndefault_verdict: require_approval\n"
    ));
    assert!(yaml.contains("\n  min_score: 1.0\n  max_age: 1h30m0s\n  publisher_allowlist: []\n"));
    assert!(yaml.ends_with("\nrules: []\n"));
}
