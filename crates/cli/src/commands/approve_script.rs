//! `gait approve-script`: let a script pass before it is called.

use std::path::Path;

use gait_artifact::{Timestamp, script::ScriptGrant};
use gait_gate::script::{self, RegistryError};
use gait_policy::CompiledPolicy;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::minting::{self, Signer};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};
use crate::{intent_file, policy_file};

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("approve-script", "Approve a script beforehand, in a registry")
        .explain("Signs an entry that lets exactly this script pass under exactly this policy, and puts it into a registry.")
        .flags_first()
        .flags(&[
            Flag::path("policy", "policy under which the script may pass"),
            Flag::path("intent", "intent request with the script"),
            Flag::path("registry", "registry that gets the entry"),
            Flag::text("approver", "who approves"),
            Flag::text("pattern-id", "name of the entry (default: made from the script's digest)"),
            Flag::text("ttl", "how long the approval holds, such as 24h").or("168h"),
            Flag::list("scope", "conditions that must all hold, such as risk:low"),
            minting::KEY_MODE,
            minting::PRIVATE_KEY,
            minting::PRIVATE_KEY_ENV,
        ]);

#[derive(Serialize)]
struct Output {
    ok: bool,
    pattern_id: String,
    policy_digest: String,
    script_hash: String,
    tool_sequence: Vec<String>,
    registry_path: String,
    expires_at: Timestamp,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [policy, intent, registry, approver] =
        ["policy", "intent", "registry", "approver"].map(|flag| parsed.text(flag).trim());
    if [policy, intent, registry, approver].contains(&"") {
        return Err(Failure::invalid_input(
            "--policy, --intent, --registry, and --approver are required",
        ));
    }
    let ttl = minting::life_time(parsed.text("ttl"))
        .ok_or_else(|| Failure::invalid_input("invalid --ttl duration"))?;
    let policy = CompiledPolicy::new(policy_file::read(policy)?);
    let intent = intent_file::read(intent)?
        .normalize()
        .map_err(Failure::invalid_input)?;
    let (Some(script), Some(script_hash)) = (intent.script(), intent.script_hash()) else {
        return Err(Failure::invalid_input("intent must include script.steps"));
    };
    let signer = Signer::of_flags(parsed, context)?;
    let grant = ScriptGrant {
        pattern_id: parsed.text("pattern-id").to_owned(),
        policy_digest: policy.digest(),
        script_hash,
        tool_sequence: script.steps.iter().map(|step| step.tool_name.clone()).collect(),
        scope: parsed.list("scope"),
        approver_identity: approver.to_owned(),
        ttl,
    };
    let entry = script::mint(grant, context.producer_version(), context.now(), &signer.key)
        .map_err(Failure::invalid_input)?;
    let output = Output {
        ok: true,
        pattern_id: entry.pattern_id.clone(),
        policy_digest: entry.policy_digest.clone(),
        script_hash: entry.script_hash.clone(),
        tool_sequence: entry.tool_sequence.clone(),
        registry_path: registry.to_owned(),
        expires_at: entry.expires_at,
    };
    script::store(Path::new(registry), entry).map_err(refusal)?;
    Ok(Report::new(&output)
        .line(format!(
            "approve-script: pattern={} registry={registry}",
            output.pattern_id
        ))
        .line(format!(
            "policy_digest={} script_hash={}",
            output.policy_digest, output.script_hash
        ))
        .diagnostics(signer.notice()))
}

/// A registry that somebody else is writing is no mistake of the caller.
fn refusal(error: RegistryError) -> Failure {
    match error {
        RegistryError::Lock(lock) => Failure::from(lock).context("lock approved script registry"),
        error => Failure::invalid_input(error),
    }
}
