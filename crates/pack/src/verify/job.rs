//! The contract of job packs.

use std::io::{Read, Seek};

use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::job::{JobEvent, JobState, JobStatus};
use gait_artifact::pack::{
    JOB_EVENTS_PATH, JOB_PAYLOAD_PATH, JOB_SCHEMA_ID, JOB_STATE_PATH, JobPayload, PackManifest,
    SCHEMA_VERSION,
};
use gait_artifact::{Timestamp, text};

use super::payload::{Members, document, require};
use super::{PayloadError, difference};
use crate::archive::PackArchive;
use crate::build::job::job_payload;
use crate::lines::Lines;

pub(super) fn check<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    manifest: &PackManifest,
) -> Result<Vec<Finding>, PayloadError> {
    require(archive, &[JOB_PAYLOAD_PATH, JOB_STATE_PATH, JOB_EVENTS_PATH])?;
    let payload: JobPayload = document(archive, JOB_PAYLOAD_PATH)?;
    let state: JobState = document(archive, JOB_STATE_PATH)?;
    let facts = [Facts::of_payload(&payload), Facts::of_state(&state)];
    let members = Members::of(JOB_PAYLOAD_PATH);
    members.schema(
        [&payload.schema_id, &payload.schema_version],
        [JOB_SCHEMA_ID, SCHEMA_VERSION],
    )?;
    members.time(payload.created_at, "created_at")?;
    for facts in facts {
        facts.hold(manifest)?;
    }
    let counts = (payload.checkpoint_count, payload.approval_count);
    let listed = (state.checkpoints.len() as u64, state.approvals.len() as u64);
    members.require(
        counts.0 == listed.0,
        "checkpoint_count",
        "is not that of the state",
    )?;
    members.require(counts.1 == listed.1, "approval_count", "is not that of the state")?;

    let mut findings = difference::between(JOB_PAYLOAD_PATH, &payload, &job_payload(&state), JOB_STATE_PATH);
    findings.extend(of_events(archive, manifest, &state)?);
    Ok(findings)
}

/// What payload and state must both tell.
struct Facts<'a> {
    path: &'static str,
    job_id: &'a str,
    status: &'a str,
    stop_reason: &'a str,
    status_reason_code: &'a str,
    environment_fingerprint: &'a str,
    safety_invariant_version: &'a str,
    safety_invariant_hash: &'a str,
}

impl<'a> Facts<'a> {
    fn of_payload(payload: &'a JobPayload) -> Self {
        Self {
            path: JOB_PAYLOAD_PATH,
            job_id: &payload.job_id,
            status: &payload.status,
            stop_reason: &payload.stop_reason,
            status_reason_code: &payload.status_reason_code,
            environment_fingerprint: &payload.environment_fingerprint,
            safety_invariant_version: &payload.safety_invariant_version,
            safety_invariant_hash: &payload.safety_invariant_hash,
        }
    }

    fn of_state(state: &'a JobState) -> Self {
        Self {
            path: JOB_STATE_PATH,
            job_id: &state.job_id,
            status: &state.status,
            stop_reason: &state.stop_reason,
            status_reason_code: &state.status_reason_code,
            environment_fingerprint: &state.environment_fingerprint,
            safety_invariant_version: &state.safety_invariant_version,
            safety_invariant_hash: &state.safety_invariant_hash,
        }
    }

    fn hold(&self, manifest: &PackManifest) -> Result<(), PayloadError> {
        let members = Members::of(self.path);
        let is_source = text::trim(self.job_id) == text::trim(&manifest.source_ref);
        members.filled(self.job_id, "job_id")?;
        members.require(is_source, "job_id", "is not the source_ref of the pack")?;
        members.word(self.status, JobStatus::WORDS, "status")?;
        members.filled(self.stop_reason, "stop_reason")?;
        members.filled(self.status_reason_code, "status_reason_code")?;
        members.filled(self.environment_fingerprint, "environment_fingerprint")?;
        if !text::is_blank(self.safety_invariant_version) {
            members.digest(self.safety_invariant_hash, "safety_invariant_hash")?;
        }
        Ok(())
    }
}

/// Reads the events: each of this job, and together a history that leads to the state.
fn of_events<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    manifest: &PackManifest,
    state: &JobState,
) -> Result<Vec<Finding>, PayloadError> {
    let source = archive
        .unpack(JOB_EVENTS_PATH)
        .map_err(|source| PayloadError::Entry {
            path: JOB_EVENTS_PATH,
            source,
        })?;
    let mut lines = Lines::new(source);
    let members = Members::of(JOB_EVENTS_PATH);
    let mut history = History::default();
    while let Some((number, event)) =
        lines
            .next_document::<JobEvent>()
            .map_err(|source| PayloadError::Line {
                path: JOB_EVENTS_PATH,
                source,
            })?
    {
        let is_source = text::trim(&event.job_id) == text::trim(&manifest.source_ref);
        members.require(is_source, "job_id", "is not the source_ref of the pack")?;
        history.add(number, &event);
    }
    Ok(history.finish(state))
}

/// How far the events have come.
#[derive(Default)]
struct History {
    revision: u64,
    at: Timestamp,
    findings: Vec<Finding>,
}

/// A history with more faults than that is not told event by event.
const MOST_FINDINGS: usize = 64;

impl History {
    fn add(&mut self, number: u64, event: &JobEvent) {
        let subject = format!("{JOB_EVENTS_PATH} line {number}");
        if event.revision != self.revision + 1 && self.findings.len() < MOST_FINDINGS {
            let message = format!("revision {} follows revision {}", event.revision, self.revision);
            self.findings
                .push(Finding::new(FindingCode::SequenceGap, &subject, message));
        }
        if event.created_at < self.at && self.findings.len() < MOST_FINDINGS {
            let message = format!("happened at {}, before the event above it", event.created_at);
            self.findings
                .push(Finding::new(FindingCode::Inconsistent, &subject, message));
        }
        self.revision = event.revision;
        self.at = event.created_at;
    }

    /// A job without any event has no history to compare.
    fn finish(mut self, state: &JobState) -> Vec<Finding> {
        if self.revision != 0 && self.revision != state.revision {
            let message = format!(
                "the events end with revision {}, but the state has {}",
                self.revision, state.revision
            );
            self.findings
                .push(Finding::new(FindingCode::SequenceGap, JOB_EVENTS_PATH, message));
        }
        self.findings
    }
}
