//! The contract of call packs.

use std::io::{Read, Seek};

use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::pack::{
    CALL_PAYLOAD_PATH, CALL_SCHEMA_ID, CallPayload, PackManifest, RUNPACK_PATH, SCHEMA_VERSION,
};
use gait_artifact::text;
use gait_artifact::voice::{
    CALLPACK_SCHEMA_ID, CallEvent, CallRow, CallRows, CallpackManifest, CommitmentIntent, GateDecisionRow,
    PRIVACY_MODES, ReferenceDigest, SpeakReceipt, normalize_references, normalize_rows,
};
use serde::de::DeserializeOwned;

use super::payload::{Members, document, require};
use super::{PayloadError, VerifyOptions, run};
use crate::archive::PackArchive;
use crate::call::{
    CALLPACK_MANIFEST_PATH, COMMITMENTS_PATH, Counts, DECISIONS_PATH, EVENTS_PATH, RECEIPTS_PATH,
    REFERENCES_PATH, hear, require_event_types,
};
use crate::lines::Lines;

/// What every call pack holds, in the order in which a lack is told.
const REQUIRED: [&str; 8] = [
    CALL_PAYLOAD_PATH,
    CALLPACK_MANIFEST_PATH,
    EVENTS_PATH,
    COMMITMENTS_PATH,
    DECISIONS_PATH,
    RECEIPTS_PATH,
    REFERENCES_PATH,
    RUNPACK_PATH,
];

pub(super) fn check<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    manifest: &PackManifest,
    options: &VerifyOptions<'_>,
) -> Result<Vec<Finding>, PayloadError> {
    require(archive, &REQUIRED)?;
    let payload: CallPayload = document(archive, CALL_PAYLOAD_PATH)?;
    hold_payload(&payload, manifest)?;
    let callpack: CallpackManifest = document(archive, CALLPACK_MANIFEST_PATH)?;
    hold_callpack(&callpack, &payload)?;

    let rows = read_rows(archive, text::trim(&payload.call_id))?;
    let in_order = rows.events.is_sorted_by_key(|event| event.call_seq);
    Members::of(EVENTS_PATH).require(in_order, "call_seq", "goes back from one event to the next")?;
    require_event_types(&rows.events)?;
    let heard = hear(&rows)?;
    hold_counts(
        CALL_PAYLOAD_PATH,
        Counts::of_payload(&payload),
        Counts::of(&rows),
        "is not the number of rows",
    )?;

    let mut findings = heard.contradictions;
    if options.strict {
        findings.extend(heard.oddities);
    }
    let (runpack, of_runpack) = run::embedded(archive, options)?;
    findings.extend(of_runpack);
    if let Some(runpack) = runpack
        && runpack.run.run_id != payload.run_id
    {
        let message = format!("run_id is not that of the runpack, {:?}", runpack.run.run_id);
        findings.push(Finding::new(
            FindingCode::RunIdMismatch,
            CALL_PAYLOAD_PATH,
            message,
        ));
    }
    Ok(findings)
}

fn hold_payload(payload: &CallPayload, manifest: &PackManifest) -> Result<(), PayloadError> {
    let members = Members::of(CALL_PAYLOAD_PATH);
    members.schema(
        [&payload.schema_id, &payload.schema_version],
        [CALL_SCHEMA_ID, SCHEMA_VERSION],
    )?;
    members.time(payload.created_at, "created_at")?;
    members.filled(&payload.call_id, "call_id")?;
    members.word(&payload.privacy_mode, PRIVACY_MODES, "privacy_mode")?;
    let is_source = text::trim(&payload.call_id) == text::trim(&manifest.source_ref);
    members.require(is_source, "call_id", "is not the source_ref of the pack")
}

/// The producer's own manifest says what the payload says.
fn hold_callpack(callpack: &CallpackManifest, payload: &CallPayload) -> Result<(), PayloadError> {
    let members = Members::of(CALLPACK_MANIFEST_PATH);
    members.schema(
        [&callpack.schema_id, &callpack.schema_version],
        [CALLPACK_SCHEMA_ID, SCHEMA_VERSION],
    )?;
    members.time(callpack.created_at, "created_at")?;
    members.filled(&callpack.producer_version, "producer_version")?;
    members.filled(&callpack.call_id, "call_id")?;
    members.word(&callpack.privacy_mode, PRIVACY_MODES, "privacy_mode")?;
    let same = |left: &str, right: &str| text::trim(left) == text::trim(right);
    for (member, agree) in [
        ("call_id", same(&callpack.call_id, &payload.call_id)),
        ("privacy_mode", callpack.privacy_mode == payload.privacy_mode),
        (
            "environment_fingerprint",
            same(
                &callpack.environment_fingerprint,
                &payload.environment_fingerprint,
            ),
        ),
        ("created_at", callpack.created_at == payload.created_at),
    ] {
        members.require(agree, member, "is not that of the payload")?;
    }
    hold_counts(
        CALLPACK_MANIFEST_PATH,
        Counts::of_callpack(callpack),
        Counts::of_payload(payload),
        "is not that of the payload",
    )
}

fn hold_counts(
    path: &'static str,
    stated: Counts,
    expected: Counts,
    problem: &'static str,
) -> Result<(), PayloadError> {
    let members = Members::of(path);
    for ((member, stated), (_, expected)) in stated.named().into_iter().zip(expected.named()) {
        members.require(stated == expected, member, problem)?;
    }
    Ok(())
}

/// The rows in normal form and in the order of their files.
fn read_rows<R: Read + Seek>(archive: &mut PackArchive<R>, call_id: &str) -> Result<CallRows, PayloadError> {
    let references: Option<Vec<ReferenceDigest>> = document(archive, REFERENCES_PATH)?;
    Ok(CallRows {
        events: rows::<CallEvent, _>(archive, EVENTS_PATH, call_id)?,
        commitments: rows::<CommitmentIntent, _>(archive, COMMITMENTS_PATH, call_id)?,
        decisions: rows::<GateDecisionRow, _>(archive, DECISIONS_PATH, call_id)?,
        receipts: rows::<SpeakReceipt, _>(archive, RECEIPTS_PATH, call_id)?,
        references: normalize_references(references.unwrap_or_default()),
    })
}

fn rows<T, R>(
    archive: &mut PackArchive<R>,
    path: &'static str,
    call_id: &str,
) -> Result<Vec<T::Normal>, PayloadError>
where
    T: CallRow + DeserializeOwned,
    R: Read + Seek,
{
    let source = archive
        .unpack(path)
        .map_err(|source| PayloadError::Entry { path, source })?;
    let lines: Vec<T> = Lines::new(source)
        .all()
        .map_err(|source| PayloadError::Line { path, source })?;
    Ok(normalize_rows(lines, call_id)?)
}
