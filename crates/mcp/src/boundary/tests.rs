use std::{fs, path::Path, sync::Arc};

use gait_artifact::Verdict;
use gait_canon::PrivateKey;
use gait_gate::{
    Deployment, Entrance, Fact, Signer,
    clock::{Clock as _, SystemClock},
    profile::Profile,
    rate_limit::LocalRateLimiter,
};
use gait_job::{Command, JobStore, Submission};
use gait_policy::{CompiledPolicy, document};

use super::*;

const CALL: &str = r#"{"name": "tool.search", "args": {"query": "x"}, "context": {"identity": "agent",
    "workspace": "/w", "risk_class": "low", "session_id": "s"}}"#;

/// A boundary whose files are below `root`.
fn boundary(root: &Path, policy: &str, profile: Profile) -> Boundary<'static> {
    let policy = document::read(policy.as_bytes()).unwrap();
    let jobs = JobStore::new(root.join("jobs"));
    let gate = Gate::new(Deployment {
        policy: CompiledPolicy::new(policy),
        profile,
        signer: Signer {
            key: PrivateKey::from_seed(&[1; 32]),
            warning: None,
        },
        approval_key: Fact::NotConfigured,
        delegation_key: Fact::NotConfigured,
        kill_switch: Fact::NotConfigured,
        inventory: Fact::NotConfigured,
        scripts: Fact::NotConfigured,
        script_key: Fact::NotConfigured,
        broker: None,
        rate_limiter: Arc::new(LocalRateLimiter::new(root.join("limits.json"))),
        dispatch: Some(Arc::new(JobGuard::new(jobs))),
        clock: &SystemClock,
        producer_version: "1.0.0",
        entrance: Entrance::McpBoundary,
    });
    Boundary::new(gate.unwrap(), None, Presented::default())
}

fn ask(payload: &str) -> Ask<'_> {
    Ask {
        payload: payload.as_bytes(),
        ..Ask::default()
    }
}

#[test]
fn a_boundary_is_shared_by_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let root = tempfile::tempdir().unwrap();
    let boundary = boundary(root.path(), "{default_verdict: allow}", Profile::Standard);
    shared(&boundary);
    let verdicts: Vec<_> = std::thread::scope(|scope| {
        let asking =
            [(); 4].map(|()| scope.spawn(|| boundary.decide(&ask(CALL)).unwrap().decision.verdict()));
        asking.map(|thread| thread.join().unwrap()).into()
    });
    assert_eq!(verdicts, [Verdict::Allow; 4]);
}

