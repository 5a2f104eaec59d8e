//! `gait job submit`: begin a job.

use gait_job::Submission;

use super::policy::Binding;
use super::{
    ACTOR, ENV_FINGERPRINT, ID, Output, POLICY, POLICY_DIGEST, POLICY_REF, ROOT, error_fields, store,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

const OPERATION: &str = "submit";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job submit", "Begin a durable job")
    .explain("Creates a job that runs from now on, bound to an environment and, when given, to a policy and an identity.")
    .flags(&[
        ID,
        ROOT,
        ACTOR,
        Flag::text("identity", "on whose behalf the job runs, the actor's when absent"),
        ENV_FINGERPRINT,
        POLICY,
        POLICY_DIGEST,
        POLICY_REF,
    ])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let binding = Binding::read(parsed)?;
    let submission = Submission {
        job_id: parsed.text("id").to_owned(),
        producer_version: context.producer_version().to_owned(),
        actor: parsed.text("actor").to_owned(),
        identity: parsed.text("identity").to_owned(),
        environment_fingerprint: parsed.text("env-fingerprint").to_owned(),
        policy_digest: binding.digest,
        policy_ref: binding.reference,
    };
    let job = store(parsed).submit(&submission, context.now())?;
    Ok(Output::of_job(OPERATION, job).report())
}
