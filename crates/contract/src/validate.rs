//! Whether a proposal is what it claims to be.

use std::collections::BTreeSet;

use gait_artifact::{
    Timestamp,
    contract::{
        proposal::{self, Proposal},
        receipt::SupportedConstraints,
        terms,
    },
    shape::Kind,
    text,
};
use gait_canon::json::{self, Value};
use serde::Serialize;

use crate::identity::Identities;
use crate::proposal::ProposalDocument;
use crate::reason::{Reason, Reasons};
use crate::terms::Terms;

/// What came of validating a proposal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Validation {
    /// Whether nothing stands against it.
    pub valid: bool,
    /// What stands against it, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// The proposal.
    pub artifact: Proposal,
    /// The digest it should carry; empty when it was not computed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub canonical_content_digest: String,
    /// What of its constraints is understood.
    pub supported_constraints: SupportedConstraints,
}

/// Validates a proposal at an instant. What does not keep to the schema is not looked at any further.
pub fn validate(document: &ProposalDocument, at: Timestamp) -> Result<Validation, json::Error> {
    if proposal::PROPOSAL.check(document.tree()).is_err() {
        return Ok(Validation {
            valid: false,
            reason_codes: Reasons::from(Reason::SchemaValidationFailed).to_vec(),
            artifact: document.proposal().clone(),
            canonical_content_digest: String::new(),
            supported_constraints: SupportedConstraints::default(),
        });
    }
    examine(document, at, Reasons::default())
}

/// Validates a proposal for activation: the schema is one more thing that can stand against it.
pub(crate) fn validate_for_activation(
    document: &ProposalDocument,
    at: Timestamp,
) -> Result<Validation, json::Error> {
    let proposal = document.proposal();
    let contract = document.terms();
    let mut reasons = Reasons::default();
    let tree = json::to_value(proposal)?;
    let keeps_schema = tree
        .as_object()
        .is_some_and(|tree| proposal::PROPOSAL.check(tree).is_ok());
    let has_form = |kind: Kind, given: &str| kind.check(&Value::from(given)).is_ok();
    let producer = &proposal.producer;
    for (holds, reason) in [
        (keeps_schema, Reason::SchemaValidationFailed),
        (
            proposal.schema_id == proposal::PROPOSAL_SCHEMA_ID
                && proposal.schema_version == proposal::PROPOSAL_SCHEMA_VERSION,
            Reason::ArtifactSchemaUnsupported,
        ),
        (
            producer.name == "wrkr" && producer.artifact_schema_version == proposal::PROPOSAL_SCHEMA_VERSION,
            Reason::ProducerUnsupported,
        ),
        (
            producer.contract_schema_version == terms::CONTRACT_VERSION
                && contract.text("contract_version") == terms::CONTRACT_VERSION
                && contract.text("contract_kind") == terms::CONTRACT_KIND,
            Reason::ContractSchemaUnsupported,
        ),
        (
            proposal.report_only && contract.boolean("report_only"),
            Reason::ReportOnlyRequired,
        ),
        (
            has_form(proposal::ARTIFACT_ID, &proposal.artifact_id),
            Reason::ArtifactIdentityMismatch,
        ),
        (
            has_form(proposal::CONTRACT_ID, &proposal.contract_id),
            Reason::ContractIdMissing,
        ),
        (proposal.revision >= 1, Reason::RevisionInvalid),
    ] {
        reasons.add_if(!holds, &reason);
    }
    examine(document, at, reasons)
}

fn examine(
    document: &ProposalDocument,
    at: Timestamp,
    mut reasons: Reasons,
) -> Result<Validation, json::Error> {
    let proposal = document.proposal();
    let contract = document.terms();
    check_references(proposal, contract, &mut reasons);
    check_identities(proposal, contract, &mut reasons);
    let canonical_content_digest = document.content_digest()?;
    reasons.add_if(
        canonical_content_digest != text::trim(&proposal.canonical_content_digest),
        &Reason::CanonicalDigestMismatch,
    );
    check_state(contract, at, &mut reasons);
    let supported_constraints = constraints(contract, &mut reasons);
    Ok(Validation {
        valid: reasons.is_empty(),
        reason_codes: reasons.to_vec(),
        artifact: proposal.clone(),
        canonical_content_digest,
        supported_constraints,
    })
}

