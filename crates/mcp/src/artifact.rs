//! What a decision leaves for others to check: a runpack that replays, and a signed pack that carries it.

use gait_artifact::{
    Verdict,
    runpack::{
        INTENT_SCHEMA_ID, IntentRecord, REFS_SCHEMA_ID, RESULT_SCHEMA_ID, RUN_SCHEMA_ID, Refs, ResultRecord,
        Run, SCHEMA_VERSION, TimelineEvent,
    },
};
use gait_canon::{Digest, PrivateKey, json};
use gait_disk::progress::Unwatched;
use gait_pack::build::{self, BuildError};
use gait_runpack::{Content, WriteError, record::host};
use serde::Serialize;

use crate::boundary::Judged;

/// The id of the one intent in such a runpack.
const INTENT_ID: &str = "intent_1";

/// Why there is no artifact of a decision.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The result of the decision has no canonical form.
    #[error("encode decision result: {0}")]
    Encode(#[from] json::Error),
    /// The runpack can't be put together.
    #[error("build runpack: {0}")]
    Runpack(#[from] WriteError),
    /// The pack can't be put together.
    #[error("build proxy pack: {0}")]
    Pack(#[from] BuildError),
}

/// What the result's digest in a runpack covers.
#[derive(Serialize)]
struct ResultPayload<'a> {
    verdict: Verdict,
    reason_codes: Vec<String>,
    violations: Vec<String>,
    trace_id: &'a str,
}

/// The runpack of a decision, unsigned: one intent by its digest, and what came of it.
///
/// Every time in it is that of the intent, so that the same call gives the same runpack.
pub fn decision_runpack(judged: &Judged, producer_version: &str) -> Result<Vec<u8>, ArtifactError> {
    let content = content(judged, producer_version)?;
    let (bytes, _) = gait_runpack::to_bytes(&content, None)?;
    Ok(bytes)
}

fn content(judged: &Judged, producer_version: &str) -> Result<Content, ArtifactError> {
    let at = judged.created_at();
    let run_id = || judged.run_id.clone();
    let (version, producer) = (|| SCHEMA_VERSION.to_owned(), || producer_version.to_owned());
    let event = |name: &str| TimelineEvent {
        event: name.to_owned(),
        ts: at,
        ..TimelineEvent::default()
    };
    Ok(Content {
        run: Run {
            schema_id: RUN_SCHEMA_ID.to_owned(),
            schema_version: version(),
            created_at: at,
            producer_version: producer(),
            run_id: run_id(),
            env: host(),
            timeline: Some(vec![event("proxy_eval_start"), event("proxy_eval_finish")]),
        },
        intents: vec![IntentRecord {
            schema_id: INTENT_SCHEMA_ID.to_owned(),
            schema_version: version(),
            created_at: at,
            producer_version: producer(),
            run_id: run_id(),
            intent_id: INTENT_ID.to_owned(),
            tool_name: judged.decision.intent.tool_name().to_owned(),
            args_digest: judged.decision.intent.args_digest().to_string(),
            args: None,
        }],
        results: vec![ResultRecord {
            schema_id: RESULT_SCHEMA_ID.to_owned(),
            schema_version: version(),
            created_at: at,
            producer_version: producer(),
            run_id: run_id(),
            intent_id: INTENT_ID.to_owned(),
            status: status(judged.decision.verdict()).to_owned(),
            result_digest: result_digest(judged)?.to_string(),
            result: None,
        }],
        refs: Refs {
            schema_id: REFS_SCHEMA_ID.to_owned(),
            schema_version: version(),
            created_at: at,
            producer_version: producer(),
            run_id: run_id(),
            ..Refs::default()
        },
        ..Content::default()
    })
}

/// What a run says of a call that was decided this way.
const fn status(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow | Verdict::DryRun => "ok",
        Verdict::Block | Verdict::RequireApproval => "error",
    }
}

fn result_digest(judged: &Judged) -> Result<Digest, json::Error> {
    let decision = &judged.decision;
    Digest::of_canonical(&ResultPayload {
        verdict: decision.verdict(),
        reason_codes: decision.outcome.reasons(),
        violations: decision.outcome.violations(),
        trace_id: &decision.trace.record().trace_id,
    })
}

/// A signed pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionPack {
    /// Its id: 64 lower-case hex digits.
    pub pack_id: String,
    /// The archive.
    pub bytes: Vec<u8>,
}

/// The pack around the runpack that [`decision_runpack`] gave, signed with `key`.
pub fn decision_pack(
    runpack: Vec<u8>,
    producer_version: &str,
    key: &PrivateKey,
) -> Result<DecisionPack, ArtifactError> {
    let mut pack = build::run_in_memory(runpack, producer_version)?.seal(Some(key), &Unwatched)?;
    let mut bytes = Vec::new();
    pack.write_to(&mut bytes, &Unwatched)?;
    Ok(DecisionPack {
        pack_id: pack.pack_id().to_owned(),
        bytes,
    })
}
