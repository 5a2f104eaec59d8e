//! Policies and intents as their authors write them, in every combination of settings.
//!
//! Codes that a policy brings itself begin with `own_`.

use proptest::{collection::vec, option::weighted, prelude::*, sample::select};

const VERDICTS: &[&str] = &["allow", "dry_run", "require_approval", "block"];

/// What a policy may say beside its rules. Of each line at most one alternative is used.
const SECTIONS: &[&[&str]] = &[
    &[
        "fail_closed: {enabled: true, required_fields: [targets, arg_provenance]}",
        "fail_closed: {enabled: true, required_fields: [endpoint_class, delegation]}",
        "fail_closed: {enabled: true, risk_classes: [low, high], required_high_risk_fields: [run_id, agent_id]}",
        "fail_closed: {enabled: true, required_fields: [context_evidence]}",
    ],
    &[
        "scripts: {max_steps: 1}",
        "scripts: {require_approval_above: 1}",
        "scripts: {block_mixed_risk: true}",
    ],
];

/// Which calls a rule may concern.
const MATCHES: &[&[&str]] = &[
    &["tool_names: [fs.read]", "tool_names: [fs.write, fs.delete]"],
    &["risk_classes: [high]", "risk_classes: [low, critical]"],
    &["target_kinds: [path]", "endpoint_classes: [fs.delete, net.http]"],
    &["require_delegation: true", "delegation_scopes: [write]"],
];

/// What a rule may demand.
const DEMANDS: &[&[&str]] = &[
    &["reason_codes: [own_reason], violations: [own_violation]"],
    &[
        "endpoint: {path_denylist: [/srv/**]}",
        "endpoint: {path_allowlist: [/etc/**], action: require_approval}",
        "endpoint: {domain_allowlist: [api.example], egress_classes: [net.dns]}",
        "endpoint: {domain_denylist: ['*.example'], reason_code: own_endpoint, violation: own_endpoint}",
    ],
    &[
        "dataflow: {tainted_sources: [external], destination_kinds: [path]}",
        "dataflow: {destination_kinds: [host, url], action: require_approval}",
    ],
    &[
        "freeze_window: {timezone: UTC, windows: [{name: w, start: '2026-06-01T00:00:00', end: '2026-07-01T00:00:00'}]}",
        "freeze_window: {timezone: UTC, effect: require_approval, windows: [{name: w, start: '2026-06-01T00:00:00', end: '2026-07-01T00:00:00'}]}",
        "freeze_window: {timezone: UTC, windows: [{name: w, start: '2026-07-01T00:00:00', end: '2026-08-01T00:00:00'}]}",
        "freeze_window: {timezone: Mars/Base, windows: [{name: w, start: later, end: never}]}",
    ],
    &[
        "sandbox: {allowed_network_modes: [disabled], max_timeout_seconds: 60}",
        "sandbox: {allowed_user_modes: [unprivileged], allowed_env_exposure_modes: [none]}",
        "sandbox: {allowed_filesystem_isolations: [container], allowed_writable_path_prefixes: [/srv], required_read_only_roots: [/etc]}",
    ],
    &[
        "rate_limit: {requests: 3}",
        "rate_limit: {requests: 3, scope: identity, window: hour}",
    ],
    &["destructive_budget: {requests: 3}"],
    &[
        "require_declared_agent: true",
        "allowed_agent_ids: [agent.a]",
        "denied_agent_ids: [agent.a]",
        "require_agent_owner: true, require_unexpired_agent: true",
        "required_agent_lifecycle_states: [active]",
    ],
    &[
        "block_standing_credentials: true",
        "require_jit_credential: true, max_credential_ttl_seconds: 30",
        "allowed_credential_sources: [aws_sts], allowed_credential_access_types: [jit]",
        "allowed_credential_issuers: [vault]",
    ],
    &[
        "min_approvals: 2, require_distinct_approvers: true",
        "min_approvals: 1",
    ],
    &[
        "require_context_evidence: true",
        "required_context_evidence_mode: required",
        "max_context_age_seconds: 60",
    ],
    &["require_broker_credential: true, broker_scopes: [write]"],
];

