//! Whether a decision may go on without a fact that can't be had: not when the call is risky.

use gait_canon::PublicKey;

use crate::{
    error::GateError,
    facts::{Fact, InventoryFile},
    gate::Gate,
    script::VerifiedRegistry,
};

impl Gate<'_> {
    /// A kill switch that can't be read refuses ordinary calls here; risky ones are blocked later, with a trace.
    pub fn require_kill_switch(&self, strict: bool) -> Result<(), GateError> {
        match &self.deployment.kill_switch {
            Fact::Unavailable(reason) if !strict => Err(GateError::UnusableFact(reason.clone())),
            _ => Ok(()),
        }
    }

    /// The inventory, when it is configured and can be had.
    pub(crate) fn require_inventory(
        &self,
        strict: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Option<&InventoryFile>, GateError> {
        match &self.deployment.inventory {
            Fact::NotConfigured => Ok(None),
            Fact::Known(file) => Ok(Some(file)),
            Fact::Unavailable(reason) if strict => Err(GateError::FactUnavailable {
                fact: "wrkr inventory",
                reason: reason.clone(),
            }),
            Fact::Unavailable(_) => {
                warnings.push("wrkr inventory unavailable; continuing without context enrichment".to_owned());
                Ok(None)
            }
        }
    }

    /// The approved scripts, when there are any and all of them are authentic.
    pub(crate) fn require_scripts(
        &self,
        strict: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Option<VerifiedRegistry>, GateError> {
        let registry = match &self.deployment.scripts {
            Fact::NotConfigured => return Ok(None),
            Fact::Known(registry) => registry,
            Fact::Unavailable(reason) if strict => {
                return Err(GateError::FactUnavailable {
                    fact: "approved script registry",
                    reason: reason.clone(),
                });
            }
            Fact::Unavailable(_) => {
                warnings.push(
                    "approved script registry unavailable; continuing without fast-path pre-approval"
                        .to_owned(),
                );
                return Ok(None);
            }
        };
        let Some(key) = self.script_verify_key()? else {
            if strict {
                return Err(GateError::RegistryUntrusted(
                    "unavailable in fail-closed mode: verify key required".to_owned(),
                ));
            }
            warnings.push(
                "approved script fast-path disabled because registry verify key is not configured".to_owned(),
            );
            return Ok(None);
        };
        match registry.verified(key) {
            Ok(verified) => Ok((!registry.is_empty()).then_some(verified)),
            Err(error) if strict => Err(GateError::RegistryUntrusted(error.to_string())),
            Err(_) => {
                warnings.push(
                    "approved script registry entry failed verification; fast-path disabled".to_owned(),
                );
                Ok(None)
            }
        }
    }

    /// The key for entries of the registry: their own, or the one for approvals.
    fn script_verify_key(&self) -> Result<Option<&PublicKey>, GateError> {
        match self.deployment.script_key.required()? {
            Some(key) => Ok(Some(key)),
            None => self.deployment.approval_key.required(),
        }
    }
}
