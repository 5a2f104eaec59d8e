//! Laws that hold for every policy and every intent.

use gait_artifact::{
    Timestamp, Verdict,
    intent::{ArgProvenance, Context, Intent, IntentRequest, Script, ScriptStep, Target},
    policy::{
        ApprovalControls, ContextControls, Dataflow, Endpoint, FailClosed, FreezeRange, FreezeWindow,
        Intervention, Match, Policy, Rule, SandboxConstraint, ScriptLimits, Sparse, TargetMatch,
        WrittenPolicy,
    },
};
use gait_policy::{CompiledPolicy, Evaluation, Facts, evaluate};
use proptest::{collection::vec, prelude::*, sample::select};

const NOW: &str = "2026-03-10T14:00:00Z";
const TOOLS: [&str; 4] = ["read", "write", "drop", "send"];
const VALUES: [&str; 6] = [
    "/srv/a",
    "/srv/../etc/x",
    "api.example",
    "https://evil.example./",
    "q",
    "é[",
];

fn rule(name: &str, priority: i64, effect: Verdict) -> Rule {
    Rule {
        name: name.to_owned(),
        priority,
        effect,
        matching: Match::default(),
        reason_codes: Vec::new(),
        violations: Vec::new(),
        endpoint: None,
        dataflow: None,
        freeze_window: None,
        sandbox: None,
        rate_limit: None,
        destructive_budget: None,
        agent: Sparse::default(),
        credential: Sparse::default(),
        approval: ApprovalControls::default(),
        context: ContextControls::default(),
        broker: Sparse::default(),
        written: Sparse::default(),
    }
}

fn policy(default_verdict: Verdict, mut rules: Vec<Rule>) -> Policy {
    rules.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    Policy {
        default_verdict,
        scripts: ScriptLimits::default(),
        fail_closed: FailClosed::default(),
        mcp_trust: None,
        rules,
        written: WrittenPolicy::default(),
    }
}

fn judge(policy: Policy, intent: &Intent) -> Evaluation {
    let now: Timestamp = NOW.parse().expect("the time is RFC 3339");
    evaluate(
        &CompiledPolicy::new(policy),
        intent,
        &Facts { now, inventory: None },
    )
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    select(Verdict::ALL.to_vec())
}

