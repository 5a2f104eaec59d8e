//! The say token: the signed permission to speak one commitment at one place of one call.

use std::time::Duration;

use gait_canon::{
    Digest, Signature,
    digest::short_id,
    json::{self, Reader},
};
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use super::COMMITMENT_CLASSES;
use super::{Commitment, PriceBounds, SCHEMA_VERSION, VoiceError, require_class, require_place};
#[cfg(feature = "schema")]
use crate::members::Members;
use crate::{
    form::{self, FormError},
    text,
    time::Timestamp,
};

/// The schema id of a say token.
pub const TOKEN_SCHEMA_ID: &str = "gait.voice.say_token";

/// The permission to speak one commitment (`gait.voice.say_token`), as it stands in a file.
///
/// Nothing about such a value is established: it may be malformed, unsigned, expired or for another call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
#[serde(default, deny_unknown_fields)]
pub struct SayToken {
    /// `gait.voice.say_token`, or empty.
    pub schema_id: String,
    /// `1.0.0`, or empty.
    pub schema_version: String,
    /// When the gate allowed the commitment.
    pub created_at: Timestamp,
    /// Version of the program that wrote the token.
    pub producer_version: String,
    /// Identifies the token; follows from what it is for.
    pub token_id: String,
    /// What may be promised.
    pub commitment_class: String,
    /// Digest of the intent that was allowed.
    pub intent_digest: String,
    /// Digest of the policy that allowed it.
    pub policy_digest: String,
    /// The call.
    pub call_id: String,
    /// The turn of the conversation, from 0.
    pub turn_index: i64,
    /// The position in the call, from 1.
    pub call_seq: i64,
    /// The currency of all amounts, such as `EUR`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub currency: String,
    /// The least that may be quoted, in hundredths of the currency.
    #[serde(skip_serializing_if = "json::is_default")]
    pub quote_min_cents: i64,
    /// The most that may be quoted, in hundredths of the currency.
    #[serde(skip_serializing_if = "json::is_default")]
    pub quote_max_cents: i64,
    /// The most that may be paid back, in hundredths of the currency.
    #[serde(skip_serializing_if = "json::is_default")]
    pub refund_ceiling_cents: i64,
    /// From this instant on the token is void.
    pub expires_at: Timestamp,
    /// The signature over all other members in normal form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// What a token is issued for.
#[derive(Debug, Clone, Copy)]
pub struct SayGrant<'a> {
    /// The commitment that was allowed.
    pub commitment: &'a Commitment,
    /// Digest of the intent that was judged.
    pub intent_digest: Digest,
    /// Digest of the policy that judged it.
    pub policy_digest: Digest,
    /// For how long it may be spoken.
    pub ttl: Duration,
}

impl SayToken {
    /// Reads a token from JSON and passes over members it does not know: no signature covers them, and nothing looks at
    /// them.
    pub fn read(bytes: &[u8]) -> Result<Self, json::Error> {
        Reader::new().ignore_unknown_members().read(bytes)
    }

    /// The unsigned token for `grant`, in normal form.
    pub fn issue(grant: SayGrant<'_>, producer_version: &str, now: Timestamp) -> Result<Self, FormError> {
        let intent = grant.commitment.intent();
        let now = now.to_utc();
        let mut token = Self {
            schema_id: TOKEN_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: now,
            producer_version: producer_version.to_owned(),
            token_id: String::new(),
            commitment_class: intent.commitment_class.clone(),
            intent_digest: grant.intent_digest.to_string(),
            policy_digest: grant.policy_digest.to_string(),
            call_id: intent.call_id.clone(),
            turn_index: intent.turn_index,
            call_seq: intent.call_seq,
            currency: intent.currency.clone(),
            quote_min_cents: intent.quote_min_cents,
            quote_max_cents: intent.quote_max_cents,
            refund_ceiling_cents: intent.refund_ceiling_cents,
            expires_at: now.saturating_add(grant.ttl),
            signature: None,
        };
        if token.expires_at <= token.created_at {
            return Err(FormError::Lifetime);
        }
        token.token_id = token.derived_id();
        Ok(token)
    }

    /// The token in the form that is signed: blank schema members filled in, class and digests in lower case, the
    /// currency in upper case. Id, producer and times stay as written.
    pub fn normalized(mut self) -> Result<Self, VoiceError> {
        form::fill_or_match(&mut self.schema_id, TOKEN_SCHEMA_ID, FormError::SchemaId)?;
        form::fill_or_match(&mut self.schema_version, SCHEMA_VERSION, FormError::SchemaVersion)?;
        if text::is_blank(&self.token_id) {
            return Err(FormError::Missing("token_id").into());
        }
        require_class(&mut self.commitment_class)?;
        form::require_digest(&mut self.intent_digest, "intent_digest")?;
        form::require_digest(&mut self.policy_digest, "policy_digest")?;
        form::require_text(&mut self.call_id, "call_id")?;
        require_place(self.call_seq, self.turn_index)?;
        self.currency = text::trim(&self.currency).to_uppercase();
        self.bounds().check()?;
        form::require_times(self.created_at, self.expires_at)?;
        Ok(self)
    }