fn check_references(proposal: &Proposal, contract: Terms<'_>, reasons: &mut Reasons) {
    let is_blank = |list: &Option<Vec<String>>| list.iter().flatten().all(|item| text::is_blank(item));
    let family_id = Value::from(proposal.contract_family_id.as_str());
    reasons.add_if(
        proposal::FAMILY_ID.check(&family_id).is_err(),
        &Reason::ContractFamilyIdMissing,
    );
    reasons.add_if(is_blank(&proposal.source_scan_refs), &Reason::SourceRefsMissing);
    reasons.add_if(
        is_blank(&proposal.composition_refs) || contract.text("composition_ref").is_empty(),
        &Reason::CompositionRefMissing,
    );
    reasons.add_if(
        is_blank(&proposal.creation_evidence),
        &Reason::EvidenceRefsMissing,
    );
    reasons.add_if(
        proposal.revision > 1 && contract.text("supersedes_ref").is_empty(),
        &Reason::RevisionReactivationRequired,
    );
}

fn check_identities(proposal: &Proposal, contract: Terms<'_>, reasons: &mut Reasons) {
    let computed = Identities::of(contract);
    let contract_id = contract.text("contract_id");
    let family_id = contract.text("contract_family_id");
    let differs = |given: &str, expected: &str| !given.is_empty() && given != expected;
    reasons.add_if(
        differs(contract_id, text::trim(&proposal.contract_id))
            || differs(family_id, text::trim(&proposal.contract_family_id))
            || contract.integer("revision") != proposal.revision,
        &Reason::RevisionIdentityMismatch,
    );
    let composition = contract.text("composition_ref");
    let is_listed = proposal
        .composition_refs
        .iter()
        .flatten()
        .any(|listed| text::trim(listed) == composition);
    let resolution = text::trim(&proposal.resolution_key);
    reasons.add_if(
        contract_id != computed.contract_id
            || family_id != computed.family_id
            || composition.is_empty()
            || !is_listed
            || (!resolution.is_empty() && differs(contract.text("resolution_key"), resolution)),
        &Reason::ContractIdentityMismatch,
    );
    reasons.add_if(
        differs(contract.text("contract_content_digest"), &computed.content_digest),
        &Reason::ContractDigestMismatch,
    );
}

fn check_state(contract: Terms<'_>, at: Timestamp, reasons: &mut Reasons) {
    for observation in contract.objects("lifecycle_observations") {
        reasons.add_if(
            matches!(observation.text("freshness_state"), "stale" | "expired"),
            &Reason::ProposalStale,
        );
        reasons.add_if(
            observation.text("kind") == "supersession"
                && observation.text("evidence_state") == "contradictory",
            &Reason::ProposalSuperseded,
        );
    }
    let is_blocked = |name| contract.text(name) == terms::BLOCKED_BY_CONTRADICTION;
    reasons.add_if(
        is_blocked("readiness_state") || is_blocked("authority_readiness_state"),
        &Reason::ProposalContradictory,
    );
    match contract.text("expires_at") {
        "" => {}
        expiry => match expiry.parse::<Timestamp>() {
            Ok(expiry) => reasons.add_if(expiry < at, &Reason::ProposalStale),
            Err(_) => reasons.add(&Reason::ArtifactMalformed),
        },
    }
}

