//! What a boundary knows beside the policy: the server and the job behind a call.

use gait_artifact::{Verdict, decision::McpTrustDecision};
use gait_gate::{Call, Decision, dispatch, profile::ProfileError};
use proptest::prelude::*;

use crate::{
    codes,
    deployment::{Bench, Manners, call},
    generate,
    tokens::Tokens,
};

const ALLOW: &str = "{default_verdict: allow}";
const STOPPED: &str = "emergency_stop_preempted";
const UNKNOWN_SERVER: &str = "mcp_trust_server_unknown";

/// A policy that gives `verdict` and does `action` to calls of servers that are not to be trusted.
fn trusting(verdict: &str, action: &str) -> String {
    format!("{{default_verdict: {verdict}, mcp_trust: {{snapshot: s.json, action: {action}}}}}")
}

/// What is found out about a server that nobody knows.
fn unknown_server(enforced: bool) -> McpTrustDecision {
    McpTrustDecision {
        server_id: "other".to_owned(),
        status: "unknown".to_owned(),
        required: enforced,
        enforced,
        reason_codes: vec![UNKNOWN_SERVER.to_owned()],
        ..McpTrustDecision::default()
    }
}

fn of_unknown_server(call: Call, enforced: bool) -> Call {
    Call {
        mcp_trust: Some(unknown_server(enforced)),
        ..call
    }
}

fn of_job(mut call: Call, job_id: &str) -> Call {
    job_id.clone_into(&mut call.request.context.job_id);
    call
}

fn decided(bench: &Bench, call: &Call) -> Decision {
    let decision = bench.decide(call).unwrap();
    codes::check(&decision);
    decision
}

#[test]
fn a_server_that_had_to_be_trusted_stops_the_call() {
    use Verdict::{Allow, Block, DryRun, RequireApproval};
    for (policy, action, verdict) in [
        ("allow", "block", Block),
        ("dry_run", "block", Block),
        ("require_approval", "block", Block),
        ("block", "block", Block),
        ("allow", "require_approval", RequireApproval),
        ("dry_run", "require_approval", DryRun),
        ("require_approval", "require_approval", RequireApproval),
        ("block", "require_approval", Block),
    ] {
        let bench = Bench::of(&trusting(policy, action)).at_the_boundary();
        let decision = decided(&bench, &of_unknown_server(call("fs.write", "high"), true));
        assert_eq!(decision.verdict(), verdict, "{policy} {action}");
        assert_eq!(decision.outcome.violations(), ["mcp_trust_policy"]);
        assert!(decision.outcome.reasons().contains(&UNKNOWN_SERVER.to_owned()));
        assert_eq!(decision.trace.record().mcp_trust, Some(unknown_server(true)));
        assert_eq!(decision.mcp_trust, Some(unknown_server(true)));
    }
    let noted = decided(
        &Bench::of(&trusting("allow", "block")).at_the_boundary(),
        &of_unknown_server(call("fs.write", "low"), false),
    );
    assert_eq!(noted.verdict(), Allow);
    assert_eq!(noted.outcome.reasons(), ["default_allow", UNKNOWN_SERVER]);
    assert!(noted.outcome.violations().is_empty());
}

/// The policy asks for no approval here, but whoever wants to call an unknown server needs one all the same.
#[test]
fn an_unknown_server_can_be_approved_of() {
    let bench = Bench::of(&trusting("allow", "require_approval")).at_the_boundary();
    let tokens = Tokens::new();
    let mut asking = of_unknown_server(call("fs.write", "low"), true);
    assert_eq!(decided(&bench, &asking).approval.required, 1);
    asking.approval_tokens = vec![tokens.approved(&bench, &asking, "carol")];
    let approved = decided(&bench, &asking);
    assert_eq!(approved.verdict(), Verdict::Allow);
    assert_eq!((approved.approval.required, approved.approval.valid), (1, 1));
}

#[test]
fn an_objection_blocks_whatever_the_policy_says() {
    for policy in ["allow", "dry_run", "require_approval", "block"] {
        let bench = Bench::of(&format!("{{default_verdict: {policy}}}"));
        let mut asking = call("fs.write", "low");
        asking.objections = vec!["mcp_tool_changed"];
        let decision = bench.decide(&asking).unwrap();
        assert_eq!(decision.verdict(), Verdict::Block, "{policy}");
        assert!(
            decision
                .outcome
                .reasons()
                .contains(&"mcp_tool_changed".to_owned())
        );
        assert_eq!(decision.outcome.violations(), ["mcp_tool_changed"]);
    }
}

