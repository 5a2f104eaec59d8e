use std::{path::Path, time::Duration};

use gait_artifact::{
    Timestamp, Verdict,
    intent::{Intent, IntentRequest},
    script::{ApprovedScriptEntry, ScriptGrant},
};
use gait_canon::{Digest, PrivateKey};

use super::*;

const NOW: Timestamp = Timestamp::EPOCH_1980;

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

fn policy() -> Digest {
    Digest::of(b"policy")
}

/// A script that writes, reads and writes again: its tools are neither sorted nor unique.
fn script(workspace: &str) -> Intent {
    let text = format!(
        r#"{{"tool_name":"x","args":{{}},"targets":[],
        "context":{{"identity":"a","workspace":"{workspace}","risk_class":"Low"}},
        "script":{{"steps":[
            {{"tool_name":"tool.write","args":{{}},"targets":[{{"kind":"path","value":"/a","operation":"write"}}]}},
            {{"tool_name":"Tool.Read","args":{{}},"targets":[{{"kind":"path","value":"/a","operation":"read"}}]}},
            {{"tool_name":"tool.write","args":{{}}}}]}}}}"#
    );
    IntentRequest::read(text.as_bytes())
        .expect("a request")
        .normalize()
        .expect("an intent")
}

fn grant(name: &str, scope: &[&str]) -> ScriptGrant {
    let intent = script("/srv/Data");
    ScriptGrant {
        pattern_id: name.to_owned(),
        policy_digest: policy(),
        script_hash: intent.script_hash().expect("a script"),
        tool_sequence: intent
            .script()
            .into_iter()
            .flat_map(|script| &script.steps)
            .map(|step| step.tool_name.clone())
            .collect(),
        scope: scope.iter().copied().map(String::from).collect(),
        approver_identity: "me".to_owned(),
        ttl: Duration::from_secs(60),
    }
}

fn entry(name: &str, scope: &[&str]) -> ApprovedScriptEntry {
    mint(grant(name, scope), "0.1.0", NOW, &key(1)).expect("a valid grant")
}

fn registry(entries: &[ApprovedScriptEntry]) -> Registry {
    let text = gait_canon::json::pretty(&entries).expect("entries have a JSON form");
    Registry::read(text.as_bytes()).expect("a registry")
}

fn verified(entries: &[ApprovedScriptEntry]) -> VerifiedRegistry {
    registry(entries)
        .verified(&key(1).public())
        .expect("signed entries")
}

#[test]
fn reads_both_forms_and_nothing_else() {
    for empty in ["", " \n\t", "[]", r#"{"entries":[]}"#] {
        assert!(Registry::read(empty.as_bytes()).unwrap().is_empty(), "{empty}");
    }
    for broken in [
        "{}",
        "1",
        r#"{"entries":null}"#,
        r#"{"entries":{}}"#,
        r#"{"entries":[],"version":1}"#,
        r#"{"entries":[],"entries":[]}"#,
        "[1]",
        "[{}]",
        r#"[{"note":1}]"#,
    ] {
        assert!(Registry::read(broken.as_bytes()).is_err(), "{broken}");
    }
    let error = Registry::read(br#"{"entries":[{}]}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "approved script entries[0]: pattern_id is required"
    );
}

#[test]
fn a_missing_file_is_an_empty_registry() {
    let directory = tempfile::tempdir().unwrap();
    assert!(
        Registry::load(&directory.path().join("none.json"))
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        Registry::load(directory.path()),
        Err(RegistryError::Read(_))
    ));
}

#[test]
fn one_entry_without_proof_spoils_the_registry() {
    let good = entry("a", &[]);
    let mut unsigned = entry("b", &[]);
    unsigned.signature = None;
    let mut changed = entry("c", &[]);
    changed.approver_identity = "mallory".to_owned();
    let foreign = mint(grant("d", &[]), "0.1.0", NOW, &key(2)).unwrap();
    for (bad, text) in [
        (unsigned, "failed at entry 1: signature is required"),
        (changed, "failed at entry 1: signed_digest mismatch"),
        (foreign, "failed at entry 1: key id mismatch"),
    ] {
        let rejection = registry(&[good.clone(), bad])
            .verified(&key(1).public())
            .unwrap_err();
        assert_eq!(rejection.to_string(), text);
    }
}

#[test]
fn a_script_with_unsorted_and_repeated_tools_matches() {
    let found = verified(&[entry("a", &[])])
        .find(&script("/srv"), &policy(), NOW)
        .unwrap();
    assert_eq!(found.pattern_id, "a");
    assert_eq!(found.composite_risk_class, "medium");
    let steps: Vec<_> = found
        .steps
        .iter()
        .map(|step| (step.index, &*step.tool_name, step.verdict))
        .collect();
    assert_eq!(
        steps,
        [
            (0, "tool.write", Verdict::Allow),
            (1, "tool.read", Verdict::Allow),
            (2, "tool.write", Verdict::Allow)
        ]
    );
}

