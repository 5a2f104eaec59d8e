//! Gathering records: each is read once, and either kept re-encoded or counted in a summary.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gait_artifact::approval::ApprovalAuditRecord;
use gait_artifact::credential::CredentialEvidence;
use gait_artifact::guard::{EvidenceKind, REGRESS_SUMMARY_PATH, TRACE_SUMMARY_PATH};
use gait_canon::PublicKey;
use gait_pack::guard::{APPROVAL_AUDIT, CREDENTIAL_EVIDENCE};
use serde::Serialize;

use crate::bundle::Bundle;
use crate::error::PackError;
use crate::record::{self, Inventory, RegressOutcome, TraceFacts};

/// Evidence that has been gathered.
#[derive(Debug, Default)]
pub struct Collection {
    pub(crate) bundle: Bundle,
    inventories: usize,
    audits: usize,
    credentials: usize,
    traces: Vec<TraceLine>,
    results: Vec<ResultLine>,
    /// The key that traces must be signed with.
    trace_key: Option<PublicKey>,
}

#[derive(Debug, Serialize)]
struct TraceLine {
    trace_id: String,
    tool_name: String,
    verdict: String,
}

#[derive(Debug, Serialize)]
struct ResultLine {
    fixture_set: String,
    status: String,
    graders: usize,
}

impl Collection {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes only traces that are signed with `key` from now on.
    #[must_use]
    pub fn trusting_traces_of(mut self, key: Option<PublicKey>) -> Self {
        self.trace_key = key;
        self
    }

    /// Adds the inventory in a file.
    pub fn add_inventory(&mut self, path: &Path) -> Result<(), PackError> {
        let inventory: Inventory = record::read(path)?;
        self.inventories += 1;
        let name = format!("inventory_snapshot_{:02}.json", self.inventories);
        self.bundle.add(name, EvidenceKind::Evidence, &inventory)
    }

    /// Adds the trace in a file to the summary of traces.
    pub fn add_trace(&mut self, path: &Path) -> Result<(), PackError> {
        let trace = record::read_signed(path, self.trace_key.as_ref())?;
        self.push_trace(trace);
        Ok(())
    }

    /// Adds the regression result in a file to the summary of results.
    pub fn add_regress_result(&mut self, path: &Path) -> Result<(), PackError> {
        let outcome = record::read(path)?;
        self.push_outcome(outcome);
        Ok(())
    }

    /// Adds the approval audit in a file.
    pub fn add_approval_audit(&mut self, path: &Path) -> Result<(), PackError> {
        self.push_audit(&record::read(path)?)
    }

    /// Adds the credential record in a file.
    pub fn add_credential_evidence(&mut self, path: &Path) -> Result<(), PackError> {
        self.push_credential(&record::read(path)?)
    }

    pub(crate) fn push_trace(&mut self, trace: TraceFacts) {
        self.traces.push(TraceLine {
            trace_id: trace.trace_id,
            tool_name: trace.tool_name,
            verdict: trace.verdict,
        });
    }

    pub(crate) fn push_outcome(&mut self, outcome: RegressOutcome) {
        self.results.push(ResultLine {
            graders: outcome.graders.len(),
            fixture_set: outcome.fixture_set,
            status: outcome.status,
        });
    }

    pub(crate) fn push_audit(&mut self, audit: &ApprovalAuditRecord) -> Result<(), PackError> {
        self.audits += 1;
        let name = format!("{APPROVAL_AUDIT}{:02}.json", self.audits);
        self.bundle.add(name, EvidenceKind::Evidence, audit)
    }

    pub(crate) fn push_credential(&mut self, credential: &CredentialEvidence) -> Result<(), PackError> {
        self.credentials += 1;
        let name = format!("{CREDENTIAL_EVIDENCE}{:02}.json", self.credentials);
        self.bundle.add(name, EvidenceKind::Evidence, credential)
    }

    /// How many traces there are.
    #[must_use]
    pub const fn traces(&self) -> usize {
        self.traces.len()
    }

    /// How many regression results there are.
    #[must_use]
    pub const fn regress_results(&self) -> usize {
        self.results.len()
    }

    /// How many approval audits there are.
    #[must_use]
    pub const fn approval_audits(&self) -> usize {
        self.audits
    }

    /// How many credential records there are.
    #[must_use]
    pub const fn credential_evidence(&self) -> usize {
        self.credentials
    }

