//! References in normal form, as context evidence, and compared.

use gait_artifact::{
    Timestamp,
    context::{ContextEnvelope, EnvelopeError, ReferenceRecord, VerifiedEnvelope},
    runpack::{Receipt, Refs},
    text,
    vocabulary::EVIDENCE_MODES,
};
use gait_canon::{Digest, json};

/// Why references are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefsError {
    /// The evidence mode is none.
    #[error("context evidence mode must be best_effort or required, not {0:?}")]
    UnknownMode(String),
    /// The digest of the context set is not one.
    #[error("refs context_set_digest must be a SHA-256 digest of 64 hex digits")]
    MalformedSetDigest,
    /// The number of references is negative.
    #[error("refs context_ref_count must be >= 0, not {0}")]
    NegativeCount(i64),
    /// Context evidence is required and its digest is missing.
    #[error("context evidence mode required but context_set_digest is missing")]
    MissingSetDigest,
    /// The references make no sound context envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The references have no canonical form.
    #[error(transparent)]
    Json(#[from] json::Error),
}

/// Brings references into the form in which they are written and compared. Doing so twice changes nothing.
///
/// Mode and digests are trimmed and in lower case, times in UTC, receipts in the order of their ids, and a count of zero
/// becomes the number of receipts. An absent mode stays absent.
pub fn normalize_refs(refs: &mut Refs) -> Result<(), RefsError> {
    text::trim_lower_in_place(&mut refs.context_evidence_mode);
    if !is_evidence_mode(&refs.context_evidence_mode) {
        return Err(RefsError::UnknownMode(refs.context_evidence_mode.clone()));
    }
    text::trim_lower_in_place(&mut refs.context_set_digest);
    if !refs.context_set_digest.is_empty() && !text::is_hex64(&refs.context_set_digest) {
        return Err(RefsError::MalformedSetDigest);
    }
    if refs.context_ref_count < 0 {
        return Err(RefsError::NegativeCount(refs.context_ref_count));
    }
    for receipt in &mut refs.receipts {
        normalize_receipt(receipt);
    }
    refs.receipts.sort_by(|a, b| a.ref_id.cmp(&b.ref_id));
    if refs.context_ref_count == 0 {
        refs.context_ref_count = count(&refs.receipts);
    }
    Ok(())
}

fn is_evidence_mode(mode: &str) -> bool {
    mode.is_empty() || EVIDENCE_MODES.contains(&mode)
}

fn normalize_receipt(receipt: &mut Receipt) {
    text::trim_lower_in_place(&mut receipt.query_digest);
    text::trim_lower_in_place(&mut receipt.content_digest);
    text::trim_lower_in_place(&mut receipt.immutability);
    if receipt.immutability.is_empty() {
        "unknown".clone_into(&mut receipt.immutability);
    }
    receipt.retrieved_at = receipt.retrieved_at.or(Timestamp::EPOCH_1980).to_utc();
}

pub(crate) fn count(receipts: &[Receipt]) -> i64 {
    i64::try_from(receipts.len()).unwrap_or(i64::MAX)
}

/// Fails when context evidence is required and the digest of its set is missing. `refs` are in normal form.
pub(crate) fn require_evidence(refs: &Refs) -> Result<(), RefsError> {
    if refs.context_evidence_mode == "required" && text::is_blank(&refs.context_set_digest) {
        return Err(RefsError::MissingSetDigest);
    }
    Ok(())
}

/// The context envelope that references stand for; none when they name neither a set nor a receipt.
///
/// Fails when a receipt would be no sound record, or when the digest of the set is not that of the receipts.
pub fn envelope_of(refs: &Refs) -> Result<Option<VerifiedEnvelope>, RefsError> {
    let mut refs = refs.clone();
    normalize_refs(&mut refs)?;
    if refs.context_set_digest.is_empty() && refs.receipts.is_empty() {
        return Ok(None);
    }
    let envelope = ContextEnvelope {
        created_at: refs.created_at,
        producer_version: refs.producer_version,
        context_set_id: refs.run_id,
        context_set_digest: refs.context_set_digest,
        evidence_mode: refs.context_evidence_mode,
        records: refs.receipts.into_iter().map(record_of).collect(),
        ..ContextEnvelope::default()
    };
    Ok(Some(envelope.verify()?))
}

