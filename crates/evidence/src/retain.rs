//! Retention: traces and packs that are older than they must be are deleted, and nothing else.
//!
//! First comes the plan, from one look at the clock; then, if somebody wants a report, the report is on the disk; only then is
//! anything deleted. So whatever is gone stands in the report, however the clean-up ended. A file counts as young when its time
//! lies in the future, and a file that was replaced since the plan was made stays.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_artifact::guard::{
    RETENTION_SCHEMA_ID, RetentionAction, RetentionEvent, RetentionKind, RetentionReport, SCHEMA_VERSION,
};
use gait_canon::json;
use gait_disk::atomic;
use gait_disk::retain::{self, Found, Removal, RetainError};

/// Reports are for those who clean up.
const REPORT_MODE: u32 = 0o600;

/// Why files are not known to be cleaned up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetentionError {
    /// The directory could not be searched; nothing was deleted.
    #[error("search for old files: {0}")]
    Search(#[source] RetainError),
    /// The report could not be written. If it was the first one, nothing was deleted; if it was the one of what became of
    /// every file, the first one stands.
    #[error("write the report: {0}")]
    Report(#[source] gait_disk::Error),
    /// The report has no canonical form.
    #[error("encode the report: {0}")]
    Encode(#[from] json::Error),
}

/// How long files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeToLive {
    /// For ever. The seconds, not above zero, are what the report says.
    Forever(i64),
    /// Until they are older than this.
    Limited(Duration),
}

impl TimeToLive {
    /// The life of files that are kept for `nanoseconds`; for ever when that is not above zero.
    #[must_use]
    pub fn of_nanoseconds(nanoseconds: i64) -> Self {
        match u64::try_from(nanoseconds) {
            Ok(limit) if limit > 0 => Self::Limited(Duration::from_nanos(limit)),
            _ => Self::Forever(nanoseconds / 1_000_000_000),
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Forever(seconds) => seconds,
            Self::Limited(limit) => i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        }
    }

    fn is_over(self, age: Duration) -> bool {
        match self {
            Self::Forever(_) => false,
            Self::Limited(limit) => age > limit,
        }
    }
}

/// What is to be cleaned up.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// The directory, with all below it.
    pub root: &'a Path,
    /// How long traces are kept.
    pub traces: TimeToLive,
    /// How long packs are kept.
    pub packs: TimeToLive,
    /// The present.
    pub now: Timestamp,
    /// Version of the program, for the report.
    pub producer_version: &'a str,
}

/// What is going to be deleted and what is not.
#[derive(Debug)]
pub struct Plan {
    root: PathBuf,
    report: RetentionReport,
    expired: Vec<(Found, RetentionEvent)>,
    kept: Vec<(Found, RetentionEvent)>,
}

/// How a clean-up ended.
#[derive(Debug)]
pub struct Outcome {
    /// What became of every file.
    pub report: RetentionReport,
    /// Why files that were to be deleted are still there.
    pub failures: Vec<RetainError>,
}

/// Looks at every trace and pack below a directory. Nothing is changed.
pub fn plan(policy: &Policy<'_>) -> Result<Plan, RetentionError> {
    let found = retain::find(policy.root, &|name| kind_of(name).is_some()).map_err(RetentionError::Search)?;
    let mut plan = Plan {
        root: policy.root.to_path_buf(),
        report: RetentionReport {
            schema_id: RETENTION_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: policy.now.to_utc(),
            producer_version: policy.producer_version.to_owned(),
            root_path: policy.root.to_string_lossy().into_owned(),
            dry_run: false,
            trace_ttl_seconds: policy.traces.seconds(),
            pack_ttl_seconds: policy.packs.seconds(),
            scanned_files: found.len(),
            deleted_files: Vec::new(),
            kept_files: Vec::new(),
        },
        expired: Vec::new(),
        kept: Vec::new(),
    };
    for file in found {
        let Some(kind) = file.path.file_name().and_then(kind_of) else {
            continue;
        };
        let modified_at = Timestamp::from_unix(file.modified_seconds, file.modified_nanos);
        let age = policy.now.since(modified_at);
        let ttl = match kind {
            RetentionKind::Trace => policy.traces,
            RetentionKind::Pack => policy.packs,
        };
        let event = RetentionEvent {
            path: shown(policy.root, &file.path),
            kind,
            modified_at,
            age_seconds: i64::try_from(age.as_secs()).unwrap_or(i64::MAX),
            action: RetentionAction::Kept,
        };
        if ttl.is_over(age) {
            plan.expired.push((file, event));
        } else {
            plan.kept.push((file, event));
        }
    }
    Ok(plan)
}

impl Plan {
    /// What would become of every file, changing none. The report is written to `report_path`, if there is one.
    pub fn rehearse(self, report_path: Option<&Path>) -> Result<RetentionReport, RetentionError> {
        let report = RetentionReport {
            dry_run: true,
            ..self.intended()
        };
        write_report(report_path, &report)?;
        Ok(report)
    }

