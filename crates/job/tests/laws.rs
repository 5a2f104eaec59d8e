//! What holds of every job, whatever is asked of it.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use gait_artifact::Timestamp;
use gait_artifact::job::{CheckpointType, JobStatus};
use gait_job::{Approval, Checkpoint, Command, Resumption, Submission, machine};
use proptest::prelude::*;

fn actor() -> String {
    "a".to_owned()
}

fn command() -> impl Strategy<Value = Command> {
    let checkpoint = prop::sample::select(CheckpointType::WORDS).prop_map(|kind| {
        Command::Checkpoint(Checkpoint {
            kind: kind.to_owned(),
            summary: "s".to_owned(),
            required_action: "r".to_owned(),
            actor: actor(),
        })
    });
    let approval = prop::sample::select(vec!["", "cp_0001", "cp_0002"]).prop_map(|id| {
        Command::Approve(Approval {
            actor: actor(),
            reason: String::new(),
            checkpoint_id: id.to_owned(),
        })
    });
    let resume = any::<bool>().prop_map(|elsewhere| {
        Command::Resume(Resumption {
            environment_fingerprint: if elsewhere { "there" } else { "here" }.to_owned(),
            allow_other_environment: true,
            ..Resumption::default()
        })
    });
    prop_oneof![
        6 => checkpoint,
        4 => approval,
        6 => resume,
        3 => Just(Command::Pause { actor: actor() }),
        1 => Just(Command::Stop { actor: actor() }),
        1 => Just(Command::Cancel { actor: actor() }),
        1 => Just(Command::BlockDispatch { actor: actor(), path: "p".to_owned() }),
    ]
}

proptest! {
    #[test]
    fn jobs_only_take_legal_steps(commands in prop::collection::vec(command(), 0..40)) {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let submission = Submission {
            job_id: "j".to_owned(),
            environment_fingerprint: "here".to_owned(),
            ..Submission::default()
        };
        let first = machine::submit(&submission, now).unwrap().state;
        let mut state = first.clone();
        for command in commands {
            let before = JobStatus::parse(&state.status).unwrap();
            let Ok(next) = machine::apply(&state, &command, now) else { continue };
            let after = JobStatus::parse(&next.state.status).unwrap();
            prop_assert!(command.is_allowed_in(before));
            prop_assert_eq!(next.state.revision, state.revision + 1);
            prop_assert_eq!(next.event.revision, next.state.revision);
            match before {
                JobStatus::Completed | JobStatus::Cancelled => prop_assert!(false, "left {}", before.as_str()),
                JobStatus::EmergencyStopped => {
                    prop_assert!(matches!(after, JobStatus::EmergencyStopped | JobStatus::Cancelled));
                }
                _ => {}
            }
            prop_assert!(next.state.checkpoints.starts_with(&state.checkpoints));
            prop_assert!(next.state.approvals.starts_with(&state.approvals));
            if matches!(command, Command::Resume(_)) {
                let decisions = state.checkpoints.iter().filter(|it| it.kind == "decision-needed").count();
                prop_assert!(decisions <= state.approvals.len());
            }
            state = next.state;
        }
        prop_assert_eq!(&state.safety_invariants, &first.safety_invariants);
        prop_assert_eq!(&state.environment_fingerprint, &first.environment_fingerprint);
    }
}