    /// Turns what was counted into entries.
    pub(crate) fn summarise(mut self) -> Result<Bundle, PackError> {
        #[derive(Serialize)]
        struct TraceSummary<'a> {
            traces: &'a [TraceLine],
            verdict_counts: BTreeMap<&'a str, usize>,
            total: usize,
        }
        #[derive(Serialize)]
        struct RegressSummary<'a> {
            results: &'a [ResultLine],
            status_counts: BTreeMap<&'a str, usize>,
            total: usize,
        }
        if !self.traces.is_empty() {
            self.traces.sort_by(|a, b| a.trace_id.cmp(&b.trace_id));
            let summary = TraceSummary {
                traces: &self.traces,
                verdict_counts: counts(self.traces.iter().map(|trace| trace.verdict.as_str())),
                total: self.traces.len(),
            };
            self.bundle
                .add(TRACE_SUMMARY_PATH, EvidenceKind::Trace, &summary)?;
        }
        if !self.results.is_empty() {
            self.results
                .sort_by(|a, b| (&a.fixture_set, &a.status).cmp(&(&b.fixture_set, &b.status)));
            let summary = RegressSummary {
                results: &self.results,
                status_counts: counts(self.results.iter().map(|result| result.status.as_str())),
                total: self.results.len(),
            };
            self.bundle
                .add(REGRESS_SUMMARY_PATH, EvidenceKind::Report, &summary)?;
        }
        Ok(self.bundle)
    }
}

fn counts<'a>(words: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// A kind of record that is found by its name, in the directory of a runpack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discoverable {
    /// Traces: `trace_*.json`.
    Trace,
    /// Regression results: `regress*.json`.
    RegressResult,
    /// Approval audits: `approval_audit_*.json`.
    ApprovalAudit,
    /// Credential records: `credential_evidence_*.json`.
    CredentialEvidence,
}

impl Discoverable {
    const fn begin(self) -> &'static str {
        match self {
            Self::Trace => "trace_",
            Self::RegressResult => "regress",
            Self::ApprovalAudit => APPROVAL_AUDIT,
            Self::CredentialEvidence => CREDENTIAL_EVIDENCE,
        }
    }

    /// The files of this kind in the directory of `runpack`, in the order of their names.
    pub fn beside(self, runpack: &Path) -> io::Result<Vec<PathBuf>> {
        let directory = match runpack.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => directory,
            _ => Path::new("."),
        };
        let mut paths = Vec::new();
        for entry in fs::read_dir(directory)? {
            let name = entry?.file_name();
            if self.is_name(&name) {
                paths.push(directory.join(name));
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn is_name(self, name: &OsStr) -> bool {
        let rest = name.as_bytes().strip_prefix(self.begin().as_bytes());
        rest.is_some_and(|rest| rest.ends_with(b".json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_known_by_name() {
        for (kind, name, is_one) in [
            (Discoverable::Trace, "trace_a.json", true),
            (Discoverable::Trace, "trace_.json", true),
            (Discoverable::Trace, "Trace_a.json", false),
            (Discoverable::Trace, "trace.json", false),
            (Discoverable::Trace, "trace_a.json.bak", false),
            (Discoverable::RegressResult, "regress.json", true),
            (Discoverable::RegressResult, "regress_result.json", true),
            (Discoverable::ApprovalAudit, "approval_audit_1.json", true),
            (Discoverable::ApprovalAudit, "approval_audit.json", false),
            (Discoverable::ApprovalAudit, "xapproval_audit_1.json", false),
            (
                Discoverable::CredentialEvidence,
                "credential_evidence_1.json",
                true,
            ),
        ] {
            assert_eq!(kind.is_name(OsStr::new(name)), is_one, "{name}");
        }
    }

    #[test]
    fn directories_with_pattern_characters_are_directories() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("a[b]*");
        fs::create_dir(&directory).unwrap();
        fs::create_dir(root.path().join("ab")).unwrap();
        fs::write(root.path().join("ab/trace_other.json"), "").unwrap();
        for name in ["trace_b.json", "trace_a.json", "other.json"] {
            fs::write(directory.join(name), "").unwrap();
        }
        let found = Discoverable::Trace
            .beside(&directory.join("runpack.zip"))
            .unwrap();
        assert_eq!(
            found,
            [directory.join("trace_a.json"), directory.join("trace_b.json")]
        );
    }
}
