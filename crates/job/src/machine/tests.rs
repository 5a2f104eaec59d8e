use super::*;
use crate::RevocationList;

const FP: &str = "envfp:test";

fn now() -> Timestamp {
    "2026-03-01T11:00:00+01:00".parse().unwrap()
}

fn actor() -> String {
    " somebody ".to_owned()
}

fn submission() -> Submission {
    Submission {
        job_id: " j ".to_owned(),
        producer_version: "1.2.3".to_owned(),
        environment_fingerprint: FP.to_owned(),
        ..Submission::default()
    }
}

fn new_job() -> JobState {
    submit(&submission(), now()).unwrap().state
}

fn in_status(status: JobStatus) -> JobState {
    JobState {
        status: status.as_str().to_owned(),
        ..new_job()
    }
}

fn checkpoint(kind: &str) -> Command {
    Command::Checkpoint(Checkpoint {
        kind: kind.to_owned(),
        summary: " says so ".to_owned(),
        required_action: " look ".to_owned(),
        actor: actor(),
    })
}

fn approval() -> Command {
    Command::Approve(Approval {
        actor: actor(),
        ..Approval::default()
    })
}

fn resumption() -> Resumption {
    Resumption {
        environment_fingerprint: FP.to_owned(),
        ..Resumption::default()
    }
}

fn do_all(mut state: JobState, commands: &[Command]) -> Result<JobState, Refusal> {
    for command in commands {
        state = apply(&state, command, now())?.state;
    }
    Ok(state)
}

