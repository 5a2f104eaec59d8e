//! From what an agent's recorder noted to the content of a runpack: gaps filled, digests checked, payloads dropped.

mod digests;

use std::collections::BTreeMap;
use std::fmt;

use gait_artifact::{
    Timestamp,
    context::VerifiedEnvelope,
    finding::{Finding, FindingCode},
    runpack::{
        INTENT_SCHEMA_ID, IntentRecord, REFS_SCHEMA_ID, RESULT_SCHEMA_ID, RUN_SCHEMA_ID, Refs, ResultRecord,
        Run, RunEnv, SCHEMA_VERSION,
    },
    text,
};
use gait_canon::json::{self, Object, Reader, Value};
use serde::Deserialize;

use crate::content::{CaptureMode, Content, UnknownCaptureMode};
use crate::refs::{RefsError, count, envelope_of, normalize_refs, receipt_of, require_evidence};

pub use digests::{DigestError, DigestProblem, ReceiptProblem};

/// The producer of a run that doesn't name one.
const UNKNOWN_PRODUCER: &str = "0.0.0-dev";

/// What a recorder noted: everything but the run's id may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RecordInput {
    /// The run.
    pub run: Run,
    /// What was meant to be done, in order.
    pub intents: Vec<IntentRecord>,
    /// What came of it, in order.
    pub results: Vec<ResultRecord>,
    /// What was looked at.
    pub refs: Refs,
    /// `reference`, `raw`, or blank.
    pub capture_mode: String,
    /// Payloads that are only digested.
    pub normalization: Normalization,
}

/// Payloads in the form whose digests count, by intent id. They go into no runpack.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Normalization {
    /// Arguments: an object or `null` each.
    pub intent_args: BTreeMap<String, Value>,
    /// Results: an object or `null` each.
    pub result_payloads: BTreeMap<String, Value>,
}

impl RecordInput {
    /// The largest input that [`read`](Self::read) takes, in bytes.
    pub const MAX_BYTES: usize = 512 << 20;

    /// Reads the JSON of an input. Unknown members are ignored, and what is no valid text becomes U+FFFD before anything
    /// is digested.
    pub fn read(bytes: &[u8]) -> Result<Self, json::Error> {
        Reader::new()
            .max_bytes(Self::MAX_BYTES)
            .replace_invalid_text()
            .read(bytes)
    }
}

/// How to record.
#[derive(Debug, Clone, Default)]
pub struct RecordOptions {
    /// The id of the run wherever one stands; blank: as the input has it.
    pub run_id: String,
    /// `reference` or `raw`; blank: as the input has it.
    pub capture_mode: String,
    /// `best_effort` or `required`; blank: as the input has it.
    pub evidence_mode: String,
    /// The context evidence that takes the place of the input's references.
    pub envelope: Option<GivenEnvelope>,
    /// Whether references may carry raw context.
    pub allow_raw_context: bool,
}

/// A context envelope that the caller was given.
#[derive(Debug, Clone)]
pub enum GivenEnvelope {
    /// It is sound.
    Verified(Box<VerifiedEnvelope>),
    /// It could not be read, for this reason.
    Unusable(String),
}

/// A run, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its records.
    pub content: Content,
    /// What whoever recorded it should know.
    pub warnings: Vec<RecordWarning>,
    /// Digests in the input that are not those of what stands beside them, and were kept.
    pub findings: Vec<Finding>,
}

/// What whoever recorded a run should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordWarning {
    /// The runpack holds arguments and results.
    RawPayloads,
    /// Arguments or results were digested and dropped.
    PayloadsDropped,
    /// The context envelope was left out, for this reason.
    EnvelopeIgnored(String),
}

impl fmt::Display for RecordWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RawPayloads => f.write_str(
                "raw capture retains raw intent arguments and raw result payloads; handle runpack as sensitive evidence",
            ),
            Self::PayloadsDropped => f.write_str(
                "reference capture stripped raw intent arguments and raw result payloads after digesting",
            ),
            Self::EnvelopeIgnored(reason) => write!(f, "context envelope ignored: {reason}"),
        }
    }
}