fn constraints(contract: Terms<'_>, reasons: &mut Reasons) -> SupportedConstraints {
    let mut unsupported = BTreeSet::new();
    let mut supported = |list: &str, member: &str, label: &str, known: &[&str]| {
        let mut understood = BTreeSet::new();
        for word in contract.objects(list).map(|terms| terms.text(member)) {
            if known.contains(&word) {
                understood.insert(word.to_owned());
            } else if !word.is_empty() {
                unsupported.insert(format!("{label}:{word}"));
            }
        }
        Some(understood.into_iter().collect())
    };
    let target_constraint_keys = supported("target_constraints", "key", "target", terms::TARGET_KEYS);
    let precondition_kinds = supported("preconditions", "kind", "precondition", terms::PRECONDITION_KINDS);
    let authority_kinds = supported(
        "authority_requirements",
        "kind",
        "authority",
        terms::AUTHORITY_KINDS,
    );
    for constraint in &unsupported {
        reasons.add(&Reason::ConstraintUnsupported(constraint.clone()));
    }
    SupportedConstraints {
        target_constraint_keys,
        precondition_kinds,
        authority_kinds,
        unsupported: unsupported.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{document, object, proposal, sealed};

    fn codes_at(bytes: &[u8], at: &str) -> String {
        let validation = validate(&document(bytes), at.parse().unwrap()).unwrap();
        assert_eq!(validation.valid, validation.reason_codes.is_empty());
        validation.reason_codes.join(",")
    }

    fn codes(bytes: &[u8]) -> String {
        codes_at(bytes, "2026-01-01T00:00:00Z")
    }

    #[test]
    fn a_sound_proposal_is_valid_until_it_expires() {
        let bytes = proposal(|_| {});
        assert_eq!(codes(&bytes), "");
        assert_eq!(codes_at(&bytes, "2030-01-01T00:00:00Z"), "");
        assert_eq!(codes_at(&bytes, "2030-01-01T00:00:01Z"), "proposal_stale");
    }

    #[test]
    fn what_stands_against_a_proposal() {
        let with = |name: &'static str, text: &'static str| {
            codes(&proposal(|contract| {
                contract.insert(name, json::parse(text.as_bytes()).unwrap());
            }))
        };
        for (name, text, expected) in [
            ("contract_kind", r#""other""#, "schema_validation_failed"),
            ("maximum_delegation_depth", "-1", "schema_validation_failed"),
            ("expires_at", "null", "schema_validation_failed"),
            ("composition_ref", r#""comp-8""#, "contract_identity_mismatch"),
            ("expires_at", r#""soon""#, "artifact_malformed"),
            (
                "authority_readiness_state",
                r#""blocked_by_contradiction""#,
                "proposal_contradictory",
            ),
            (
                "target_constraints",
                r#"[{"key": "region", "value": "eu"}, {"key": "", "value": "x"}]"#,
                "constraint_unsupported:target:region",
            ),
            (
                "lifecycle_observations",
                r#"[{"observation_id": "o", "kind": "supersession", "producer": "p",
                     "evidence_state": "contradictory", "freshness_state": "expired"}]"#,
                "proposal_stale,proposal_superseded",
            ),
            ("revision", "2", "revision_identity_mismatch"),
        ] {
            assert_eq!(with(name, text), expected, "{name}: {text}");
        }
    }

    #[test]
    fn no_text_can_be_changed_unnoticed() {
        let bytes = proposal(|_| {});
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            (r#""scan-1""#, r#""scan-2""#),
            (r#""a""#, r#""c""#),
            (r#""ci""#, r#""cd""#),
            (
                r#""maximum_delegation_depth":2"#,
                r#""maximum_delegation_depth":3"#,
            ),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert!(codes(changed.as_bytes()).contains("digest_mismatch"), "{from}");
            // A new digest over the envelope does not hide changed terms.
            if from != r#""scan-1""# {
                assert!(codes(&sealed(object(&changed))).contains("mismatch"), "{from}");
            }
        }
    }

    #[test]
    fn what_no_contract_has_is_malformed() {
        let text = String::from_utf8(proposal(|_| {})).unwrap();
        for (from, to) in [
            (r#""comp-7","#, r#""comp-7","composition_ref":"comp-7","#),
            (r#""contract_version""#, r#""contract_release""#),
            (r#""variant":{"#, r#""variant":{"more":1,"#),
            (r#""contract":{"#, r#""contract":[{"#),
            (r#""revision":1,"schema_id""#, r#""revision":1.5,"schema_id""#),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert!(ProposalDocument::parse(changed.as_bytes()).is_err(), "{from}");
        }
    }
}
