//! `gait job`: work that outlives its process, with checkpoints, approvals and an emergency stop.

pub(crate) mod approve;
pub(crate) mod cancel;
pub(crate) mod checkpoint;
pub(crate) mod inspect;
pub(crate) mod pause;
mod policy;
pub(crate) mod resume;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod submit;

use gait_artifact::finding::Finding;
use gait_artifact::job::{JobCheckpoint, JobEvent, JobState};
use gait_canon::json::Object;
use gait_job::{Command, JobStore};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::finding_line;
use crate::outcome::{CommandResult, Report};
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "job",
    summary: "Run durable jobs with checkpoints, approvals and an emergency stop",
    explain: "Keeps the state of long-running work on disk, so that it can be paused, approved, resumed and stopped from outside.",
    help_succeeds: true,
};

/// Where jobs lie when nothing else is said.
const DEFAULT_ROOT: &str = "./gait-out/jobs";

const ID: Flag = Flag::text("id", "name of the job");
const ROOT: Flag = Flag::path("root", "directory of all jobs").or(DEFAULT_ROOT);
const ACTOR: Flag = Flag::text("actor", "who asks for it");
const ENV_FINGERPRINT: Flag = Flag::text(
    "env-fingerprint",
    "name of the environment instead of the machine's own fingerprint",
);
const POLICY: Flag = Flag::path("policy", "policy the job runs under");
const POLICY_DIGEST: Flag = Flag::text("policy-digest", "digest of that policy");
const POLICY_REF: Flag = Flag::text("policy-ref", "where that policy is found");

/// What every command of the group prints.
#[derive(Serialize)]
struct Output {
    schema_id: &'static str,
    schema_version: &'static str,
    ok: bool,
    operation: &'static str,
    job_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<JobCheckpoint>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checkpoints: Vec<JobCheckpoint>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<JobEvent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
}

const SCHEMA_ID: &str = "gait.job.output";
const SCHEMA_VERSION: &str = "1.0.0";

impl Output {
    fn new(operation: &'static str, job_id: &str) -> Self {
        Self {
            schema_id: SCHEMA_ID,
            schema_version: SCHEMA_VERSION,
            ok: true,
            operation,
            job_id: job_id.to_owned(),
            job: None,
            checkpoint: None,
            checkpoints: Vec::new(),
            events: Vec::new(),
            findings: Vec::new(),
        }
    }

    fn of_job(operation: &'static str, job: JobState) -> Self {
        let output = Self::new(operation, &job.job_id);
        Self {
            job: Some(job),
            ..output
        }
    }

    /// The same as text: a line for everything there is.
    fn report(self) -> Report {
        let mut lines = Vec::new();
        if let Some(job) = &self.job {
            lines.push(format!(
                "job {}: id={} status={} stop_reason={} reason_code={}",
                self.operation, job.job_id, job.status, job.stop_reason, job.status_reason_code
            ));
        }
        if let Some(checkpoint) = &self.checkpoint {
            lines.push(format!(
                "checkpoint: {} ({})",
                checkpoint.checkpoint_id, checkpoint.kind
            ));
        }
        for (name, count) in [
            ("checkpoints", self.checkpoints.len()),
            ("events", self.events.len()),
        ] {
            if count > 0 {
                lines.push(format!("{name}={count}"));
            }
        }
        lines.extend(self.findings.iter().map(finding_line));
        Report::new(&self).lines(lines)
    }
}

/// The keys that errors of `operation` carry.
fn error_fields(operation: &'static str) -> Object {
    [
        ("schema_id", SCHEMA_ID.into()),
        ("schema_version", SCHEMA_VERSION.into()),
        ("operation", operation.into()),
    ]
    .into_iter()
    .collect()
}

/// The jobs below `--root`.
fn store(parsed: &Parsed) -> JobStore {
    JobStore::new(match parsed.text("root").trim() {
        "" => DEFAULT_ROOT,
        root => root,
    })
}

/// Has the job of `--id` carry out a command.
fn change(
    parsed: &Parsed,
    context: &Context<'_>,
    command: &Command,
) -> Result<JobState, crate::error::Failure> {
    Ok(store(parsed).mutate(parsed.text("id"), command, context.now())?)
}

/// The same, with nothing to print but the job.
fn change_and_report(
    parsed: &Parsed,
    context: &Context<'_>,
    operation: &'static str,
    command: &Command,
) -> CommandResult {
    Ok(Output::of_job(operation, change(parsed, context, command)?).report())
}
