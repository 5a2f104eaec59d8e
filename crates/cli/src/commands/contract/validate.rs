//! `gait contract validate`: whether a proposal is what it claims to be.

use std::fmt::Write;

use gait_contract::validate;

use super::{
    EVALUATION_TIME, Output, PROPOSAL, PROPOSAL_ARTIFACT, PROPOSAL_FROM, ProposalFile, error_fields,
    evaluation_time, selected,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{EXIT_OK, ErrorKind};
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("contract validate", "Validate a proposed action contract")
        .explain("Checks a proposed action contract against its schema, its own digests and the clock; nothing is activated.")
        .positionals("[<path>]")
        .flags(&[PROPOSAL, PROPOSAL_ARTIFACT, PROPOSAL_FROM, EVALUATION_TIME])
        .bare()
        .error_fields(|| error_fields("validate"));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = selected(parsed, &[PROPOSAL, PROPOSAL_ARTIFACT, PROPOSAL_FROM])?;
    let file = ProposalFile::read(path).map_err(|unusable| unusable.into_failure(ErrorKind::InvalidInput))?;
    let at = evaluation_time(parsed, context)?;
    let validation = validate(&file.document, at)?;
    let exit = if validation.valid {
        EXIT_OK
    } else {
        ErrorKind::VerificationFailed.exit_code()
    };
    Ok(Report::new(&Output::of_proposal("validate", &validation))
        .line(format!("contract validate: ok={}", validation.valid))
        .diagnostics(
            validation
                .reason_codes
                .iter()
                .fold(String::new(), |mut text, code| {
                    let _ = writeln!(text, "reason: {code}");
                    text
                }),
        )
        .exit(exit))
}
