//! Writes the records of a decision to files.
//!
//! The trace is written last: whoever finds one also finds the records beside it, and when a record can't be written
//! no signed `allow` is left behind for a call that was answered with an error.

use std::path::Path;

use gait_disk::{Error, FileKind, atomic};
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

impl Decision {
    /// Writes every record of this decision, the trace last.
    pub fn write(&self, to: &Destinations) -> Result<Written, GateError> {
        let id = &self.trace.record().trace_id;
        let named = |given: &str, kind: &str| match given.trim() {
            "" => format!("{kind}_{id}.json"),
            path => path.to_owned(),
        };
        let trace = named(&to.trace, "trace");
        let trace_path = trace::destination(&trace)?;
        let mut written = Written {
            trace,
            journal_failure: self.journal_failure(to),
            ..Written::default()
        };
        if let Some(audit) = &self.approval.audit {
            let path = named(&to.approval_audit, "approval_audit");
            write("approval audit record", Path::new(&path), audit)?;
            written.approval_audit = Some(path);
        }
        if let Some(evidence) = &self.credential {
            let path = named(&to.credential_evidence, "credential_evidence");
            write("credential evidence record", Path::new(&path), evidence)?;
            written.credential_evidence = Some(path);
        }
        if let Some(audit) = &self.delegation.audit {
            let path = named(&to.delegation_audit, "delegation_audit");
            write_anywhere("delegation audit record", Path::new(&path), audit)?;
            written.delegation_audit = Some(path);
        }
        write("trace", &trace_path, self.trace.record())?;
        Ok(written)
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

fn write(record: &'static str, path: &Path, value: &impl Serialize) -> Result<(), GateError> {
    let bytes = record_file::to_bytes(value).map_err(|source| GateError::Encode { record, source })?;
    let failed = |source| GateError::Write {
        record,
        path: path.to_owned(),
        source,
    };
    atomic::create_parents(path).map_err(failed)?;
    let written = match atomic::replace(path, &bytes, MODE) {
        // What can't be replaced because it takes bytes as they come takes these.
        Err(Error::NotRegular {
            kind: FileKind::Pipe | FileKind::CharacterDevice,
            ..
        }) => atomic::write_or_replace(path, &bytes, MODE),
        replaced => replaced,
    };
    written.map_err(failed)
}

/// Writes a record to any path, also outside of the working directory: callers of delegation audits rely on that.
fn write_anywhere(record: &'static str, path: &Path, value: &impl Serialize) -> Result<(), GateError> {
    let bytes = record_file::to_bytes(value).map_err(|source| GateError::Encode { record, source })?;
    let failed = |source| GateError::Write {
        record,
        path: path.to_owned(),
        source,
    };
    if let Some(directory) = path.parent() {
        atomic::create_directories(directory).map_err(failed)?;
    }
    atomic::write_or_replace(path, &bytes, MODE).map_err(failed)
}
