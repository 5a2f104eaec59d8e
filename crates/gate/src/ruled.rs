//! A verdict without evidence, for those who only ask which calls could run.

use gait_artifact::intent::Intent;
use gait_policy::Evaluation;

use crate::{
    decision::{Permit, permit},
    outcome::Outcome,
    seal::Stages,
};

/// A decision without its evidence: nothing was signed and nothing can be recorded.
pub struct Ruled {
    pub(crate) stages: Stages,
    /// What the operator should know.
    pub(crate) warnings: Vec<String>,
}

impl Ruled {
    /// The final verdict with its reasons and violations.
    #[must_use]
    pub const fn outcome(&self) -> &Outcome {
        &self.stages.outcome
    }

    /// The intent that was judged.
    #[must_use]
    pub const fn intent(&self) -> &Intent {
        &self.stages.prepared.intent
    }

    /// What the policy said, before tokens, limits and brokers.
    #[must_use]
    pub const fn evaluation(&self) -> &Evaluation {
        &self.stages.judgement.evaluation
    }

    /// What the operator should know, in the order in which it was found.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The permission to execute the call: only when it was allowed, and not when it was simulated.
    #[must_use]
    pub fn permit(&self) -> Option<Permit> {
        permit(&self.stages.outcome, self.stages.simulation.as_ref())
    }
}
