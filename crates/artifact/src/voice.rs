//! Voice: what an agent may promise aloud during a call, the token that lets it speak, and the record of the call.
//!
//! Before an agent commits to something, it declares a [`CommitmentIntent`]. Brought into normal form that is a
//! [`Commitment`], which becomes an [`IntentRequest`](crate::intent::IntentRequest) like that of any other tool call.
//! When the gate allows it, a [`SayToken`] binds the permission to one place of one call. Afterwards a [`CallRecord`]
//! tells what was said, decided and spoken.

mod commitment;
mod error;
mod record;
mod rows;
mod say_token;

pub use self::{
    commitment::{
        Commitment, CommitmentContext, CommitmentIntent, SCHEMA_ID as COMMITMENT_SCHEMA_ID, TOOL_PREFIX,
    },
    error::VoiceError,
    record::{CALLPACK_SCHEMA_ID, Call, CallRecord, CallRows, CallpackManifest, RECORD_SCHEMA_ID},
    rows::{
        CallEvent, CallRow, EVENT_SCHEMA_ID, GateDecisionRow, REQUIRED_EVENT_TYPES, ReferenceDigest,
        SpeakReceipt, TTS_EMITTED, normalize_references, normalize_rows,
    },
    say_token::{SayGrant, SayToken, TOKEN_SCHEMA_ID},
};

/// The schema version of every voice artifact.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// What an agent can commit to.
pub const COMMITMENT_CLASSES: &[&str] = &[
    "account_change",
    "cancel",
    "eligibility",
    "quote",
    "refund",
    "schedule",
];

/// How the utterances of a call are kept: as digests alone, or encrypted in case of a dispute.
pub const PRIVACY_MODES: &[&str] = &["dispute_encrypted", "hash_only"];

/// What stands in for the version of a producer that gives none.
const UNKNOWN_PRODUCER: &str = "0.0.0-dev";

/// Trims and lower-cases a commitment class, which must be a known one.
fn require_class(class: &mut String) -> Result<(), VoiceError> {
    error::require_word(class, "commitment_class", COMMITMENT_CLASSES)
}

/// The place of something in a call: turns count from 0, and sequence numbers from 1.
fn require_place(call_seq: i64, turn_index: i64) -> Result<(), VoiceError> {
    error::in_range(0, turn_index, "turn_index")?;
    error::in_range(1, call_seq, "call_seq")
}

/// Amounts in hundredths of a currency unit, within which a commitment may be spoken; 0 is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PriceBounds {
    /// The least that may be quoted.
    pub quote_min_cents: i64,
    /// The most that may be quoted.
    pub quote_max_cents: i64,
    /// The most that may be paid back.
    pub refund_ceiling_cents: i64,
}

impl PriceBounds {
    /// Refuses negative bounds, and a range that holds nothing.
    fn check(self) -> Result<(), VoiceError> {
        error::in_range(0, self.quote_min_cents, "quote_min_cents")?;
        error::in_range(0, self.quote_max_cents, "quote_max_cents")?;
        error::in_range(0, self.refund_ceiling_cents, "refund_ceiling_cents")?;
        if self.quote_max_cents > 0 && self.quote_min_cents > self.quote_max_cents {
            return Err(VoiceError::EmptyRange);
        }
        Ok(())
    }

    /// Whether a price of `cents` may be quoted. Without an upper bound nothing but nothing may.
    #[must_use]
    pub const fn cover_quote(self, cents: i64) -> bool {
        self.quote_min_cents <= cents && cents <= self.quote_max_cents
    }

    /// Whether `cents` may be paid back. Without a ceiling nothing but nothing may.
    #[must_use]
    pub const fn cover_refund(self, cents: i64) -> bool {
        0 <= cents && cents <= self.refund_ceiling_cents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_held_against_bounds() {
        let bounds = |min, max, ceiling| PriceBounds {
            quote_min_cents: min,
            quote_max_cents: max,
            refund_ceiling_cents: ceiling,
        };
        for (bounds, cents, quote, refund) in [
            (bounds(100, 200, 50), 100, true, false),
            (bounds(100, 200, 50), 200, true, false),
            (bounds(100, 200, 50), 99, false, false),
            (bounds(100, 200, 50), 201, false, false),
            (bounds(0, 0, 0), 0, true, true),
            (bounds(0, 0, 0), 1, false, false),
            (bounds(100, 0, 50), 100, false, false),
            (bounds(0, 10, 50), -1, false, false),
            (bounds(60, 70, 50), 50, false, true),
        ] {
            assert_eq!(bounds.cover_quote(cents), quote, "{bounds:?} {cents}");
            assert_eq!(bounds.cover_refund(cents), refund, "{bounds:?} {cents}");
        }
        assert_eq!(bounds(2, 1, 0).check(), Err(VoiceError::EmptyRange));
        assert_eq!(bounds(2, 0, 0).check(), Ok(()));
        assert_eq!(
            bounds(0, 0, 1 << 53).check(),
            Err(VoiceError::TooLarge("refund_ceiling_cents"))
        );
    }
}
