//! Why a proposal or an activation does not hold.

use std::collections::BTreeSet;
use std::fmt;

/// One thing that stands against a proposal, a selection or an activation. Its text is the reason code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as its code is")]
pub enum Reason {
    ActivatingPrincipalMissing,
    ActivationExpired,
    ActivationModeUnsupported,
    ActivationNotYetValid,
    AmbiguousSelection,
    ArtifactIdentityMismatch,
    ArtifactMalformed,
    ArtifactSchemaUnsupported,
    AuthorityRefsMissing,
    AuthorizationRequired,
    CanonicalDigestMismatch,
    CompositionRefMissing,
    ContractDigestMismatch,
    ContractFamilyIdMissing,
    ContractIdMissing,
    ContractIdentityMismatch,
    ContractSchemaUnsupported,
    DevelopmentSigningForbidden,
    DevelopmentSigningUnverified,
    EnvironmentMissing,
    EvaluationTimeInvalid,
    EvidenceRefsMissing,
    ExplicitSelectionRequired,
    PolicyDigestMissing,
    ProducerUnsupported,
    ProposalBindingMismatch,
    ProposalContradictory,
    ProposalStale,
    ProposalSuperseded,
    ReportOnlyRequired,
    RevisionIdentityMismatch,
    RevisionInvalid,
    RevisionReactivationRequired,
    SchemaValidationFailed,
    SelectionAmbiguous,
    SelectionEvidenceRequired,
    SelectionMismatch,
    SelectionNotCurrent,
    SigningKeyRequired,
    SourceRefsMissing,
    TargetMissing,
    ValidityInvalid,
    /// A constraint that is not understood, as `target:<key>`.
    ConstraintUnsupported(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::ConstraintUnsupported(constraint) = self {
            return write!(f, "constraint_unsupported:{constraint}");
        }
        // The code is the name in snake case.
        for (index, letter) in format!("{self:?}").char_indices() {
            if letter.is_ascii_uppercase() && index > 0 {
                f.write_str("_")?;
            }
            write!(f, "{}", letter.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

/// Reason codes, each once, sorted by their texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons(BTreeSet<String>);

impl Reasons {
    /// Adds `reason`.
    pub fn add(&mut self, reason: &Reason) {
        self.0.insert(reason.to_string());
    }

    /// Adds `reason` when it applies.
    pub fn add_if(&mut self, applies: bool, reason: &Reason) {
        if applies {
            self.add(reason);
        }
    }

    /// Whether nothing stands against it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every code is among `reasons`.
    #[must_use]
    pub fn only(&self, reasons: &[Reason]) -> bool {
        self.0
            .iter()
            .all(|code| reasons.iter().any(|reason| reason.to_string() == *code))
    }

    /// The codes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}

impl From<Reason> for Reasons {
    fn from(reason: Reason) -> Self {
        Self(BTreeSet::from([reason.to_string()]))
    }
}

impl Extend<String> for Reasons {
    fn extend<I: IntoIterator<Item = String>>(&mut self, codes: I) {
        self.0.extend(codes);
    }
}

/// The codes, joined by commas.
impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_vec().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique() {
        let mut reasons = Reasons::from(Reason::ProposalStale);
        reasons.add(&Reason::ConstraintUnsupported("target:region".to_owned()));
        reasons.add_if(true, &Reason::ProposalStale);
        reasons.add_if(false, &Reason::TargetMissing);
        assert_eq!(
            reasons.to_string(),
            "constraint_unsupported:target:region,proposal_stale"
        );
        assert!(!reasons.only(&[Reason::ProposalStale]));
    }
}