/// What an intent may say of its context.
const CONTEXT: &[&[&str]] = &[
    &[r#""run_id": "run-1", "job_id": "job-1""#],
    &[
        r#""agent_id": "agent.a""#,
        r#""agent_id": "agent.a", "agent_identity": {"owner": "o", "lifecycle_states": ["active"], "expires_at": "2026-01-01T00:00:00Z"}"#,
        r#""agent_id": "agent.b", "agent_identity": {"revoked": true}"#,
    ],
    &[
        r#""credential_ref": "ref:1""#,
        r#""credential_ref": "ref:1", "credential_source": "aws_sts", "credential_access_type": "jit", "credential_issuer": "vault", "credential_ttl_seconds": 60"#,
        r#""credential_source": "aws_iam_user", "credential_access_type": "standing""#,
    ],
    &[
        r#""sandbox": {"network_mode": "full", "timeout_seconds": 90, "user_mode": "root"}"#,
        r#""sandbox": {"network_mode": "disabled", "timeout_seconds": 30, "evidence_ref": "ref:1", "filesystem_isolation": "none", "writable_paths": ["/etc"]}"#,
    ],
    &[r#""phase": "plan""#, r#""environment": "production""#],
];

/// What else an intent may say.
const MEMBERS: &[&[&str]] = &[
    &[
        r#""arg_provenance": [{"arg_path": "a", "source": "external"}]"#,
        r#""arg_provenance": [{"arg_path": "a", "source": "user"}]"#,
    ],
    &[
        r#""delegation": {"requester_identity": "alice", "scope_class": "write", "chain": [{"delegator_identity": "bob", "delegate_identity": "alice"}]}"#,
        r#""delegation": {"requester_identity": "alice"}"#,
    ],
];

const TARGETS: &[&str] = &[
    r#"{"kind": "path", "value": "/srv/a", "operation": "read"}"#,
    r#"{"kind": "path", "value": "/etc/b", "operation": "delete"}"#,
    r#"{"kind": "url", "value": "https://api.example/x", "operation": "post"}"#,
    r#"{"kind": "host", "value": "evil.example"}"#,
    r#"{"kind": "other", "value": "q", "endpoint_class": "other"}"#,
];

const TOOLS: &[&str] = &["fs.read", "fs.write", "fs.delete", "http.post"];

fn one_of(texts: &[&'static str]) -> impl Strategy<Value = &'static str> + use<> {
    select(texts.to_vec())
}

/// Of each line of `table` one alternative or none, joined with `separator`.
fn some_of(table: &[&[&'static str]], separator: &'static str) -> impl Strategy<Value = String> + use<> {
    let lines: Vec<_> = table
        .iter()
        .map(|line| weighted(0.25, one_of(line)).boxed())
        .collect();
    lines.prop_map(move |chosen| {
        let chosen: Vec<_> = chosen.into_iter().flatten().collect();
        chosen.join(separator)
    })
}

prop_compose! {
    fn rules()(
        name in "[a-d]", priority in 0..3, effect in one_of(VERDICTS),
        matching in some_of(MATCHES, ", "), demands in some_of(DEMANDS, ", "),
    ) -> String {
        let demands = if demands.is_empty() { demands } else { format!(", {demands}") };
        format!("  - {{name: {name}, priority: {priority}, effect: {effect}, match: {{{matching}}}{demands}}}\n")
    }
}

prop_compose! {
    /// The YAML of a policy.
    pub fn policies()(
        default in one_of(VERDICTS), sections in some_of(SECTIONS, "\n"), rules in vec(rules(), 0..5),
    ) -> String {
        let rules = if rules.is_empty() { "  []".to_owned() } else { rules.concat() };
        format!("default_verdict: {default}\n{sections}\nrules:\n{rules}")
    }
}

prop_compose! {
    fn steps()(tool in one_of(TOOLS), targets in vec(one_of(TARGETS), 0..3)) -> String {
        format!(r#""tool_name": "{tool}", "args": {{}}, "targets": [{}]"#, targets.join(", "))
    }
}

prop_compose! {
    /// The JSON of an intent: a call, or a script of some.
    pub fn intents()(
        calls in vec(steps(), 1..4), risk in select(vec!["low", "high", "critical"]),
        context in some_of(CONTEXT, ", "), members in some_of(MEMBERS, ", "),
    ) -> String {
        let of_context = if context.is_empty() { context } else { format!(", {context}") };
        let beside = if members.is_empty() { members } else { format!(", {members}") };
        let what = match calls.as_slice() {
            [call] => call.clone(),
            steps => format!(
                r#""tool_name": "script", "args": {{}}, "targets": [], "script": {{"steps": [{{{}}}]}}"#,
                steps.join("}, {")
            ),
        };
        format!(
            r#"{{{what}{beside}, "context": {{"identity": "alice", "workspace": "/srv", "risk_class": "{risk}"{of_context}}}}}"#
        )
    }
}
