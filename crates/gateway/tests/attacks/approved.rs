//! Approvals, presented with another call than the one that people saw; and verdicts that nobody could keep.

use std::fs;
use std::time::Duration;

use gait_gateway::approvals::{Medium, News};
use gait_gateway::exchange::Decided;

use super::site::{Options, Site, has, params_of};

/// A site where nobody waits.
fn hasty() -> Site {
    Site::with(Options {
        wait: Duration::ZERO,
        ..Options::default()
    })
}

#[test]
fn an_approval_is_good_for_no_call_that_only_looks_the_same() {
    for (seen, other) in [
        // As doubles these are one number.
        (r#"{"to":123456789012345670}"#, r#"{"to":123456789012345671}"#),
        (r#"{"command":"ls"}"#, r#"{"command":"ls\n"}"#),
        (r#"{"command":"ls"}"#, r#"{"command ":"ls"}"#),
    ] {
        let site = hasty();
        let bring = |arguments: &str| site.bring(&params_of(arguments, "", ""), Medium::Wait);
        assert!(has(&bring(seen).refused(), "approval_pending"));
        let id = site.asked();
        site.approve(&id);
        assert!(has(&bring(other).refused(), "approval_pending"), "{other}");
        assert_ne!(site.asked(), id);
        let case = bring(seen);
        let news = case.next();
        assert!(matches!(news, News::Approved(_)), "{news:?}");
        assert!(matches!(site.judge_again(case, news).decided, Decided::Run(_)));
    }
}

#[test]
fn a_sealed_state_is_good_for_no_call_that_only_looks_the_same() {
    let site = Site::new();
    let invitation = site.invite(&params_of(r#"{"to":123456789012345670}"#, "", ""));
    site.approve(&site.asked());
    let other = params_of(r#"{"to":123456789012345671}"#, &invitation.state, "");
    let refused = site.bring(&other, Medium::ComeBack).refused();
    assert!(has(&refused, "approval_token_intent_mismatch"), "{refused:?}");
}

#[test]
fn nothing_runs_that_leaves_no_trace_or_that_no_policy_allows() {
    const ALLOW: &str = "default_verdict: allow\nrules: []\n";
    type Break = fn(&Site);
    let breaks: [(&str, Break); 4] = [
        ("mcp_decision_not_durable", |site| {
            let traces = site.directory.path().join("traces");
            fs::remove_dir_all(&traces).unwrap();
            fs::write(&traces, "").unwrap();
        }),
        ("mcp_call_not_judged", |site| {
            fs::remove_file(site.directory.path().join("policy.yaml")).unwrap();
        }),
        ("mcp_call_not_judged", |site| {
            fs::write(
                site.directory.path().join("policy.yaml"),
                "default_verdict: allow\nrules: [",
            )
            .unwrap();
        }),
        ("mcp_call_not_judged", |site| {
            fs::remove_file(site.directory.path().join("key")).unwrap();
            site.judge.reload();
        }),
    ];
    for (code, act) in breaks {
        let site = Site::with(Options {
            policy: ALLOW,
            ..Options::default()
        });
        let call = params_of("{}", "", "");
        assert!(matches!(site.judge(&call).decided, Decided::Run(_)));
        act(&site);
        let outcome = site.judge(&call);
        assert!(matches!(outcome.decided, Decided::Refuse(_)), "{outcome:?}");
        assert!(has(&outcome.ruling, code), "{outcome:?}");
    }
}
