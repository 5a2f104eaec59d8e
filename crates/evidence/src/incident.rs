//! Choosing the evidence of an incident: what lies beside the runpack and happened around the run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gait_artifact::approval::ApprovalAuditRecord;
use gait_artifact::credential::CredentialEvidence;
use gait_artifact::guard::IncidentWindow;
use gait_artifact::{Timestamp, text};
use gait_canon::PublicKey;
use gait_runpack::RunSummary;

use crate::collect::{Collection, Discoverable};
use crate::error::PackError;
use crate::record::{self, Record, RecordError, RegressOutcome, TraceFacts};

/// How far from the run evidence is looked for, unless something else is said.
pub const DEFAULT_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The evidence of an incident.
#[derive(Debug)]
pub struct Incident {
    pub(crate) collection: Collection,
    pub(crate) policy_digests: Vec<String>,
    run_id: String,
    from: Timestamp,
    to: Timestamp,
    width: Duration,
    skipped: Vec<Skipped>,
}

/// A file that looks like evidence and is none.
#[derive(Debug)]
pub struct Skipped {
    /// Its path.
    pub path: PathBuf,
    /// Why.
    pub error: RecordError,
}

impl Incident {
    /// Takes what happened no more than `width` before or after the run, from the directory of its runpack.
    ///
    /// Where traces are taken, an approval or credential must belong to one of them. Nothing else is taken: that evidence of
    /// one kind is missing is no reason to take any from another time. What cannot be read is left out and told.
    pub fn around(
        runpack: &Path,
        run: &RunSummary,
        width: Duration,
        now: Timestamp,
    ) -> Result<Self, PackError> {
        Self::around_trusting(runpack, run, width, now, None)
    }

    /// As [`around`](Self::around). Traces that are not signed with `trace_key`, if there is one, are left out and told.
    pub fn around_trusting(
        runpack: &Path,
        run: &RunSummary,
        width: Duration,
        now: Timestamp,
        trace_key: Option<&PublicKey>,
    ) -> Result<Self, PackError> {
        let anchor = run.run.created_at.or(now).to_utc();
        let mut incident = Self {
            collection: Collection::new(),
            policy_digests: Vec::new(),
            run_id: run.run.run_id.clone(),
            from: before(anchor, width),
            to: anchor.saturating_add(width),
            width,
            skipped: Vec::new(),
        };
        let trace_ids = incident.take_traces(runpack, trace_key)?;
        for outcome in incident.take::<RegressOutcome>(Discoverable::RegressResult, runpack, None)? {
            incident.collection.push_outcome(outcome);
        }
        let is_ours = |trace_id: &str| trace_ids.is_empty() || trace_ids.contains(trace_id);
        for path in list(Discoverable::ApprovalAudit, runpack)? {
            if let Some(audit) = incident.within::<ApprovalAuditRecord>(path, None)
                && is_ours(&audit.trace_id)
            {
                incident.collection.push_audit(&audit)?;
            }
        }
        for path in list(Discoverable::CredentialEvidence, runpack)? {
            if let Some(credential) = incident.within::<CredentialEvidence>(path, None)
                && is_ours(&credential.trace_id)
            {
                incident.collection.push_credential(&credential)?;
            }
        }
        Ok(incident)
    }

    /// The time that evidence was taken from.
    #[must_use]
    pub fn window(&self) -> IncidentWindow {
        IncidentWindow {
            from: self.from,
            to: self.to,
            window_seconds: i64::try_from(self.width.as_secs()).unwrap_or(i64::MAX),
            selection_anchor: self.run_id.clone(),
        }
    }

    /// What was gathered.
    #[must_use]
    pub const fn collection(&self) -> &Collection {
        &self.collection
    }

    /// The digests of the policies that the traces name, sorted, each once.
    #[must_use]
    pub fn policy_digests(&self) -> &[String] {
        &self.policy_digests
    }

    /// What was left out because it could not be read, in the order it was found.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Takes the traces, and gives their ids.
    fn take_traces(
        &mut self,
        runpack: &Path,
        key: Option<&PublicKey>,
    ) -> Result<BTreeSet<String>, PackError> {
        let mut ids = BTreeSet::new();
        let mut policies = BTreeSet::new();
        for trace in self.take::<TraceFacts>(Discoverable::Trace, runpack, key)? {
            ids.insert(trace.trace_id.clone());
            if !text::is_blank(&trace.policy_digest) {
                policies.insert(trace.policy_digest.clone());
            }
            self.collection.push_trace(trace);
        }
        self.policy_digests = policies.into_iter().collect();
        Ok(ids)
    }

    /// The records of a kind that is small once it has been read.
    fn take<R: Record>(
        &mut self,
        kind: Discoverable,
        runpack: &Path,
        key: Option<&PublicKey>,
    ) -> Result<Vec<R>, PackError> {
        let paths = list(kind, runpack)?;
        let taken = paths.into_iter().filter_map(|path| self.within(path, key));
        Ok(taken.collect())
    }

    /// The record in a file, if it can be read and happened in time.
    fn within<R: Record>(&mut self, path: PathBuf, key: Option<&PublicKey>) -> Option<R> {
        match record::read_signed::<R>(&path, key) {
            Ok(record) => {
                let at = record.created_at();
                (self.from <= at && at <= self.to).then_some(record)
            }
            Err(error) => {
                self.skipped.push(Skipped { path, error });
                None
            }
        }
    }
}

fn list(kind: Discoverable, runpack: &Path) -> Result<Vec<PathBuf>, PackError> {
    kind.beside(runpack).map_err(PackError::Directory)
}

/// The instant `width` before `anchor`, in UTC.
fn before(anchor: Timestamp, width: Duration) -> Timestamp {
    let seconds = i64::try_from(width.as_secs()).unwrap_or(i64::MAX);
    let mut seconds = anchor.unix_seconds().saturating_sub(seconds);
    let mut nanos = anchor.subsec_nanos();
    if nanos < width.subsec_nanos() {
        seconds = seconds.saturating_sub(1);
        nanos += 1_000_000_000;
    }
    Timestamp::from_unix(seconds, nanos - width.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_reach_back() {
        let anchor: Timestamp = "2026-02-01T10:00:00.25Z".parse().unwrap();
        for (width, expected) in [
            (Duration::ZERO, "2026-02-01T10:00:00.25Z"),
            (Duration::from_millis(250), "2026-02-01T10:00:00Z"),
            (Duration::from_millis(500), "2026-02-01T09:59:59.75Z"),
            (DEFAULT_WINDOW, "2026-01-31T10:00:00.25Z"),
            (Duration::MAX, "0001-01-01T00:00:00.250000001Z"),
        ] {
            assert_eq!(before(anchor, width).to_string(), expected);
        }
    }
}
