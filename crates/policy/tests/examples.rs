//! The example policies say of the example intents what their comments promise.

use std::{fs, path::PathBuf};

use gait_artifact::{Timestamp, intent::IntentRequest, verdict::Verdict};
use gait_policy::{CompiledPolicy, Facts, document, evaluate, format::canonical_yaml};

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../policies/examples")
}

fn verdict(policy: &str, intent: &str) -> Verdict {
    let policy = fs::read(examples().join(policy).with_extension("yaml")).expect("the policy is there");
    let policy = CompiledPolicy::new(document::read(&policy).expect("the policy is valid"));
    let intent = fs::read(examples().join("intents").join(intent).with_extension("json"))
        .expect("the intent is there");
    let intent = IntentRequest::read(&intent)
        .expect("the intent is well formed")
        .normalize()
        .expect("the intent is complete");
    let now: Timestamp = "2026-12-20T10:00:00Z".parse().expect("a moment");
    evaluate(&policy, &intent, &Facts { now, inventory: None }).verdict
}

#[test]
fn examples_decide_as_their_comments_say() {
    for (policy, intent, expected) in [
        ("least-privilege-files", "read-file", Verdict::Allow),
        ("least-privilege-files", "write-outside", Verdict::Block),
        ("least-privilege-files", "delete-file", Verdict::RequireApproval),
        ("egress-control", "post-own-text", Verdict::Allow),
        ("egress-control", "post-tainted-text", Verdict::RequireApproval),
        ("egress-control", "post-to-stranger", Verdict::Block),
        ("brokered-deploy", "deploy", Verdict::RequireApproval),
        ("script-steps", "refactor-script", Verdict::Allow),
        ("script-steps", "mixed-script", Verdict::Block),
        ("mcp-trust", "mcp-lookup", Verdict::Allow),
        ("change-freeze", "deploy", Verdict::Block),
    ] {
        assert_eq!(verdict(policy, intent), expected, "{policy} {intent}");
    }
}

#[test]
fn every_example_loads_and_formats() {
    let mut policies = 0;
    for entry in fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let policy =
                document::read(&fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            assert_eq!(document::read_text(&canonical_yaml(&policy)), Ok(policy));
            policies += 1;
        }
    }
    assert_eq!(policies, 6);
}
