//! `gait job resume`: let a job go on.

use std::path::Path;

use gait_disk::read::read_bounded;
use gait_job::{Command, Resumption, RevocationList};

use super::policy::Binding;
use super::{
    ACTOR, ENV_FINGERPRINT, ID, POLICY, POLICY_DIGEST, POLICY_REF, ROOT, change_and_report, error_fields,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

const OPERATION: &str = "resume";

/// The largest revocation list that is read, in bytes.
const MAX_LIST_BYTES: usize = 64 << 20;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("job resume", "Let a job go on")
    .explain(
        "Resumes a job after checking anew its approvals, its policy, its identity and the environment it runs in.",
    )
    .flags(&[
        ID,
        ROOT,
        ACTOR,
        Flag::text("identity", "on whose behalf the job goes on, as before when absent"),
        Flag::text("reason", "why it goes on").or("resume"),
        ENV_FINGERPRINT,
        Flag::switch("allow-env-mismatch", "go on in another environment"),
        POLICY,
        POLICY_DIGEST,
        POLICY_REF,
        Flag::text("identity-validation-source", "what the identity was validated against"),
        Flag::path("identity-revocations", "list of identities that may no longer act"),
        Flag::switch("identity-revoked", "the identity may no longer act"),
    ])
    .error_fields(|| error_fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let binding = Binding::read(parsed)?;
    binding.must_let_something_pass()?;
    let text = |flag: &str| parsed.text(flag).to_owned();
    let command = Command::Resume(Resumption {
        actor: text("actor"),
        reason: text("reason"),
        identity: text("identity"),
        environment_fingerprint: text("env-fingerprint"),
        allow_other_environment: parsed.flag("allow-env-mismatch"),
        policy_digest: binding.digest,
        policy_ref: binding.reference,
        identity_validation_source: text("identity-validation-source"),
        revocations: revocations(parsed)?,
        identity_revoked: parsed.flag("identity-revoked"),
    });
    change_and_report(parsed, context, OPERATION, &command)
}

/// The list of `--identity-revocations`, when it is given.
fn revocations(parsed: &Parsed) -> Result<Option<RevocationList>, Failure> {
    let path = parsed.text("identity-revocations").trim();
    if path.is_empty() {
        return Ok(None);
    }
    let bytes = read_bounded(Path::new(path), MAX_LIST_BYTES)
        .map_err(|error| Failure::from(error).context("read identity revocations"))?;
    let list = RevocationList::read(&bytes).map_err(Failure::invalid_input)?;
    Ok(Some(list))
}
