//! Whether an activation is of a proposal, signed by a key, and in force.

use gait_artifact::{
    Timestamp,
    contract::activation::{ACTIVATION, Activation},
};
use gait_canon::{PublicKey, json, sign, sign::SignatureError};

use crate::activate::binding;
use crate::proposal::ProposalDocument;
use crate::reason::Reason;

/// How an activation is verified.
#[derive(Debug, Clone, Copy)]
pub struct VerifyOptions<'a> {
    /// The key it should be signed with.
    pub key: &'a PublicKey,
    /// The instant it should be in force at.
    pub at: Timestamp,
    /// Whether the development key will do.
    pub allow_development_signing: bool,
}

/// Why an activation does not hold.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// One thing stands against it.
    #[error("action contract activation verification failed: {0}")]
    Rejected(Reason),
    /// The signature is of another key, or none.
    #[error("action contract activation signature: {0}")]
    Signature(#[from] SignatureError),
    /// Its digest could not be computed.
    #[error(transparent)]
    Encode(#[from] json::Error),
}

/// Reads an activation strictly.
pub fn parse_activation(bytes: &[u8]) -> Result<Activation, json::Error> {
    json::read(bytes)
}

/// Verifies an activation of a valid proposal. The first thing that stands against it is told.
pub fn verify(
    activation: &Activation,
    document: &ProposalDocument,
    options: &VerifyOptions<'_>,
) -> Result<(), VerifyError> {
    let tree = json::to_value(activation)?;
    let keeps_schema = tree
        .as_object()
        .is_some_and(|tree| ACTIVATION.check(tree).is_ok());
    let bound = &activation.proposal;
    let is_bound = *bound == binding(document.proposal())
        && bound.contract_id == activation.contract_id
        && bound.contract_family_id == activation.contract_family_id
        && bound.revision == activation.revision;
    let not_before = activation.validity.not_before.parse::<Timestamp>();
    let not_after = match activation.validity.not_after.as_str() {
        "" => Ok(None),
        text => text.parse::<Timestamp>().map(Some),
    };
    let require = |holds: bool, reason| {
        if holds {
            Ok(())
        } else {
            Err(VerifyError::Rejected(reason))
        }
    };
    require(keeps_schema, Reason::SchemaValidationFailed)?;
    require(
        options.allow_development_signing || !activation.development_signing,
        Reason::DevelopmentSigningUnverified,
    )?;
    require(is_bound, Reason::ProposalBindingMismatch)?;
    let (Ok(not_before), Ok(not_after)) = (not_before, not_after) else {
        return Err(VerifyError::Rejected(Reason::ValidityInvalid));
    };
    require(options.at >= not_before, Reason::ActivationNotYetValid)?;
    require(
        not_after.is_none_or(|end| options.at < end),
        Reason::ActivationExpired,
    )?;
    let digest = activation.signed_digest()?;
    match sign::verify(&activation.signature, &digest, options.key) {
        Ok(true) => {}
        Ok(false) | Err(SignatureError::DigestMismatch) => {
            return Err(VerifyError::Rejected(Reason::CanonicalDigestMismatch));
        }
        Err(error) => return Err(error.into()),
    }
    require(
        activation.artifact_id == Activation::id_of(&digest),
        Reason::ContractIdentityMismatch,
    )
}

#[cfg(test)]
mod tests {
    use gait_canon::PrivateKey;
    use proptest::prelude::*;

    use super::*;
    use crate::activate::{ActivationRequest, activate};
    use crate::sample::{document, proposal};

    const NOW: &str = "2026-01-01T00:00:00Z";

    fn request() -> ActivationRequest {
        ActivationRequest {
            policy_digest: format!("sha256:{}", "3".repeat(64)),
            principal: "owner".to_owned(),
            authority_refs: vec!["ticket-1".to_owned()],
            target: "release".to_owned(),
            environment: "staging".to_owned(),
            mode: "required".to_owned(),
            valid_from: "2025-06-01T00:00:00Z".to_owned(),
            valid_until: "2026-06-01T00:00:00Z".to_owned(),
            ..ActivationRequest::default()
        }
    }

    fn verdict(activation: &Activation, key: &PrivateKey, at: &str) -> String {
        let options = VerifyOptions {
            key: &key.public(),
            at: at.parse().unwrap(),
            allow_development_signing: false,
        };
        match verify(activation, &document(&proposal(|_| {})), &options) {
            Ok(()) => String::new(),
            Err(VerifyError::Rejected(reason)) => reason.to_string(),
            Err(error) => error.to_string(),
        }
    }

    fn activated(request: &ActivationRequest, key: &PrivateKey) -> Activation {
        let document = document(&proposal(|_| {}));
        activate(&document, request, Some(key), NOW.parse().unwrap())
            .unwrap()
            .1
    }

    #[test]
    fn an_activation_is_in_force_for_its_span() {
        let key = PrivateKey::from_seed(&[5; 32]);
        let activation = activated(&request(), &key);
        for (at, expected) in [
            ("2025-05-31T23:59:59Z", "activation_not_yet_valid"),
            ("2025-06-01T00:00:00Z", ""),
            ("2026-05-31T23:59:59Z", ""),
            ("2026-06-01T00:00:00Z", "activation_expired"),
        ] {
            assert_eq!(verdict(&activation, &key, at), expected, "{at}");
        }
        let other = PrivateKey::from_seed(&[6; 32]);
        assert!(verdict(&activation, &other, NOW).contains("key id mismatch"));
    }

    #[test]
    fn nothing_can_be_changed_after_signing() {
        let key = PrivateKey::from_seed(&[5; 32]);
        let good = activated(&request(), &key);
        let changes: [fn(&mut Activation); 6] = [
            |a| a.target.push('x'),
            |a| a.activation_mode = "context_only".to_owned(),
            |a| a.validity.not_after.clear(),
            |a| a.explicit_exceptions = Some(vec!["all".to_owned()]),
            |a| a.authority_refs = Some(vec!["ticket-2".to_owned()]),
            |a| a.artifact_id = "gact-0123456789abcdef".to_owned(),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut activation = good.clone();
            change(&mut activation);
            assert_ne!(verdict(&activation, &key, NOW), "", "change {index}");
        }
        let mut foreign = good;
        foreign.proposal.canonical_content_digest = format!("sha256:{}", "4".repeat(64));
        assert_eq!(verdict(&foreign, &key, NOW), "proposal_binding_mismatch");
    }

    proptest! {
        #[test]
        fn what_is_activated_verifies(
            principal in "\\PC*[a-z]\\PC*",
            refs in proptest::collection::vec("[a-z]\\PC{0,8}", 1..4),
            exceptions in proptest::collection::vec("\\PC{0,8}", 0..4),
        ) {
            let key = PrivateKey::from_seed(&[5; 32]);
            let request = ActivationRequest { principal, authority_refs: refs, exceptions, ..request() };
            let activation = activated(&request, &key);
            prop_assert_eq!(verdict(&activation, &key, NOW), "");
            let text = json::pretty(&activation).unwrap();
            prop_assert_eq!(parse_activation(text.as_bytes()).unwrap(), activation);
        }
    }
}
