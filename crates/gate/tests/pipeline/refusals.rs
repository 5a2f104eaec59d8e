//! Calls that are not judged at all. An error is no verdict: nothing may run on it and nothing is left behind.

use gait_gate::{Call, Fact, GateError, profile::ProfileError};

use crate::deployment::{Bench, call, delegated, script, simulated, with_contradicted_evidence};

const ALLOW: &str = "{default_verdict: allow, rules: []}";
const ASK: &str = "{default_verdict: require_approval, rules: []}";
const DELEGATED: &str =
    "{default_verdict: block, rules: [{name: r, effect: allow, match: {require_delegation: true}}]}";
const LIMITED: &str =
    "{default_verdict: block, rules: [{name: r, effect: allow, match: {}, rate_limit: {requests: 5}}]}";

fn refused(bench: &Bench, call: &Call) -> GateError {
    bench.decide(call).expect_err("the call can't be judged")
}

#[test]
fn what_cannot_be_judged_is_an_error() {
    let other_key = gait_canon::PrivateKey::from_seed(&[9; 32]);
    let nameless = || {
        let mut nameless = script("high");
        nameless.request.context.identity = String::new();
        nameless
    };
    let with_token = |mut call: Call| {
        call.approval_tokens = vec!["/nowhere/token.json".to_owned()];
        call.delegation_tokens.clone_from(&call.approval_tokens);
        call
    };
    let mut bad_approval_key = Bench::of(ASK);
    bad_approval_key.approval_key = Fact::Unavailable("read public key: gone".to_owned());
    let mut bad_delegation_key = Bench::of(DELEGATED);
    bad_delegation_key.delegation_key = Fact::Unavailable("read public key: gone".to_owned());
    for (bench, call, error) in vec![
        // At ordinary risk an unusable kill switch is a wrong setting; at high risk it blocks, with a trace.
        (
            Bench::of(ALLOW).without_its_kill_switch(),
            call("fs.read", "low"),
            "read kill switch state: gone",
        ),
        (
            Bench::of(ALLOW).without_its_inventory(),
            call("fs.read", "High "),
            "wrkr inventory unavailable in fail-closed mode: gone",
        ),
        (
            Bench::of(ASK).in_production().without_its_inventory(),
            call("fs.read", "low"),
            "wrkr inventory unavailable in fail-closed mode: gone",
        ),
        (
            Bench::of(ALLOW).without_its_scripts(),
            call("fs.read", "critical"),
            "approved script registry unavailable in fail-closed mode: gone",
        ),
        (
            Bench::of(ALLOW)
                .having_approved(&script("high"))
                .without_the_script_key(),
            call("fs.read", "high"),
            "approved script registry verification unavailable in fail-closed mode: verify key required",
        ),
        (
            Bench::of(ALLOW)
                .having_approved(&script("high"))
                .trusting_scripts_of(&other_key),
            script("high"),
            "approved script registry verification failed at entry 0: key id mismatch",
        ),
        (
            Bench::of(ALLOW),
            nameless(),
            "normalize intent: context.identity is required",
        ),
        (
            Bench::of(ALLOW).having_approved(&script("high")),
            nameless(),
            "approved script fast-path evaluation failed in fail-closed mode: context.identity is required",
        ),
        (
            Bench::of(ALLOW),
            with_contradicted_evidence(call("fs.read", "high")),
            "normalize intent: context.context_evidence_mode does not match the context envelope",
        ),
        (
            Bench::of(LIMITED).with_failing_limiter(),
            call("fs.read", "low"),
            "acquire rate limit lock: timeout",
        ),
        (bad_approval_key, call("fs.read", "low"), "read public key: gone"),
        (
            bad_delegation_key,
            delegated(call("fs.read", "low")),
            "read public key: gone",
        ),
        (
            Bench::of(ASK),
            with_token(call("fs.read", "low")),
            "read approval token: open /nowhere/token.json: no such file or directory",
        ),
        (
            Bench::of(DELEGATED),
            with_token(delegated(call("fs.read", "low"))),
            "read delegation token: open /nowhere/token.json: no such file or directory",
        ),
    ] {
        assert_eq!(refused(&bench, &call).to_string(), error);
        assert_eq!((bench.taken(), bench.issued()), (0, 0), "{error}");
    }
}

#[test]
fn production_demands_what_proves_something_later() {
    let unbrokered =
        "{default_verdict: block, rules: [{name: r, effect: allow, match: {risk_classes: [high]}}]}";
    let brokered = "{default_verdict: block, rules: [{name: r, effect: allow, match: {risk_classes: [high]}, require_broker_credential: true}]}";
    let low = || call("fs.read", "low");
    for (policy, call, demand) in [
        (ALLOW, low(), ProfileError::DefaultAllow),
        (unbrokered, low(), ProfileError::UnbrokeredHighRisk),
        (brokered, low(), ProfileError::NoBroker),
        (ASK, simulated(low()), ProfileError::Simulate),
        (ASK, low(), ProfileError::ApprovalKey),
        (DELEGATED, delegated(low()), ProfileError::DelegationKey),
    ] {
        match refused(&Bench::of(policy).in_production(), &call) {
            GateError::Profile(unmet) => assert_eq!(unmet, demand),
            other => panic!("{demand}: {other}"),
        }
    }
}