/// Every command, and for every status, in the order of `JobStatus::ALL`, what becomes of it; `-` is a refusal.
fn table() -> Vec<(Command, [&'static str; 7])> {
    let paused = ["paused", "-", "paused", "-", "-", "-", "-"];
    let same = ["running", "paused", "decision_needed", "blocked", "-", "-", "-"];
    let all = |status| [status, status, status, status, "-", "-", "-"];
    vec![
        (checkpoint("plan"), same),
        (checkpoint("progress"), same),
        (checkpoint("decision-needed"), all("decision_needed")),
        (checkpoint("blocked"), all("blocked")),
        (checkpoint("completed"), all("completed")),
        (Command::Pause { actor: actor() }, paused),
        (approval(), same),
        // A job that waits for a decision which no checkpoint tells can't be approved, see below.
        (
            Command::Resume(resumption()),
            ["-", "running", "-", "running", "-", "-", "-"],
        ),
        (Command::Stop { actor: actor() }, all("emergency_stopped")),
        (
            Command::Cancel { actor: actor() },
            [
                "cancelled",
                "cancelled",
                "cancelled",
                "cancelled",
                "-",
                "-",
                "cancelled",
            ],
        ),
        (
            Command::BlockDispatch {
                actor: actor(),
                path: "p".to_owned(),
            },
            ["-", "-", "-", "-", "-", "-", "emergency_stopped"],
        ),
    ]
}

#[test]
fn every_command_in_every_status() {
    for (command, row) in table() {
        for (status, expected) in JobStatus::ALL.iter().zip(row) {
            let before = in_status(*status);
            let result = apply(&before, &command, now());
            let label = format!("{} in {}", command.name(), status.as_str());
            let Ok(Transition { state, event }) = result else {
                assert_eq!(expected, "-", "{label}: {result:?}");
                continue;
            };
            assert_eq!(state.status, expected, "{label}");
            assert_eq!((state.revision, event.revision), (2, 2), "{label}");
            assert_eq!((state.updated_at, event.created_at), (now(), now()), "{label}");
            assert_eq!(event.job_id, "j", "{label}");
            let unchanged = (
                state.created_at,
                &state.environment_fingerprint,
                &state.safety_invariant_hash,
            );
            let original = (
                before.created_at,
                &before.environment_fingerprint,
                &before.safety_invariant_hash,
            );
            assert_eq!(unchanged, original, "{label}");
        }
    }
}

#[test]
fn nothing_leads_out_of_the_end_but_cancelling_a_stopped_job() {
    for (command, _) in table() {
        for status in [
            JobStatus::Completed,
            JobStatus::Cancelled,
            JobStatus::EmergencyStopped,
        ] {
            if let Ok(next) = apply(&in_status(status), &command, now()) {
                assert_eq!(status, JobStatus::EmergencyStopped);
                assert!(["cancelled", "emergency_stopped"].contains(&next.state.status.as_str()));
            }
        }
    }
}

#[test]
fn a_job_in_an_unknown_status_can_only_be_stopped() {
    for status in ["", "dancing", "Running"] {
        let state = JobState {
            status: status.to_owned(),
            ..new_job()
        };
        for (command, _) in table() {
            let stops = matches!(command, Command::Stop { .. });
            let result = apply(&state, &command, now());
            assert_eq!(result.is_ok(), stops, "{} {status:?}", command.name());
        }
    }
}

#[test]
fn a_submission_makes_the_first_state() {
    let Transition { state, event } = submit(
        &Submission {
            actor: " me ".to_owned(),
            policy_digest: "d".to_owned(),
            policy_ref: " r ".to_owned(),
            ..submission()
        },
        now(),
    )
    .unwrap();
    assert_eq!(
        (state.job_id.as_str(), state.identity.as_str(), state.revision),
        ("j", "me", 1)
    );
    assert_eq!(state.created_at.to_string(), "2026-03-01T10:00:00Z");
    assert_eq!(
        (state.status.as_str(), state.stop_reason.as_str()),
        ("running", "none")
    );
    assert_eq!(state.safety_invariants.len(), 6);
    let keys: Vec<&str> = event.payload.keys().collect();
    assert_eq!(
        keys,
        [
            "environment_fingerprint",
            "identity",
            "policy_digest",
            "policy_ref"
        ]
    );
    assert_eq!((event.kind.as_str(), event.actor.as_str()), ("submitted", "me"));
}

#[test]
fn which_names_jobs_may_have() {
    let longest = "0".repeat(128);
    for id in ["a", "A:b.c_d-e", "9", &longest] {
        assert!(is_job_id(id), "{id}");
    }
    let too_long = "0".repeat(129);
    for id in [
        "", ".", "..", "../x", "a/b", ".x", "_x", "-x", ":x", "a b", "ä", "a\\b", "a\0", "a\n", &too_long,
    ] {
        assert!(!is_job_id(id), "{id:?}");
    }
}

#[test]
fn what_checkpoints_must_say() {
    let with = |change: fn(&mut Checkpoint)| {
        let mut checkpoint = Checkpoint {
            kind: "progress".to_owned(),
            summary: "s".to_owned(),
            ..Checkpoint::default()
        };
        change(&mut checkpoint);
        apply(&new_job(), &Command::Checkpoint(checkpoint), now()).map(|next| next.state.checkpoints)
    };
    assert_eq!(
        with(|it| it.kind = "decision_needed".into()),
        Err(Refusal::CheckpointType("decision_needed".into()))
    );
    assert_eq!(
        with(|it| it.kind.clear()),
        Err(Refusal::CheckpointType(String::new()))
    );
    assert_eq!(with(|it| it.summary = " \n".into()), Err(Refusal::NoSummary));
    assert_eq!(
        with(|it| it.summary = "é".repeat(257)),
        Err(Refusal::LongSummary(514))
    );
    assert!(with(|it| it.summary = format!(" {} ", "é".repeat(256))).is_ok());
    assert_eq!(
        with(|it| it.kind = "decision-needed".into()),
        Err(Refusal::NoRequiredAction)
    );
    let dropped = with(|it| it.required_action = "x".into()).unwrap();
    assert_eq!(dropped[0].required_action, "");
    let trimmed = do_all(new_job(), &[checkpoint(" decision-needed "), checkpoint("plan")]).unwrap();
    let second = &trimmed.checkpoints[1];
    assert_eq!(
        (second.checkpoint_id.as_str(), second.reason_code.as_str()),
        ("cp_0002", "checkpoint_plan")
    );
    let first = &trimmed.checkpoints[0];
    assert_eq!(
        (first.summary.as_str(), first.required_action.as_str()),
        ("says so", "look")
    );
    assert_eq!(first.actor, "somebody");
}

fn approve_checkpoint(id: &str) -> Command {
    Command::Approve(Approval {
        actor: actor(),
        checkpoint_id: id.to_owned(),
        ..Approval::default()
    })
}

#[test]
fn every_decision_needs_an_approval_of_its_own() {
    let decision = || checkpoint("decision-needed");
    let resume = || Command::Resume(resumption());
    let pause = || Command::Pause { actor: actor() };
    for (commands, expected) in [
        (vec![decision(), resume()], Err((1, 0))),
        (vec![decision(), pause(), resume()], Err((1, 0))),
        (vec![decision(), approval(), resume()], Ok(())),
        (vec![decision(), pause(), approval(), resume()], Ok(())),
        (vec![decision(), decision(), approval(), resume()], Err((2, 1))),
        (
            vec![decision(), decision(), approval(), approval(), resume()],
            Ok(()),
        ),
        (vec![decision(), approve_checkpoint("cp_0001"), resume()], Ok(())),
        (
            vec![
                decision(),
                decision(),
                approve_checkpoint("cp_0001"),
                approve_checkpoint("cp_0001"),
                resume(),
            ],
            Err((2, 1)),
        ),
        (
            vec![
                decision(),
                decision(),
                approve_checkpoint("cp_0001"),
                approval(),
                resume(),
            ],
            Ok(()),
        ),
        // An approval that was given for an earlier decision does not cover a later one.
        (
            vec![
                decision(),
                approve_checkpoint("cp_0001"),
                approve_checkpoint("cp_0001"),
                resume(),
                decision(),
                resume(),
            ],
            Err((2, 1)),
        ),
    ] {
        let refused = do_all(new_job(), &commands).map(drop);
        let expected =
            expected.map_err(|(decisions, approved)| Refusal::ApprovalRequired { decisions, approved });
        assert_eq!(refused, expected, "{commands:?}");
    }
    let orphan = do_all(in_status(JobStatus::DecisionNeeded), &[approval(), resume()]);
    assert!(matches!(
        orphan,
        Err(Refusal::ApprovalRequired { decisions: 0, .. })
    ));
}

#[test]
fn approvals_name_who_and_what() {
    let nobody = Command::Approve(Approval::default());
    assert_eq!(apply(&new_job(), &nobody, now()), Err(Refusal::NoApprover));
    let state = do_all(new_job(), &[checkpoint("plan"), checkpoint("decision-needed")]).unwrap();
    assert_eq!(
        do_all(state.clone(), &[approve_checkpoint("cp_0001")]),
        Err(Refusal::NothingToApprove("cp_0001".to_owned()))
    );
    assert_eq!(
        do_all(state.clone(), &[approve_checkpoint("cp_0003")]),
        Err(Refusal::UnknownCheckpoint("cp_0003".to_owned()))
    );
    let next = apply(&state, &approve_checkpoint(" cp_0002 "), now()).unwrap();
    assert_eq!(next.state.approvals[0].reason, "approved");
    assert_eq!(next.state.status_reason_code, "approval_recorded");
    assert_eq!(
        next.event.payload.keys().collect::<Vec<_>>(),
        ["checkpoint_id", "reason"]
    );
    let unbound = apply(&state, &approval(), now()).unwrap();
    assert_eq!(unbound.event.payload.keys().collect::<Vec<_>>(), ["reason"]);
}

fn bound_and_paused() -> JobState {
    let submission = Submission {
        identity: "agent".to_owned(),
        policy_digest: "p1".to_owned(),
        policy_ref: "base".to_owned(),
        ..submission()
    };
    let job = submit(&submission, now()).unwrap().state;
    do_all(job, &[Command::Pause { actor: actor() }]).unwrap()
}

fn unbound_and_paused() -> JobState {
    do_all(new_job(), &[Command::Pause { actor: actor() }]).unwrap()
}

fn resume(state: &JobState, change: impl FnOnce(&mut Resumption)) -> Result<Transition, Refusal> {
    let mut resumption = resumption();
    change(&mut resumption);
    apply(state, &Command::Resume(resumption), now())
}

#[test]
fn a_bound_job_needs_a_policy_digest_anew() {
    let job = bound_and_paused();
    assert_eq!(resume(&job, |_| {}), Err(Refusal::PolicyDigestRequired));
    assert_eq!(
        resume(&job, |it| it.policy_ref = "x".into()),
        Err(Refusal::PolicyDigestRequired)
    );
    let same = resume(&job, |it| it.policy_digest = "p1".into()).unwrap();
    assert_eq!(same.state.status_reason_code, "resumed");
    let other = resume(&job, |it| it.policy_digest = "p2".into()).unwrap();
    assert_eq!(other.state.status_reason_code, "resumed_with_policy_transition");
    assert_eq!(
        (
            other.state.policy_digest.as_str(),
            other.state.policy_ref.as_str()
        ),
        ("p2", "base")
    );
    assert_eq!(other.state.safety_invariants, job.safety_invariants);
    let both = resume(&job, |it| {
        it.policy_digest = "p2".into();
        it.policy_ref = "next".into();
        it.environment_fingerprint = "elsewhere".into();
        it.allow_other_environment = true;
    })
    .unwrap();
    assert_eq!(
        both.event.reason_code,
        "resumed_with_env_override_policy_transition"
    );
    assert_eq!(both.state.environment_fingerprint, FP);

    let unbound = unbound_and_paused();
    assert_eq!(
        resume(&unbound, |it| it.policy_ref = "x".into()),
        Err(Refusal::PolicyDigestRequired)
    );
    let bound_now = resume(&unbound, |it| it.policy_digest = "p1".into()).unwrap();
    assert_eq!(bound_now.event.reason_code, "resumed");
    assert_eq!(
        bound_now.event.payload.get("policy_changed").unwrap().as_bool(),
        Some(false)
    );
}

#[test]
fn the_identity_is_looked_at_anew() {
    let (bound, unbound) = (bound_and_paused(), unbound_and_paused());
    let list = |text: &str| Some(RevocationList::read(text.as_bytes()).unwrap());
    let with_digest = |change: fn(&mut Resumption)| {
        resume(&bound, |it| {
            it.policy_digest = "p1".into();
            change(it);
        })
    };
    let other = Refusal::OtherIdentity {
        bound: "agent".to_owned(),
        given: "eve".to_owned(),
    };
    assert_eq!(with_digest(|it| it.identity = "eve".into()), Err(other));
    let revoked = Err(Refusal::IdentityRevoked("agent".to_owned()));
    assert_eq!(with_digest(|it| it.identity_revoked = true), revoked);
    let listed = |it: &mut Resumption| it.revocations = Some(RevocationList::read(b"eve\nagent").unwrap());
    assert_eq!(with_digest(listed), revoked);
    assert!(with_digest(|it| it.identity = " agent ".into()).is_ok());

    assert_eq!(
        resume(&unbound, |it| it.identity_revoked = true),
        Err(Refusal::IdentityRequired)
    );
    assert_eq!(
        resume(&unbound, |it| it.revocations = list("")),
        Err(Refusal::IdentityRequired)
    );
    let next = resume(&unbound, |it| {
        it.identity = "eve".into();
        it.revocations = list("agent");
    })
    .unwrap();
    assert_eq!(next.state.identity, "eve");
    let source = next.event.payload.get("identity_validation_source");
    assert_eq!(source.and_then(Value::as_str), Some("revocation_list"));
    assert!(
        resume(&unbound, |_| {})
            .unwrap()
            .event
            .payload
            .get("identity")
            .is_none()
    );
}

#[test]
fn another_environment_must_be_allowed() {
    let job = unbound_and_paused();
    let elsewhere = |it: &mut Resumption| it.environment_fingerprint = " elsewhere ".into();
    assert!(matches!(
        resume(&job, elsewhere),
        Err(Refusal::OtherEnvironment { .. })
    ));
    let next = resume(&job, |it| {
        elsewhere(it);
        it.allow_other_environment = true;
    })
    .unwrap();
    assert_eq!(next.event.reason_code, "resumed_with_env_override");
    let keys: Vec<&str> = next.event.payload.keys().collect();
    assert_eq!(keys, ["actual_fingerprint", "expected_fingerprint", "reason"]);
    assert_eq!(
        next.event.payload.get("actual_fingerprint").unwrap().as_str(),
        Some("elsewhere")
    );
}

#[test]
fn the_first_objection_counts() {
    let mut job = bound_and_paused();
    let everything_wrong = |job: &JobState| {
        resume(job, |it| {
            it.identity = "eve".into();
            it.identity_revoked = true;
            it.environment_fingerprint = "elsewhere".into();
        })
    };
    assert_eq!(everything_wrong(&job), Err(Refusal::PolicyDigestRequired));
    job.status = "decision_needed".to_owned();
    assert!(matches!(
        everything_wrong(&job),
        Err(Refusal::ApprovalRequired { .. })
    ));
    job.status = "running".to_owned();
    assert!(matches!(everything_wrong(&job), Err(Refusal::Status { .. })));
}

#[test]
fn an_exhausted_revision_is_refused() {
    let state = JobState {
        revision: u64::MAX,
        ..new_job()
    };
    assert_eq!(apply(&state, &approval(), now()), Err(Refusal::Exhausted));
}
