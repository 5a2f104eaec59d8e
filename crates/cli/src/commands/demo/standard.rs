//! `gait demo`: a run of three calls, recorded and verified.

use std::path::Path;
use std::time::Duration;

use gait_artifact::{
    Timestamp,
    runpack::{
        INTENT_SCHEMA_ID, IntentRecord, REFS_SCHEMA_ID, RESULT_SCHEMA_ID, RUN_SCHEMA_ID, Receipt, Refs,
        ResultRecord, Run, RunEnv, SCHEMA_VERSION, TimelineEvent,
    },
};
use gait_canon::{Digest, json, json::Object};
use gait_disk::{atomic, progress::Unwatched};
use gait_runpack::{Content, Verification, VerifyOptions, footer, normalize_refs, verify, write};

use super::{DIRECTORY, Output};
use crate::context::Context;
use crate::error::{ErrorKind, Failure};

/// The run's id.
pub(crate) const RUN_ID: &str = "run_demo";
/// Where its runpack is.
pub(crate) const RUNPACK_PATH: &str = "gait-out/runpack_run_demo.zip";
const BUNDLE: &str = "./gait-out/runpack_run_demo.zip";
/// 2026-02-05T00:00:00Z: a fixed time, so that every demonstration records the same bytes.
const STARTED_SECONDS: i64 = 1_770_249_600;

/// The calls: tool, the one argument, and its value.
const CALLS: [(&str, &str, &str); 3] = [
    ("tool.search", "query", "gait demo: offline verification"),
    ("tool.fetch", "url", "https://example.local/demo"),
    ("tool.summarize", "input_ref", "ref_1"),
];

pub(super) fn run(context: &Context<'_>) -> Result<Output, Failure> {
    let digest = record(context.producer_version())?;
    let verification = verify_recorded()?;
    if !verification.is_ok() {
        return Err(Failure::new(ErrorKind::VerificationFailed, "verification failed"));
    }
    let ticket_footer = footer(RUN_ID, &digest).ok_or_else(|| {
        Failure::new(
            ErrorKind::Internal,
            "the runpack's identity fits no ticket footer",
        )
    })?;
    Ok(Output {
        run_id: RUN_ID,
        bundle: BUNDLE,
        ticket_footer,
        verify: "ok",
        next_commands: [
            "gait verify run_demo --json",
            "gait regress bootstrap --from run_demo --json --junit ./gait-out/junit.xml",
            "gait demo --durable",
            "gait demo --policy",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Output::default()
    })
}

/// Records the run and gives the digest of its manifest.
pub(crate) fn record(producer_version: &str) -> Result<String, Failure> {
    let content = content(producer_version)?;
    atomic::create_directories(Path::new(DIRECTORY))?;
    let manifest = write(Path::new(RUNPACK_PATH), &content, None)?;
    Ok(manifest.manifest_digest)
}

/// Verifies what [`record`] has written.
pub(crate) fn verify_recorded() -> Result<Verification, Failure> {
    let options = VerifyOptions {
        key: None,
        require_signature: false,
        thorough: false,
    };
    Ok(verify(Path::new(RUNPACK_PATH), &options, &Unwatched)?)
}

fn content(producer_version: &str) -> Result<Content, Failure> {
    let started = Timestamp::from_unix(STARTED_SECONDS, 0);
    let producer_version = producer_version.to_owned();
    let mut content = Content {
        run: Run {
            schema_id: RUN_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: started,
            producer_version: producer_version.clone(),
            run_id: RUN_ID.to_owned(),
            env: RunEnv {
                os: "demo".to_owned(),
                arch: "demo".to_owned(),
                runtime: "go".to_owned(),
            },
            timeline: Some(vec![
                event("start", started),
                event("finish", started.saturating_add(Duration::from_secs(2))),
            ]),
        },
        refs: Refs {
            schema_id: REFS_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: started,
            producer_version: producer_version.clone(),
            run_id: RUN_ID.to_owned(),
            ..Refs::default()
        },
        ..Content::default()
    };
    for (number, (tool, argument, value)) in (1..).zip(CALLS) {
        content
            .intents
            .push(intent(number, tool, argument, value, &producer_version)?);
        content.results.push(result(number, &producer_version)?);
        content.refs.receipts.push(receipt(number, tool));
    }
    normalize_refs(&mut content.refs).map_err(|error| Failure::new(ErrorKind::Internal, error))?;
    Ok(content)
}

fn event(event: &str, ts: Timestamp) -> TimelineEvent {
    TimelineEvent {
        event: event.to_owned(),
        ts,
        ..TimelineEvent::default()
    }
}

fn intent(
    number: u32,
    tool: &str,
    argument: &str,
    value: &str,
    producer_version: &str,
) -> Result<IntentRecord, json::Error> {
    let mut args = Object::new();
    args.insert(argument, value);
    Ok(IntentRecord {
        schema_id: INTENT_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: Timestamp::from_unix(STARTED_SECONDS, 0),
        producer_version: producer_version.to_owned(),
        run_id: RUN_ID.to_owned(),
        intent_id: format!("intent_{number}"),
        tool_name: tool.to_owned(),
        args_digest: Digest::of_canonical(&args)?.to_string(),
        args: None,
    })
}

fn result(number: u32, producer_version: &str) -> Result<ResultRecord, json::Error> {
    let mut result = Object::new();
    result.insert("ok", true);
    result.insert("message", format!("demo result {number}"));
    Ok(ResultRecord {
        schema_id: RESULT_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: Timestamp::from_unix(STARTED_SECONDS, 0),
        producer_version: producer_version.to_owned(),
        run_id: RUN_ID.to_owned(),
        intent_id: format!("intent_{number}"),
        status: "ok".to_owned(),
        result_digest: Digest::of_canonical(&result)?.to_string(),
        result: None,
    })
}

fn receipt(number: u32, tool: &str) -> Receipt {
    Receipt {
        ref_id: format!("ref_{number}"),
        source_type: "demo".to_owned(),
        source_locator: tool.to_owned(),
        query_digest: Digest::of(format!("query-{number}").as_bytes()).to_string(),
        content_digest: Digest::of(format!("content-{number}").as_bytes()).to_string(),
        retrieved_at: Timestamp::from_unix(STARTED_SECONDS, 0),
        redaction_mode: "reference".to_owned(),
        ..Receipt::default()
    }
}
