//! The digests that stand for arguments, results, queries and contents.

use std::collections::BTreeMap;

use gait_artifact::{
    finding::{Finding, FindingCode},
    runpack::{IntentRecord, Receipt, ResultRecord},
    text,
};
use gait_canon::{
    Digest,
    json::{self, Object, Value},
};
use serde::Serialize;

use super::RecordInput;

/// The source type of receipts that refer to a call of the run itself.
const TRACE_SOURCE: &str = "gait.trace";
/// What such a receipt's id begins with; the id of the intent follows.
const TRACE_PREFIX: &str = "trace_";

/// A digest that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// Of an intent's arguments.
    #[error("intent {id}: args digest {problem}")]
    Intent {
        /// Id of the intent.
        id: String,
        /// What is wrong.
        problem: DigestProblem,
    },
    /// Of a result.
    #[error("result {id}: result digest {problem}")]
    Result {
        /// Id of the result's intent.
        id: String,
        /// What is wrong.
        problem: DigestProblem,
    },
    /// Of a receipt.
    #[error("receipt {id}: {problem}")]
    Receipt {
        /// Id of the reference.
        id: String,
        /// What is wrong.
        problem: ReceiptProblem,
    },
}

/// What is wrong with the digest of a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestProblem {
    /// Neither it nor a payload is there.
    #[error("is missing, and so is what it could be computed from")]
    Missing,
    /// It is not that of the payload.
    #[error("is stated as {stated}, but the payload digests to {computed}")]
    Mismatch {
        /// The digest in the record.
        stated: String,
        /// The digest of the payload.
        computed: Digest,
    },
    /// The payload is no object.
    #[error("needs a payload that is an object or null")]
    NotAnObject,
    /// The payload has no canonical form.
    #[error("cannot be computed: {0}")]
    Json(#[from] json::Error),
}

/// What is wrong with a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptProblem {
    /// A digest is missing.
    #[error("requires {0}")]
    Missing(&'static str),
    /// It refers to an intent that the run doesn't have.
    #[error("references unknown intent {0}")]
    UnknownIntent(String),
    /// It refers to an intent without a result.
    #[error("references unknown result for intent {0}")]
    UnknownResult(String),
    /// A digest does not follow from the call it refers to.
    #[error("{field} is stated as {stated}, but the call gives {expected}")]
    Mismatch {
        /// The member.
        field: &'static str,
        /// The digest in the receipt.
        stated: String,
        /// The digest that follows from the call.
        expected: String,
    },
    /// What the query was has no canonical form.
    #[error(transparent)]
    Json(#[from] json::Error),
}

/// Fills in every digest that is missing and can be computed; refuses stated ones that are not those of their normalised
/// payloads. What is told are stated digests that are not those of the payloads beside them, for these may have been
/// normalised before they were digested.
pub(super) fn complete(input: &mut RecordInput) -> Result<Vec<Finding>, DigestError> {
    let normalization = &input.normalization;
    let mut findings = Vec::new();
    for intent in &mut input.intents {
        let payload = normalization.intent_args.get(&intent.intent_id);
        let differs =
            complete_digest(&mut intent.args_digest, payload, intent.args.as_ref()).map_err(|problem| {
                DigestError::Intent {
                    id: intent.intent_id.clone(),
                    problem,
                }
            })?;
        let subject = || format!("intent {}: args_digest", intent.intent_id);
        findings.extend(differs.map(|message| Finding::new(FindingCode::DigestMismatch, subject(), message)));
    }
    for result in &mut input.results {
        let payload = normalization.result_payloads.get(&result.intent_id);
        let differs = complete_digest(&mut result.result_digest, payload, result.result.as_ref()).map_err(
            |problem| DigestError::Result {
                id: result.intent_id.clone(),
                problem,
            },
        )?;
        let subject = || format!("result {}: result_digest", result.intent_id);
        findings.extend(differs.map(|message| Finding::new(FindingCode::DigestMismatch, subject(), message)));
    }
    let calls = Calls::of(&input.intents, &input.results);
    for receipt in &mut input.refs.receipts {
        calls.complete(receipt).map_err(|problem| DigestError::Receipt {
            id: receipt.ref_id.clone(),
            problem,
        })?;
    }
    Ok(findings)
}

/// A payload that was normalised for digesting decides; the payload in the record only fills a gap. Tells how it differs where
/// that is not refused.
fn complete_digest(
    stated: &mut String,
    normalized: Option<&Value>,
    own: Option<&Object>,
) -> Result<Option<String>, DigestProblem> {
    let Some(payload) = normalized else {
        if stated.is_empty() {
            let own = own.ok_or(DigestProblem::Missing)?;
            *stated = Digest::of_canonical(own)?.to_string();
            return Ok(None);
        }
        return Ok(own.and_then(|own| difference(stated, own)));
    };
    if !matches!(payload, Value::Object(_) | Value::Null) {
        return Err(DigestProblem::NotAnObject);
    }
    let computed = Digest::of_canonical(payload)?;
    if stated.is_empty() {
        *stated = computed.to_string();
    } else if !stated.eq_ignore_ascii_case(&computed.to_string()) {
        return Err(DigestProblem::Mismatch {
            stated: stated.clone(),
            computed,
        });
    }
    Ok(None)
}

/// How a stated digest differs from that of its payload.
fn difference(stated: &str, payload: &Object) -> Option<String> {
    match Digest::of_canonical(payload) {
        Ok(computed) if stated.eq_ignore_ascii_case(&computed.to_string()) => None,
        Ok(computed) => Some(format!(
            "is stated as {stated}, but the payload digests to {computed}"
        )),
        Err(error) => Some(format!(
            "is stated as {stated}, but the payload has no digest: {error}"
        )),
    }
}

/// The calls of a run by intent id; of several the last counts.
struct Calls<'a> {
    intents: BTreeMap<&'a str, &'a IntentRecord>,
    results: BTreeMap<&'a str, &'a ResultRecord>,
}