#[test]
fn policy_script_tools_and_expiry_must_agree() {
    let good = verified(&[entry("a", &[])]);
    assert_eq!(good.find(&script("/srv"), &Digest::of(b"other"), NOW), None);
    assert_eq!(
        good.find(
            &script("/srv"),
            &policy(),
            NOW.saturating_add(Duration::from_secs(60))
        ),
        None
    );
    let plain = r#"{"tool_name":"tool.write","args":{},"targets":[],
        "context":{"identity":"a","workspace":"/srv","risk_class":"low"}}"#;
    let plain = IntentRequest::read(plain.as_bytes())
        .unwrap()
        .normalize()
        .unwrap();
    assert_eq!(good.find(&plain, &policy(), NOW), None);

    let mut other_script = grant("a", &[]);
    other_script.script_hash = Digest::of(b"other");
    let mut other_tools = grant("a", &[]);
    other_tools.tool_sequence.pop();
    other_tools.tool_sequence.push("tool.delete".to_owned());
    for grant in [other_script, other_tools] {
        let registry = verified(&[mint(grant, "0.1.0", NOW, &key(1)).unwrap()]);
        assert_eq!(registry.find(&script("/srv"), &policy(), NOW), None);
    }
}

#[test]
fn an_expired_entry_leaves_the_others_alone() {
    let mut brief = grant("a", &[]);
    brief.ttl = Duration::from_secs(1);
    let registry = verified(&[mint(brief, "0.1.0", NOW, &key(1)).unwrap(), entry("b", &[])]);
    let found = |seconds| {
        let now = NOW.saturating_add(Duration::from_secs(seconds));
        registry
            .find(&script("/srv"), &policy(), now)
            .map(|found| found.pattern_id)
    };
    assert_eq!(found(0).as_deref(), Some("a"));
    assert_eq!(found(1).as_deref(), Some("b"));
    assert_eq!(found(60), None);
    assert!(!registry.is_empty());
}

#[test]
fn every_condition_must_hold() {
    for (scope, workspace, good) in [
        (&[][..], "/srv", true),
        (&["risk:low", "tool:script", "endpoint:fs.write"], "/srv", true),
        (&["risk:low", "risk:high"], "/srv", false),
        (&["tool:tool.write"], "/srv", false),
        (&["endpoint:net.http"], "/srv", false),
        (&["custom"], "/srv", false),
        (&["custom:x"], "/srv", false),
        (&["workspace_prefix:/srv"], "/srv", true),
        (&["workspace_prefix:/srv/"], "/srv/data", true),
        (&["workspace_prefix:/"], "/srv", true),
        (&["workspace_prefix:/SRV/Data"], "/srv/Data/x", true),
        (&["workspace_prefix:/srv/data"], "/srv", false),
        (&["workspace_prefix:/sr"], "/srv", false),
        (&["workspace_prefix:/srv"], "/srv/../etc", false),
        (&["workspace_prefix:"], "/srv", false),
    ] {
        let found = verified(&[entry("a", scope)]).find(&script(workspace), &policy(), NOW);
        assert_eq!(found.is_some(), good, "{scope:?} {workspace}");
    }
}

#[test]
fn the_first_match_in_the_file_decides() {
    let registry = verified(&[entry("z", &["risk:high"]), entry("y", &[]), entry("a", &[])]);
    assert_eq!(
        registry.find(&script("/srv"), &policy(), NOW).unwrap().pattern_id,
        "y"
    );
}

fn names(path: &Path) -> Vec<(String, String)> {
    let registry = Registry::load(path).expect("a registry");
    registry
        .entries()
        .iter()
        .map(|entry| (entry.pattern_id.clone(), entry.approver_identity.clone()))
        .collect()
}

#[test]
fn storing_replaces_entries_of_the_same_name_and_sorts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/registry.json");
    for (name, approver) in [("b", "one"), ("a", "one"), ("b", "two")] {
        let grant = ScriptGrant {
            approver_identity: approver.to_owned(),
            ..grant(name, &[])
        };
        store(&path, mint(grant, "0.1.0", NOW, &key(1)).unwrap()).unwrap();
    }
    let expected = [("a", "one"), ("b", "two")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(names(&path), expected);
    assert!(Registry::load(&path).unwrap().verified(&key(1).public()).is_ok());
}

#[test]
fn storing_spares_a_file_that_is_no_registry() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.json");
    std::fs::write(&path, "{}").unwrap();
    assert!(store(&path, entry("a", &[])).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"{}");
    assert!(matches!(
        store(Path::new("../registry.json"), entry("a", &[])),
        Err(RegistryError::Path(_))
    ));
}

#[test]
fn concurrent_writers_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.json");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            scope.spawn(move || {
                store(path, entry(&format!("p{writer}"), &[])).expect("room for every writer");
            });
        }
    });
    assert_eq!(names(&path).len(), 8);
}
