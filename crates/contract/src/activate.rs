//! From a proposal to a signed activation.

use gait_artifact::{
    Timestamp,
    contract::{
        activation::{
            ACTIVATION_MODES, ACTIVATION_SCHEMA_ID, ACTIVATION_SCHEMA_VERSION, Activation,
            ActivationProducer, ProposalBinding, Validity,
        },
        proposal::{PROPOSAL_SCHEMA_ID, PROPOSAL_SCHEMA_VERSION, Proposal},
        terms::CONTRACT_VERSION,
    },
    shape::Kind,
    text,
};
use gait_canon::{Digest, PrivateKey, json, json::Value, sign};

use crate::proposal::ProposalDocument;
use crate::reason::{Reason, Reasons};
use crate::validate::{Validation, validate_for_activation};

/// What the seed of the public development key is the digest of. Anyone can sign with that key.
const DEVELOPMENT_KEY: &[u8] = b"gait-action-contract-activation-development-key-v1";
/// Where the development key may be used.
const DEVELOPMENT_ENVIRONMENTS: [&str; 2] = ["development", "test"];

/// What an operator decides.
#[derive(Debug, Clone, Default)]
pub struct ActivationRequest {
    /// `sha256:` and the digest of the policy.
    pub policy_digest: String,
    /// Who activates.
    pub principal: String,
    /// What gives the right to.
    pub authority_refs: Vec<String>,
    /// What it applies to.
    pub target: String,
    /// Where it applies.
    pub environment: String,
    /// `context_only`, `enforce_floor` or `required`.
    pub mode: String,
    /// From when, RFC 3339.
    pub valid_from: String,
    /// Until when, RFC 3339; blank for no end.
    pub valid_until: String,
    /// What it does not apply to.
    pub exceptions: Vec<String>,
    /// Whether the development key may sign.
    pub allow_development_signing: bool,
}

/// Why nothing was activated.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Something stands against it.
    #[error("action contract validation failed: {reasons}")]
    Reasons {
        /// What.
        reasons: Reasons,
        /// What came of validating the proposal.
        validation: Box<Validation>,
    },
    /// The activation could not be written down.
    #[error(transparent)]
    Encode(#[from] json::Error),
}

/// Validates a proposal at `now` and signs its activation. The result follows from the arguments alone.
pub fn activate(
    document: &ProposalDocument,
    request: &ActivationRequest,
    key: Option<&PrivateKey>,
    now: Timestamp,
) -> Result<(Validation, Activation), Refusal> {
    let validation = validate_for_activation(document, now)?;
    let mut reasons = Reasons::default();
    reasons.extend(validation.reason_codes.iter().cloned());
    let mode = text::trim(&request.mode);
    reasons.add_if(
        !validation.valid && mode != "context_only",
        &Reason::AuthorizationRequired,
    );
    let validity = check(request, &mut reasons);
    let refuse = |reasons: Reasons, validation: Validation| Refusal::Reasons {
        reasons,
        validation: Box::new(validation),
    };
    let Some(validity) = validity.filter(|_| reasons.is_empty()) else {
        return Err(refuse(reasons, validation));
    };
    let development = key.is_none() && request.allow_development_signing;
    let development_key = development.then(|| PrivateKey::from_seed(Digest::of(DEVELOPMENT_KEY).as_bytes()));
    let Some(key) = key.or(development_key.as_ref()) else {
        return Err(refuse(Reason::SigningKeyRequired.into(), validation));
    };
    let draft = draft(document.proposal(), request, validity, development);
    let digest = draft.signed_digest()?;
    let activation = Activation {
        artifact_id: Activation::id_of(&digest),
        signature: sign::sign(&digest, key),
        ..draft
    };
    Ok((validation, activation))
}

