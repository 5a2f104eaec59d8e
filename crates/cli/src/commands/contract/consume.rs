//! `gait contract consume`: a receipt for a proposal, as conformance labs ask consumers for.

use std::path::{Path, PathBuf};

use gait_artifact::contract::{
    proposal::PROPOSAL_SCHEMA_VERSION,
    receipt::{ConsumerReceipt, ReceiptStatus, SchemaVersions, SemanticResult, SupportedConstraints},
    terms::CONTRACT_VERSION,
};
use gait_canon::Digest;
use gait_contract::{Candidate, Reason, consume, select};

use super::{ProposalFile, Unusable};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{EXIT_OK, ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("contract consume", "Print a consumer's receipt for a proposal")
        .explain("Says in a receipt whether this program understands a selected proposal; nothing is activated or executed.")
        .positionals("[<path>]")
        .flags(&[
            Flag::path("artifact", "the proposal"),
            Flag::text("scenario-id", "what to call the scenario"),
            Flag::path("selection", "manifest that says which proposal is current"),
        ])
        .bare();

/// The name of the manifest beside the directories of the proposals.
const MANIFEST_NAME: &str = "fixture-manifest.json";

/// The receipt for arguments that cannot be read.
pub(crate) fn misread(context: &Context<'_>) -> Report {
    rejected(
        receipt(context),
        Some(&Reason::ArtifactMalformed),
        ErrorKind::InvalidInput,
    )
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = match (parsed.text("artifact").trim(), parsed.positionals()) {
        ("", [path]) if !path.trim().is_empty() => path.trim(),
        (path, []) if !path.is_empty() => path,
        (flag, positionals) => {
            let reason = if flag.is_empty() && positionals.len() < 2 {
                Reason::ExplicitSelectionRequired
            } else {
                Reason::AmbiguousSelection
            };
            let report = rejected(receipt(context), Some(&reason), ErrorKind::InvalidInput);
            return Ok(report);
        }
    };
    let path = Path::new(path);
    let kind = ErrorKind::VerificationFailed;
    let file = match ProposalFile::read(path) {
        Ok(file) => file,
        Err(Unusable::Unreadable(_)) => return Ok(rejected(receipt(context), None, kind)),
        Err(Unusable::Malformed(_)) => {
            return Ok(rejected(receipt(context), Some(&Reason::ArtifactMalformed), kind));
        }
    };
    let directory = std::env::current_dir().map_err(|error| Failure::new(ErrorKind::Io, error))?;
    let manifest = match parsed.text("selection").trim() {
        "" => default_manifest(&directory.join(path)),
        manifest => PathBuf::from(manifest),
    };
    let candidate = Candidate {
        path,
        bytes: &file.bytes,
        proposal: file.document.proposal(),
    };
    let seen = ConsumerReceipt {
        artifact_sha256: format!("sha256:{}", Digest::of(&file.bytes)),
        ..receipt(context)
    };
    if let Err(error) = select(&manifest, &candidate, &directory) {
        return Ok(rejected(seen, Some(&error.reason), kind));
    }
    let scenario_id = match parsed.text("scenario-id").trim() {
        "" => parent_name(&directory.join(path)),
        given => given.to_owned(),
    };
    judged(&file, ConsumerReceipt { scenario_id, ..seen }, context)
}

fn judged(file: &ProposalFile, receipt: ConsumerReceipt, context: &Context<'_>) -> CommandResult {
    let consumption = consume(&file.document, context.now())?;
    let proposal = file.document.proposal();
    let receipt = ConsumerReceipt {
        status: if consumption.valid {
            ReceiptStatus::Pass
        } else {
            ReceiptStatus::Reject
        },
        proposal_artifact_id: proposal.artifact_id.clone(),
        contract_id: proposal.contract_id.clone(),
        contract_family_id: proposal.contract_family_id.clone(),
        revision: proposal.revision,
        resolution_key: proposal.resolution_key.clone(),
        schema_versions: SchemaVersions {
            artifact: proposal.schema_version.clone(),
            contract: proposal.producer.contract_schema_version.clone(),
        },
        supported_constraints: consumption.supported_constraints,
        semantic_result: SemanticResult {
            proposal_valid: consumption.valid,
            activation_ready: consumption.ready,
            reason_codes: consumption.reason_codes,
            ..SemanticResult::default()
        },
        ..receipt
    };
    let exit = if consumption.valid {
        EXIT_OK
    } else {
        ErrorKind::VerificationFailed.exit_code()
    };
    Ok(Report::document(&receipt).exit(exit))
}

/// A receipt about nothing yet.
fn receipt(context: &Context<'_>) -> ConsumerReceipt {
    ConsumerReceipt {
        consumer: "gait".to_owned(),
        version: context.producer_version().to_owned(),
        scenario_id: "unknown".to_owned(),
        artifact_sha256: format!("sha256:{}", Digest::of(b"")),
        status: ReceiptStatus::Reject,
        self_attestation: false,
        proposal_artifact_id: String::new(),
        contract_id: String::new(),
        contract_family_id: String::new(),
        revision: 0,
        resolution_key: String::new(),
        schema_versions: SchemaVersions {
            artifact: PROPOSAL_SCHEMA_VERSION.to_owned(),
            contract: CONTRACT_VERSION.to_owned(),
        },
        supported_constraints: SupportedConstraints::default(),
        semantic_result: SemanticResult::default(),
    }
}

fn rejected(mut receipt: ConsumerReceipt, reason: Option<&Reason>, kind: ErrorKind) -> Report {
    receipt.semantic_result.reason_codes = reason.iter().map(ToString::to_string).collect();
    Report::document(&receipt).exit(kind.exit_code())
}

fn default_manifest(path: &Path) -> PathBuf {
    let grandparent = path.ancestors().nth(2).unwrap_or(path);
    grandparent.join(MANIFEST_NAME)
}

fn parent_name(path: &Path) -> String {
    path.parent().and_then(Path::file_name).map_or_else(
        || "unknown".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
