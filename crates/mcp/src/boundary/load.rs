//! From what a boundary is configured with to the boundary. A service that reloads does this again.

use std::{path::Path, sync::Arc};

use gait_artifact::text::is_blank;
use gait_disk::read::{ReadError, read_bounded};
use gait_gate::{
    Deployment, Entrance, Gate,
    facts::{self, FactFileError},
    load::{DeploymentSettings, LoadError, World},
    profile::ProfileError,
};
use gait_job::JobStore;
use gait_policy::{CompiledPolicy, PolicyError, document, yaml};

use super::{Boundary, JobGuard, Presented};

/// What a boundary is configured with.
#[derive(Debug, Clone)]
pub struct BoundarySettings {
    /// The policy file.
    pub policy: String,
    /// Keys, facts, brokers and counters.
    pub deployment: DeploymentSettings,
    /// A file of context evidence that every call is held against; blank for none.
    pub context_envelope: String,
    /// The directory of the jobs whose emergency stop counts.
    pub job_root: String,
    /// What every call presents.
    pub presented: Presented,
}

/// Why there can be no boundary as configured.
#[derive(Debug, thiserror::Error)]
pub enum BoundaryLoadError {
    /// The context evidence can't be used.
    #[error(transparent)]
    Envelope(#[from] FactFileError),
    /// The policy can't be read.
    #[error("read policy: {0}")]
    ReadPolicy(#[source] ReadError),
    /// The policy is malformed.
    #[error("{source}")]
    Policy {
        /// What is wrong.
        source: Box<PolicyError>,
        /// The policy's text, to show the place.
        text: Vec<u8>,
    },
    /// There can be no gate.
    #[error(transparent)]
    Deployment(#[from] LoadError),
    /// The policy is not one for the profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl BoundarySettings {
    /// The boundary: everything it rests on is read now, the signing key included.
    ///
    /// What can't be had is an error, save for the facts that only some calls can't do without; see
    /// [`Fact`](gait_gate::Fact).
    pub fn load(&self, world: &World<'_>) -> Result<Boundary<'static>, BoundaryLoadError> {
        let envelope = if is_blank(&self.context_envelope) {
            None
        } else {
            Some(facts::read_envelope(&self.context_envelope)?)
        };
        self.deployment.check_signing()?;
        let policy = self.policy()?;
        let guard = JobGuard::new(JobStore::new(&self.job_root));
        let deployment = Deployment {
            dispatch: Some(Arc::new(guard)),
            ..self.deployment.load(policy, Entrance::McpBoundary, world)?
        };
        let gate = Gate::new(deployment)?;
        Ok(Boundary::new(gate, envelope, self.presented.clone()))
    }

    fn policy(&self) -> Result<CompiledPolicy, BoundaryLoadError> {
        let text =
            read_bounded(Path::new(&self.policy), yaml::MAX_BYTES).map_err(BoundaryLoadError::ReadPolicy)?;
        match document::read(&text) {
            Ok(policy) => Ok(CompiledPolicy::new(policy)),
            Err(error) => Err(BoundaryLoadError::Policy {
                source: Box::new(error),
                text,
            }),
        }
    }
}