#[test]
fn no_call_of_a_stopped_job_goes_out() {
    for policy in ["allow", "dry_run", "require_approval", "block"] {
        let bench = Bench::of(&format!("{{default_verdict: {policy}}}")).with_stopped_job("j");
        let decision = decided(&bench, &of_job(call("fs.write", "low"), "j"));
        assert_eq!(decision.verdict(), Verdict::Block, "{policy}");
        assert_eq!(
            decision.outcome.reasons(),
            [format!("default_{policy}"), STOPPED.to_owned()]
        );
        assert_eq!(decision.outcome.violations(), [dispatch::VIOLATION]);
        assert_eq!(decision.warnings, ["the job was stopped"]);
        assert_eq!(bench.held_back(), 1);
        let other = decided(&bench, &of_job(call("fs.write", "low"), "k"));
        assert_eq!(other.verdict().to_string(), policy);
        assert_eq!(bench.held_back(), 1);
    }
}

#[test]
fn a_stopped_call_takes_nothing_and_is_given_nothing() {
    let policy = "
default_verdict: block
rules:
  - {name: write, effect: allow, match: {tool_names: [fs.write]}, require_broker_credential: true,
     rate_limit: {requests: 1, window: hour, scope: tool}}
";
    let bench = Bench::of(policy).brokered(Manners::Good).with_stopped_job("j");
    decided(&bench, &of_job(call("fs.write", "low"), "j"));
    decided(&bench, &of_unknown_server(call("fs.write", "low"), true));
    assert_eq!((bench.taken(), bench.issued()), (0, 0));
}

/// What can't be judged is an error, and nobody is told that a call was held back.
#[test]
fn only_calls_that_can_be_judged_are_held_back() {
    let bench = Bench::of(ALLOW).with_stopped_job("j");
    let mut broken = of_job(call("fs.write", "low"), "j");
    "bogus".clone_into(&mut broken.request.targets[0].kind);
    assert!(bench.decide(&broken).is_err());
    assert_eq!(bench.held_back(), 0);
}

/// A client of a server asks first, and is not told that it should have brought what it could not know of.
#[test]
fn who_can_come_back_is_asked_for_an_approval_and_not_blamed_for_its_absence() {
    let policy = "{default_verdict: require_approval}";
    let asked = decided(&Bench::of(policy).at_the_boundary(), &call("fs.write", "low"));
    assert_eq!(asked.outcome.reasons(), ["default_require_approval"]);
    assert!(asked.outcome.violations().is_empty());
    let told = decided(&Bench::of(policy), &call("fs.write", "low"));
    assert_eq!(told.outcome.violations(), ["approval_not_granted"]);

    let production = Bench::of(policy).in_production();
    assert!(production.decide(&call("fs.write", "low")).is_err());
    let production = production.at_the_boundary();
    assert_eq!(
        decided(&production, &call("fs.write", "low")).verdict(),
        Verdict::RequireApproval
    );
    let mut presenting = call("fs.write", "low");
    presenting.approval_tokens = vec!["token.json".to_owned()];
    let refused = production.decide(&presenting).unwrap_err();
    assert_eq!(refused.to_string(), ProfileError::ApprovalKey.to_string());
}

#[test]
fn a_kill_switch_is_journalled_with_the_way_a_call_came() {
    let source = |bench: Bench| {
        let journal = bench.stopping("fs.write").decide(&call("fs.write", "low"));
        journal.unwrap().journal.unwrap().source
    };
    assert_eq!(source(Bench::of(ALLOW)), "gate_eval");
    assert_eq!(source(Bench::of(ALLOW).at_the_boundary()), "mcp_proxy");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What the boundary knows never makes a decision laxer, and neither does coming by it.
    #[test]
    fn what_the_boundary_knows_only_adds(
        policy in generate::policies(), intent in generate::intents(), enforced in any::<bool>(),
        stopped in any::<bool>(),
    ) {
        let plain = crate::deployment::request(&intent);
        let job_id = plain.request.context.job_id.clone();
        let Ok(without) = Bench::of(&policy).decide(&plain) else { return Ok(()) };
        let mut bench = Bench::of(&policy).at_the_boundary();
        if stopped {
            bench = bench.with_stopped_job(Box::leak(job_id.into_boxed_str()));
        }
        let with = decided(&bench, &of_unknown_server(plain, enforced));
        prop_assert!(with.verdict() >= without.verdict());
        prop_assert!(!stopped || with.verdict() == Verdict::Block);
        prop_assert!(!enforced || with.verdict() == Verdict::Block);
    }
}
