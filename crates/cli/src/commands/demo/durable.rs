//! `gait demo --durable`: a job that waits for an approval, is approved and ends, and the pack that proves it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use gait_artifact::{Timestamp, job::JobState};
use gait_disk::progress::Unwatched;
use gait_job::{Approval, Checkpoint, Command, JobError, JobStore, Refusal, Resumption, Submission};
use gait_pack::{build, verify};

use super::{Output, standard};
use crate::context::Context;
use crate::error::{ErrorKind, Failure};

const JOB_ID: &str = "job_demo_durable";
const ROOT: &str = "gait-out/jobs";
const STATE_PATH: &str = "./gait-out/jobs/job_demo_durable/state.json";
const PACK_PATH: &str = "./gait-out/pack_job_demo_durable.zip";
const ENVIRONMENT: &str = "envfp:demo-durable";
const USER: &str = "demo.user";
/// 2026-02-14T00:00:00Z: a fixed time, so that every demonstration writes the same bytes.
const STARTED_SECONDS: i64 = 1_771_027_200;

pub(super) fn run(context: &Context<'_>) -> Result<Output, Failure> {
    for remove in [
        fs::remove_dir_all(Path::new(ROOT).join(JOB_ID)),
        fs::remove_file(PACK_PATH),
    ] {
        absent(remove)
            .map_err(|error| Failure::invalid_input(error).context("remove the last demonstration"))?;
    }
    let store = JobStore::new(ROOT);
    let job = work(&store, context.producer_version())?;
    pack(&store, context.producer_version())?;
    Ok(Output {
        run_id: standard::RUN_ID,
        job_id: JOB_ID,
        job_status: job.status,
        bundle: STATE_PATH,
        pack_path: PACK_PATH,
        verify: "ok",
        simulated_failure: "resume blocked until approval",
        next_commands: [
            "gait job inspect --id job_demo_durable --json",
            "gait pack inspect ./gait-out/pack_job_demo_durable.zip --json",
            "gait demo --policy",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Output::default()
    })
}

/// What is not there need not be removed.
fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Drives the job, a minute from step to step.
fn work(store: &JobStore, producer_version: &str) -> Result<JobState, Failure> {
    let minute = |number: u64| {
        Timestamp::from_unix(STARTED_SECONDS, 0).saturating_add(Duration::from_secs(60 * number))
    };
    let submission = Submission {
        job_id: JOB_ID.to_owned(),
        producer_version: producer_version.to_owned(),
        actor: USER.to_owned(),
        environment_fingerprint: ENVIRONMENT.to_owned(),
        ..Submission::default()
    };
    store.submit(&submission, minute(0))?;
    let decision = checkpoint(
        "decision-needed",
        "approval required to continue",
        "security_review",
    );
    store.mutate(JOB_ID, &decision, minute(1))?;
    must_wait(store.mutate(JOB_ID, &resume("resume_without_approval"), minute(2)))?;
    let approval = Command::Approve(Approval {
        actor: "demo.approver".to_owned(),
        reason: "approved_for_resume".to_owned(),
        ..Approval::default()
    });
    store.mutate(JOB_ID, &approval, minute(3))?;
    store.mutate(JOB_ID, &resume("approved_resume"), minute(4))?;
    let end = checkpoint("completed", "durable demo complete", "");
    Ok(store.mutate(JOB_ID, &end, minute(5))?)
}

fn checkpoint(kind: &str, summary: &str, required_action: &str) -> Command {
    Command::Checkpoint(Checkpoint {
        kind: kind.to_owned(),
        summary: summary.to_owned(),
        required_action: required_action.to_owned(),
        actor: USER.to_owned(),
    })
}

fn resume(reason: &str) -> Command {
    Command::Resume(Resumption {
        actor: USER.to_owned(),
        reason: reason.to_owned(),
        environment_fingerprint: ENVIRONMENT.to_owned(),
        ..Resumption::default()
    })
}

/// The point of the demonstration: without an approval the job does not go on.
fn must_wait(resumed: Result<JobState, JobError>) -> Result<(), Failure> {
    match resumed {
        Err(JobError::Refused(Refusal::ApprovalRequired { .. })) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(Failure::new(
            ErrorKind::VerificationFailed,
            "the job went on without the approval it needs",
        )),
    }
}

/// Packs the job and verifies the pack.
fn pack(store: &JobStore, producer_version: &str) -> Result<(), Failure> {
    let history = store.history(JOB_ID)?;
    let path = Path::new(PACK_PATH);
    let mut pack =
        build::job(&history.state, &history.events, ENVIRONMENT, producer_version)?.seal(None, &Unwatched)?;
    pack.write(path, &Unwatched)?;
    let verification = verify::verify(path, &verify::VerifyOptions::default(), &Unwatched)?;
    if verification.is_ok() {
        Ok(())
    } else {
        Err(Failure::new(ErrorKind::VerificationFailed, "verification failed"))
    }
}