fn record_of(receipt: Receipt) -> ReferenceRecord {
    ReferenceRecord {
        ref_id: receipt.ref_id,
        source_type: receipt.source_type,
        source_locator: receipt.source_locator,
        query_digest: receipt.query_digest,
        content_digest: receipt.content_digest,
        retrieved_at: receipt.retrieved_at,
        redaction_mode: receipt.redaction_mode,
        immutability: receipt.immutability,
        sensitivity_label: receipt.sensitivity_label,
        freshness_sla_seconds: receipt.freshness_sla_seconds,
        retrieval_params: receipt.retrieval_params.unwrap_or_default(),
    }
}

/// The receipt of a record, as [`envelope_of`] reads it back.
pub(crate) fn receipt_of(record: &ReferenceRecord) -> Receipt {
    let record = record.clone();
    Receipt {
        ref_id: record.ref_id,
        source_type: record.source_type,
        source_locator: record.source_locator,
        query_digest: record.query_digest,
        content_digest: record.content_digest,
        retrieved_at: record.retrieved_at,
        redaction_mode: record.redaction_mode,
        immutability: record.immutability,
        freshness_sla_seconds: record.freshness_sla_seconds,
        sensitivity_label: record.sensitivity_label,
        retrieval_params: Some(record.retrieval_params).filter(|params| !params.is_empty()),
    }
}

/// How far the references of two runs are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// Not at all.
    None,
    /// Only in when things were retrieved, which also changes the digest of the set.
    RuntimeOnly,
    /// In what was looked at or in what it said.
    Semantic,
}

impl Drift {
    /// Its name in results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::RuntimeOnly => "runtime_only",
            Self::Semantic => "semantic",
        }
    }
}

/// Compares references in normal form, run ids and times included.
pub fn drift(left: &Refs, right: &Refs) -> Result<Drift, RefsError> {
    let (mut left, mut right) = (left.clone(), right.clone());
    normalize_refs(&mut left)?;
    normalize_refs(&mut right)?;
    if same(&left, &right)? {
        return Ok(Drift::None);
    }
    for refs in [&mut left, &mut right] {
        refs.context_set_digest.clear();
        for receipt in &mut refs.receipts {
            receipt.retrieved_at = Timestamp::EPOCH_1980;
        }
    }
    if same(&left, &right)? {
        Ok(Drift::RuntimeOnly)
    } else {
        Ok(Drift::Semantic)
    }
}

