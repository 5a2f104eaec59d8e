//! Delegations: tokens by which one agent lets another act for it, matched to the chain that an intent claims.
//!
//! bytes → [`DelegationToken`] (claims) → [`AuthenticDelegation`] (signed and alive) → [`VerifiedDelegation`] (checked
//! for one link) → [`DelegationOutcome`]. Only verified delegations count.

mod chain;

use std::path::Path;

use gait_artifact::{
    Timestamp,
    delegation::{DelegationGrant, DelegationToken},
    form::FormError,
    text,
};
use gait_canon::{PrivateKey, PublicKey, sign};

pub use self::chain::{DelegationOutcome, DelegationStage, judge};
use crate::token::{self, MintError, SignatureFailure, TokenFileError};

/// The scope that covers everything.
const ANY_SCOPE: &str = "*";

/// Why a token does not count. The first check that fails decides.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DelegationFailure {
    /// The token has no normal form.
    #[error(transparent)]
    Invalid(FormError),
    /// Nobody signed it.
    #[error("signature missing")]
    SignatureMissing,
    /// Its signature is no proof.
    #[error(transparent)]
    SignatureInvalid(SignatureFailure),
    /// It was good once.
    #[error("token expired")]
    Expired,
    /// Somebody else hands over.
    #[error("delegator mismatch")]
    DelegatorMismatch,
    /// Somebody else receives.
    #[error("delegate mismatch")]
    DelegateMismatch,
    /// It is for another intent.
    #[error("intent digest mismatch")]
    IntentMismatch,
    /// It is for another policy.
    #[error("policy digest mismatch")]
    PolicyMismatch,
    /// It hands over nothing of what is needed.
    #[error("scope mismatch")]
    ScopeMismatch,
}

impl DelegationFailure {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "delegation_token_invalid",
            Self::SignatureMissing => "delegation_token_signature_missing",
            Self::SignatureInvalid(_) => "delegation_token_signature_invalid",
            Self::Expired => "delegation_token_expired",
            Self::DelegatorMismatch => "delegation_token_delegator_mismatch",
            Self::DelegateMismatch => "delegation_token_delegate_mismatch",
            Self::IntentMismatch => "delegation_token_intent_mismatch",
            Self::PolicyMismatch => "delegation_token_policy_mismatch",
            Self::ScopeMismatch => "delegation_token_scope_mismatch",
        }
    }
}

/// What a token must be good for. An empty member expects nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DelegationExpectation {
    /// Who hands over.
    pub delegator: String,
    /// Who receives.
    pub delegate: String,
    /// Scopes of which the token must have one.
    pub scopes: Vec<String>,
    /// Digest of the intent that a token bound to one must name.
    pub intent_digest: String,
    /// Digest of the policy that a token bound to one must name.
    pub policy_digest: String,
}

impl DelegationExpectation {
    /// The expectation with identities trimmed, digests and scopes in lower case.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        text::trim_in_place(&mut self.delegator);
        text::trim_in_place(&mut self.delegate);
        text::trim_lower_in_place(&mut self.intent_digest);
        text::trim_lower_in_place(&mut self.policy_digest);
        text::list_lower_in_place(&mut self.scopes);
        self
    }
}

/// A token in normal form that its key really signed and that has not expired, whatever it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticDelegation(DelegationToken);

/// A token in normal form that passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedDelegation(DelegationToken);

impl VerifiedDelegation {
    /// The token.
    #[must_use]
    pub const fn token(&self) -> &DelegationToken {
        &self.0
    }
}

impl AuthenticDelegation {
    /// Checks form, signature and expiry, in this order.
    pub fn of(token: &DelegationToken, key: &PublicKey, now: Timestamp) -> Result<Self, DelegationFailure> {
        let token = token.clone().normalized().map_err(DelegationFailure::Invalid)?;
        let signature = token
            .signature
            .as_ref()
            .ok_or(DelegationFailure::SignatureMissing)?;
        token::check_signature(signature, token.digest(), key)
            .map_err(DelegationFailure::SignatureInvalid)?;
        if token.expires_at <= now {
            return Err(DelegationFailure::Expired);
        }
        Ok(Self(token))
    }

    /// Checks what the token is for: delegator, delegate, intent, policy, scope, in this order.
    ///
    /// The expectation must be in normal form.
    pub fn covering(
        &self,
        expected: &DelegationExpectation,
    ) -> Result<VerifiedDelegation, DelegationFailure> {
        let token = &self.0;
        let differs = |expected: &str, given: &str| !expected.is_empty() && expected != given;
        if differs(&expected.delegator, &token.delegator_identity) {
            return Err(DelegationFailure::DelegatorMismatch);
        }
        if differs(&expected.delegate, &token.delegate_identity) {
            return Err(DelegationFailure::DelegateMismatch);
        }
        let is_for_another = |expected: &str, bound: &str| !bound.is_empty() && differs(expected, bound);
        if is_for_another(&expected.intent_digest, &token.intent_digest) {
            return Err(DelegationFailure::IntentMismatch);
        }
        if is_for_another(&expected.policy_digest, &token.policy_digest) {
            return Err(DelegationFailure::PolicyMismatch);
        }
        if !expected.scopes.is_empty() && !expected.scopes.iter().any(|scope| hands_over(token, scope)) {
            return Err(DelegationFailure::ScopeMismatch);
        }
        Ok(VerifiedDelegation(token.clone()))
    }
}

/// Whether `token` hands over `scope`. Its scope class is one more scope.
fn hands_over(token: &DelegationToken, scope: &str) -> bool {
    token.scope.iter().any(|held| held == scope || held == ANY_SCOPE) || token.scope_class == scope
}

/// Checks `token` in full.
pub fn validate(
    token: &DelegationToken,
    expected: &DelegationExpectation,
    key: &PublicKey,
    now: Timestamp,
) -> Result<VerifiedDelegation, DelegationFailure> {
    AuthenticDelegation::of(token, key, now)?.covering(expected)
}

/// Makes a token that hands over `grant`.
pub fn mint(
    grant: DelegationGrant,
    producer_version: &str,
    now: Timestamp,
    key: &PrivateKey,
) -> Result<DelegationToken, MintError> {
    let mut token = DelegationToken::issue(grant, producer_version, now)?;
    token.signature = Some(sign::sign(&token.digest()?, key));
    Ok(token)
}

/// Reads the token file at `path`.
pub fn read_token(path: &Path) -> Result<DelegationToken, TokenFileError> {
    token::read_file("delegation", path)
}

#[cfg(test)]
mod tests;
