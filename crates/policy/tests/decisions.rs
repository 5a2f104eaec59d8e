//! What policies say of intents, case by case.

use gait_artifact::{
    Timestamp,
    intent::{Intent, IntentRequest},
    inventory::Inventory,
};
use gait_policy::{CompiledPolicy, Evaluation, Facts, document, evaluate};

const NOW: &str = "2026-02-05T00:00:00Z";

fn policy(yaml: &str) -> CompiledPolicy {
    CompiledPolicy::new(document::read(yaml.as_bytes()).expect("the policy is well formed"))
}

/// An intent of alice in `/repo` at low risk; `members` come on top, `context` members inside the context.
fn intent(members: &str, context: &str) -> Intent {
    let json = format!(
        r#"{{"tool_name": "tool.read", {members} "context": {{"identity": "alice", "risk_class": "low" {context}}}}}"#
    );
    let json = if json.contains("\"workspace\"") {
        json
    } else {
        json.replace("\"identity\":", "\"workspace\": \"/repo\", \"identity\":")
    };
    let json = if members.contains("\"tool_name\"") {
        json.replacen("\"tool_name\": \"tool.read\",", "", 1)
    } else {
        json
    };
    IntentRequest::read(json.as_bytes())
        .expect("the intent is well formed")
        .normalize()
        .expect("the intent is complete")
}

fn target(members: &str) -> String {
    format!("\"targets\": [{{{members}}}],")
}

fn decide_at(policy: &CompiledPolicy, intent: &Intent, now: &str) -> Evaluation {
    evaluate(
        policy,
        intent,
        &Facts {
            now: now.parse::<Timestamp>().expect("the time is RFC 3339"),
            inventory: None,
        },
    )
}

fn decide(policy: &CompiledPolicy, intent: &Intent) -> Evaluation {
    decide_at(policy, intent, NOW)
}

/// The verdict and the reason codes, joined with blanks.
fn said(evaluation: &Evaluation) -> String {
    format!("{}: {}", evaluation.verdict, evaluation.reason_codes.join(" "))
}