/// What a receipt of a call digests as its query.
#[derive(Serialize)]
struct Query<'a> {
    args_digest: &'a str,
    tool_name: &'a str,
}

impl<'a> Calls<'a> {
    fn of(intents: &'a [IntentRecord], results: &'a [ResultRecord]) -> Self {
        Self {
            intents: intents
                .iter()
                .map(|intent| (intent.intent_id.as_str(), intent))
                .collect(),
            results: results
                .iter()
                .map(|result| (result.intent_id.as_str(), result))
                .collect(),
        }
    }

    fn complete(&self, receipt: &mut Receipt) -> Result<(), ReceiptProblem> {
        let is_trace = text::trim_lower(&receipt.source_type) == TRACE_SOURCE;
        let intent_id = text::trim(&receipt.ref_id).strip_prefix(TRACE_PREFIX);
        let Some(intent_id) = intent_id.filter(|_| is_trace) else {
            return require(&receipt.query_digest, "query_digest")
                .and_then(|()| require(&receipt.content_digest, "content_digest"));
        };
        let intent = self
            .intents
            .get(intent_id)
            .ok_or_else(|| ReceiptProblem::UnknownIntent(intent_id.to_owned()))?;
        let query = Digest::of_canonical(&Query {
            args_digest: &intent.args_digest,
            tool_name: &intent.tool_name,
        })?;
        let result = self
            .results
            .get(intent_id)
            .ok_or_else(|| ReceiptProblem::UnknownResult(intent_id.to_owned()))?;
        agree(&mut receipt.query_digest, &query.to_string(), "query_digest")?;
        require(&result.result_digest, "content_digest")?;
        agree(
            &mut receipt.content_digest,
            &result.result_digest,
            "content_digest",
        )
    }
}

fn require(digest: &str, field: &'static str) -> Result<(), ReceiptProblem> {
    if text::is_blank(digest) {
        return Err(ReceiptProblem::Missing(field));
    }
    Ok(())
}

fn agree(stated: &mut String, expected: &str, field: &'static str) -> Result<(), ReceiptProblem> {
    if stated.is_empty() {
        expected.clone_into(stated);
    } else if !stated.eq_ignore_ascii_case(expected) {
        return Err(ReceiptProblem::Mismatch {
            field,
            stated: stated.clone(),
            expected: expected.to_owned(),
        });
    }
    Ok(())
}
