//! What proves a decision, as files: the trace, what was found of tokens and credentials, a runpack, a pack.

use std::path::PathBuf;

use gait_canon::json;
use gait_gate::Gate;
use gait_mcp::answer::Artifacts;
use gait_mcp::artifact::{self, ArtifactError};
use gait_mcp::boundary::Judged;
use serde::Serialize;

use crate::artifacts::{Directories, PackPlace, Place, Places};

/// A file that is to be made.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) place: Place,
    pub(crate) bytes: Vec<u8>,
}

/// The files of one decision, the trace last: whoever finds that also finds the others.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) files: Vec<Record>,
    pub(crate) artifacts: Artifacts,
}

impl Records {
    /// What proves the decision that `judged` holds, made at `gate`.
    pub(crate) fn of(
        judged: &Judged,
        gate: &Gate<'_>,
        directories: &Directories,
        places: &Places,
    ) -> Result<Self, ArtifactError> {
        let mut records = Self::default();
        records.add_findings(judged, directories, &places.stamp)?;
        records.add_packs(judged, gate, directories, places)?;
        let bytes = judged.decision.trace.to_file_bytes()?;
        records.artifacts.trace_path = records.add(&places.trace, bytes);
        Ok(records)
    }

    /// What was found of tokens and credentials, where the call needed or presented any.
    fn add_findings(
        &mut self,
        judged: &Judged,
        directories: &Directories,
        stamp: &str,
    ) -> Result<(), json::Error> {
        let decision = &judged.decision;
        let place = |name: &str| Place::Fresh(directories.beside_trace(name, stamp));
        if let Some(audit) = &decision.approval.audit {
            let path = self.add(&place("approval_audit"), file_bytes(audit)?);
            self.artifacts.approval_audit_path = path;
        }
        if let Some(audit) = &decision.delegation.audit {
            let path = self.add(&place("delegation_audit"), file_bytes(audit)?);
            self.artifacts.delegation_audit_path = path;
        }
        if let Some(evidence) = &decision.credential {
            let path = self.add(&place("credential_evidence"), file_bytes(evidence)?);
            self.artifacts.credential_evidence_path = path;
        }
        Ok(())
    }

    fn add_packs(
        &mut self,
        judged: &Judged,
        gate: &Gate<'_>,
        directories: &Directories,
        places: &Places,
    ) -> Result<(), ArtifactError> {
        let pack = match &places.pack {
            PackPlace::None => None,
            PackPlace::At(place) => Some(place.clone()),
            PackPlace::IfCallChangesState if !judged.changes_state => None,
            PackPlace::IfCallChangesState => directories.pack(&judged.run_id, &places.stamp),
        };
        if pack.is_none() && places.runpack.is_none() {
            return Ok(());
        }
        let version = gate.producer_version();
        let runpack = artifact::decision_runpack(judged, version)?;
        if let Some(place) = &places.runpack {
            self.artifacts.runpack_path = self.add(place, runpack.clone());
        }
        if let Some(place) = pack {
            let pack = artifact::decision_pack(runpack, version, gate.signing_key())?;
            self.artifacts.pack_id = pack.pack_id;
            self.artifacts.pack_path = self.add(&place, pack.bytes);
        }
        Ok(())
    }

    fn add(&mut self, place: &Place, bytes: Vec<u8>) -> String {
        let place = place.clone();
        let path = place.path().to_owned();
        self.files.push(Record { place, bytes });
        path
    }
}

impl Record {
    /// The file's path.
    pub(crate) fn path(&self) -> PathBuf {
        self.place.path().into()
    }
}

/// The file form of records: indented JSON and a line feed.
fn file_bytes(record: &impl Serialize) -> Result<Vec<u8>, json::Error> {
    json::pretty(record).map(|text| (text + "\n").into_bytes())
}
