//! Writes the records of a decision to files.
//!
//! The trace is written last: whoever finds one also finds the records beside it, and when a record can't be written
//! no signed `allow` is left behind for a call that was answered with an error.

use std::{collections::BTreeSet, fs, path::Path};

use gait_disk::{Error, FileKind, atomic, path::clean};
use serde::Serialize;

use crate::{decision::Decision, error::GateError, kill_switch, record_file, trace};

/// Files are readable by their owner alone.
const MODE: u32 = 0o600;

/// Where a caller wants the records; an empty path means the default name in the working directory.
#[derive(Debug, Clone, Default)]
pub struct Destinations {
    /// The trace.
    pub trace: String,
    /// The approval audit.
    pub approval_audit: String,
    /// The delegation audit.
    pub delegation_audit: String,
    /// The credential evidence.
    pub credential_evidence: String,
    /// The kill switch's state; its journal is beside it.
    pub kill_switch_state: String,
}

/// Where the records of a decision are now, as the caller named them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The trace.
    pub trace: String,
    /// The approval audit, when there was one.
    pub approval_audit: Option<String>,
    /// The delegation audit, when there was one.
    pub delegation_audit: Option<String>,
    /// The credential evidence, when there was one.
    pub credential_evidence: Option<String>,
    /// Why the kill switch's journal could not be continued. The answer to the call stays what it is.
    pub journal_failure: Option<String>,
}

impl Written {
    /// Refuses two records in one file, of which only the last would be left. A pipe or a device takes any number.
    fn refuse_shared_files(&self) -> Result<(), GateError> {
        let others = [
            &self.approval_audit,
            &self.delegation_audit,
            &self.credential_evidence,
        ];
        let mut seen = BTreeSet::from([clean(&self.trace)]);
        for path in others.into_iter().flatten() {
            let is_stream = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
            if !is_stream && !seen.insert(clean(path)) {
                return Err(GateError::SharedFile(path.into()));
            }
        }
        Ok(())
    }
}

/// What a record proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// What was found of approval tokens.
    ApprovalAudit,
    /// What was found of delegation tokens.
    DelegationAudit,
    /// The credential that was handed out, without its secret.
    CredentialEvidence,
    /// The signed decision.
    Trace,
}

impl RecordKind {
    /// What files of the kind are commonly called, without number and extension.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApprovalAudit => "approval_audit",
            Self::DelegationAudit => "delegation_audit",
            Self::CredentialEvidence => "credential_evidence",
            Self::Trace => "trace",
        }
    }
}

/// A record in its file form.
#[derive(Debug, Clone)]
pub struct RecordFile {
    /// What it proves.
    pub kind: RecordKind,
    /// Indented JSON and a line feed.
    pub bytes: Vec<u8>,
}

impl Decision {
    /// Every record of this decision in its file form, for those who keep them in their own way. The trace is the last:
    /// whoever finds it must find the others too.
    pub fn record_files(&self) -> Result<Vec<RecordFile>, GateError> {
        let mut files = Vec::with_capacity(4);
        if let Some(audit) = &self.approval.audit {
            files.push(RecordFile::of(RecordKind::ApprovalAudit, audit)?);
        }
        if let Some(audit) = &self.delegation.audit {
            files.push(RecordFile::of(RecordKind::DelegationAudit, audit)?);
        }
        if let Some(evidence) = &self.credential {
            files.push(RecordFile::of(RecordKind::CredentialEvidence, evidence)?);
        }
        files.push(RecordFile::of(RecordKind::Trace, self.trace.record())?);
        Ok(files)
    }

    /// Writes every record of this decision, the trace last. Nothing is written when two of them would go to one file.
    pub fn write(&self, to: &Destinations) -> Result<Written, GateError> {
        let id = &self.trace.record().trace_id;
        let named = |given: &str, kind: &str| match given.trim() {
            "" => format!("{kind}_{id}.json"),
            path => path.to_owned(),
        };
        let trace = named(&to.trace, "trace");
        let trace_path = trace::destination(&trace)?;
        let approvals = self
            .approval
            .audit
            .as_ref()
            .map(|audit| (named(&to.approval_audit, "approval_audit"), audit));
        let evidence = self
            .credential
            .as_ref()
            .map(|record| (named(&to.credential_evidence, "credential_evidence"), record));
        let delegations = self
            .delegation
            .audit
            .as_ref()
            .map(|audit| (named(&to.delegation_audit, "delegation_audit"), audit));
        let written = Written {
            trace,
            approval_audit: approvals.as_ref().map(|(path, _)| path.clone()),
            delegation_audit: delegations.as_ref().map(|(path, _)| path.clone()),
            credential_evidence: evidence.as_ref().map(|(path, _)| path.clone()),
            journal_failure: None,
        };
        written.refuse_shared_files()?;

        let journal_failure = self.journal_failure(to);
        if let Some((path, audit)) = approvals {
            write("approval audit record", Path::new(&path), audit)?;
        }
        if let Some((path, record)) = evidence {
            write("credential evidence record", Path::new(&path), record)?;
        }
        if let Some((path, audit)) = delegations {
            write_anywhere("delegation audit record", Path::new(&path), audit)?;
        }
        write("trace", &trace_path, self.trace.record())?;
        Ok(Written {
            journal_failure,
            ..written
        })
    }

    /// Continues the kill switch's journal, and says what kept it from doing so.
    fn journal_failure(&self, to: &Destinations) -> Option<String> {
        let entry = self.journal.as_ref()?;
        let path = Path::new(to.kill_switch_state.trim()).with_file_name("kill_switch_journal.jsonl");
        kill_switch::append_journal(&path, entry)
            .err()
            .map(|error| error.to_string())
    }
}

impl RecordFile {
    fn of(kind: RecordKind, record: &impl Serialize) -> Result<Self, GateError> {
        let bytes = record_file::to_bytes(record).map_err(|source| GateError::Encode {
            record: kind.as_str(),
            source,
        })?;
        Ok(Self { kind, bytes })
    }
}

/// Writes a record to an absolute path or one below the working directory.
fn write(record: &'static str, path: &Path, value: &impl Serialize) -> Result<(), GateError> {
    put(record, path, value, |bytes| {
        atomic::create_parents(path)?;
        match atomic::replace(path, bytes, MODE) {
            // What can't be replaced because it takes bytes as they come takes these.
            Err(Error::NotRegular {
                kind: FileKind::Pipe | FileKind::CharacterDevice,
                ..
            }) => atomic::write_or_replace(path, bytes, MODE),
            replaced => replaced,
        }
    })
}

/// Writes a record to any path, also outside of the working directory: callers of delegation audits rely on that.
fn write_anywhere(record: &'static str, path: &Path, value: &impl Serialize) -> Result<(), GateError> {
    put(record, path, value, |bytes| {
        if let Some(directory) = path.parent() {
            atomic::create_directories(directory)?;
        }
        atomic::write_or_replace(path, bytes, MODE)
    })
}

fn put(
    record: &'static str,
    path: &Path,
    value: &impl Serialize,
    write: impl FnOnce(&[u8]) -> Result<(), Error>,
) -> Result<(), GateError> {
    let bytes = record_file::to_bytes(value).map_err(|source| GateError::Encode { record, source })?;
    write(&bytes).map_err(|source| GateError::Write {
        record,
        path: path.to_owned(),
        source,
    })
}
