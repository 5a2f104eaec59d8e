//! `gait contract activate`: bind a proposal to policy, authority and key.

use std::path::{Path, PathBuf};

use gait_artifact::contract::activation::Activation;
use gait_canon::{PrivateKey, json, keys::KeySource};
use gait_contract::{ActivationRequest, Candidate, Refusal, activate, select};
use gait_disk::atomic;

use super::{
    Output, PROPOSAL, PROPOSAL_ARTIFACT, PROPOSAL_FROM, ProposalFile, error_fields, rejected_for, selected,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("contract activate", "Activate a proposed action contract")
        .explain("Turns a valid and selected proposal into a signed activation that names policy, principal, authority, target and time.")
        .positionals("[<path>]")
        .flags(&[
            PROPOSAL,
            PROPOSAL_ARTIFACT,
            PROPOSAL_FROM,
            Flag::path("selection", "manifest that says which proposal is current"),
            Flag::text("policy-digest", "policy it is activated under, as sha256:<hex>"),
            Flag::text("principal", "who activates"),
            Flag::text("activating-principal", "same as --principal"),
            Flag::list("authority-refs", "what gives the right to"),
            Flag::text("authority-ref", "one more authority"),
            Flag::text("target", "what it applies to"),
            Flag::text("environment", "where it applies"),
            Flag::text("mode", "how far it reaches").values(gait_artifact::contract::activation::ACTIVATION_MODES),
            Flag::text("valid-from", "from when, RFC 3339"),
            Flag::text("valid-until", "until when, RFC 3339"),
            Flag::list("exceptions", "what it does not apply to"),
            Flag::text("exception", "one more exception"),
            Flag::text("evaluation-time", "instant to judge the proposal at, RFC 3339; now by default"),
            Flag::path("private-key", "file of the signing key"),
            Flag::variable("private-key-env", "environment variable that holds the signing key"),
            Flag::path("out", "file of the activation"),
            Flag::switch("overwrite", "replace the file if it is there"),
            Flag::switch("allow-development-signing", "sign with the public development key, for tests"),
        ])
        .bare()
        .error_fields(|| error_fields("activate"));

const FILE_MODE: u32 = 0o600;

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = selected(parsed, &[PROPOSAL, PROPOSAL_ARTIFACT, PROPOSAL_FROM])?;
    let file = ProposalFile::read(path).map_err(|unusable| unusable.into_failure(ErrorKind::InvalidInput))?;
    let key = signing_key(parsed, context)?;
    let at = super::evaluation_time(parsed, context)?;
    let manifest = parsed.text("selection").trim();
    let candidate = Candidate {
        path,
        bytes: &file.bytes,
        proposal: file.document.proposal(),
    };
    let directory = std::env::current_dir().map_err(|error| Failure::new(ErrorKind::Io, error))?;
    select(Path::new(manifest), &candidate, &directory)
        .map_err(|error| rejected_for(ErrorKind::VerificationFailed, &error, error.reason.clone()))?;

    let (validation, activation) =
        activate(&file.document, &request(parsed), key.as_ref(), at).map_err(refused)?;
    write(parsed, &activation)?;
    Ok(Report::new(&Output::of_activation(
        "activate",
        Some(&validation),
        Some(&activation),
    ))
    .line("contract activate: ok=true"))
}

/// The key that the flags name, if they name one. A variable must hold the key and nothing else.
fn signing_key(parsed: &Parsed, context: &Context<'_>) -> Result<Option<PrivateKey>, Failure> {
    let source = parsed.key_source("private-key", "private-key-env");
    if !source.is_given() {
        return Ok(None);
    }
    if let Some(value) = source.env.as_deref().and_then(context.environment())
        && value.trim() != value
    {
        return Err(Failure::invalid_input(
            "decode private key: the variable holds white space around the key",
        ));
    }
    let resolved =
        gait_canon::keys::signing_key("prod", &source, &KeySource::default(), context.environment())?;
    Ok(Some(resolved.key))
}

fn request(parsed: &Parsed) -> ActivationRequest {
    let text = |name: &str| parsed.text(name).to_owned();
    let list = |many: &str, one: &str| {
        let mut items = parsed.list(many);
        items.push(text(one));
        items
    };
    let principal = [parsed.text("principal"), parsed.text("activating-principal")]
        .into_iter()
        .find(|given| !given.trim().is_empty())
        .unwrap_or_default()
        .to_owned();
    ActivationRequest {
        policy_digest: text("policy-digest"),
        principal,
        authority_refs: list("authority-refs", "authority-ref"),
        target: text("target"),
        environment: text("environment"),
        mode: text("mode"),
        valid_from: text("valid-from"),
        valid_until: text("valid-until"),
        exceptions: list("exceptions", "exception"),
        allow_development_signing: parsed.flag("allow-development-signing"),
    }
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Reasons { reasons, validation } => {
            let output = Output {
                ok: false,
                reason_codes: &reasons.to_vec(),
                ..Output::of_activation("activate", Some(&validation), None)
            };
            let text = format!("action contract validation failed: {reasons}");
            Failure::new(ErrorKind::VerificationFailed, text).with(&output)
        }
        Refusal::Encode(error) => Failure::new(ErrorKind::Internal, error),
    }
}

/// Writes the activation where `--out` says. Nothing on the way there may be a symbolic link.
fn write(parsed: &Parsed, activation: &Activation) -> Result<(), Failure> {
    let out = parsed.text("out").trim();
    if out.is_empty() {
        return Ok(());
    }
    let failed = |error: &dyn std::fmt::Display| Failure::new(ErrorKind::Io, error);
    let path = std::env::current_dir().map_err(|error| failed(&error))?.join(out);
    let directories: PathBuf = path.parent().unwrap_or(&path).to_path_buf();
    if let Some(link) = directories.ancestors().find(|path| path.is_symlink()) {
        return Err(failed(&format!("{} is a symbolic link", link.display())));
    }
    let text = json::pretty(activation)? + "\n";
    let written = if parsed.flag("overwrite") {
        atomic::replace(&path, text.as_bytes(), FILE_MODE)
    } else {
        atomic::create_new(&path, text.as_bytes(), FILE_MODE)
    };
    written.map_err(|error| failed(&error))
}