fn same(left: &Refs, right: &Refs) -> Result<bool, json::Error> {
    Ok(Digest::of_canonical(left)? == Digest::of_canonical(right)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refs(receipts: &[(&str, &str)]) -> Refs {
        let receipt = |&(id, retrieved_at): &(&str, &str)| Receipt {
            ref_id: id.to_owned(),
            source_type: "doc".to_owned(),
            source_locator: format!("docs://{id}"),
            query_digest: "1".repeat(64),
            content_digest: "A".repeat(64),
            retrieved_at: retrieved_at.parse().unwrap(),
            redaction_mode: "reference".to_owned(),
            ..Receipt::default()
        };
        Refs {
            run_id: "run_1".to_owned(),
            receipts: receipts.iter().map(receipt).collect(),
            ..Refs::default()
        }
    }

    const NOON: &str = "2026-02-14T12:00:00Z";

    #[test]
    fn normal_form() {
        let mut refs = refs(&[("b", "2026-02-14T13:00:00+01:00"), ("a", NOON)]);
        refs.context_evidence_mode = " Required ".to_owned();
        refs.context_set_digest = format!(" {} ", "AB".repeat(32));
        normalize_refs(&mut refs).unwrap();
        assert_eq!(refs.context_evidence_mode, "required");
        assert_eq!(refs.context_set_digest, "ab".repeat(32));
        assert_eq!(refs.context_ref_count, 2);
        let [a, b] = refs.receipts.as_slice() else {
            panic!("two receipts")
        };
        assert_eq!((a.ref_id.as_str(), b.ref_id.as_str()), ("a", "b"));
        assert_eq!(b.retrieved_at.to_string(), NOON);
        assert_eq!(
            (b.immutability.as_str(), b.content_digest.as_str()),
            ("unknown", "a".repeat(64).as_str())
        );
    }

    #[test]
    fn a_stated_count_and_an_absent_mode_stay() {
        let mut refs = refs(&[("a", "0001-01-01T00:00:00Z")]);
        refs.context_ref_count = 7;
        normalize_refs(&mut refs).unwrap();
        assert_eq!(refs.context_ref_count, 7);
        assert_eq!(refs.context_evidence_mode, "");
        assert_eq!(refs.receipts[0].retrieved_at, Timestamp::EPOCH_1980);
    }

    #[test]
    fn what_is_refused() {
        let refused = |change: fn(&mut Refs)| {
            let mut refs = refs(&[]);
            change(&mut refs);
            normalize_refs(&mut refs).unwrap_err()
        };
        let unknown = refused(|refs| "maybe".clone_into(&mut refs.context_evidence_mode));
        assert_eq!(unknown, RefsError::UnknownMode("maybe".to_owned()));
        let malformed = refused(|refs| "abc".clone_into(&mut refs.context_set_digest));
        assert_eq!(malformed, RefsError::MalformedSetDigest);
        assert_eq!(
            refused(|refs| refs.context_ref_count = -1),
            RefsError::NegativeCount(-1)
        );
    }

    #[test]
    fn references_are_an_envelope() {
        assert_eq!(envelope_of(&refs(&[])), Ok(None));
        let two = refs(&[("b", NOON), ("a", NOON)]);
        let envelope = envelope_of(&two).unwrap().unwrap();
        assert_eq!(envelope.refs(), ["a", "b"]);
        assert_eq!(envelope.as_envelope().context_set_id, "run_1");
        let again = Refs {
            context_set_digest: envelope.digest().to_string(),
            receipts: envelope.records().iter().map(receipt_of).collect(),
            ..two.clone()
        };
        assert_eq!(envelope_of(&again).unwrap().unwrap().digest(), envelope.digest());
        let other = Refs {
            context_set_digest: "0".repeat(64),
            ..two
        };
        assert!(matches!(
            envelope_of(&other),
            Err(RefsError::Envelope(EnvelopeError::DigestMismatch { .. }))
        ));
    }

    #[test]
    fn drift_has_three_classes() {
        let one = refs(&[("a", NOON)]);
        assert_eq!(drift(&one, &one), Ok(Drift::None));
        let mut later = refs(&[("a", "2026-02-15T12:00:00Z")]);
        later.context_set_digest = "0".repeat(64);
        assert_eq!(drift(&one, &later), Ok(Drift::RuntimeOnly));
        let mut changed = one.clone();
        changed.receipts[0].content_digest = "b".repeat(64);
        assert_eq!(drift(&one, &changed), Ok(Drift::Semantic));
        let mut elsewhere = later;
        elsewhere.run_id = "run_2".to_owned();
        assert_eq!(drift(&one, &elsewhere), Ok(Drift::Semantic));
    }

    proptest! {
        #[test]
        fn normal_forms_are_stable(
            ids in proptest::collection::vec("[ab]{0,2}", 0..5),
            digest in " ?[A-Fa-f0-9]{0,4} ?",
            immutability in " ?(Mutable|x|)",
            count in -1_i64..3,
        ) {
            let stamped: Vec<_> = ids.iter().map(|id| (id.as_str(), "2026-02-14T13:00:00.250+01:00")).collect();
            let mut once = refs(&stamped);
            once.context_ref_count = count;
            for receipt in &mut once.receipts {
                receipt.query_digest.clone_from(&digest);
                receipt.immutability.clone_from(&immutability);
            }
            if normalize_refs(&mut once).is_ok() {
                let mut twice = once.clone();
                prop_assert_eq!(normalize_refs(&mut twice), Ok(()));
                prop_assert_eq!(twice, once);
            }
        }
    }
}
