//! Laws of the gate, over policies, intents and deployments in every combination.

use gait_artifact::{Verdict, intent::IntentRequest};
use gait_gate::{Call, Decision, Fact};
use proptest::{prelude::*, sample::select};

use crate::{
    codes,
    deployment::{Bench, Manners, NOW, at, request, script, with_evidence},
    generate,
};

/// What a deployment is like beside its policy.
#[derive(Debug, Clone)]
struct Setting {
    stopped_tool: Option<&'static str>,
    no_kill_switch: bool,
    no_inventory: bool,
    approved: bool,
    production: bool,
    broker: Option<Manners>,
    used_up: bool,
    failing: bool,
}

prop_compose! {
    fn settings()(
        stopped_tool in select(vec![None, None, Some("fs.read"), Some("fs.delete"), Some("db.drop")]),
        broker in select(vec![None, Some(Manners::Good), Some(Manners::Failing), Some(Manners::Sloppy)]),
        no_kill_switch in prop::bool::weighted(0.1), no_inventory in prop::bool::weighted(0.1),
        approved in any::<bool>(), production in prop::bool::weighted(0.2),
        used_up in prop::bool::weighted(0.3), failing in prop::bool::weighted(0.1),
    ) -> Setting {
        Setting { stopped_tool, no_kill_switch, no_inventory, approved, production, broker, used_up, failing }
    }
}

prop_compose! {
    fn calls()(
        intent in generate::intents(), simulate in prop::bool::weighted(0.2), evidence in prop::bool::weighted(0.3),
    ) -> Call {
        let mut call = request(&intent);
        call.simulate = simulate;
        call.evaluation_time = Some(at(NOW));
        if evidence { with_evidence(call) } else { call }
    }
}

fn bench(policy: &str, setting: &Setting, call: &Call) -> Bench {
    let mut bench = Bench::of(policy);
    if let Some(tool) = setting.stopped_tool {
        bench = bench.stopping(tool);
    }
    if setting.no_kill_switch {
        bench = bench.without_its_kill_switch();
    }
    if setting.no_inventory {
        bench = bench.without_its_inventory();
    }
    if setting.approved && call.request.script.is_some() {
        bench = bench.having_approved(call);
    }
    if setting.production {
        bench = bench.in_production();
    }
    if let Some(manners) = setting.broker {
        bench = bench.brokered(manners);
    }
    bench = bench.limited(setting.used_up, setting.failing);
    bench
}

/// Nothing that stands above the rules was in the way of `decision`.
fn is_in_order(decision: &Decision, call: &Call) -> bool {
    let codes = decision.outcome.reasons();
    let stopped = decision
        .kill_switch
        .as_ref()
        .is_some_and(|found| found.status != "inactive");
    let exhausted = [&decision.limits.rate, &decision.limits.destructive]
        .into_iter()
        .flatten()
        .any(|taken| !taken.allowed);
    decision.verdict() == Verdict::Allow
        && decision.trace.record().verdict == Verdict::Allow
        && decision.evaluation.verdict == Verdict::Allow
        && !call.simulate
        && !stopped
        && !exhausted
        && !decision.evaluation.ended_early
        && (decision.credential.is_some() || !decision.evaluation.broker.required)
        && !decision.evaluation.delegation_required
        && !codes.iter().any(|code| code.starts_with("fail_closed_"))
        && decision
            .outcome
            .violations()
            .iter()
            .all(|code| code.starts_with("own_"))
}

/// Everything a trace says that does not depend on when it was made.
fn timeless(decision: &Decision) -> gait_artifact::trace::TraceRecord {
    let mut trace = decision.trace.record().clone();
    if decision.fast_path.pre_approved {
        trace.created_at = at(NOW);
    }
    trace.observed_at = at(NOW);
    trace.event_id.clear();
    trace.latency_ms = 0.0;
    trace.signature = None;
    trace
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No call in these tests presents a token, so whatever may run was allowed by the policy itself.
    #[test]
    fn only_what_everything_agrees_on_may_run(
        policy in generate::policies(), setting in settings(), call in calls(),
    ) {
        let bench = bench(&policy, &setting, &call);
        let Ok(decision) = bench.decide(&call) else {
            prop_assert_eq!(bench.issued(), 0);
            return Ok(());
        };
        codes::check(&decision);
        prop_assert_eq!(decision.permit().is_some(), decision.verdict() == Verdict::Allow && !call.simulate);
        prop_assert!(decision.permit().is_none() || is_in_order(&decision, &call), "{:?}", decision.outcome);
        prop_assert!(!call.simulate || (bench.taken(), bench.issued()) == (0, 0));
    }

    #[test]
    fn the_same_question_has_the_same_answer(
        policy in generate::policies(), setting in settings(), call in calls(),
    ) {
        let mut bench = bench(&policy, &setting, &call);
        let first = bench.decide(&call);
        bench.clock.wait();
        match (first, bench.decide(&call)) {
            (Ok(first), Ok(second)) => {
                prop_assert_eq!(timeless(&first), timeless(&second));
                prop_assert_ne!(&first.trace.record().event_id, &second.trace.record().event_id);
            }
            (Err(first), Err(second)) => prop_assert_eq!(first.to_string(), second.to_string()),
            (first, second) => prop_assert!(false, "{first:?} and then {second:?}"),
        }
    }

    /// A kill switch never makes a decision laxer.
    #[test]
    fn a_kill_switch_only_adds(policy in generate::policies(), setting in settings(), mut call in calls()) {
        call.simulate = false;
        let mut without = bench(&policy, &setting, &call);
        without.kill_switch = Fact::NotConfigured;
        let with = bench(&policy, &setting, &call);
        if let (Ok(with), Ok(without)) = (with.decide(&call), without.decide(&call)) {
            prop_assert!(with.verdict() >= without.verdict());
        }
    }

    /// Whatever a caller writes about context evidence, nothing but a verified envelope counts.
    #[test]
    fn claims_of_evidence_change_nothing(policy in generate::policies(), intent in generate::intents()) {
        let honest = request(&intent);
        let mut claiming = honest.clone();
        claiming.request.context.context_set_digest = "a".repeat(64);
        claiming.request.context.context_evidence_mode = "required".to_owned();
        claiming.request.context.context_refs = vec!["ref".to_owned()];
        let bench = Bench::of(&policy);
        let (honest, claiming) = (bench.decide(&honest).unwrap(), bench.decide(&claiming).unwrap());
        prop_assert_eq!(timeless(&honest), timeless(&claiming));
    }

    /// Bytes of any kind are refused or judged, and never panic.
    #[test]
    fn strange_names_are_judged_or_refused(tool in any::<String>(), identity in any::<String>(), value in any::<String>()) {
        let mut call = script("high");
        let step = &mut call.request.script.as_mut().unwrap().steps[0];
        step.tool_name = tool;
        step.targets[0].value = value;
        call.request = IntentRequest { created_at: at(NOW), ..call.request };
        call.request.context.identity = identity;
        let bench = Bench::of("{default_verdict: block, rules: []}").stopping("fs.write");
        if let Ok(decision) = bench.decide(&call) {
            prop_assert!(decision.permit().is_none());
        }
    }
}