#[test]
fn what_is_known_of_the_caller_completes_what_a_call_says() {
    let root = tempfile::tempdir().unwrap();
    let boundary = boundary(root.path(), "{default_verdict: allow}", Profile::Standard);
    let caller = Caller {
        identity: "somebody",
        workspace: "/known",
        risk_class: "critical",
    };
    for (payload, expected) in [
        (r#"{"name": "t"}"#, ["somebody", "/known", "critical"]),
        (
            r#"{"name": "t", "context": {"identity": "agent", "workspace": " "}}"#,
            ["agent", "/known", "critical"],
        ),
        (CALL, ["agent", "/w", "low"]),
    ] {
        let asked = Ask {
            caller,
            ..ask(payload)
        };
        let judged = boundary.decide(&asked).unwrap();
        let context = judged.decision.intent.context();
        assert_eq!(
            [&context.identity, &context.workspace, &context.risk_class],
            expected,
            "{payload}"
        );
    }
}

#[test]
fn a_call_belongs_to_the_run_that_is_asked_for_or_named_or_its_own() {
    let root = tempfile::tempdir().unwrap();
    let boundary = boundary(root.path(), "{default_verdict: allow}", Profile::Standard);
    let named = CALL.replace(r#""session_id""#, r#""run_id": "from call", "session_id""#);
    let asked = Ask {
        run_id: "a b",
        ..ask(&named)
    };
    assert_eq!(boundary.decide(&asked).unwrap().run_id, "run_a_b");
    assert_eq!(boundary.decide(&ask(&named)).unwrap().run_id, "run_from_call");
    let own = boundary.decide(&ask(CALL)).unwrap();
    let digest = own.decision.intent.digest().to_string();
    assert_eq!(own.run_id, format!("run_mcp_{}", &digest[..12]));
}

/// The age of the evidence changes the intent from second to second; the run stays the same.
#[test]
fn context_evidence_leaves_the_run_alone() {
    let root = tempfile::tempdir().unwrap();
    let envelope = root.path().join("env.json");
    let text = r#"{"context_set_id": "set", "evidence_mode": "required"}"#;
    fs::write(&envelope, text).unwrap();
    let boundary = boundary(root.path(), "{default_verdict: allow}", Profile::Standard);
    let path = envelope.to_str().unwrap();
    let naming = CALL.replace(
        r#""session_id""#,
        &format!(r#""context_envelope_path": "{path}", "session_id""#),
    );
    assert!(matches!(
        boundary.decide(&ask(&naming)),
        Err(BoundaryError::EnvelopeInCall)
    ));
    let allowed = Ask {
        may_name_envelope: true,
        ..ask(&naming)
    };
    let with = boundary.decide(&allowed).unwrap();
    let without = boundary.decide(&ask(CALL)).unwrap();
    assert_eq!(with.run_id, without.run_id);
    assert_eq!(with.decision.context_source, "context_envelope");
    assert_ne!(with.decision.intent.digest(), without.decision.intent.digest());

    let configured = Boundary {
        envelope: Some(facts::read_envelope(path).unwrap()),
        ..boundary
    };
    assert!(matches!(
        configured.decide(&allowed),
        Err(BoundaryError::EnvelopeConfigured)
    ));
    assert_eq!(
        configured.decide(&ask(CALL)).unwrap().decision.context_source,
        "context_envelope"
    );
}

#[test]
fn callers_that_do_not_say_who_they_are_are_told() {
    let root = tempfile::tempdir().unwrap();
    let standard = boundary(root.path(), "{default_verdict: allow}", Profile::Standard);
    assert!(standard.decide(&ask(CALL)).unwrap().warnings.is_empty());
    let anonymous = standard.decide(&ask(r#"{"name": "t"}"#)).unwrap();
    assert_eq!(anonymous.warnings, [FALLBACK_CONTEXT_WARNING]);
    let production = boundary(root.path(), "{default_verdict: block}", Profile::OssProd);
    assert!(matches!(
        production.decide(&ask(r#"{"name": "t"}"#)),
        Err(BoundaryError::Call(CallError::ContextRequired("identity")))
    ));
}

/// A kill switch that can't be read blocks calls that say they are risky. A call that doesn't say how risky it is
/// counts as risky everywhere else; here it is an error, which lets nothing through either.
#[test]
fn an_unreadable_kill_switch_lets_nothing_through() {
    let root = tempfile::tempdir().unwrap();
    let plain = boundary(root.path(), "{default_verdict: allow}", Profile::Standard);
    let mut boundary = plain;
    let key = PrivateKey::from_seed(&[1; 32]);
    boundary.gate = Gate::new(Deployment {
        policy: CompiledPolicy::new(document::read(b"{default_verdict: allow}").unwrap()),
        profile: Profile::Standard,
        signer: Signer { key, warning: None },
        approval_key: Fact::NotConfigured,
        delegation_key: Fact::NotConfigured,
        kill_switch: Fact::Unavailable("gone".to_owned()),
        inventory: Fact::NotConfigured,
        scripts: Fact::NotConfigured,
        script_key: Fact::NotConfigured,
        broker: None,
        rate_limiter: Arc::new(LocalRateLimiter::new(root.path().join("limits.json"))),
        dispatch: None,
        clock: &SystemClock,
        producer_version: "1.0.0",
        entrance: Entrance::McpBoundary,
    })
    .unwrap();
    let risky = CALL.replace("low", " High ");
    let blocked = boundary.decide(&ask(&risky)).unwrap();
    assert_eq!(blocked.decision.verdict(), Verdict::Block);
    assert!(boundary.decide(&ask(CALL)).is_err());
    assert!(boundary.decide(&ask(r#"{"name": "t"}"#)).is_err());
}

#[test]
fn servers_are_held_against_the_snapshot() {
    let root = tempfile::tempdir().unwrap();
    let snapshot = root.path().join("snap.json");
    fs::write(
        &snapshot,
        r#"{"entries": [{"server_id": "github", "status": "trusted"}]}"#,
    )
    .unwrap();
    let policy = format!(
        "{{default_verdict: allow, mcp_trust: {{snapshot: '{}', action: block, required_risk_classes: [high]}}}}",
        snapshot.display()
    );
    let boundary = boundary(root.path(), &policy, Profile::Standard);
    let verdict = |payload: &str| boundary.decide(&ask(payload)).unwrap().decision.verdict();
    assert_eq!(
        verdict(r#"{"name": "t", "server": {"server_id": "GitHub"}}"#),
        Verdict::Allow
    );
    assert_eq!(
        verdict(r#"{"name": "t", "server": {"server_id": "other"}}"#),
        Verdict::Block
    );
    // Leaving the risk class and the server out switches nothing off.
    assert_eq!(verdict(r#"{"name": "t"}"#), Verdict::Block);
    assert_eq!(verdict(CALL), Verdict::Allow);
}

#[test]
fn calls_of_stopped_jobs_are_blocked_and_recorded_once_each() {
    let root = tempfile::tempdir().unwrap();
    let boundary = boundary(root.path(), "{default_verdict: dry_run}", Profile::Standard);
    let jobs = JobStore::new(root.path().join("jobs"));
    let now = SystemClock.now();
    let submission = Submission {
        job_id: "j".to_owned(),
        ..Submission::default()
    };
    jobs.submit(&submission, now).unwrap();
    let actor = "ops".to_owned();
    jobs.mutate("j", &Command::Stop { actor }, now).unwrap();
    let call = CALL.replace(r#""session_id""#, r#""job_id": " j ", "session_id""#);
    let judged = boundary.decide(&ask(&call)).unwrap();
    assert_eq!(judged.decision.verdict(), Verdict::Block);
    assert_eq!(judged.job_id(), "j");
    assert_eq!(jobs.history("j").unwrap().events.len(), 3);

    // What makes no intent is an error, and leaves no event.
    let broken = call.replace(
        r#""args""#,
        r#""targets": [{"kind": "bogus", "value": "x"}], "args""#,
    );
    assert!(boundary.decide(&ask(&broken)).is_err());
    assert_eq!(jobs.history("j").unwrap().events.len(), 3);
}

#[test]
fn what_is_not_understood_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let boundary = boundary(root.path(), "{default_verdict: allow}", Profile::Standard);
    let refused = |payload: &str, adapter| {
        let ask = Ask {
            adapter,
            ..ask(payload)
        };
        boundary.decide(&ask).unwrap_err()
    };
    assert!(matches!(refused(CALL, "vax"), BoundaryError::Adapter(_)));
    assert!(matches!(refused("{", ""), BoundaryError::Decode(_)));
    let mode = CALL.replace(r#""session_id""#, r#""auth_mode": "x", "session_id""#);
    assert!(matches!(refused(&mode, "mcp"), BoundaryError::OAuth(_)));
}
