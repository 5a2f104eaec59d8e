use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::intent::IntentRequest;
use gait_artifact::{Timestamp, Verdict};
use gait_policy::{CompiledPolicy, document};

use super::*;

const DENY: &str = "default_verdict: allow\nrules:\n  - name: no-delete\n    effect: block\n    match: {tool_names: [tool.delete]}\n";
const STRICT: &str = "default_verdict: block\nrules: []\n";
const ALLOW: &str = "default_verdict: allow\nrules: []\n";

fn policy(text: &str) -> KnownPolicy {
    KnownPolicy {
        path: "policy.yaml".to_owned(),
        policy: CompiledPolicy::new(document::read_text(text).unwrap()),
    }
}

fn intent() -> gait_artifact::intent::Intent {
    let request = br#"{"tool_name":"tool.delete","args":{"path":"/x"},"created_at":"2026-02-01T10:00:00Z",
        "context":{"identity":"alice","workspace":"/w","risk_class":"high"}}"#;
    IntentRequest::read(request).unwrap().normalize().unwrap()
}

fn recorded(policy: &KnownPolicy) -> Recorded {
    Recorded {
        tool_name: "tool.delete".to_owned(),
        decided_at: Timestamp::EPOCH_1980,
        verdict: "block".to_owned(),
        policy_digest: policy.policy.digest().to_string(),
        intent_digest: intent().digest().to_string(),
        ..Recorded::default()
    }
}

fn library(then: Option<&str>, now: Option<&str>, has_intent: bool) -> Library {
    let mut library = Library::default();
    if let Some(then) = then {
        library.add_policy(policy(then));
    }
    library.in_force = now.map(policy);
    if has_intent {
        library.add_intent(intent(), "intent.json");
    }
    library
}

fn triage(library: &Library, verdict: &str) -> Triage {
    let recorded = Recorded {
        verdict: verdict.to_owned(),
        ..recorded(&policy(DENY))
    };
    let facts = Facts {
        recorded: vec![recorded],
        ..Facts::default()
    };
    conclude(facts, library)
}

#[test]
fn decisions_are_made_again() {
    use Comparison::{Laxer, Same, Stricter, Unknown};
    use Status::{Changed, Complete, Partial};
    for (then, now, has_intent, recorded, expected, status) in [
        (Some(DENY), Some(DENY), true, "block", Same, Complete),
        (Some(DENY), Some(ALLOW), true, "block", Laxer, Changed),
        (None, Some(ALLOW), true, "block", Laxer, Changed),
        (None, Some(ALLOW), true, "allow", Same, Partial),
        (None, Some(STRICT), true, "allow", Stricter, Changed),
        // The policy in force is the one that decided.
        (None, Some(DENY), true, "allow", Same, Complete),
        (Some(DENY), Some(ALLOW), false, "block", Unknown, Partial),
        (Some(DENY), None, true, "block", Unknown, Partial),
        (None, None, false, "odd", Unknown, Partial),
    ] {
        let triage = triage(&library(then, now, has_intent), recorded);
        assert_eq!(triage.decisions[0].comparison, expected, "{then:?} {now:?}");
        assert_eq!(triage.status, status, "{then:?} {now:?} {:?}", triage.gaps);
    }
}

#[test]
fn the_policy_in_force_may_be_the_one_that_decided() {
    let mut library = library(None, Some(DENY), true);
    let digest = policy(DENY).policy.digest().to_string();
    assert!(library.policy(&digest.to_uppercase()).is_some());
    library.in_force = None;
    assert!(library.policy(&digest).is_none());
}

#[test]
fn what_the_gate_knew_is_told_apart_from_the_policy() {
    let library = library(Some(DENY), Some(DENY), true);
    assert!(!triage(&library, "block").decisions[0].beyond_policy);
    let triage = triage(&library, "allow");
    assert!(triage.decisions[0].beyond_policy);
    assert_eq!(triage.decisions[0].comparison, Comparison::Same);
}

#[test]
fn every_gap_is_told_once() {
    let kinds = |triage: &Triage| triage.gaps.iter().map(|gap| gap.kind).collect::<Vec<_>>();
    let empty = conclude(Facts::default(), &Library::default());
    assert_eq!(kinds(&empty), [GapKind::Decision, GapKind::PolicyNow]);
    let facts = Facts {
        recorded: vec![recorded(&policy(DENY)); 3],
        ..Facts::default()
    };
    let nothing = conclude(facts, &Library::default());
    assert_eq!(
        kinds(&nothing),
        [GapKind::PolicyNow, GapKind::PolicyThen, GapKind::Intent]
    );
}

#[test]
fn evidence_that_does_not_hold_outweighs_everything() {
    let facts = Facts {
        evidence: vec![Examined {
            kind: "runpack",
            path: "r.zip".to_owned(),
            holding: Holding::Broken,
            details: Vec::new(),
            findings: vec![Finding::new(FindingCode::DigestMismatch, "", "x")],
        }],
        recorded: vec![recorded(&policy(DENY))],
        ..Facts::default()
    };
    let triage = conclude(facts, &library(Some(DENY), Some(ALLOW), true));
    assert_eq!(triage.status, Status::Contradicted);
    assert_eq!(triage.decided_otherwise, 1);
    assert_eq!(triage.policy_changes.len(), 1);
}

#[test]
fn long_incidents_have_short_documents() {
    let facts = Facts {
        recorded: vec![recorded(&policy(DENY)); 2000],
        calls: vec![Call::default(); 2000],
        ..Facts::default()
    };
    let triage = conclude(facts, &library(Some(DENY), Some(DENY), true));
    assert_eq!((triage.calls_total, triage.calls.len()), (2000, 500));
    assert_eq!((triage.decisions_total, triage.decisions.len()), (2000, 500));
}

#[test]
fn changed_rules_are_named() {
    let read = |text: &str| document::read_text(text).unwrap();
    assert_eq!(changes(&read(DENY), &read(DENY)), []);
    let [removed] = &changes(&read(DENY), &read(ALLOW))[..] else {
        panic!("one rule is gone");
    };
    assert_eq!(
        (removed.subject.as_str(), removed.change),
        ("rule no-delete", Rules::Removed)
    );
    assert_eq!((removed.then, removed.now), (Some(Verdict::Block), None));
    let written = DENY
        .replace("effect", "action")
        .replace("default_verdict", "default_action");
    if let Ok(written) = document::read_text(&written) {
        assert_eq!(changes(&read(DENY), &written), []);
    }
    let stricter = DENY.replace("default_verdict: allow", "default_verdict: block");
    assert_eq!(
        changes(&read(DENY), &read(&stricter))[0].subject,
        "default_verdict"
    );
    let other = DENY.replace("tool.delete", "tool.write");
    assert_eq!(changes(&read(DENY), &read(&other))[0].change, Rules::Changed);
}

#[test]
fn commands_can_be_pasted() {
    let plain = automation("run_1", "gait-out/triage/run_1/fixtures/run_1/runpack.zip");
    assert_eq!(
        plain.commands[0],
        "gait regress add --from gait-out/triage/run_1/fixtures/run_1/runpack.zip --name run_1"
    );
    let odd = automation("x", "a b/$(touch y)'.zip");
    assert_eq!(
        odd.commands[0],
        r"gait regress add --from 'a b/$(touch y)'\''.zip' --name x"
    );
    assert!(
        plain
            .workflow
            .contains("fixture_runpack_path: fixtures/run_1/runpack.zip\n")
    );
    assert!(gait_policy::yaml::parse(&plain.workflow, gait_policy::yaml::Documents::Single).is_ok());
}
