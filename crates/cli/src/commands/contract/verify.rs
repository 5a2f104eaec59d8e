//! `gait contract verify`: whether an activation is of a proposal, signed and in force.

use std::path::Path;

use gait_artifact::contract::activation::Activation;
use gait_canon::keys::{self, KeySource};
use gait_contract::{Reason, VerifyError, VerifyOptions, parse_activation, validate, verify};
use gait_disk::read::read_bounded;

use super::{
    EVALUATION_TIME, MAX_DOCUMENT_BYTES, Output, ProposalFile, error_fields, evaluation_time, rejected_for,
    selected,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

const ACTIVATION: Flag = Flag::path("activation", "the activation");
const ACTIVATION_ARTIFACT: Flag = Flag::path("artifact", "same as --activation");

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "contract verify",
    "Verify an activated action contract",
)
.explain("Checks that an activation is of the given valid proposal, signed with the given key and in force.")
.positionals("[<path>]")
.flags(&[
    ACTIVATION,
    ACTIVATION_ARTIFACT,
    Flag::path("proposal", "the proposal it activates"),
    Flag::path("public-key", "file of the public key"),
    Flag::variable("public-key-env", "environment variable that holds the public key"),
    EVALUATION_TIME,
    Flag::switch(
        "allow-development-signing",
        "accept the public development key, for tests",
    ),
])
.bare()
.error_fields(|| error_fields("verify"));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let at = evaluation_time(parsed, context)?;
    if parsed.positionals().len() > 1 {
        return Err(rejected_for(
            ErrorKind::InvalidInput,
            "select one activation",
            Reason::AmbiguousSelection,
        ));
    }
    let path = selected(parsed, &[ACTIVATION, ACTIVATION_ARTIFACT])?;
    let proposal = parsed.text("proposal").trim();
    if proposal.is_empty() {
        return Err(rejected_for(
            ErrorKind::InvalidInput,
            "--proposal is required",
            Reason::ExplicitSelectionRequired,
        ));
    }
    let activation = read(path)?;
    let proposal = ProposalFile::read(Path::new(proposal))
        .map_err(|unusable| unusable.into_failure(ErrorKind::VerificationFailed))?;
    let validation = validate(&proposal.document, at)?;
    let output = Output::of_activation("verify", Some(&validation), Some(&activation));
    if !validation.valid {
        let failed = Output {
            ok: false,
            reason_codes: &validation.reason_codes,
            ..output
        };
        let text = format!(
            "action contract validation failed: {}",
            validation.reason_codes.join(",")
        );
        return Err(Failure::new(ErrorKind::VerificationFailed, text).with(&failed));
    }
    let source = parsed.key_source("public-key", "public-key-env");
    let key = keys::verify_key(&source, &KeySource::default(), context.environment())?;
    let options = VerifyOptions {
        key: &key,
        at,
        allow_development_signing: parsed.flag("allow-development-signing"),
    };
    match verify(&activation, &proposal.document, &options) {
        Ok(()) => Ok(Report::new(&output).line("contract verify: ok=true")),
        Err(error) => {
            let codes = match &error {
                VerifyError::Rejected(reason) => vec![reason.to_string()],
                _ => Vec::new(),
            };
            let failed = Output {
                ok: false,
                reason_codes: &codes,
                ..output
            };
            Err(Failure::new(ErrorKind::VerificationFailed, error).with(&failed))
        }
    }
}

fn read(path: &Path) -> Result<Activation, Failure> {
    let bytes = read_bounded(path, MAX_DOCUMENT_BYTES)
        .map_err(|error| Failure::new(ErrorKind::VerificationFailed, error))?;
    parse_activation(&bytes)
        .map_err(|error| rejected_for(ErrorKind::VerificationFailed, error, Reason::ArtifactMalformed))
}
