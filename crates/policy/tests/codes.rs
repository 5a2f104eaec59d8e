//! Every code that an evaluation gives stands in the published table, in the right list, or comes from the policy.

use gait_artifact::{
    Timestamp,
    intent::IntentRequest,
    reason_code::{CodeRole, lookup},
};
use gait_policy::{CompiledPolicy, Evaluation, Facts, document, evaluate};
use proptest::prelude::*;

mod generate;

fn is_published(code: &str, role: CodeRole) -> bool {
    code.starts_with("own_")
        || lookup(code).is_some_and(|found| found.role == role || found.role == CodeRole::Both)
}

fn judge(policy: &str, intent: &str) -> Evaluation {
    let policy = document::read(policy.as_bytes()).expect("generated policies are valid");
    let intent = IntentRequest::read(intent.as_bytes())
        .expect("generated intents are JSON")
        .normalize()
        .expect("generated intents are complete");
    let now: Timestamp = "2026-06-10T00:00:00Z".parse().expect("the time is RFC 3339");
    let facts = Facts { now, inventory: None };
    evaluate(&CompiledPolicy::new(policy), &intent, &facts)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn evaluations_give_published_codes(policy in generate::policies(), intent in generate::intents()) {
        let evaluation = judge(&policy, &intent);
        let steps = evaluation.script.iter().flat_map(|script| &script.steps);
        let reasons = steps.clone().flat_map(|step| &step.reason_codes).chain(&evaluation.reason_codes);
        for code in reasons {
            prop_assert!(is_published(code, CodeRole::Reason), "{code} is no published reason code");
        }
        let violations = steps.flat_map(|step| &step.violations).chain(&evaluation.violations);
        for code in violations {
            prop_assert!(is_published(code, CodeRole::Violation), "{code} is no published violation");
        }
    }
}
