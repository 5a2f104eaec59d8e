//! Say tokens: the gate's permission to speak one commitment, bound to one place of one call.
//!
//! Minting goes [`Commitment`] → [`Gate::decide`] → [`Decision`] → [`Gate::mint_say_token`]: whatever stops a tool call
//! stops a commitment too. Checking goes bytes → [`SayToken`] (claims) → [`VerifiedSayToken`] (signed, for what is
//! expected, alive).

use std::{path::Path, time::Duration};

use gait_artifact::{
    Timestamp, Verdict,
    finding::{Finding, FindingCode},
    form::FormError,
    text,
    voice::{Commitment, SayGrant, SayToken, VoiceError},
};
use gait_canon::{PublicKey, json, sign};

use crate::{
    decision::Decision,
    gate::Gate,
    token::{self, SignatureFailure, TokenFileError},
};

/// Why no token is made.
#[derive(Debug, thiserror::Error)]
pub enum SayTokenError {
    /// The gate did not let the agent speak.
    #[error("commitment intent was not allowed by policy")]
    NotAllowed(Verdict),
    /// The decision is about something else than the commitment.
    #[error("the decision is about another commitment")]
    ForeignDecision,
    /// The token would never be valid.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The token has no canonical JSON.
    #[error("encode token: {0}")]
    Encode(#[from] json::Error),
}

impl Gate<'_> {
    /// Makes the token that lets an agent speak `commitment` for the time `ttl`, signed with the key that signs traces.
    ///
    /// `decision` must be this gate's enforced `allow` of that commitment.
    pub fn mint_say_token(
        &self,
        commitment: &Commitment,
        decision: &Decision,
        ttl: Duration,
    ) -> Result<SayToken, SayTokenError> {
        if decision.permit().is_none() {
            return Err(SayTokenError::NotAllowed(decision.verdict()));
        }
        let on = &self.deployment;
        if decision.policy_digest != on.policy.digest() || !is_about(decision, commitment) {
            return Err(SayTokenError::ForeignDecision);
        }
        let grant = SayGrant {
            commitment,
            intent_digest: decision.intent.digest(),
            policy_digest: decision.policy_digest,
            ttl,
        };
        let mut token = SayToken::issue(grant, on.producer_version, on.clock.now())?;
        token.signature = Some(sign::sign(&token.digest()?, &on.signer.key));
        Ok(token)
    }
}

/// Whether what was judged is `commitment`. Preparing an intent for a decision leaves tool and arguments alone, and the
/// arguments say all that a commitment is.
fn is_about(decision: &Decision, commitment: &Commitment) -> bool {
    commitment.to_request().normalize().is_ok_and(|asked| {
        asked.tool_name() == decision.intent.tool_name()
            && asked.args_digest() == decision.intent.args_digest()
    })
}

/// Why a token does not count. The first check that fails decides.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SayTokenFailure {
    /// The token has no normal form.
    #[error(transparent)]
    Invalid(VoiceError),
    /// Nobody signed it.
    #[error("signature missing")]
    SignatureMissing,
    /// Its signature is no proof.
    #[error(transparent)]
    SignatureInvalid(SignatureFailure),
    /// Its id does not follow from what it is for.
    #[error("token_id does not follow from the token")]
    IdMismatch,
    /// It is for another intent.
    #[error("intent digest mismatch")]
    IntentMismatch,
    /// It is for another policy.
    #[error("policy digest mismatch")]
    PolicyMismatch,
    /// It is for another place of a call.
    #[error("{0} mismatch")]
    CallBindingMismatch(&'static str),
    /// It is for another class of commitments.
    #[error("commitment class mismatch")]
    ClassMismatch,
    /// Its amounts are in another currency.
    #[error("currency mismatch")]
    CurrencyMismatch,
    /// It does not cover an amount.
    #[error("{0} is not covered by the token")]
    PriceNotCovered(&'static str),
    /// It was good once.
    #[error("token expired")]
    Expired,
}

impl SayTokenFailure {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "say_token_invalid",
            Self::SignatureMissing => "say_token_signature_missing",
            Self::SignatureInvalid(_) => "say_token_signature_invalid",
            Self::IdMismatch => "say_token_id_mismatch",
            Self::IntentMismatch => "say_token_intent_mismatch",
            Self::PolicyMismatch => "say_token_policy_mismatch",
            Self::CallBindingMismatch(_) => "say_token_call_binding_mismatch",
            Self::ClassMismatch => "say_token_class_mismatch",
            Self::CurrencyMismatch => "say_token_currency_mismatch",
            Self::PriceNotCovered(_) => "say_token_price_not_covered",
            Self::Expired => "say_token_expired",
        }
    }
}