/// Adds what is wrong with the request; gives the span of time when there is one.
fn check(request: &ActivationRequest, reasons: &mut Reasons) -> Option<Validity> {
    let environment = text::trim(&request.environment);
    let policy_digest = Value::from(text::trim(&request.policy_digest));
    for (holds, reason) in [
        (
            ACTIVATION_MODES.contains(&text::trim(&request.mode)),
            Reason::ActivationModeUnsupported,
        ),
        (
            Kind::TAGGED_DIGEST.check(&policy_digest).is_ok(),
            Reason::PolicyDigestMissing,
        ),
        (
            !text::is_blank(&request.principal),
            Reason::ActivatingPrincipalMissing,
        ),
        (
            request.authority_refs.iter().any(|item| !text::is_blank(item)),
            Reason::AuthorityRefsMissing,
        ),
        (!text::is_blank(&request.target), Reason::TargetMissing),
        (!environment.is_empty(), Reason::EnvironmentMissing),
        (
            !request.allow_development_signing || DEVELOPMENT_ENVIRONMENTS.contains(&environment),
            Reason::DevelopmentSigningForbidden,
        ),
    ] {
        reasons.add_if(!holds, &reason);
    }
    let validity = span(&request.valid_from, &request.valid_until);
    reasons.add_if(validity.is_none(), &Reason::ValidityInvalid);
    validity
}

fn span(from: &str, until: &str) -> Option<Validity> {
    let from: Timestamp = text::trim(from).parse().ok()?;
    let until = match text::trim(until) {
        "" => None,
        until => Some(until.parse().ok().filter(|until| *until > from)?),
    };
    Some(Validity::new(from, until))
}

fn draft(
    proposal: &Proposal,
    request: &ActivationRequest,
    validity: Validity,
    development_signing: bool,
) -> Activation {
    let trimmed = |given: &str| text::trim(given).to_owned();
    Activation {
        schema_id: ACTIVATION_SCHEMA_ID.to_owned(),
        schema_version: ACTIVATION_SCHEMA_VERSION.to_owned(),
        contract_id: proposal.contract_id.clone(),
        contract_family_id: proposal.contract_family_id.clone(),
        revision: proposal.revision,
        producer: ActivationProducer {
            name: "gait".to_owned(),
            artifact_schema_version: "1".to_owned(),
            contract_schema_version: "1".to_owned(),
        },
        proposal: binding(proposal),
        policy_digest: trimmed(&request.policy_digest),
        activating_principal: trimmed(&request.principal),
        authority_refs: Some(text::list(request.authority_refs.clone())),
        target: trimmed(&request.target),
        environment: trimmed(&request.environment),
        activation_mode: trimmed(&request.mode),
        validity,
        explicit_exceptions: Some(text::list(request.exceptions.clone())),
        report_only: false,
        development_signing,
        ..Activation::default()
    }
}

/// What ties an activation to `proposal`.
pub(crate) fn binding(proposal: &Proposal) -> ProposalBinding {
    ProposalBinding {
        artifact_id: proposal.artifact_id.clone(),
        canonical_content_digest: proposal.canonical_content_digest.clone(),
        contract_id: proposal.contract_id.clone(),
        contract_family_id: proposal.contract_family_id.clone(),
        revision: proposal.revision,
        schema_id: PROPOSAL_SCHEMA_ID.to_owned(),
        schema_version: PROPOSAL_SCHEMA_VERSION.to_owned(),
        contract_schema_version: CONTRACT_VERSION.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_key_is_the_published_one() {
        let key = PrivateKey::from_seed(Digest::of(DEVELOPMENT_KEY).as_bytes());
        assert_eq!(
            key.public().to_base64(),
            "BxLWcNIKl9pRbNm4LHPyPwnVp900QkZDtQgiP1hpkFI="
        );
    }

    #[test]
    fn an_activation_ends_after_it_begins() {
        for (from, until, holds) in [
            ("2020-01-01T00:00:00Z", "", true),
            ("2020-01-01T00:00:00Z", "2020-01-01T00:00:01Z", true),
            ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", false),
            ("2020-01-01T00:00:00Z", "2020-01-01T01:00:00+02:00", false),
            ("", "2020-01-01T00:00:00Z", false),
            ("2020-01-01", "", false),
            ("2020-01-01T00:00:00Z", "later", false),
        ] {
            assert_eq!(span(from, until).is_some(), holds, "{from} {until}");
        }
    }
}
