//! Any policy and any intent give the same evaluation twice, and one whose parts agree.
//!
//! The input is a policy document, a NUL byte, and an intent request.
#![cfg_attr(fuzzing, no_main)]

use gait_artifact::{Timestamp, Verdict, intent::IntentRequest};
use gait_policy::{CompiledPolicy, Facts, document, evaluate, explain, fail_closed};

/// Holds evaluating to that on `data`.
pub(crate) fn check(data: &[u8]) {
    let Some(split) = data.iter().position(|byte| *byte == 0) else {
        return;
    };
    let (policy, intent) = (&data[..split], &data[split + 1..]);
    let Ok(policy) = document::read(policy).map(CompiledPolicy::new) else {
        return;
    };
    let Ok(intent) = IntentRequest::read(intent).and_then(IntentRequest::normalize) else {
        return;
    };
    let facts = Facts {
        now: Timestamp::EPOCH_1980,
        inventory: None,
    };
    let evaluation = evaluate(&policy, &intent, &facts);
    assert_eq!(evaluation, evaluate(&policy, &intent, &facts));
    assert!(!evaluation.reason_codes.is_empty());
    assert!(evaluation.reason_codes.is_sorted() && evaluation.violations.is_sorted());
    match fail_closed(&policy, &intent) {
        Some(block) => assert_eq!(block, evaluation),
        None => assert!(!evaluation.ended_early),
    }
    if let Some(script) = &evaluation.script {
        let strictest = script.steps.iter().map(|step| step.verdict).max();
        assert!(strictest <= Some(evaluation.verdict));
    } else {
        let asks = evaluation.verdict == Verdict::RequireApproval;
        assert_eq!(evaluation.required_approvals > 0, asks);
    }
    let provenance = explain::Provenance {
        created_at: intent.created_at(),
        producer_version: "0.0.0",
    };
    let explained = explain::explain(
        policy.policy(),
        &intent,
        &evaluation,
        (&evaluation).into(),
        provenance,
    );
    assert_eq!(explained.verdict, evaluation.verdict);
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
