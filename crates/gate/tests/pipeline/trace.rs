//! The trace proves the decision: signed whole, and named after what it decided.

use gait_artifact::Verdict;
use gait_canon::{
    Digest, PrivateKey,
    digest::short_id,
    json::{self, Value},
};
use gait_gate::{Decision, trace::TraceFile};
use proptest::prelude::*;

use crate::{
    deployment::{Bench, call, delegated, script, signing_key, simulated},
    scenarios,
};

fn decision() -> Decision {
    let bench = Bench::of("{default_verdict: block, rules: []}").having_approved(&script("low"));
    bench.decide(&delegated(script("low"))).unwrap()
}

fn verifies(document: &Value, key: &PrivateKey) -> bool {
    let text = json::pretty(document).unwrap();
    TraceFile::read(text.as_bytes()).is_ok_and(|trace| matches!(trace.verify(&key.public()), Ok(true)))
}

/// Whether the key of the gate signed `document`.
fn holds(document: &Value) -> bool {
    verifies(document, &signing_key())
}

fn members(decision: &Decision) -> Value {
    json::parse(&decision.trace.to_file_bytes().unwrap()).unwrap()
}

#[test]
fn every_decision_has_a_trace_that_verifies() {
    for scenario in scenarios::all() {
        let decision = scenario.bench.decide(&scenario.call).unwrap();
        assert!(holds(&members(&decision)), "{}", scenario.promise);
    }
}

#[test]
fn another_key_does_not_verify_it() {
    assert!(!verifies(&members(&decision()), &PrivateKey::from_seed(&[9; 32])));
}

/// Whoever changes, adds or removes any member is found out.
#[test]
fn the_signature_covers_every_member() {
    let document = members(&decision());
    let object = document.as_object().unwrap();
    assert!(holds(&document));
    for name in object.keys().filter(|name| *name != "signature") {
        let mut removed = object.clone();
        removed.remove(name);
        assert!(!holds(&Value::Object(removed)), "{name} is gone");
        for other in [Value::Null, Value::Bool(false), "changed".into()] {
            let mut changed = object.clone();
            changed.insert(name, other);
            assert!(!holds(&Value::Object(changed)), "{name} is another");
        }
    }
    let mut unsigned = object.clone();
    unsigned.remove("signature");
    assert!(!holds(&Value::Object(unsigned)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn an_added_member_is_found_out(name in "[a-zA-Z_]{1,16}", text in any::<String>()) {
        let mut object = members(&decision()).as_object().unwrap().clone();
        prop_assume!(!object.contains_key(&name));
        object.insert(name, text.as_str());
        prop_assert!(!holds(&Value::Object(object)));
    }
}

/// The file holds what was signed, and nothing else.
#[test]
fn the_file_is_what_was_signed() {
    let decision = decision();
    let bytes = decision.trace.to_file_bytes().unwrap();
    assert!(bytes.ends_with(b"}\n"));
    let mut object = json::parse(&bytes).unwrap().as_object().unwrap().clone();
    object.remove("signature");
    let signature = decision.trace.record().signature.as_ref().unwrap();
    assert_eq!(
        signature.signed_digest,
        Digest::of_canonical(&object).unwrap().to_string()
    );
    assert_eq!(signature.key_id, signing_key().public().key_id().to_string());
}

#[test]
fn ids_follow_from_what_was_decided() {
    for scenario in scenarios::all() {
        let decision = scenario.bench.decide(&scenario.call).unwrap();
        let trace = decision.trace.record();
        let (policy, intent, verdict) = (&trace.policy_digest, &trace.intent_digest, trace.verdict);
        assert_eq!(trace.trace_id, short_id(&format!("{policy}:{intent}:{verdict}")));
        assert_eq!(
            trace.event_id,
            short_id(&format!("{}:{}", trace.trace_id, trace.observed_at))
        );
        assert_eq!(*policy, scenario.bench.policy.digest().to_string());
        assert_eq!(*intent, decision.intent.digest().to_string());
    }
}

/// A simulated allow has the id of that allow; what enforcement would have said is not in the trace.
#[test]
fn a_simulation_is_traced_as_the_allow_it_reports() {
    let bench = Bench::of("{default_verdict: block, rules: []}");
    let decision = bench.decide(&simulated(call("fs.read", "low"))).unwrap();
    let trace = decision.trace.record();
    assert_eq!(trace.verdict, Verdict::Allow);
    assert!(trace.violations.is_empty());
    assert_eq!(decision.simulation.as_ref().unwrap().verdict, Verdict::Block);
}
