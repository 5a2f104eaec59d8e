//! Reading a proposal.

use gait_artifact::contract::{proposal::Proposal, terms};
use gait_canon::{
    Digest,
    json::{self, Object, Reader, Value},
};

use crate::terms::Terms;

/// Why a document is no proposal at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is not JSON, names a member twice, or a member of the envelope is unknown or of another type.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// There is no contract in it.
    #[error("contract is required")]
    NoContract,
    /// The contract has a member that no contract has.
    #[error("contract.{0} is not a known member")]
    UnknownMember(String),
}

/// A proposal that could be read; nothing is known of its truth yet.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposalDocument {
    proposal: Proposal,
    // INVARIANT: the contract of `proposal` is there.
    contract: Object,
    tree: Object,
}

impl ProposalDocument {
    /// Reads a proposal.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let (proposal, tree): (Proposal, _) = Reader::new().read_with_tree(bytes)?;
        let Some(contract) = proposal.contract.clone() else {
            return Err(Malformed::NoContract);
        };
        if let Some(unknown) = contract.keys().find(|key| terms::CONTRACT.member(key).is_none()) {
            return Err(Malformed::UnknownMember(unknown.to_owned()));
        }
        let Value::Object(tree) = tree else {
            return Err(Malformed::NoContract);
        };
        Ok(Self {
            proposal,
            contract,
            tree,
        })
    }

    /// The proposal, absent members at their zero values.
    #[must_use]
    pub fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// The document as it stands.
    pub(crate) fn tree(&self) -> &Object {
        &self.tree
    }

    /// The terms of the contract.
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms::of(&self.contract)
    }

    /// `sha256:` and the digest of the canonical form without artifact id and digest.
    pub fn content_digest(&self) -> Result<String, json::Error> {
        let mut value = json::to_value(&self.proposal)?;
        if let Some(object) = value.as_object_mut() {
            object.remove("artifact_id");
            object.remove("canonical_content_digest");
        }
        let canonical = json::canonical_bytes(&value)?;
        Ok(format!("sha256:{}", Digest::of(&canonical)))
    }
}
