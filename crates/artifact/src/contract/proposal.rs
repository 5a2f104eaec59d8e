//! The proposed action contract: another program's report on an action path.

use gait_canon::json::Object;
use serde::{Deserialize, Serialize};

use crate::shape::{Kind, Member, Shape};
use crate::text;

use super::terms::{CONTRACT, CONTRACT_VERSION};

/// The schema id of a proposal.
pub const PROPOSAL_SCHEMA_ID: &str =
    "https://wrkr.dev/schemas/v1/proposed-action-contract-artifact.schema.json";
/// The schema version of a proposal.
pub const PROPOSAL_SCHEMA_VERSION: &str = "1";
/// A proposal as it is read: absent members have their zero value, unknown ones are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proposal {
    /// [`PROPOSAL_SCHEMA_ID`].
    pub schema_id: String,
    /// `1`.
    pub schema_version: String,
    /// `paca-` and 16 hex digits.
    pub artifact_id: String,
    /// `pac-` and hex digits.
    pub contract_id: String,
    /// `pacf-` and hex digits.
    pub contract_family_id: String,
    /// From 1.
    pub revision: i64,
    /// Who proposes.
    pub producer: Producer,
    /// The scans it comes from.
    pub source_scan_refs: Option<Vec<String>>,
    /// The compositions it is about.
    pub composition_refs: Option<Vec<String>>,
    /// What it is a resolution of.
    #[serde(skip_serializing_if = "is_blank")]
    pub resolution_key: String,
    /// What it rests on.
    pub creation_evidence: Option<Vec<String>>,
    /// `sha256:` and the digest of everything but this member and the artifact id.
    pub canonical_content_digest: String,
    /// For whom it was prepared.
    pub variant: Variant,
    /// Always true.
    pub report_only: bool,
    /// The contract, as it stands in the document.
    pub contract: Option<Object>,
}

/// The program a proposal comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Producer {
    /// `wrkr`.
    pub name: String,
    /// `1`.
    pub artifact_schema_version: String,
    /// `3`.
    pub contract_schema_version: String,
}

/// For whom a proposal was prepared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variant {
    /// The audience.
    pub share_profile: String,
    /// Whether something was taken out for it.
    pub redacted: bool,
}

fn is_blank(given: &str) -> bool {
    text::is_blank(given)
}

const FILLED_LIST: Kind = Kind::Texts {
    least: 1,
    filled: false,
};
const PRODUCER: Shape = Shape {
    members: &[
        Member::required("name", Kind::Fixed("wrkr")),
        Member::required("artifact_schema_version", Kind::Fixed("1")),
        Member::required("contract_schema_version", Kind::Fixed(CONTRACT_VERSION)),
    ],
};
const VARIANT: Shape = Shape {
    members: &[
        Member::required(
            "share_profile",
            Kind::Words(&[
                "internal",
                "public",
                "customer-redacted",
                "design-partner",
                "external-redacted",
                "investor-safe",
            ]),
        ),
        Member::required("redacted", Kind::Boolean),
    ],
};

/// The form of an artifact id.
pub const ARTIFACT_ID: Kind = Kind::Hex {
    prefix: "paca-",
    least: 16,
    most: 16,
};
/// The form of a contract id.
pub const CONTRACT_ID: Kind = Kind::Hex {
    prefix: "pac-",
    least: 8,
    most: 64,
};
/// The form of a family id.
pub const FAMILY_ID: Kind = Kind::Hex {
    prefix: "pacf-",
    least: 8,
    most: 64,
};

/// The schema of a proposal.
pub const PROPOSAL: Shape = Shape {
    members: &[
        Member::required("schema_id", Kind::Fixed(PROPOSAL_SCHEMA_ID)),
        Member::required("schema_version", Kind::Fixed(PROPOSAL_SCHEMA_VERSION)),
        Member::required("artifact_id", ARTIFACT_ID),
        Member::required("contract_id", CONTRACT_ID),
        Member::required("contract_family_id", Kind::Text),
        Member::required("revision", Kind::Integer { least: 1 }),
        Member::required("producer", Kind::One(&PRODUCER)),
        Member::required("source_scan_refs", FILLED_LIST),
        Member::required("composition_refs", FILLED_LIST),
        Member::optional("resolution_key", Kind::Text),
        Member::required("creation_evidence", FILLED_LIST),
        Member::required("canonical_content_digest", Kind::TAGGED_DIGEST),
        Member::required("variant", Kind::One(&VARIANT)),
        Member::required("report_only", Kind::Truth(true)),
        Member::required("contract", Kind::One(&CONTRACT)),
    ],
};
