//! Writes what a decision leaves behind to files that a caller names.
//!
//! The signed trace is written last: when something else can't be written, no signed `allow` is left behind for a call
//! that was answered with an error, and packs that were made for it are taken back.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use gait_artifact::{Timestamp, text::trim};
use gait_canon::json;
use gait_disk::{
    PathError, atomic,
    path::{clean, local_or_absolute},
};
use gait_gate::{
    Gate, GateError,
    store::Destinations,
    trace::{self, TracePathError},
};
use gait_runpack::{OutputPathError, output_path};

use crate::{
    answer::Artifacts,
    artifact::{self, ArtifactError},
    boundary::Judged,
    export::{self, ExportError, LogLine, OtelLine},
    run_id,
};

/// Files are readable by their owner alone.
const MODE: u32 = 0o600;

/// Where a caller wants the artifacts of one decision. A blank path means that it wants none, but for the trace.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// The trace and the records beside it.
    pub records: Destinations,
    /// A runpack of the decision.
    pub runpack: String,
    /// A signed pack of that runpack.
    pub pack: String,
    /// A file that gets a log line.
    pub log_export: String,
    /// A file that gets a line in the manner of OpenTelemetry.
    pub otel_export: String,
}

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The trace has no place.
    #[error(transparent)]
    TracePath(#[from] TracePathError),
    /// The runpack has no place.
    #[error(transparent)]
    RunpackPath(#[from] OutputPathError),
    /// A pack or an exported line has no place.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Two artifacts of one decision would go to the same file.
    #[error("more than one artifact would be written to {0}")]
    SharedFile(String),
    /// An artifact can't be made.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A line can't be made.
    #[error("encode export line: {0}")]
    Encode(#[from] json::Error),
    /// An artifact can't be written.
    #[error("write {artifact} {path}: {source}")]
    Write {
        /// Which one.
        artifact: &'static str,
        /// Where to.
        path: String,
        /// What the file system said.
        source: gait_disk::Error,
    },
    /// A line can't be added.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The records can't be written.
    #[error(transparent)]
    Records(#[from] GateError),
}

/// The name of a trace that nobody named: the run that was asked for, if any, and when it was, to the nanosecond.
#[must_use]
pub fn default_trace_name(requested_run: &str, now: Timestamp) -> String {
    let run = run_id::normalize(requested_run).unwrap_or_default();
    format!("trace_{run}_{}.json", stamp(now))
}

/// A time as file names carry it: `20260301T000000.000000000`, in UTC.
#[must_use]
pub fn stamp(now: Timestamp) -> String {
    let seconds: String = now
        .to_utc()
        .whole_seconds()
        .to_string()
        .chars()
        .filter(|letter| !matches!(letter, '-' | ':' | 'Z'))
        .collect();
    format!("{seconds}.{:09}", now.subsec_nanos())
}

/// [`Outputs`] whose paths were looked at.
#[derive(Debug)]
pub struct CheckedOutputs {
    records: Destinations,
    runpack: Option<PathBuf>,
    pack: Option<PathBuf>,
    log_export: Option<Export>,
    otel_export: Option<Export>,
}

/// A file that gets a line, and what its caller calls it.
#[derive(Debug)]
struct Export {
    path: PathBuf,
    given: String,
}

impl Outputs {
    /// Looks at every path, so that a call is only judged when its artifacts have a place.
    pub fn check(&self) -> Result<CheckedOutputs, OutputError> {
        let trace = trace::destination(&self.records.trace)?;
        let trace = trace.to_string_lossy().into_owned();
        let wanted = |path: &str| {
            Some(trim(path))
                .filter(|path| !path.is_empty())
                .map(str::to_owned)
        };
        let runpack = wanted(&self.runpack)
            .map(|path| output_path(&path).map(PathBuf::from))
            .transpose()?;
        let pack = wanted(&self.pack)
            .map(|path| local_or_absolute(Path::new(&path)))
            .transpose()?;
        let export = |path: &str| -> Result<Option<Export>, PathError> {
            let Some(given) = wanted(path) else {
                return Ok(None);
            };
            let path = local_or_absolute(Path::new(&given))?;
            Ok(Some(Export { path, given }))
        };
        let checked = CheckedOutputs {
            records: Destinations {
                trace,
                ..self.records.clone()
            },
            runpack,
            pack,
            log_export: export(&self.log_export)?,
            otel_export: export(&self.otel_export)?,
        };
        checked.refuse_shared_files()?;
        Ok(checked)
    }
}

impl CheckedOutputs {
    /// Refuses two artifacts in one file, of which only the last would be left. Lines may share theirs.
    fn refuse_shared_files(&self) -> Result<(), OutputError> {
        let lines = [&self.log_export, &self.otel_export];
        let mut seen: BTreeSet<PathBuf> = lines
            .into_iter()
            .flatten()
            .map(|export| export.path.clone())
            .collect();
        let records = [
            &self.records.trace,
            &self.records.approval_audit,
            &self.records.delegation_audit,
            &self.records.credential_evidence,
        ];
        let records = records.map(|path| trim(path)).into_iter();
        let files = records
            .filter(|path| !path.is_empty())
            .map(|path| PathBuf::from(clean(path)))
            .chain(self.runpack.clone())
            .chain(self.pack.clone());
        for file in files {
            let name = file.display().to_string();
            if !seen.insert(file) {
                return Err(OutputError::SharedFile(name));
            }
        }
        Ok(())
    }

    /// Writes everything about `judged`, which was decided at `gate`.
    pub fn write(&self, judged: &Judged, gate: &Gate<'_>) -> Result<Artifacts, OutputError> {
        let mut written = Artifacts::default();
        let packs = self.write_packs(judged, gate, &mut written);
        let finished = packs.and_then(|()| self.write_lines_and_records(judged, gate, &mut written));
        match finished {
            Ok(()) => Ok(written),
            Err(error) => {
                self.take_packs_back(&written);
                Err(error)
            }
        }
    }

    fn write_packs(
        &self,
        judged: &Judged,
        gate: &Gate<'_>,
        written: &mut Artifacts,
    ) -> Result<(), OutputError> {
        if self.runpack.is_none() && self.pack.is_none() {
            return Ok(());
        }
        let version = gate.producer_version();
        let runpack = artifact::decision_runpack(judged, version)?;
        if let Some(path) = &self.runpack {
            written.runpack_path = put("runpack", path, &runpack)?;
        }
        if let Some(path) = &self.pack {
            let pack = artifact::decision_pack(runpack, version, gate.signing_key())?;
            written.pack_path = put("pack", path, &pack.bytes)?;
            written.pack_id = pack.pack_id;
        }
        Ok(())
    }

    fn write_lines_and_records(
        &self,
        judged: &Judged,
        gate: &Gate<'_>,
        written: &mut Artifacts,
    ) -> Result<(), OutputError> {
        let elapsed = gate.clock().instant().saturating_duration_since(judged.started);
        written.latency_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let (trace, latency) = (self.records.trace.as_str(), written.latency_ms);
        if let Some(log) = &self.log_export {
            export::append(&log.path, &LogLine::of(judged, trace, latency).to_json()?)?;
            written.log_export.clone_from(&log.given);
        }
        if let Some(otel) = &self.otel_export {
            export::append(&otel.path, &OtelLine::of(judged, trace, latency).to_json()?)?;
            written.otel_export.clone_from(&otel.given);
        }
        let records = judged.decision.write(&self.records)?;
        written.trace_path = records.trace;
        written.approval_audit_path = records.approval_audit.unwrap_or_default();
        written.delegation_audit_path = records.delegation_audit.unwrap_or_default();
        written.credential_evidence_path = records.credential_evidence.unwrap_or_default();
        let journal = records.journal_failure.into_iter();
        written.warnings = journal
            .map(|reason| format!("kill switch journal: {reason}"))
            .collect();
        Ok(())
    }

    /// What proves a decision that nobody was told of is removed again, as far as that can be done.
    fn take_packs_back(&self, written: &Artifacts) {
        for (name, path) in [
            (&written.runpack_path, &self.runpack),
            (&written.pack_path, &self.pack),
        ] {
            if let (false, Some(path)) = (name.is_empty(), path) {
                _ = fs::remove_file(path);
            }
        }
    }
}

/// Writes an artifact and gives its path as callers are told it.
fn put(artifact: &'static str, path: &Path, bytes: &[u8]) -> Result<String, OutputError> {
    let name = path.display().to_string();
    atomic::create_parents(path)
        .and_then(|()| atomic::replace(path, bytes, MODE))
        .map_err(|source| OutputError::Write {
            artifact,
            path: name.clone(),
            source,
        })?;
    Ok(name)
}

#[cfg(test)]
mod tests;
