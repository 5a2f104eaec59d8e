//! The fuzz targets of this crate on a bounded number of inputs: valid documents with bytes changed, cut out or repeated.
#![expect(
    unexpected_cfgs,
    reason = "the targets ask for cfg(fuzzing), which only cargo-fuzz sets"
)]

#[path = "../../../fuzz/fuzz_targets/evaluate.rs"]
mod evaluate;
#[path = "../../../fuzz/mutation.rs"]
mod mutation;

use mutation::inputs;
use proptest::prelude::*;

const POLICIES: &[&str] = &[
    "default_verdict: allow
fail_closed: {enabled: true, risk_classes: [critical], required_fields: [targets, endpoint_class]}
scripts: {max_steps: 2, require_approval_above: 1, block_mixed_risk: true}
rules:
  - {name: A b-c, effect: allow, match: {tool_names: [fs.read], workspace_prefixes: [/repo, 'C:\\w']}}
  - {name: paths, effect: dry_run, endpoint: {path_denylist: ['/etc/**', '/a/[^b]?'], domain_allowlist: ['*.x.example']}}
  - {name: frozen, priority: 1, effect: allow, freeze_window: {timezone: Europe/Berlin, windows: [
      {start: '1979-12-31T00:00:00', end: '1980-01-02T00:00:00.5'}]}}
",
    "rules:
  - {name: who, effect: allow, allowed_agent_ids: [a], required_agent_lifecycle_states: [active], max_credential_ttl_seconds: 9,
     sandbox: {required_read_only_roots: [/repo], allowed_writable_path_prefixes: [/tmp]}, max_context_age_seconds: 5}
  - {name: flow, effect: block, dataflow: {destination_kinds: [path]}, match: {max_delegation_depth: 1, provenance_sources: [user]}}
",
];

const INTENTS: &[&str] = &[
    r#"{"tool_name":"fs.read","targets":[{"kind":"path","value":"/srv/../etc/x","operation":"delete"},{"kind":"url",
    "value":"https://A.x.example./"}],"context":{"identity":"i","workspace":"C:\\w\\x","risk_class":"low","agent_id":"a",
    "agent_identity":{"lifecycle_states":["Active"]},"sandbox":{"writable_paths":["/tmp/x"],"filesystem_isolation":"none"}}}"#,
    r#"{"script":{"steps":[{"tool_name":"fs.read","targets":[{"kind":"path","value":"/repo"}],"arg_provenance":[{"arg_path":"p",
    "source":"user"}]},{"tool_name":"b"}]},"delegation":{"requester_identity":"b"},
    "context":{"identity":"i","workspace":"/repo","risk_class":"critical"}}"#,
];

/// A policy and an intent, damaged.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let pairs = POLICIES
        .iter()
        .flat_map(|policy| INTENTS.iter().map(move |intent| (policy, intent)));
    inputs(
        pairs
            .map(|(policy, intent)| [policy.as_bytes(), b"\0", intent.as_bytes()].concat())
            .collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn evaluate_holds(data in damaged()) {
        evaluate::check(&data);
    }
}

#[test]
fn the_seeds_are_valid() {
    for policy in POLICIES {
        gait_policy::document::read(policy.as_bytes()).unwrap();
        for intent in INTENTS {
            let request = gait_artifact::intent::IntentRequest::read(intent.as_bytes()).unwrap();
            request.normalize().unwrap();
            evaluate::check(&[policy.as_bytes(), b"\0", intent.as_bytes()].concat());
        }
    }
}
