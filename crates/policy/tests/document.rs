//! Which policies are read, which are refused, and what an error tells about its place.
#![expect(
    unexpected_cfgs,
    reason = "the fuzz target asks for cfg(fuzzing), which only cargo-fuzz sets"
)]

#[path = "../../../fuzz/fuzz_targets/policy_yaml.rs"]
mod policy_yaml;

use gait_artifact::{
    policy::{CallLimit, Intervention, LimitScope, LimitWindow, Policy},
    verdict::Verdict,
};
use gait_policy::{
    PolicyError,
    document::{Fault, read, read_text},
    template::Template,
};
use proptest::prelude::*;

fn policy(text: &str) -> Policy {
    read_text(text).expect("the policy is valid")
}

/// A policy of one rule named `a` with further settings.
fn with_rule(settings: &str) -> String {
    format!("rules:\n- name: a\n  effect: allow\n  {settings}\n")
}

#[test]
fn an_empty_document_asks_for_everything() {
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "{}",
        "rules:\nscripts: ~\n",
        "default_verdict: null\n",
    ] {
        let policy = policy(text);
        assert_eq!(policy.default_verdict, Verdict::RequireApproval);
        assert!(policy.rules.is_empty() && policy.mcp_trust.is_none() && !policy.fail_closed.enabled);
    }
}

#[test]
fn rules_are_sorted_by_priority_and_name() {
    let policy = policy(
        "rules:\n- {name: b, effect: allow, priority: 10}\n- {name: B, effect: allow, priority: 10}\n- {name: z, effect: allow, \
         priority: -1}\n",
    );
    let names: Vec<_> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["z", "B", "b"]);
}

#[test]
fn sections_are_on_when_something_in_them_is_set() {
    let rule = |settings: &str| policy(&with_rule(settings)).rules.remove(0);
    assert_eq!(rule("endpoint: {}").endpoint, None);
    let off = rule("endpoint: {action: Block, reason_code: r}");
    assert_eq!(off.endpoint, None);
    assert_eq!(off.written.endpoint.action, Some(Intervention::Block));
    assert_eq!(off.written.endpoint.reason_code, "r");
    let on = rule("endpoint: {destructive_action: require_approval}")
        .endpoint
        .unwrap();
    assert_eq!(
        (on.action, on.reason_code.as_str()),
        (Intervention::Block, "endpoint_constraint_violation")
    );
    let dataflow = rule("dataflow: {enabled: true}").dataflow.unwrap();
    assert_eq!(dataflow.action, Intervention::RequireApproval);
    assert_eq!(dataflow.tainted_sources, ["external", "tool_output"]);
    assert_eq!(rule("sandbox: {max_timeout_seconds: 0}").sandbox, None);
    assert_eq!(
        rule("sandbox: {max_timeout_seconds: 5}")
            .sandbox
            .unwrap()
            .max_timeout_seconds,
        5
    );
    let freeze = rule("freeze_window: {timezone: Mars/Base, windows: [{start: a, end: b}]}")
        .freeze_window
        .unwrap();
    assert_eq!(freeze.windows[0].name, "window-1");
    assert_eq!(rule("destructive_budget: {requests: 0}").destructive_budget, None);
    let limit = CallLimit {
        requests: 3,
        window: LimitWindow::Hour,
        scope: LimitScope::ToolIdentity,
    };
    assert_eq!(
        rule("rate_limit: {requests: 3, window: HOUR}").rate_limit,
        Some(limit)
    );
}

#[test]
fn settings_imply_others() {
    let rule = policy(&with_rule("min_approvals: 2\n  require_context_evidence: true"))
        .rules
        .remove(0);
    assert!(rule.approval.require_distinct_approvers && rule.context.required_mode);
    let policy = policy("fail_closed: {enabled: true}\nmcp_trust: {snapshot: s.json, max_age: 90m}\n");
    assert_eq!(policy.fail_closed.risk_classes, ["critical", "high"]);
    let trust = policy.mcp_trust.unwrap();
    assert_eq!(trust.max_age.unwrap().as_secs(), 5400);
    assert_eq!(trust.required_risk_classes, ["critical", "high"]);
}

#[test]
fn aliases_are_merged_and_kept_as_written() {
    let rule = policy(
        "rules: [{name: a, action: ' Block', match: {tool_name: ' Tool.X ', tool_names: [B], endpoint_class: [NET.http]}}]",
    )
    .rules
    .remove(0);
    assert_eq!(
        (rule.effect, rule.written.action.as_str()),
        (Verdict::Block, " Block")
    );
    assert_eq!(rule.matching.tool_names, ["b", "tool.x"]);
    assert_eq!(rule.written.aliases.tool_name, " Tool.X ");
    assert_eq!(rule.matching.target.endpoint_classes, ["net.http"]);
    assert_eq!(rule.written.aliases.endpoint_class, ["NET.http"]);
}