    /// Writes the report to `report_path`, if there is one, and then deletes what is to be deleted.
    ///
    /// A file that cannot be deleted keeps no other from it. In the end the report says what really became of every file.
    pub fn carry_out(self, report_path: Option<&Path>) -> Result<Outcome, RetentionError> {
        let intended = self.intended();
        write_report(report_path, &intended)?;
        let mut report = self.report;
        let mut failures = Vec::new();
        for (file, event) in self.kept {
            failures.extend(retain::restore(&self.root, &file).err());
            report.kept_files.push(event);
        }
        for (file, event) in self.expired {
            match retain::remove(&self.root, &file) {
                Ok(Removal::Removed | Removal::AlreadyGone) => report.deleted_files.push(deleted(event)),
                Ok(Removal::Changed) => report.kept_files.push(event),
                Err(error) => {
                    report.kept_files.push(event);
                    failures.push(error);
                }
            }
        }
        report.kept_files.sort_by(|a, b| a.path.cmp(&b.path));
        report.deleted_files.sort_by(|a, b| a.path.cmp(&b.path));
        if report != intended {
            write_report(report_path, &report)?;
        }
        Ok(Outcome { report, failures })
    }

    /// The report of a clean-up in which nothing goes wrong.
    fn intended(&self) -> RetentionReport {
        let mut report = self.report.clone();
        report.kept_files = self.kept.iter().map(|(_, event)| event.clone()).collect();
        report.deleted_files = (self.expired.iter())
            .map(|(_, event)| deleted(event.clone()))
            .collect();
        report.kept_files.sort_by(|a, b| a.path.cmp(&b.path));
        report.deleted_files.sort_by(|a, b| a.path.cmp(&b.path));
        report
    }
}

fn deleted(event: RetentionEvent) -> RetentionEvent {
    RetentionEvent {
        action: RetentionAction::Deleted,
        ..event
    }
}

fn write_report(path: Option<&Path>, report: &RetentionReport) -> Result<(), RetentionError> {
    let Some(path) = path else {
        return Ok(());
    };
    let bytes = json::canonical_bytes(&json::to_value(report)?)?;
    if let Some(directory) = path.parent() {
        atomic::create_directories(directory).map_err(RetentionError::Report)?;
    }
    atomic::write_or_replace(path, &bytes, REPORT_MODE).map_err(RetentionError::Report)
}

/// What a file is by its name; nothing for those that are not cleaned up.
fn kind_of(name: &OsStr) -> Option<RetentionKind> {
    let name = name.to_str()?.to_lowercase();
    let ends = |ending: &str| name.ends_with(ending);
    if name.starts_with("trace_") && ends(".json") {
        return Some(RetentionKind::Trace);
    }
    let is_pack = name.starts_with("evidence_pack_") || name.starts_with("incident_pack_");
    (is_pack && (ends(".zip") || ends(".gaitenc"))).then_some(RetentionKind::Pack)
}

/// The path of a file as the report has it.
fn shown(root: &Path, path: &Path) -> String {
    let path = if root == Path::new(".") {
        path.to_path_buf()
    } else {
        root.join(path)
    };
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_name() {
        use RetentionKind::{Pack, Trace};
        for (name, kind) in [
            ("trace_a.json", Some(Trace)),
            ("TRACE_A.JSON", Some(Trace)),
            ("trace_.json", Some(Trace)),
            ("trace.json", None),
            ("trace_a.json.bak", None),
            ("evidence_pack_a.zip", Some(Pack)),
            ("incident_pack_a.gaitenc", Some(Pack)),
            ("evidence_pack_a.zip.gaitenc", Some(Pack)),
            ("evidence_pack_a.json", None),
            ("runpack_run_a.zip", None),
        ] {
            assert_eq!(kind_of(OsStr::new(name)), kind, "{name}");
        }
    }

    #[test]
    fn lives_that_are_not_above_zero_are_for_ever() {
        for (nanoseconds, ttl, seconds) in [
            (0, TimeToLive::Forever(0), 0),
            (-3_600_000_000_000, TimeToLive::Forever(-3600), -3600),
            (1_500_000_000, TimeToLive::Limited(Duration::from_millis(1500)), 1),
            (i64::MIN, TimeToLive::Forever(-9_223_372_036), -9_223_372_036),
        ] {
            assert_eq!(TimeToLive::of_nanoseconds(nanoseconds), ttl);
            assert_eq!(ttl.seconds(), seconds);
        }
        assert!(!TimeToLive::Forever(0).is_over(Duration::MAX));
        let limited = TimeToLive::Limited(Duration::from_secs(1));
        assert!(!limited.is_over(Duration::from_secs(1)));
        assert!(limited.is_over(Duration::from_nanos(1_000_000_001)));
    }
}