/// What a token must be good for. An empty member expects nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SayExpectation {
    /// Digest of the intent it must be for.
    pub intent_digest: String,
    /// Digest of the policy that must have allowed it.
    pub policy_digest: String,
    /// The call.
    pub call_id: String,
    /// The turn of the conversation.
    pub turn_index: Option<i64>,
    /// The position in the call.
    pub call_seq: Option<i64>,
    /// What is promised.
    pub commitment_class: String,
    /// The currency of the amounts.
    pub currency: String,
    /// A price to be quoted, in hundredths of the currency.
    pub quote_cents: Option<i64>,
    /// An amount to be paid back, in hundredths of the currency.
    pub refund_cents: Option<i64>,
    /// The id must follow from the rest of the token, as it does in every token of this gate.
    pub derived_id: bool,
}

impl SayExpectation {
    /// The expectation with texts trimmed, digests and class in lower case, the currency in upper case.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        text::trim_lower_in_place(&mut self.intent_digest);
        text::trim_lower_in_place(&mut self.policy_digest);
        text::trim_in_place(&mut self.call_id);
        text::trim_lower_in_place(&mut self.commitment_class);
        self.currency = text::trim(&self.currency).to_uppercase();
        self
    }

    /// What `token` is not for, if anything.
    fn check(&self, token: &SayToken) -> Result<(), SayTokenFailure> {
        if self.derived_id && token.token_id != token.derived_id() {
            return Err(SayTokenFailure::IdMismatch);
        }
        let differs = |expected: &str, given: &str| !expected.is_empty() && expected != given;
        let is_elsewhere = |expected: Option<i64>, given: i64| expected.is_some_and(|place| place != given);
        if differs(&self.intent_digest, &token.intent_digest) {
            return Err(SayTokenFailure::IntentMismatch);
        }
        if differs(&self.policy_digest, &token.policy_digest) {
            return Err(SayTokenFailure::PolicyMismatch);
        }
        if differs(&self.call_id, &token.call_id) {
            return Err(SayTokenFailure::CallBindingMismatch("call_id"));
        }
        if is_elsewhere(self.turn_index, token.turn_index) {
            return Err(SayTokenFailure::CallBindingMismatch("turn_index"));
        }
        if is_elsewhere(self.call_seq, token.call_seq) {
            return Err(SayTokenFailure::CallBindingMismatch("call_seq"));
        }
        if differs(&self.commitment_class, &token.commitment_class) {
            return Err(SayTokenFailure::ClassMismatch);
        }
        if differs(&self.currency, &token.currency) {
            return Err(SayTokenFailure::CurrencyMismatch);
        }
        let bounds = token.bounds();
        if self.quote_cents.is_some_and(|cents| !bounds.cover_quote(cents)) {
            return Err(SayTokenFailure::PriceNotCovered("quote"));
        }
        if self.refund_cents.is_some_and(|cents| !bounds.cover_refund(cents)) {
            return Err(SayTokenFailure::PriceNotCovered("refund"));
        }
        Ok(())
    }
}

/// A token in normal form that passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSayToken(SayToken);

impl VerifiedSayToken {
    /// The token.
    #[must_use]
    pub const fn token(&self) -> &SayToken {
        &self.0
    }

    /// What is odd about a token that holds.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let token = &self.0;
        if token.token_id == token.derived_id() {
            return Vec::new();
        }
        let message = "token_id does not follow from what the token is for";
        vec![Finding::new(FindingCode::IdMismatch, &token.token_id, message)]
    }
}

/// Checks `token`: form, signature, what it is for, and expiry last, so that a token for something else is called
/// that also when it is old.
///
/// The expectation must be in normal form.
pub fn verify(
    token: &SayToken,
    expected: &SayExpectation,
    key: &PublicKey,
    now: Timestamp,
) -> Result<VerifiedSayToken, SayTokenFailure> {
    let token = token.clone().normalized().map_err(SayTokenFailure::Invalid)?;
    let signature = token
        .signature
        .as_ref()
        .ok_or(SayTokenFailure::SignatureMissing)?;
    token::check_signature(signature, token.digest(), key).map_err(SayTokenFailure::SignatureInvalid)?;
    expected.check(&token)?;
    if token.expires_at <= now {
        return Err(SayTokenFailure::Expired);
    }
    Ok(VerifiedSayToken(token))
}

/// Reads the token file at `path`.
pub fn read_token(path: &Path) -> Result<SayToken, TokenFileError> {
    let kind = "say";
    let bytes = token::read_bytes(kind, path)?;
    SayToken::read(&bytes).map_err(|source| TokenFileError::Parse { kind, source })
}

#[cfg(test)]
mod tests;