/// What is wrong, and the path and line an error names.
#[test]
fn broken_policies_are_refused_in_place() {
    for (text, path, line) in [
        ("[]", "", 1),
        ("~", "", 1),
        ("rules: {}", "rules", 1),
        ("schema_version: 1.0\n", "schema_version", 1),
        ("schema_id: ' gait.gate.policy'\n", "schema_id", 1),
        ("\ndefault_verdict: deny\n", "default_verdict", 2),
        (
            "default_verdict: allow\ndefault_action: block\n",
            "default_verdict",
            1,
        ),
        ("fail_closed:\n  enbled: true\n", "fail_closed.enbled", 2),
        ("fail_closed:\n  enabled: yes\n", "fail_closed.enabled", 2),
        (
            "fail_closed:\n  risk_classes: high\n",
            "fail_closed.risk_classes",
            2,
        ),
        (
            "fail_closed:\n  required_fields: [targets,\n    args]\n",
            "fail_closed.required_fields",
            3,
        ),
        ("mcp_trust:\n  min_score: 0.5\n", "mcp_trust.snapshot", 2),
        (
            "mcp_trust: {snapshot: s, min_score: 1.01}\n",
            "mcp_trust.min_score",
            1,
        ),
        ("mcp_trust: {min_score: -1}\n", "mcp_trust.min_score", 1),
        (
            "mcp_trust: {snapshot: s, min_score: .nan}\n",
            "mcp_trust.min_score",
            1,
        ),
        ("mcp_trust: {snapshot: s, max_age: 0s}\n", "mcp_trust.max_age", 1),
        (
            "mcp_trust: {snapshot: s, max_age: 5 days}\n",
            "mcp_trust.max_age",
            1,
        ),
        ("scripts:\n  max_steps: -1\n", "scripts.max_steps", 2),
        ("scripts:\n  max_steps: 1.5\n", "scripts.max_steps", 2),
        ("rules:\n-\n", "rules[0].name", 2),
        ("rules:\n- effect: allow\n", "rules[0].name", 2),
        ("rules:\n- name: a\n", "rules[0].effect", 2),
        ("rules:\n- name: a\n  effect: deny\n", "rules[0].effect", 3),
        (
            "rules:\n- {name: a, effect: allow, action: block}\n",
            "rules[0].effect",
            2,
        ),
        (
            "rules:\n- name: a\n  effect: allow\n  match: {tool_names: [x], true: y}\n",
            "rules[0].match",
            4,
        ),
        (
            "rules:\n- name: a\n  effect: allow\n  match: {tool_names: [[x]]}\n",
            "rules[0].match.tool_names[0]",
            4,
        ),
    ] {
        let error = read_text(text).unwrap_err();
        let place = (error.key_path(), error.span().map(|span| span.line));
        assert_eq!(place, (path, Some(line)), "{error}\n{text}");
        assert!(error.to_string().contains(&format!("line {line}")), "{error}");
    }
}

#[test]
fn broken_rules_are_refused() {
    for (settings, path) in [
        ("priority: high", "priority"),
        ("priority: 9223372036854775808", "priority"),
        ("min_approvals: -1", "min_approvals"),
        ("match: {endpoint_classes: [fs.chmod]}", "match.endpoint_classes"),
        ("match: {endpoint_class: fs.read}", "match.endpoint_class"),
        (
            "match: {discovery_method: [dynamic-mcp]}",
            "match.discovery_method",
        ),
        ("match: {max_delegation_depth: -1}", "match.max_delegation_depth"),
        (
            "match: {tool_annotations: {read_only_hint: true}}",
            "match.tool_annotations.read_only_hint",
        ),
        (
            "required_agent_manifest_digest: abc",
            "required_agent_manifest_digest",
        ),
        ("allowed_credential_sources: [ldap]", "allowed_credential_sources"),
        (
            "allowed_credential_access_types: [forever]",
            "allowed_credential_access_types",
        ),
        ("max_credential_ttl_seconds: -1", "max_credential_ttl_seconds"),
        (
            "required_context_evidence_mode: best_effort",
            "required_context_evidence_mode",
        ),
        ("max_context_age_seconds: -1", "max_context_age_seconds"),
        ("freeze_window: {reason: x}", "freeze_window.timezone"),
        ("freeze_window: {timezone: UTC}", "freeze_window.windows"),
        (
            "freeze_window: {timezone: UTC, effect: allow}",
            "freeze_window.effect",
        ),
        (
            "freeze_window: {timezone: UTC, windows: [{start: a}]}",
            "freeze_window.windows[0].end",
        ),
        (
            "sandbox: {allowed_user_modes: [admin]}",
            "sandbox.allowed_user_modes",
        ),
        (
            "sandbox: {required_read_only_roots: [TOKEN=/tmp]}",
            "sandbox.required_read_only_roots",
        ),
        (
            "sandbox: {max_timeout_seconds: -1}",
            "sandbox.max_timeout_seconds",
        ),
        ("rate_limit: {requests: -1}", "rate_limit.requests"),
        ("rate_limit: {window: day}", "rate_limit.window"),
        ("destructive_budget: {scope: tool}", "destructive_budget.requests"),
        (
            "destructive_budget: {requests: 1, scope: global}",
            "destructive_budget.scope",
        ),
        ("dataflow: {action: allow}", "dataflow.action"),
        ("endpoint: {egress_classes: [fs.read]}", "endpoint.egress_classes"),
        (
            "endpoint: {destructive_action: allow}",
            "endpoint.destructive_action",
        ),
    ] {
        let error = read_text(&with_rule(settings)).unwrap_err();
        assert_eq!(error.key_path(), format!("rules[0].{path}"), "{error}");
    }
}