/// Why a run is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The run has no id.
    #[error("input run.run_id is required (or set --run-id)")]
    MissingRunId,
    /// The capture mode is none.
    #[error(transparent)]
    CaptureMode(#[from] UnknownCaptureMode),
    /// Context evidence is required and cannot be used.
    #[error("context evidence is required: {0}")]
    Envelope(String),
    /// The envelope carries raw context.
    #[error(
        "context envelope includes redaction_mode=raw; re-run with --unsafe-context-raw to allow unsafe context capture"
    )]
    RawEnvelope,
    /// A receipt carries raw context.
    #[error(
        "refs receipts include redaction_mode=raw; re-run with --unsafe-context-raw to allow unsafe context capture"
    )]
    RawReceipt,
    /// A digest is missing or not that of its payload.
    #[error("normalize digest-bearing fields: {0}")]
    Digest(#[from] DigestError),
    /// The references are unsound.
    #[error("normalize refs: {0}")]
    Refs(#[from] RefsError),
}

/// The system this program was built for, as runs name it.
#[must_use]
pub fn host() -> RunEnv {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    RunEnv {
        os: os.to_owned(),
        arch: arch.to_owned(),
        // What consumers of runpacks have always found here.
        runtime: "go".to_owned(),
    }
}

/// Makes the content of a runpack from `input`: the same input, options, time and host give the same content.
///
/// `now` and `host` only fill gaps. Every digest that can be computed is computed, and compared where one is stated.
pub fn record(
    mut input: RecordInput,
    options: &RecordOptions,
    now: Timestamp,
    host: RunEnv,
) -> Result<Recorded, RecordError> {
    set_run_id(&mut input, &options.run_id)?;
    let capture_mode: CaptureMode = non_blank(&options.capture_mode, &input.capture_mode).parse()?;
    let ignored = set_evidence(&mut input.refs, options)?;
    fill_gaps(&mut input, now, host);

    let payloads = has_payloads(&input);
    let mut findings = digests::complete(&mut input)?;
    normalize_refs(&mut input.refs)?;
    findings.extend(foreign_set(&input.refs));
    if capture_mode == CaptureMode::Reference {
        input.intents.iter_mut().for_each(|intent| intent.args = None);
        input.results.iter_mut().for_each(|result| result.result = None);
    }
    let capture_warning = match capture_mode {
        CaptureMode::Raw => Some(RecordWarning::RawPayloads),
        CaptureMode::Reference => payloads.then_some(RecordWarning::PayloadsDropped),
    };
    Ok(Recorded {
        content: Content {
            run: input.run,
            intents: input.intents,
            results: input.results,
            refs: input.refs,
            capture_mode,
        },
        warnings: capture_warning
            .into_iter()
            .chain(ignored.map(RecordWarning::EnvelopeIgnored))
            .collect(),
        findings,
    })
}

/// Whether a set of references is stated whose digest is not that of the references.
fn foreign_set(refs: &Refs) -> Option<Finding> {
    if refs.context_set_digest.is_empty() {
        return None;
    }
    let error = envelope_of(refs).err()?;
    let message = format!("is not that of the receipts: {error}");
    Some(Finding::new(
        FindingCode::DigestMismatch,
        "refs: context_set_digest",
        message,
    ))
}

fn non_blank<'a>(first: &'a str, second: &'a str) -> &'a str {
    if text::is_blank(first) { second } else { first }
}

fn set_run_id(input: &mut RecordInput, run_id: &str) -> Result<(), RecordError> {
    let run_id = text::trim(run_id);
    if !run_id.is_empty() {
        run_id.clone_into(&mut input.run.run_id);
        run_id.clone_into(&mut input.refs.run_id);
        for intent in &mut input.intents {
            run_id.clone_into(&mut intent.run_id);
        }
        for result in &mut input.results {
            run_id.clone_into(&mut result.run_id);
        }
    }
    if text::is_blank(&input.run.run_id) {
        return Err(RecordError::MissingRunId);
    }
    Ok(())
}

/// Settles the evidence mode and puts the envelope's records in place of the references. Gives the reason why an envelope
/// was left out.
fn set_evidence(refs: &mut Refs, options: &RecordOptions) -> Result<Option<String>, RecordError> {
    let mode = text::trim_lower(non_blank(&options.evidence_mode, &refs.context_evidence_mode));
    refs.context_evidence_mode = match mode.as_str() {
        "" => "best_effort".to_owned(),
        "best_effort" | "required" => mode,
        _ => return Err(RefsError::UnknownMode(mode).into()),
    };
    let ignored = match &options.envelope {
        None => None,
        Some(GivenEnvelope::Unusable(reason)) if refs.context_evidence_mode == "required" => {
            return Err(RecordError::Envelope(reason.clone()));
        }
        Some(GivenEnvelope::Unusable(reason)) => Some(reason.clone()),
        Some(GivenEnvelope::Verified(envelope)) => {
            let mut modes = envelope.records().iter().map(|record| &record.redaction_mode);
            if !options.allow_raw_context && modes.any(|mode| is_raw(mode)) {
                return Err(RecordError::RawEnvelope);
            }
            refs.context_set_digest = envelope.digest().to_string();
            refs.receipts = envelope.records().iter().map(receipt_of).collect();
            refs.context_ref_count = count(&refs.receipts);
            None
        }
    };
    let mut modes = refs.receipts.iter().map(|receipt| &receipt.redaction_mode);
    if !options.allow_raw_context && modes.any(|mode| is_raw(mode)) {
        return Err(RecordError::RawReceipt);
    }
    require_evidence(refs)?;
    Ok(ignored)
}

fn is_raw(redaction_mode: &str) -> bool {
    text::trim_lower(redaction_mode) == "raw"
}

/// Fills what the input left out: the run from the present, all other records from the run.
fn fill_gaps(input: &mut RecordInput, now: Timestamp, host: RunEnv) {
    let run = &mut input.run;
    fill(&mut run.schema_id, RUN_SCHEMA_ID);
    fill(&mut run.schema_version, SCHEMA_VERSION);
    run.created_at = run.created_at.or(now);
    fill(&mut run.producer_version, UNKNOWN_PRODUCER);
    fill(&mut run.env.os, host.os);
    fill(&mut run.env.arch, host.arch);
    fill(&mut run.env.runtime, host.runtime);
    for intent in &mut input.intents {
        fill(&mut intent.schema_id, INTENT_SCHEMA_ID);
        fill(&mut intent.schema_version, SCHEMA_VERSION);
        intent.created_at = intent.created_at.or(run.created_at);
        fill(&mut intent.producer_version, &run.producer_version);
        fill(&mut intent.run_id, &run.run_id);
    }
    for result in &mut input.results {
        fill(&mut result.schema_id, RESULT_SCHEMA_ID);
        fill(&mut result.schema_version, SCHEMA_VERSION);
        result.created_at = result.created_at.or(run.created_at);
        fill(&mut result.producer_version, &run.producer_version);
        fill(&mut result.run_id, &run.run_id);
    }
    let refs = &mut input.refs;
    fill(&mut refs.schema_id, REFS_SCHEMA_ID);
    fill(&mut refs.schema_version, SCHEMA_VERSION);
    refs.created_at = refs.created_at.or(run.created_at);
    fill(&mut refs.producer_version, &run.producer_version);
    fill(&mut refs.run_id, &run.run_id);
}

fn fill(text: &mut String, default: impl Into<String>) {
    if text.is_empty() {
        *text = default.into();
    }
}

fn has_payloads(input: &RecordInput) -> bool {
    let filled = |payload: &Option<Object>| payload.as_ref().is_some_and(|object| !object.is_empty());
    input.intents.iter().any(|intent| filled(&intent.args))
        || input.results.iter().any(|result| filled(&result.result))
        || !input.normalization.intent_args.is_empty()
        || !input.normalization.result_payloads.is_empty()
}

#[cfg(test)]
mod tests;
