//! What proves a decision, as files: the trace, what was found of tokens and credentials, a runpack, a pack.

use std::path::PathBuf;

use gait_gate::store::RecordKind;
use gait_gate::{Gate, GateError};
use gait_mcp::answer::Artifacts;
use gait_mcp::artifact::{self, ArtifactError};
use gait_mcp::boundary::Judged;

use crate::artifacts::{Directories, PackPlace, Place, Places};

/// A file that is to be made.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) place: Place,
    pub(crate) bytes: Vec<u8>,
}

/// Why a decision is not proved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordsError {
    /// One of its records has no file form.
    #[error(transparent)]
    Record(#[from] GateError),
    /// It can't be packed.
    #[error(transparent)]
    Pack(#[from] ArtifactError),
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
    ) -> Result<Self, RecordsError> {
        let mut records = Self::default();
        records.add_packs(judged, gate, directories, places)?;
        for file in judged.decision.record_files()? {
            let beside = || Place::Fresh(directories.beside_trace(file.kind.as_str(), &places.stamp));
            let artifacts = &mut records.artifacts;
            let (place, told) = match file.kind {
                RecordKind::ApprovalAudit => (beside(), &mut artifacts.approval_audit_path),
                RecordKind::DelegationAudit => (beside(), &mut artifacts.delegation_audit_path),
                RecordKind::CredentialEvidence => (beside(), &mut artifacts.credential_evidence_path),
                RecordKind::Trace => (places.trace.clone(), &mut artifacts.trace_path),
            };
            place.path().clone_into(told);
            records.files.push(Record {
                place,
                bytes: file.bytes,
            });
        }
        Ok(records)
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