#[test]
fn the_first_error_in_the_published_order_wins() {
    let fault = |text: &str| match read_text(text) {
        Err(PolicyError::Setting(setting)) => (setting.location.path, setting.rule),
        other => panic!("{other:?}"),
    };
    let of_rule = |path: &str| (path.to_owned(), Some("a".to_owned()));
    let text = "rules: [{name: a, effect: x}]\nscripts: {max_steps: -1}\nmcp_trust: {min_score: 2}\n";
    assert_eq!(fault(text), ("mcp_trust.snapshot".to_owned(), None));
    let text = with_rule("endpoint: {action: x}\n  dataflow: {action: x}\n  min_approvals: -1");
    assert_eq!(fault(&text), of_rule("rules[0].min_approvals"));
    // Structure is checked throughout before any value.
    let error = read_text("default_verdict: x\nrules: [{nam: a}]\n").unwrap_err();
    assert!(matches!(error, PolicyError::Document(_)));
}

#[test]
fn faults_name_what_would_be_right() {
    let Err(PolicyError::Setting(setting)) = read_text(&with_rule("rate_limit: {requests: 1, window: day}"))
    else {
        panic!("a setting is wrong");
    };
    let expected = vec!["minute", "hour"];
    assert_eq!(
        setting.fault,
        Fault::Unsupported {
            value: "day".to_owned(),
            expected
        }
    );
    assert_eq!(
        setting.to_string(),
        "rules[0].rate_limit.window (line 4, column 37): \"day\" is not supported; use minute or hour (rule \"a\")"
    );
}

#[test]
fn legacy_fields_come_with_directions() {
    let text = "unknown_server: deny\n' name ': x\nfoo: bar\nversion: 1\n";
    let error = read_text(text).unwrap_err();
    let legacy = error.legacy_fields().unwrap();
    let fields: Vec<_> = legacy.fields.iter().map(|field| field.field).collect();
    assert_eq!(fields, ["version", "name", "unknown_server"]);
    assert_eq!(
        legacy.fields[0].replacement_fields,
        ["schema_id", "schema_version"]
    );
    assert_eq!(error.key_path(), "unknown_server");
    assert!(read_text("version: [\n").unwrap_err().legacy_fields().is_none());
    assert!(read_text("- version\n").unwrap_err().legacy_fields().is_none());
}

#[test]
fn bytes_that_are_no_text_become_replacement_characters() {
    let policy = read(b"rules: [{name: \"a\xFF\xE2\x82b\", effect: allow}]").unwrap();
    assert_eq!(policy.rules[0].name, "a\u{FFFD}\u{FFFD}\u{FFFD}b");
    assert!(read(&vec![b' '; 100 << 20]).is_err());
}

/// Settings repeated through aliases are as good as written out.
#[test]
fn anchors_save_repetition() {
    let short = policy(
        "rules:\n- name: a\n  effect: allow\n  match: &m {tool_names: [x]}\n- name: b\n  effect: block\n  match: {<<: *m, \
         risk_classes: [low]}\n",
    );
    assert_eq!(short.rules[1].matching.tool_names, ["x"]);
    assert_eq!(short.rules[1].matching.risk_classes, ["low"]);
}

fn mutated(template: Template, edits: &[(usize, u8, usize)]) -> Vec<u8> {
    let mut bytes = template.yaml().as_bytes().to_vec();
    for (position, byte, length) in edits {
        let start = position % bytes.len();
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, [*byte]);
    }
    bytes
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        policy_yaml::check(&bytes);
    }

    #[test]
    fn mutated_templates_are_read_or_refused(
        template in prop::sample::select(&Template::ALL[..]),
        edits in prop::collection::vec((any::<usize>(), prop::sample::select(&b" \n\t:-[]{}\"'#&*!|>?,ax0\xFF"[..]), 0..40usize), 1..6),
    ) {
        policy_yaml::check(&mutated(template, &edits));
    }
}