#[test]
fn workspace_prefixes_end_at_path_boundaries() {
    let policy = policy(
        "{default_verdict: block, rules: [{name: r, effect: allow, match: {workspace_prefixes: [/repo]}}]}",
    );
    for (workspace, matched) in [
        ("/repo", true),
        ("/repo/sub", true),
        (r"\\repo\\x", true),
        ("/x/../repo", true),
        ("/repository", false),
        ("/repo/../etc", false),
    ] {
        let evaluation = decide(&policy, &intent("", &format!(r#", "workspace": "{workspace}""#)));
        assert_eq!(evaluation.matched_rules == ["r"], matched, "{workspace}");
    }
}

#[test]
fn paths_are_matched_cleaned() {
    let allowed = policy("{rules: [{name: r, effect: allow, endpoint: {path_allowlist: [/srv/**]}}]}");
    let denied =
        policy("{rules: [{name: r, effect: allow, endpoint: {path_denylist: [/etc/**, '/tmp/[']}}]}");
    let path = |value: &str| {
        intent(
            &target(&format!(
                r#""kind": "path", "operation": "read", "value": "{value}""#
            )),
            "",
        )
    };
    assert_eq!(
        said(&decide(&allowed, &path("/srv/./a//b/"))),
        "allow: matched_rule_r"
    );
    assert_eq!(
        said(&decide(&allowed, &path("/srv/../etc/passwd"))),
        "block: endpoint_constraint_violation endpoint_path_not_allowlisted matched_rule_r"
    );
    // The malformed pattern could stand for any path.
    for value in ["/srv/../etc/passwd", "/srv/a"] {
        assert_eq!(
            said(&decide(&denied, &path(value))),
            "block: endpoint_constraint_violation endpoint_path_denied matched_rule_r"
        );
    }
}

#[test]
fn a_supplied_domain_hides_nothing() {
    let allowed = policy("{rules: [{name: r, effect: allow, endpoint: {domain_allowlist: [api.example]}}]}");
    let denied = policy("{rules: [{name: r, effect: allow, endpoint: {domain_denylist: [evil.example]}}]}");
    for (members, allows, denies) in [
        (r#""kind": "host", "value": "api.example""#, true, false),
        (r#""kind": "host", "value": "api.example.""#, true, false),
        (
            r#""kind": "host", "value": "evil.example", "endpoint_domain": "api.example""#,
            false,
            true,
        ),
        (
            r#""kind": "host", "value": "api.example", "endpoint_domain": "evil.example""#,
            false,
            true,
        ),
        (r#""kind": "url", "value": "https://EVIL.example./""#, false, true),
        (r#""kind": "url", "value": "mailto:a@api.example""#, false, false),
        (
            r#""kind": "path", "operation": "read", "value": "/a""#,
            true,
            false,
        ),
    ] {
        let intent = intent(&target(members), "");
        assert_eq!(
            said(&decide(&allowed, &intent)) == "allow: matched_rule_r",
            allows,
            "{members}"
        );
        assert_eq!(
            said(&decide(&denied, &intent)) != "allow: matched_rule_r",
            denies,
            "{members}"
        );
    }
}

#[test]
fn destructive_action_stands_for_itself() {
    let policy = policy(
        "{rules: [{name: r, effect: allow, endpoint: {destructive_action: require_approval, path_denylist: [/etc/**]}}]}",
    );
    let delete = |value: &str| {
        intent(
            &target(&format!(
                r#""kind": "path", "operation": "delete", "value": "{value}""#
            )),
            "",
        )
    };
    assert_eq!(
        decide(&policy, &delete("/srv/a")).verdict.as_str(),
        "require_approval"
    );
    assert_eq!(decide(&policy, &delete("/etc/a")).verdict.as_str(), "block");
}

#[test]
fn dataflow_does_not_soften_a_rule() {
    let policy =
        policy("{default_verdict: allow, rules: [{name: r, effect: block, dataflow: {enabled: true}}]}");
    let tainted = format!(
        r#"{} "arg_provenance": [{{"arg_path": "a", "source": "external"}}],"#,
        target(r#""kind": "host", "value": "x""#)
    );
    assert_eq!(
        said(&decide(&policy, &intent(&tainted, ""))),
        "block: dataflow_tainted_destination matched_rule_r"
    );
}

#[test]
fn a_revoked_agent_is_noticed_by_every_rule() {
    let policy =
        policy("{default_verdict: allow, rules: [{name: r, effect: allow, match: {tool_name: tool.read}}]}");
    let revoked = r#", "agent_identity": {"revoked": true}"#;
    assert_eq!(
        said(&decide(&policy, &intent("", revoked))),
        "block: agent_revoked matched_rule_r"
    );
}

#[test]
fn lifecycle_states_are_compared_without_case() {
    let policy = policy("{rules: [{name: r, effect: allow, required_agent_lifecycle_states: [ACTIVE]}]}");
    for (states, verdict) in [(r#"["Active", "x"]"#, "allow"), (r#"["x"]"#, "block")] {
        let agent = format!(r#", "agent_identity": {{"lifecycle_states": {states}}}"#);
        assert_eq!(
            decide(&policy, &intent("", &agent)).verdict.as_str(),
            verdict,
            "{states}"
        );
    }
}

#[test]
fn only_the_inventory_classifies_tools() {
    let policy = policy(
        "{default_verdict: block, rules: [{name: r, effect: allow, match: {context_data_classes: [public]}}]}",
    );
    let claim = intent(
        "",
        r#", "auth_context": {"wrkr.data_class": "public", "wrkr.tool_name": "tool.read"}"#,
    );
    let now = NOW.parse().unwrap();
    let evaluation = evaluate(&policy, &claim, &Facts { now, inventory: None });
    assert_eq!(
        (said(&evaluation).as_str(), evaluation.context_enriched),
        ("block: default_block", false)
    );
    for (class, expected) in [
        ("public", "allow: matched_rule_r"),
        ("pii", "block: default_block"),
    ] {
        let inventory = format!(r#"[{{"tool_name": "tool.read", "data_class": "{class}"}}]"#);
        let inventory = Inventory::read(inventory.as_bytes()).unwrap();
        let evaluation = evaluate(
            &policy,
            &claim,
            &Facts {
                now,
                inventory: Some(&inventory),
            },
        );
        assert_eq!(
            (said(&evaluation).as_str(), evaluation.context_enriched),
            (expected, true)
        );
    }
}

#[test]
fn read_only_roots_are_required_not_just_allowed() {
    let policy =
        policy("{rules: [{name: r, effect: allow, sandbox: {required_read_only_roots: [/repo, /etc]}}]}");
    for (roots, status) in [
        (r#"["/repo", "/etc"]"#, "valid"),
        (r#"["/repo", "/etc", "/usr"]"#, "valid"),
        (r#"["/repo"]"#, "missing"),
        ("[]", "missing"),
    ] {
        let sandbox = format!(
            r#", "sandbox": {{"network_mode": "full", "env_exposure_mode": "none", "timeout_seconds": 1,
                "filesystem_isolation": "none", "user_mode": "root", "evidence_ref": "sandbox:1",
                "evidence_digest": "{}", "read_only_roots": {roots}}}"#,
            "a".repeat(64)
        );
        let decision = decide(&policy, &intent("", &sandbox)).sandbox.unwrap();
        assert_eq!(decision.status, status, "{roots}");
    }
}

#[test]
fn fail_closed_sees_the_targets_of_script_steps() {
    let policy = policy("{default_verdict: allow, fail_closed: {enabled: true, risk_classes: [low]}}");
    let script = format!(
        r#"{} "script": {{"steps": [{{"tool_name": "read", "targets": [{{"kind": "repo", "value": "r"}}]}}]}},"#,
        target(r#""kind": "path", "operation": "read", "value": "/a""#)
    );
    let evaluation = decide(&policy, &intent(&script, ""));
    assert_eq!(said(&evaluation), "block: fail_closed_endpoint_class_unknown");
    assert!(evaluation.ended_early && evaluation.script.is_none());
}

#[test]
fn fail_closed_names_all_that_is_missing() {
    let policy = policy(
        "{default_verdict: allow, fail_closed: {enabled: true, risk_classes: [low], \
         required_fields: [targets, delegation, context_evidence], \
         required_high_risk_fields: [run_id, agent_identity, credential_ttl_seconds]}}",
    );
    let evaluation = decide(&policy, &intent("", r#", "agent_identity": {}"#));
    assert_eq!(
        said(&evaluation),
        "block: context_evidence_missing fail_closed_missing_credential_ttl_seconds fail_closed_missing_delegation \
         fail_closed_missing_run_id fail_closed_missing_targets"
    );
    assert_eq!(
        evaluation.violations,
        [
            "missing_context_evidence",
            "missing_credential_ttl_seconds",
            "missing_delegation",
            "missing_run_id",
            "missing_targets"
        ]
    );
}

#[test]
fn the_strictest_rules_of_a_tier_decide() {
    let policy = policy(
        "rules:
  - {name: c, effect: allow, min_approvals: 9, broker_reference: ignored, violations: [v_c]}
  - {name: b, effect: require_approval, min_approvals: 2, broker_reference: alpha, rate_limit: {requests: 5, window: hour}}
  - {name: a, effect: require_approval, require_broker_credential: true, broker_reference: zeta, broker_scopes: [w, r],
     rate_limit: {requests: 5}, destructive_budget: {requests: 1}}
  - {name: late, priority: 1, effect: block}
",
    );
    let evaluation = decide(&policy, &intent("", ""));
    assert_eq!(
        said(&evaluation),
        "require_approval: matched_rule_a matched_rule_b"
    );
    assert_eq!(evaluation.matched_rule(), "a,b,c");
    assert_eq!(
        (evaluation.required_approvals, evaluation.distinct_approvers),
        (2, true)
    );
    assert_eq!(
        (evaluation.broker.required, evaluation.broker.reference.as_str()),
        (true, "alpha,zeta")
    );
    assert_eq!(evaluation.broker.scopes, ["r", "w"]);
    assert_eq!(
        evaluation.rate_limit.map(|limit| limit.window.as_str()),
        Some("minute")
    );
    assert!(evaluation.destructive_budget.is_some() && evaluation.violations.is_empty());
}

#[test]
fn freeze_windows_hold_calls_back_while_they_last() {
    let policy = policy(
        "rules:
  - {name: r, effect: allow, freeze_window: {timezone: America/Toronto, reason: quarter end, environments: [prod],
     windows: [{name: w, start: '2026-03-10T09:00:00', end: '2026-03-10T12:00:00'}]}}
",
    );
    let prod = intent("", r#", "environment": "PROD""#);
    for (now, expected) in [
        ("2026-03-10T12:59:59Z", "allow: matched_rule_r"),
        (
            "2026-03-10T13:00:00Z",
            "block: freeze_window_active_block matched_rule_r",
        ),
        (
            "2026-03-10T11:59:59-04:00",
            "block: freeze_window_active_block matched_rule_r",
        ),
        ("2026-03-10T16:00:00Z", "allow: matched_rule_r"),
    ] {
        assert_eq!(said(&decide_at(&policy, &prod, now)), expected, "{now}");
    }
    let frozen = decide_at(&policy, &prod, "2026-03-10T14:00:00Z")
        .freeze_window
        .unwrap();
    assert_eq!(
        (frozen.reason.as_str(), frozen.window_start.to_string().as_str()),
        ("quarter end", "2026-03-10T13:00:00Z")
    );
    let elsewhere = decide_at(&policy, &intent("", ""), "2026-03-10T14:00:00Z");
    assert_eq!(elsewhere.freeze_window.unwrap().status, "inactive");
}

#[test]
fn scripts_add_up_what_their_steps_demand() {
    let policy = policy(
        "default_verdict: block
scripts: {require_approval_above: 1, block_mixed_risk: true}
rules:
  - {name: 'b,c', effect: require_approval, min_approvals: 2, broker_reference: zz, broker_scopes: [s], match: {tool_names: [write]}}
  - {name: a, effect: allow, broker_reference: aa, broker_scopes: [r], match: {tool_names: [read]}}
",
    );
    let step = |tool: &str, operation: &str| {
        format!(
            r#"{{"tool_name": "{tool}", "targets": [{{"kind": "path", "value": "/a", "operation": "{operation}"}}]}}"#
        )
    };
    let script = |steps: &[String]| format!(r#""script": {{"steps": [{}]}},"#, steps.join(","));
    let mixed = decide(
        &policy,
        &intent(&script(&[step("write", "write"), step("read", "read")]), ""),
    );
    assert_eq!(
        said(&mixed),
        "block: matched_rule_a matched_rule_b,c script_mixed_risk_blocked script_step_threshold_approval"
    );
    assert_eq!(
        (mixed.matched_rule().as_str(), mixed.required_approvals),
        ("a,b,c", 2)
    );
    assert_eq!(
        (
            mixed.broker.reference.as_str(),
            mixed.broker.scopes.join(",").as_str()
        ),
        ("zz", "r,s")
    );
    let judged = mixed.script.unwrap();
    assert_eq!(judged.composite_risk_class, "medium");
    assert_eq!(judged.steps[0].verdict.as_str(), "require_approval");
    let alone = decide(&policy, &intent(&script(&[step("read", "read")]), ""));
    assert_eq!(said(&alone), "allow: matched_rule_a");
}