    /// The id that follows from what the token is for.
    #[must_use]
    pub fn derived_id(&self) -> String {
        short_id(&format!(
            "{}:{}:{}:{}:{}:{}:{}",
            self.intent_digest,
            self.policy_digest,
            self.call_id,
            self.turn_index,
            self.call_seq,
            self.commitment_class,
            self.expires_at
        ))
    }

    /// The amounts within which may be spoken.
    #[must_use]
    pub const fn bounds(&self) -> PriceBounds {
        PriceBounds {
            quote_min_cents: self.quote_min_cents,
            quote_max_cents: self.quote_max_cents,
            refund_ceiling_cents: self.refund_ceiling_cents,
        }
    }

    /// SHA-256 over the RFC 8785 form of everything but the signature: what is signed.
    pub fn digest(&self) -> Result<Digest, json::Error> {
        Digest::of_canonical(&Self {
            signature: None,
            ..self.clone()
        })
    }
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(TOKEN_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["token_id", "call_id", "currency"])
        .at_least(1, &["call_seq"])
        .at_least(
            0,
            &[
                "turn_index",
                "quote_min_cents",
                "quote_max_cents",
                "refund_ceiling_cents",
            ],
        )
        .words("commitment_class", COMMITMENT_CLASSES)
        .digests(&["intent_digest", "policy_digest"])
        .signed()
        .with_inner("signature", "alg", "minLength", 1)
        .with_inner("signature", "key_id", "minLength", 1)
        .with_inner("signature", "sig", "minLength", 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut SayToken);

    const HEX: &str = "abababababababababababababababababababababababababababababababab";

    fn token() -> SayToken {
        SayToken {
            created_at: Timestamp::EPOCH_1980,
            token_id: "t".to_owned(),
            commitment_class: " Quote ".to_owned(),
            intent_digest: HEX.to_uppercase(),
            policy_digest: HEX.to_owned(),
            call_id: " c ".to_owned(),
            call_seq: 1,
            currency: " usd".to_owned(),
            expires_at: Timestamp::EPOCH_1980.saturating_add(Duration::from_secs(1)),
            ..SayToken::default()
        }
    }

    #[test]
    fn spellings_have_one_normal_form() {
        let normal = token().normalized().unwrap();
        assert_eq!(
            (
                normal.call_id.as_str(),
                normal.currency.as_str(),
                normal.intent_digest.as_str()
            ),
            ("c", "USD", HEX)
        );
        assert_eq!(normal.clone().normalized(), Ok(normal.clone()));
        assert_eq!(
            normal.derived_id(),
            short_id(&format!("{HEX}:{HEX}:c:0:1:quote:1980-01-01T00:00:01Z"))
        );
    }

    #[test]
    fn names_the_first_thing_wrong() {
        let cases: [(Change, &str); 13] = [
            (
                |token| token.schema_id = "x".to_owned(),
                "unsupported schema_id: x",
            ),
            (
                |token| token.schema_version = "2".to_owned(),
                "unsupported schema_version: 2",
            ),
            (|token| token.token_id = " ".to_owned(), "token_id is required"),
            (
                |token| token.commitment_class = "promise".to_owned(),
                "unsupported commitment_class",
            ),
            (
                |token| token.intent_digest.clear(),
                "intent_digest must be sha256 hex",
            ),
            (
                |token| token.policy_digest = "ab".to_owned(),
                "policy_digest must be sha256 hex",
            ),
            (|token| token.call_id.clear(), "call_id is required"),
            (|token| token.turn_index = -1, "turn_index must be >= 0"),
            (|token| token.call_seq = 0, "call_seq must be >= 1"),
            (
                |token| token.refund_ceiling_cents = -1,
                "refund_ceiling_cents must be >= 0",
            ),
            (
                |token| (token.quote_min_cents, token.quote_max_cents) = (2, 1),
                "quote_max_cents must be >= quote_min_cents",
            ),
            (
                |token| token.created_at = Timestamp::ZERO,
                "created_at is required",
            ),
            (
                |token| token.expires_at = Timestamp::ZERO,
                "expires_at is required",
            ),
        ];
        for (change, expected) in cases {
            let mut token = token();
            change(&mut token);
            let error = token.normalized().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error} instead of {expected}");
        }
    }
}
