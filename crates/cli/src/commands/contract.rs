//! `gait contract`: proposals of other programs, validated and activated.

pub(crate) mod activate;
pub(crate) mod consume;
pub(crate) mod validate;
pub(crate) mod verify;

use std::path::Path;

use gait_artifact::{
    Timestamp,
    contract::{
        activation::{ACTIVATION_SCHEMA_ID, ACTIVATION_SCHEMA_VERSION, Activation},
        proposal::{PROPOSAL_SCHEMA_ID, PROPOSAL_SCHEMA_VERSION},
    },
};
use gait_canon::json::Object;
use gait_contract::{Malformed, ProposalDocument, Reason, Reasons, Validation};
use gait_disk::read::{ReadError, read_bounded};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "contract",
    summary: "Validate and activate proposed action contracts",
    explain: "Validates action contracts that another program proposes, and binds the one an operator activates to policy, \
              authority and key.",
    help_succeeds: true,
};

/// The largest proposal or activation that is read, in bytes.
const MAX_DOCUMENT_BYTES: usize = 16 << 20;

/// The flags that select a proposal; one of them, or the positional argument.
const PROPOSAL: Flag = Flag::path("proposal", "the proposal");
const PROPOSAL_ARTIFACT: Flag = Flag::path("artifact", "same as --proposal");
const PROPOSAL_FROM: Flag = Flag::path("from", "same as --proposal");
const EVALUATION_TIME: Flag = Flag::text("evaluation-time", "instant to judge at, RFC 3339; now by default");

/// What every command of the group but `consume` prints.
#[derive(Serialize)]
struct Output<'a> {
    schema_id: &'static str,
    schema_version: &'static str,
    ok: bool,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<&'a Validation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activated: Option<&'a Activation>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    reason_codes: &'a [String],
}

impl<'a> Output<'a> {
    /// An output about a proposal.
    fn of_proposal(operation: &'static str, validation: &'a Validation) -> Self {
        Self {
            schema_id: PROPOSAL_SCHEMA_ID,
            schema_version: PROPOSAL_SCHEMA_VERSION,
            ok: validation.valid,
            operation,
            proposal: Some(validation),
            activated: None,
            reason_codes: &validation.reason_codes,
        }
    }

    /// An output about an activation, or the attempt at one.
    fn of_activation(
        operation: &'static str,
        validation: Option<&'a Validation>,
        activated: Option<&'a Activation>,
    ) -> Self {
        Self {
            schema_id: ACTIVATION_SCHEMA_ID,
            schema_version: ACTIVATION_SCHEMA_VERSION,
            ok: true,
            operation,
            proposal: validation,
            activated,
            reason_codes: &[],
        }
    }
}

/// The members that every error of `operation` has.
fn error_fields(operation: &str) -> Object {
    let mut object = Object::new();
    object.insert("schema_id", "");
    object.insert("schema_version", "");
    object.insert("operation", operation);
    object
}

/// A failure with a reason code.
fn rejected_for(kind: ErrorKind, error: impl ToString, reason: Reason) -> Failure {
    #[derive(Serialize)]
    struct Codes {
        reason_codes: Vec<String>,
    }
    let reason_codes = Reasons::from(reason).to_vec();
    Failure::new(kind, error).with(&Codes { reason_codes })
}

/// The file that one of `flags` or the positional argument selects.
fn selected<'a>(parsed: &'a Parsed, flags: &[Flag]) -> Result<&'a Path, Failure> {
    let given: usize = flags.iter().map(|flag| parsed.count(flag.name)).sum();
    let flagged = flags
        .iter()
        .map(|flag| parsed.text(flag.name).trim())
        .find(|path| !path.is_empty());
    let positional = parsed.positionals().first().map(|path| path.trim());
    let label = flags[0].name;
    if given > 1 || (flagged.is_some() && positional.is_some()) {
        return Err(rejected_for(
            ErrorKind::InvalidInput,
            format!("select one file: --{label}, one of its other names, or a positional argument"),
            Reason::AmbiguousSelection,
        ));
    }
    flagged
        .or(positional.filter(|path| !path.is_empty()))
        .map(Path::new)
        .ok_or_else(|| {
            rejected_for(
                ErrorKind::InvalidInput,
                format!("--{label} is required"),
                Reason::ExplicitSelectionRequired,
            )
        })
}

/// A proposal file: its bytes and what was read from them.
struct ProposalFile {
    bytes: Vec<u8>,
    document: ProposalDocument,
}

/// Why there is no [`ProposalFile`].
enum Unusable {
    Unreadable(ReadError),
    Malformed(Malformed),
}

impl Unusable {
    fn into_failure(self, kind: ErrorKind) -> Failure {
        match self {
            Self::Unreadable(error) => Failure::new(kind, error),
            Self::Malformed(error) => rejected_for(kind, error, Reason::ArtifactMalformed),
        }
    }
}

impl ProposalFile {
    fn read(path: &Path) -> Result<Self, Unusable> {
        let bytes = read_bounded(path, MAX_DOCUMENT_BYTES).map_err(Unusable::Unreadable)?;
        let document = ProposalDocument::parse(&bytes).map_err(Unusable::Malformed)?;
        Ok(Self { bytes, document })
    }
}

/// The instant that `--evaluation-time` gives, or now.
fn evaluation_time(parsed: &Parsed, context: &Context<'_>) -> Result<Timestamp, Failure> {
    match parsed.text(EVALUATION_TIME.name).trim() {
        "" => Ok(context.now()),
        text => text.parse().map_err(|error| {
            rejected_for(
                ErrorKind::InvalidInput,
                format!("--evaluation-time: {error}"),
                Reason::EvaluationTimeInvalid,
            )
        }),
    }
}