fn words(of: &[&'static str]) -> impl Strategy<Value = Vec<String>> + use<> {
    vec(select(of.to_vec()), 0..3).prop_map(|words| {
        let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        words.sort();
        words.dedup();
        words
    })
}

fn interventions() -> impl Strategy<Value = Intervention> {
    select(Intervention::ALL.to_vec())
}

fn endpoints() -> impl Strategy<Value = Endpoint> {
    let paths = || words(&["/srv/**", "/etc/**", "/srv/[", "/srv/?"]);
    let domains = || words(&["*.example", "api.example", "evil.*", "["]);
    (
        paths(),
        paths(),
        domains(),
        domains(),
        words(&["net.dns", "net.http"]),
        interventions(),
    )
        .prop_map(
            |(path_allowlist, path_denylist, domain_allowlist, domain_denylist, egress_classes, action)| {
                Endpoint {
                    path_allowlist,
                    path_denylist,
                    domain_allowlist,
                    domain_denylist,
                    egress_classes,
                    action,
                    destructive_action: None,
                    reason_code: "endpoint".to_owned(),
                    violation: "endpoint".to_owned(),
                }
            },
        )
}

fn dataflows() -> impl Strategy<Value = Dataflow> {
    (words(&["host", "path"]), interventions()).prop_map(|(destination_kinds, action)| Dataflow {
        tainted_sources: vec!["external".to_owned()],
        destination_kinds,
        destination_values: Vec::new(),
        destination_operations: Vec::new(),
        action,
        reason_code: "dataflow".to_owned(),
        violation: "dataflow".to_owned(),
    })
}

fn freezes() -> impl Strategy<Value = FreezeWindow> {
    let zone = select(vec!["UTC", "Europe/Berlin", "Mars/Base"]);
    let end = select(vec!["2026-03-10T15:00:00", "2026-03-11T00:00:00", "later"]);
    (zone, end, interventions()).prop_map(|(timezone, end, effect)| FreezeWindow {
        timezone: timezone.to_owned(),
        effect,
        reason: String::new(),
        environments: Vec::new(),
        risk_classes: Vec::new(),
        windows: vec![FreezeRange {
            name: "w".into(),
            start: "2026-03-10T14:30:00".into(),
            end: end.into(),
        }],
    })
}

prop_compose! {
    fn rules()(
        name in "[a-c]", priority in -1..2_i64, effect in verdicts(), tool_names in words(&TOOLS),
        target_kinds in words(&["path", "host"]), risk_classes in words(&["low", "high"]),
        endpoint in proptest::option::weighted(0.3, endpoints()),
        dataflow in proptest::option::weighted(0.3, dataflows()),
        freeze_window in proptest::option::weighted(0.2, freezes()),
        sandbox in any::<bool>(), min_approvals in 0..3_u64,
    ) -> Rule {
        Rule {
            matching: Match {
                tool_names, risk_classes,
                target: TargetMatch { target_kinds, ..TargetMatch::default() }.into(),
                ..Match::default()
            },
            endpoint: endpoint.map(Box::new),
            dataflow: dataflow.map(Box::new),
            freeze_window: freeze_window.map(Box::new),
            sandbox: sandbox.then(Box::<SandboxConstraint>::default),
            approval: ApprovalControls { min_approvals, require_distinct_approvers: min_approvals > 1 },
            ..rule(&name, priority, effect)
        }
    }
}

prop_compose! {
    fn targets()(
        kind in select(vec!["path", "host", "url", "table"]), value in select(VALUES.to_vec()),
        operation in select(vec!["read", "write", "delete", ""]),
    ) -> Target {
        Target { kind: kind.into(), value: value.into(), operation: operation.into(), ..Target::default() }
    }
}

prop_compose! {
    fn steps()(
        tool in select(TOOLS.to_vec()), targets in vec(targets(), 0..3),
        source in select(vec!["user", "external"]),
    ) -> ScriptStep {
        let entry = ArgProvenance { arg_path: "a".into(), source: source.into(), ..ArgProvenance::default() };
        ScriptStep { tool_name: tool.into(), targets, arg_provenance: vec![entry], ..ScriptStep::default() }
    }
}

fn request(risk_class: &str, phase: &str) -> IntentRequest {
    IntentRequest {
        context: Context {
            identity: "alice".into(),
            workspace: "/repo".into(),
            risk_class: risk_class.into(),
            phase: phase.into(),
            ..Context::default()
        },
        ..IntentRequest::default()
    }
}

/// The same call as a step makes, but on its own.
fn alone(step: &ScriptStep, frame: &IntentRequest) -> Intent {
    let request = IntentRequest {
        tool_name: step.tool_name.clone(),
        targets: step.targets.clone(),
        arg_provenance: step.arg_provenance.clone(),
        ..frame.clone()
    };
    request.normalize().expect("the intent is complete")
}

prop_compose! {
    fn frames()(risk in select(vec!["low", "high"]), phase in select(vec!["plan", "apply"])) -> IntentRequest {
        request(risk, phase)
    }
}

/// What must not change when rules are only written in another order.
fn essence(evaluation: &Evaluation) -> (Verdict, &[String], &[String], String, u64) {
    (
        evaluation.verdict,
        &evaluation.reason_codes,
        &evaluation.violations,
        evaluation.matched_rule(),
        evaluation.required_approvals,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stricter_rule_beside_a_matching_one_never_loosens(
        default in verdicts(), mut list in vec(rules(), 1..5), step in steps(), frame in frames(), effect in verdicts(),
    ) {
        for (position, rule) in list.iter_mut().enumerate() {
            rule.name = format!("r{position}");
        }
        let intent = alone(&step, &frame);
        let before = judge(policy(default, list.clone()), &intent);
        let deciding = list.iter().find(|rule| before.matched_rules.contains(&rule.name));
        prop_assume!(deciding.is_some());
        let added = rule("added", deciding.map_or(0, |rule| rule.priority), effect);
        let after = judge(policy(default, list.into_iter().chain([added]).collect()), &intent);
        prop_assert!(after.verdict >= before.verdict);
    }

    #[test]
    fn the_order_in_which_rules_are_written_does_not_matter(
        default in verdicts(), list in vec(rules(), 0..6).prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle())),
        step in steps(), frame in frames(),
    ) {
        let intent = alone(&step, &frame);
        let (one, other) = (judge(policy(default, list.0), &intent), judge(policy(default, list.1), &intent));
        prop_assert_eq!(essence(&one), essence(&other));
    }

    #[test]
    fn rules_about_other_tools_never_matter(
        default in verdicts(), list in vec(rules(), 0..6), others in vec(rules(), 0..6), step in steps(), frame in frames(),
    ) {
        let intent = alone(&step, &frame);
        let expected = judge(policy(default, list.clone()), &intent);
        let unrelated = others.into_iter().map(|mut rule| {
            rule.matching.tool_names = vec!["else".to_owned(), "other".to_owned()];
            rule
        });
        let with_others = judge(policy(default, list.into_iter().chain(unrelated).collect()), &intent);
        prop_assert_eq!(expected, with_others);
    }

    /// The index finds what looking at every rule in turn finds.
    #[test]
    fn the_index_agrees_with_a_linear_search(
        default in verdicts(), list in vec(rules(), 0..8), step in steps(), frame in frames(),
    ) {
        let intent = alone(&step, &frame);
        let policy = policy(default, list);
        let context = intent.context();
        let matching = |rule: &&Rule| {
            let wanted = &rule.matching;
            let holds = |list: &[String], value: &str| list.is_empty() || list.iter().any(|item| item == value);
            holds(&wanted.tool_names, intent.tool_name())
                && holds(&wanted.risk_classes, &context.risk_class)
                && (wanted.target.target_kinds.is_empty()
                    || intent.targets().iter().any(|target| holds(&wanted.target.target_kinds, &target.kind)))
        };
        let first = policy.rules.iter().find(matching).map(|rule| rule.priority);
        let mut expected: Vec<String> = policy
            .rules
            .iter()
            .filter(matching)
            .take_while(|rule| Some(rule.priority) == first)
            .map(|rule| rule.name.clone())
            .collect();
        expected.sort();
        expected.dedup();
        prop_assert_eq!(judge(policy, &intent).matched_rules, expected);
    }

    #[test]
    fn a_script_is_at_least_as_strict_as_each_of_its_steps(
        default in verdicts(), list in vec(rules(), 0..6), steps in vec(steps(), 1..4), frame in frames(),
        block_mixed_risk in any::<bool>(), require_approval_above in 0..3_u64,
    ) {
        let mut policy = policy(default, list);
        policy.scripts = ScriptLimits { max_steps: 3, require_approval_above, block_mixed_risk };
        let script = IntentRequest { script: Some(Script { steps: steps.clone() }), ..frame.clone() };
        let whole = judge(policy.clone(), &script.normalize().unwrap());
        let judged = whole.script.as_ref().map(|script| script.steps.clone()).unwrap_or_default();
        prop_assert_eq!(judged.len(), steps.len());
        for (step, seen) in steps.iter().zip(&judged) {
            let single = judge(policy.clone(), &alone(step, &frame));
            prop_assert_eq!(single.verdict, seen.verdict);
            prop_assert!(whole.verdict >= single.verdict);
            prop_assert!(whole.required_approvals >= single.required_approvals);
        }
    }

    #[test]
    fn a_block_needs_no_approvals_and_an_approval_needs_one(
        default in verdicts(), list in vec(rules(), 0..6), step in steps(), frame in frames(),
    ) {
        let evaluation = judge(policy(default, list), &alone(&step, &frame));
        prop_assert_eq!(evaluation.required_approvals > 0, evaluation.verdict == Verdict::RequireApproval);
        prop_assert!(evaluation.reason_codes.is_sorted() && evaluation.violations.is_sorted());
    }
}
