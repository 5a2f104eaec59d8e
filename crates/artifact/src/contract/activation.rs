//! The activated action contract: what an operator made of a proposal, signed.

use gait_canon::{Digest, Signature, json};
use serde::{Deserialize, Serialize};

use crate::shape::{Kind, Member, Shape};
use crate::time::Timestamp;

use super::proposal::{ARTIFACT_ID, CONTRACT_ID, FAMILY_ID, PROPOSAL_SCHEMA_ID, PROPOSAL_SCHEMA_VERSION};
use super::terms::CONTRACT_VERSION;

/// The schema id of an activation.
pub const ACTIVATION_SCHEMA_ID: &str =
    "https://gait.dev/schemas/v1/activated-action-contract-artifact.schema.json";
/// The schema version of an activation.
pub const ACTIVATION_SCHEMA_VERSION: &str = "1";
/// How far an activation reaches.
pub const ACTIVATION_MODES: &[&str] = &["context_only", "enforce_floor", "required"];

/// An activated contract.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Activation {
    /// [`ACTIVATION_SCHEMA_ID`].
    pub schema_id: String,
    /// `1`.
    pub schema_version: String,
    /// `gact-` and the first 16 digits of the signed digest.
    pub artifact_id: String,
    /// The contract.
    pub contract_id: String,
    /// Its family.
    pub contract_family_id: String,
    /// Its revision.
    pub revision: i64,
    /// The program that wrote this.
    pub producer: ActivationProducer,
    /// The proposal it activates.
    pub proposal: ProposalBinding,
    /// `sha256:` and the digest of the policy it is activated under.
    pub policy_digest: String,
    /// Who activates.
    pub activating_principal: String,
    /// What gives the right to, sorted.
    pub authority_refs: Option<Vec<String>>,
    /// What it applies to.
    pub target: String,
    /// Where it applies.
    pub environment: String,
    /// One of [`ACTIVATION_MODES`].
    pub activation_mode: String,
    /// When it applies.
    pub validity: Validity,
    /// What it does not apply to, sorted.
    pub explicit_exceptions: Option<Vec<String>>,
    /// Always false.
    pub report_only: bool,
    /// Whether the key is the public development key.
    pub development_signing: bool,
    /// Signature over everything but itself and the artifact id.
    pub signature: Signature,
}

/// The program that wrote an activation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActivationProducer {
    /// `gait`.
    pub name: String,
    /// `1`.
    pub artifact_schema_version: String,
    /// `1`.
    pub contract_schema_version: String,
}

/// Which proposal an activation is of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProposalBinding {
    /// The proposal's id.
    pub artifact_id: String,
    /// Its digest.
    pub canonical_content_digest: String,
    /// Its contract.
    pub contract_id: String,
    /// Its family.
    pub contract_family_id: String,
    /// Its revision.
    pub revision: i64,
    /// Its schema.
    pub schema_id: String,
    /// Its schema version.
    pub schema_version: String,
    /// Its contract's version.
    pub contract_schema_version: String,
}

/// When an activation applies: from `not_before`, until just before `not_after`. The texts are checked by the verifier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Validity {
    /// RFC 3339, UTC.
    pub not_before: String,
    /// RFC 3339, UTC; empty for no end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub not_after: String,
}

impl Validity {
    /// The span between two instants.
    #[must_use]
    pub fn new(not_before: Timestamp, not_after: Option<Timestamp>) -> Self {
        Self {
            not_before: not_before.to_utc().to_string(),
            not_after: not_after
                .map(|time| time.to_utc().to_string())
                .unwrap_or_default(),
        }
    }
}

impl Activation {
    /// The digest that is signed: of the canonical form with a blank artifact id and a blank signature.
    pub fn signed_digest(&self) -> Result<Digest, json::Error> {
        let unsigned = Self {
            artifact_id: String::new(),
            signature: Signature::default(),
            ..self.clone()
        };
        Digest::of_canonical(&unsigned)
    }

    /// The artifact id that follows from the signed digest.
    #[must_use]
    pub fn id_of(digest: &Digest) -> String {
        format!("gact-{}", &digest.to_string()[..16])
    }
}

const FILLED_LIST: Kind = Kind::Texts {
    least: 1,
    filled: true,
};
const PRODUCER: Shape = Shape {
    members: &[
        Member::required("name", Kind::Fixed("gait")),
        Member::required("artifact_schema_version", Kind::Fixed("1")),
        Member::required("contract_schema_version", Kind::Fixed("1")),
    ],
};
const BINDING: Shape = Shape {
    members: &[
        Member::required("artifact_id", ARTIFACT_ID),
        Member::required("canonical_content_digest", Kind::TAGGED_DIGEST),
        Member::required("contract_id", CONTRACT_ID),
        Member::required("contract_family_id", FAMILY_ID),
        Member::required("revision", Kind::Integer { least: 1 }),
        Member::required("schema_id", Kind::Fixed(PROPOSAL_SCHEMA_ID)),
        Member::required("schema_version", Kind::Fixed(PROPOSAL_SCHEMA_VERSION)),
        Member::required("contract_schema_version", Kind::Fixed(CONTRACT_VERSION)),
    ],
};
const VALIDITY: Shape = Shape {
    members: &[
        Member::required("not_before", Kind::Time),
        Member::optional("not_after", Kind::Time),
    ],
};
const SIGNATURE: Shape = Shape {
    members: &[
        Member::required("alg", Kind::Fixed("ed25519")),
        Member::required("key_id", Kind::FilledText),
        Member::required("sig", Kind::FilledText),
        Member::required(
            "signed_digest",
            Kind::Hex {
                prefix: "",
                least: 64,
                most: 64,
            },
        ),
    ],
};

/// The schema of an activation.
pub const ACTIVATION: Shape = Shape {
    members: &[
        Member::required("schema_id", Kind::Fixed(ACTIVATION_SCHEMA_ID)),
        Member::required("schema_version", Kind::Fixed(ACTIVATION_SCHEMA_VERSION)),
        Member::required(
            "artifact_id",
            Kind::Hex {
                prefix: "gact-",
                least: 16,
                most: 16,
            },
        ),
        Member::required("contract_id", CONTRACT_ID),
        Member::required("contract_family_id", FAMILY_ID),
        Member::required("revision", Kind::Integer { least: 1 }),
        Member::required("producer", Kind::One(&PRODUCER)),
        Member::required("proposal", Kind::One(&BINDING)),
        Member::required("policy_digest", Kind::TAGGED_DIGEST),
        Member::required("activating_principal", Kind::FilledText),
        Member::required("authority_refs", FILLED_LIST),
        Member::required("target", Kind::FilledText),
        Member::required("environment", Kind::FilledText),
        Member::required("activation_mode", Kind::Words(ACTIVATION_MODES)),
        Member::required("validity", Kind::One(&VALIDITY)),
        Member::required("explicit_exceptions", Kind::TEXTS),
        Member::required("report_only", Kind::Truth(false)),
        Member::required("development_signing", Kind::Boolean),
        Member::required("signature", Kind::One(&SIGNATURE)),
    ],
};
